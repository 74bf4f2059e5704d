"""Buttons and menus: everything they ask for stands in their ids, so that they work after a restart."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from re import Match
from typing import Any, Final, Protocol, cast

import discord
import structlog

from bots import notices
from bots.button_data import button_data
from bots.cards import Action, Press, Tone
from bots.discord.markdown import fit, sentence, units
from bots.discord.panel import Panel
from bots.wording import words
from core.texts import cut

#: Discord API: Component Reference. Characters of a button's label, of a menu's placeholder, of an option's texts.
MAX_LABEL: Final = 80
MAX_PLACEHOLDER: Final = 150
MAX_OPTION: Final = 100
#: Discord API: Component Reference, String Select.
MAX_OPTIONS: Final = 25
#: Of the 100 characters of a custom_id, those for button data.
_MAX_DATA: Final = 80

#: Whatever somebody presses or picks is a class below: each is found by a pattern, and no id fits both patterns.
_BUTTON: Final = r"snap:b:[0-9]{1,2}:(?P<data>.{1,80})"
_SELECT: Final = r"snap:s:[0-9]{1,2}"

log = structlog.get_logger(__name__)


class Pressable(Protocol):
    """A client that does what a pressed control asks for."""

    async def on_press(self, interaction: discord.Interaction[Any], data: str) -> None:
        """``data`` is what `bots.button_data.read_button` reads; it may be forged."""
        ...


class PressButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=_BUTTON):
    """A pressed button; its id holds button data."""

    def __init__(self, button: discord.ui.Button[Any], data: str) -> None:
        super().__init__(button)
        self._data = data

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: Match[str], /
    ) -> "PressButton":
        """The button behind an id."""
        return cls(cast("discord.ui.Button[Any]", item), match["data"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it asks for."""
        await _press(interaction, self._data)


class PressSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=_SELECT):
    """A menu from which something was picked; the values of its options are button data."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: Match[str], /
    ) -> "PressSelect":
        """The menu behind an id."""
        return cls(cast("discord.ui.Select[Any]", item))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the picked option asks for."""
        await _press(interaction, next(iter(self.item.values), ""))


#: To be registered with the client before it connects.
DYNAMIC_ITEMS: Final = (PressButton, PressSelect)


class Slots:
    """Makes the controls of one message: a number tells apart those that ask for the same."""

    def __init__(self) -> None:
        self._numbers = count()

    def button(self, action: Action) -> discord.ui.Button[Any]:
        """A button, or an inscription where there is nothing to press."""
        return discord.ui.Button(
            style=_style(action),
            label=fit(action.label, MAX_LABEL),
            custom_id=f"snap:b:{next(self._numbers)}:{_data(action)}",
            disabled=action.name == Press.NOOP,
        )

    def menu(self, label: str, options: list[discord.SelectOption]) -> discord.ui.Select[Any]:
        """A menu; ``label`` stands in it until something is chosen."""
        return discord.ui.Select(
            custom_id=f"snap:s:{next(self._numbers)}",
            placeholder=fit(label, MAX_PLACEHOLDER) if label else None,
            options=list({option.value: option for option in options}.values())[:MAX_OPTIONS],
        )


def _style(action: Action) -> discord.ButtonStyle:
    if action.name == Press.FORGET:
        return discord.ButtonStyle.danger
    return discord.ButtonStyle.primary if action.chosen else discord.ButtonStyle.secondary


def option(
    action: Action, label: str, *, emoji: str | None = None, note: str = "", chosen: bool = False
) -> discord.SelectOption:
    """An option that asks for an action; what is chosen stands in the menu in place of its label."""
    return discord.SelectOption(
        label=fit(label, MAX_OPTION),
        value=_data(action),
        description=fit(note, MAX_OPTION) if note else None,
        emoji=emoji,
        default=chosen,
    )


def data_in(components: Iterable[discord.Component]) -> Iterator[str]:
    """The button data in the controls of a message as Discord hands it out, from top to bottom."""
    for component in components:
        if isinstance(component, discord.Button):
            if found := re.fullmatch(_BUTTON, component.custom_id or ""):
                yield found["data"]
        elif isinstance(component, discord.SelectMenu):
            yield from (option.value for option in component.options if re.fullmatch(_SELECT, component.custom_id))
        elif isinstance(component, discord.ActionRow | discord.Container):
            yield from data_in(component.children)


def _data(action: Action) -> str:
    """Button data; the words in it get shorter where they are in an alphabet that takes two units a letter."""
    while units(data := button_data(action)) > _MAX_DATA:
        action = replace(action, argument=cut(action.argument, len(action.argument) - 1))
    return data


async def _press(interaction: discord.Interaction[Any], data: str) -> None:
    """Errors end here: of what a control raises, discord.py tells its log and nobody else."""
    try:
        await cast("Pressable", interaction.client).on_press(interaction, data)
    except Exception:
        log.exception("press_failed", press=data[:2])  # what follows may be somebody's words
        await _apologise(interaction)


async def _apologise(interaction: discord.Interaction[Any]) -> None:
    said = notices.try_later(words(str(interaction.locale))).lines[0].text
    view = Panel(discord.ui.TextDisplay(sentence(said)), tone=Tone.ERROR)
    try:
        if interaction.response.is_done():
            await interaction.followup.send(view=view, ephemeral=True)
        else:
            await interaction.response.send_message(view=view, ephemeral=True)
    except (discord.DiscordException, OSError) as error:
        log.info("not_answered", error=type(error).__name__)
