"""Interactions that wait for an answer: their tokens show it where the person asked, as long as they are good."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import discord

from bots.discord.layout import Sheet

#: Discord API: Receiving and Responding to Interactions. "Interaction tokens are valid for 15 minutes"; a minute is
#: left for what is under way.
_SECONDS: Final = 14 * 60.0
#: Interactions and askers remembered.
_KEPT: Final = 2000
_ASKERS: Final = 10_000
#: Discord API: JSON error codes. Unknown interaction, unknown webhook, invalid webhook token.
_GONE: Final = frozenset({10062, 10015, 50027})
_UNKNOWN_MESSAGE: Final = 10008


class TokenGone(Exception):
    """An interaction can no longer be answered through its token."""


class Waiting:
    """An interaction that was acknowledged already: an answer is shown in its place, then changed there.

    Its place is the message that it is about or that says that the bot is thinking; of a ``copy``, a message that
    only the person who pressed sees.
    """

    def __init__(self, interaction: discord.Interaction[Any], *, copy: bool = False) -> None:
        self._interaction = interaction
        self._copy = copy
        #: The further message that shows the answer; None: the place is that of the interaction itself.
        self._message: int | None = None

    async def show(self, make: Callable[[], Sheet]) -> str:
        """Show a sheet, return the id of its message. Raises TokenGone, and what discord.py raises."""
        if self._interaction.is_expired():
            raise TokenGone
        try:
            return str((await self._show(make)).id)
        except discord.HTTPException as error:
            if error.code in _GONE:
                raise TokenGone from None
            raise

    async def _show(self, make: Callable[[], Sheet]) -> discord.Message:
        nobody = discord.AllowedMentions.none()
        if self._message is not None or not self._copy:
            sheet = make()
            try:
                if self._message is None:
                    return await self._interaction.edit_original_response(
                        view=sheet.view, attachments=sheet.files, allowed_mentions=nobody
                    )
                return await self._interaction.followup.edit_message(
                    self._message, view=sheet.view, attachments=sheet.files, allowed_mentions=nobody
                )
            except discord.NotFound as error:
                if error.code != _UNKNOWN_MESSAGE:
                    raise
        # There is none yet, or somebody has deleted it.
        sheet = make()
        sent = await self._interaction.followup.send(
            view=sheet.view, files=sheet.files, ephemeral=self._copy, allowed_mentions=nobody, wait=True
        )
        self._message = sent.id
        return sent


class Interactions:
    """The interactions of this process that wait, and who asked what, by the event that each of them is."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: The time after which a token is not relied on any more, in the order in which they came.
        self._waiting: OrderedDict[str, tuple[float, Waiting]] = OrderedDict()
        self._askers: OrderedDict[str, str] = OrderedDict()

    def remember(self, event: str, interaction: discord.Interaction[Any], *, copy: bool = False) -> None:
        """The answer to this event goes there. ``copy``: into a message of its own that only the person sees."""
        self._drop_old()
        self._waiting[event] = (self._clock() + _SECONDS, Waiting(interaction, copy=copy))
        self._waiting.move_to_end(event)
        if len(self._waiting) > _KEPT:
            self._waiting.popitem(last=False)
        self.asked(event, str(interaction.user.id))

    def of(self, event: str) -> Waiting | None:
        """Where the answer to this event goes; None: into its channel, as any message."""
        self._drop_old()
        found = self._waiting.get(event)
        return found[1] if found else None

    def forget(self, event: str) -> None:
        """Its token is gone."""
        self._waiting.pop(event, None)

    def asked(self, event: str, user: str) -> None:
        """This event is somebody's: they can be told in private what may not be said where they asked."""
        self._askers[event] = user
        self._askers.move_to_end(event)
        while len(self._askers) > _ASKERS:
            self._askers.popitem(last=False)

    def asker(self, event: str) -> str | None:
        """Whose event it is, where this process saw it."""
        return self._askers.get(event)

    def _drop_old(self) -> None:
        now = self._clock()
        while self._waiting and next(iter(self._waiting.values()))[0] <= now:
            self._waiting.popitem(last=False)
