"""Presses of buttons and menus, on Discord's side: acknowledged at once, done as everywhere, shown in their place."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, assert_never, cast

import aiohttp
import discord
import structlog

from bots import notices
from bots.button_data import Button, read_button
from bots.cards import Card, Line, Press, Tone
from bots.context import Asker
from bots.discord import incoming
from bots.discord.parts import Parts
from bots.discord.replies import begin, hand, tell
from bots.presses import DropButton, Pressed, Presses, Say, SendFile, ShowCard, ShowPage, Silent, may_change, usable
from bots.wording import words as words_of
from core.adapter import Unreachable
from core.database import DatabaseUnavailable
from core.model import HINT_LIMIT
from core.searches import Search
from core.texts import clean
from core.views import WHOLE, WORD_LIMIT, View, fitting_word

#: What searches, and shows its answer where the press says.
_PAID: Final = frozenset({Press.IN, Press.RETRY, Press.FRESH, Press.WORDS})
#: The form that asks for a word: its id holds the search, so that it works after a restart.
_FORM: Final = "snap:w:"
_WORD: Final = "word"
#: Discord API: Modals, "title max 45 characters"; Label, "label max 45 characters".
_MOST_TITLE: Final = 45
#: Seconds that discord.py remembers an open form; what comes of it is found by its id all the same.
_FORM_OPEN: Final = 900.0
#: Discord API: follow-ups of a command where the bot is not a member of the server: 5 a token.
_MOST_FOLLOW_UPS: Final = 5

_Interaction = discord.Interaction[Any]

log = structlog.get_logger(__name__)


class DiscordPresses:
    """Reacts to presses and forms."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._presses = Presses(parts.service, parts.commands, parts.membership.is_member)

    async def press(self, interaction: _Interaction, data: str) -> None:
        """Do what a button or an option asks for."""
        button = read_button(data)
        if button is not None and button.name is Press.CONTAINING:
            await self._open_form(interaction, button.search)
        else:
            await self._press(interaction, button)

    async def form(self, interaction: _Interaction) -> None:
        """Do what a form asks for that was filled in: show what of an answer has the word in its name."""
        custom_id = interaction.custom_id or ""
        if not custom_id.startswith(_FORM):
            return
        written = _values(cast("Mapping[str, Any]", interaction.data or {}).get("components", ()))
        word = fitting_word(clean(written.get(_WORD, ""), WORD_LIMIT))
        view = View(word=word) if word else WHOLE
        # Through the same needle's eye as a button, whose data this might be.
        await self._press(interaction, read_button(f"1p{custom_id.removeprefix(_FORM)}:{view}"))

    async def _press(self, interaction: _Interaction, button: Button | None) -> None:
        asker = incoming.asker_of(interaction)
        if interaction.message is None or not await begin(interaction):
            return
        try:
            if button is None:
                await self._say(interaction, (await self._presses.expired(asker)).text)
            else:
                await self._react(interaction, button, asker)
        except DatabaseUnavailable:
            self._parts.outages.noticed(asker.chat)
            self._parts.interactions.forget(asker.event)
            await tell(interaction, notices.try_later(words_of(asker.language)))
        except (Unreachable, discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("press_not_shown", error=type(error).__name__)
        await self._parts.locales.saw(asker.identity, asker.language)

    async def _react(self, interaction: _Interaction, button: Button, asker: Asker) -> None:
        message = interaction.message
        assert message is not None, "the caller looked"
        alone = message.flags.ephemeral
        owned = alone or asker.private or _is_owner(message, interaction.user)
        # The words of an offer stand in its button, which only the bot can write.
        hint = (clean(button.argument, HINT_LIMIT) or None) if button.name is Press.WORDS else None
        if alone and button.name is Press.FORGET:
            asker = replace(asker, private=True)  # nobody else sees the question, nor the answer
        pressed = Pressed(button=button, asker=asker, message=str(message.id), owned=owned, alone=alone, hint=hint)
        search = await usable(self._parts.service, button.search, asker) if button.search else None
        if search is not None:
            await self._prepare(interaction, pressed, search)
        await self._show(interaction, pressed, search)

    async def _prepare(self, interaction: _Interaction, pressed: Pressed, search: Search) -> None:
        """Say where answers go that come later: into the message that was pressed, or to the presser alone."""
        event = pressed.asker.event
        if pressed.button.name in _PAID:
            own = pressed.owned if pressed.button.name is Press.WORDS else may_change(pressed, search)
            self._parts.interactions.remember(event, interaction, copy=not own)
        elif pressed.button.name is Press.ALBUM and search.origin.album:
            for number in range(await self._parts.service.offered(search.origin.album)):
                if _is_guest(interaction) and number < _MOST_FOLLOW_UPS:
                    # Each would be a message of its own, in a channel where the bot is not.
                    self._parts.interactions.remember(f"{event}:{number}", interaction, copy=True)
                else:
                    self._parts.interactions.asked(f"{event}:{number}", pressed.asker.identity.user)

    async def _show(self, interaction: _Interaction, pressed: Pressed, search: Search | None) -> None:
        messenger = self._parts.messenger
        match await self._presses.react(pressed):
            case Silent():
                return  # the answer comes to where _prepare said
            case Say(text):
                self._parts.interactions.forget(pressed.asker.event)
                await self._say(interaction, text)
            case ShowCard(card, theirs):
                await messenger.show_card(interaction, card, theirs=theirs)
            case ShowPage(origin, outcome, theirs, asked):
                await messenger.show_pressed(interaction, origin, outcome, theirs=theirs, receipt=asked)
            case SendFile(name, data):
                await hand(interaction, name, data)
            case DropButton():
                if search is not None and may_change(pressed, search):
                    # The same answer again: none of its album's photos is offered any more.
                    origin = replace(search.origin, language=(await self._parts.words(pressed.asker)).language)
                    answer = await self._parts.service.page(search)
                    await messenger.show_pressed(interaction, origin, answer, theirs=True, receipt=True)
            case never:
                assert_never(never)

    async def _say(self, interaction: _Interaction, text: str) -> None:
        await tell(interaction, Card(tone=Tone.NOTICE, lines=(Line(text),)))

    async def _open_form(self, interaction: _Interaction, search: str) -> None:
        """Ask for a word: the one press whose first answer is no acknowledgement."""
        words = await self._parts.words(incoming.asker_of(interaction))
        title = words("Containing a word …")[:_MOST_TITLE]
        form = discord.ui.Modal(title=title, custom_id=f"{_FORM}{search}", timeout=_FORM_OPEN)
        field = discord.ui.TextInput[Any](custom_id=_WORD, max_length=WORD_LIMIT)
        form.add_item(discord.ui.Label[Any](text=title, component=field))
        try:
            await interaction.response.send_modal(form)
        except (discord.DiscordException, OSError) as error:
            log.info("form_not_shown", error=type(error).__name__)


def _is_owner(message: discord.Message, user: discord.abc.User) -> bool:
    """Whether a message answers one of the person's own."""
    asked = message.interaction_metadata
    if asked is not None:
        return asked.user.id == user.id
    replied = incoming.replied_to(message)
    return replied is not None and replied.author.id == user.id


def _is_guest(interaction: _Interaction) -> bool:
    """Whether the bot is only there because somebody added it to themselves."""
    return interaction.is_user_integration() and not interaction.is_guild_integration()


def _values(components: Iterable[Any]) -> dict[str, str]:
    """What was written into the fields of a form, by their ids."""
    found: dict[str, str] = {}
    for component in components:
        if "custom_id" in component and "value" in component:
            found[component["custom_id"]] = str(component["value"])
        inner = [component["component"]] if "component" in component else component.get("components", ())
        found |= _values(inner)
    return found
