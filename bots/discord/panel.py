"""The frame around everything that is shown: one container, coloured by what kind of news it holds."""

from collections.abc import Iterable
from typing import Any, Final

import discord

from bots.cards import Tone

_ACCENTS: Final = {
    Tone.ANSWER: 0x14B8A6,  # teal
    Tone.QUIET: 0x94A3B8,  # grey
    Tone.NOTICE: 0xF59E0B,  # amber
    Tone.ERROR: 0xEF4444,  # red
}


class Panel(discord.ui.LayoutView):
    """A view that discord.py sends and forgets: its controls are found by their ids (``controls.py``).

    A view that it keeps takes the classes of its controls along when it ends, and then no control of any message works:
    one under a message for a single person would end after 15 minutes.
    """

    def __init__(self, *items: discord.ui.Item[Any], tone: Tone) -> None:
        super().__init__(timeout=None)
        self.items = items
        self.tone = tone
        self.add_item(discord.ui.Container(*items, accent_colour=_ACCENTS[tone]))

    def is_dispatchable(self) -> bool:
        """False: there is nothing in it to listen for."""
        return False

    def is_in(self, components: Iterable[Any]) -> bool:
        """Whether the components of a message, as Discord hands them out, show the same kind of news."""
        accents = (getattr(component, "accent_colour", None) for component in components)
        return _ACCENTS[self.tone] in (int(accent) for accent in accents if accent is not None)
