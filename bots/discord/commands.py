"""The commands as Discord has them: a field for every argument, names in its languages, an answer for one person."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from inspect import Parameter, Signature
from typing import Any, Final

import discord
import structlog
from discord import app_commands
from discord.app_commands import AppCommandContext, AppInstallationType, Choice, Range

from bots import notices
from bots.context import Command
from bots.discord import incoming
from bots.discord.finding import Finding, market_choices
from bots.discord.options import FIELDS, Field, Kind, arguments_of, photo_description, photo_title
from bots.discord.parts import Parts
from bots.discord.replies import begin, tell
from bots.discord.translation import text
from bots.wording import languages
from bots.wording import words as words_of
from core.database import DatabaseUnavailable

_FIND: Final = "find"
_PHOTO: Final = "photo"
#: Characters of a field; what is kept of them the commands decide.
_MOST_TEXT: Final = 200
#: People of the operator's server only, and never where the bot was added to a person: /usage shows other people.
_ADMINS_PLACES: Final = AppCommandContext(guild=True, dm_channel=False, private_channel=False)
_ADMINS_INSTALLS: Final = AppInstallationType(guild=True, user=False)

_Interaction = discord.Interaction[Any]
_Values = Mapping[str, Any]
_Run = Callable[[_Interaction, _Values], Awaitable[None]]

log = structlog.get_logger(__name__)


class Tree(app_commands.CommandTree[Any]):
    """The commands of a client."""

    #: Called with every command before it is done.
    on_call: Callable[[], None] | None = None

    async def interaction_check(self, interaction: _Interaction, /) -> bool:
        """Everybody may call what they see: who may do what, each command asks by itself."""
        if self.on_call is not None:
            self.on_call()
        return True

    async def on_error(self, interaction: _Interaction, error: app_commands.AppCommandError, /) -> None:
        """Nobody is left without an answer."""
        log.error("command_failed", command=getattr(interaction.command, "name", None), exc_info=error)
        await tell(interaction, notices.try_later(words_of(incoming.language_of(interaction))))


class SlashCommands:
    """Fills a client's tree, and does what is called."""

    def __init__(self, parts: Parts, finding: Finding) -> None:
        self._parts = parts
        self._finding = finding

    def add_to(self, tree: Tree) -> None:
        """Add all of them; those for admins only where the operator named a server for them."""
        server = self._parts.settings.discord_guild
        by_person = self._parts.settings.discord_user_install
        installs = AppInstallationType(guild=True, user=by_person)
        places = AppCommandContext(guild=True, dm_channel=True, private_channel=by_person)
        menu_places = AppCommandContext(guild=True, dm_channel=by_person, private_channel=by_person)
        for command in self._parts.commands.all:
            if not command.admin:
                tree.add_command(self._slash(command, places, installs))
            elif server is not None:
                slash = self._slash(command, _ADMINS_PLACES, _ADMINS_INSTALLS)
                tree.add_command(slash, guild=discord.Object(int(server)))
        if server is None:
            log.warning("no_admin_commands", reason="DISCORD_GUILD is not set: commands for admins appear nowhere")
        menu = app_commands.ContextMenu(
            name=text(lambda words: words("Find this product")),
            callback=self._find_in,
            allowed_contexts=menu_places,
            allowed_installs=installs,
        )
        tree.add_command(menu)

    def _slash(
        self, command: Command, places: AppCommandContext, installs: AppInstallationType
    ) -> app_commands.Command[Any, ..., None]:
        fields = FIELDS.get(command.name, ())
        run = self._find if command.name == _FIND else self._runner(command)
        callback = _callback(run, fields, photo=command.name == _FIND)
        described = {field.name: text(field.description) for field in fields}
        renamed = {field.name: text(field.title, field.name) for field in fields}
        if command.name == _FIND:
            described[_PHOTO], renamed[_PHOTO] = text(photo_description), text(photo_title, _PHOTO)
        if described:
            app_commands.describe(**described)(callback)
            app_commands.rename(**renamed)(callback)
        for field in fields:
            if field.kind is Kind.MARKET:
                app_commands.autocomplete(**{field.name: self._markets})(callback)
            elif field.kind is Kind.LANGUAGE:
                spoken = [Choice(name=words_of(tag).language_name(), value=tag) for tag in languages()]
                app_commands.choices(**{field.name: spoken})(callback)
            elif field.one_of:
                app_commands.choices(**{field.name: [Choice(name=one, value=one) for one in field.one_of]})(callback)
        return app_commands.Command(
            name=text(command.title, command.name) if command.title is not None else command.name,
            description=text(command.description),
            callback=callback,
            allowed_contexts=places,
            allowed_installs=installs,
        )

    def _runner(self, command: Command) -> _Run:
        async def run(interaction: _Interaction, values: _Values) -> None:
            if not await begin(interaction, alone=True, thinking=True):
                return
            asker = incoming.asker_of(interaction)
            if command.alone or (command.admin and self._parts.commands.context.is_admin(asker.identity)):
                # Nobody else sees the answer: as private as a chat with the bot.
                asker = replace(asker, private=True)
            arguments = arguments_of(command.name, {name: _written(value) for name, value in values.items()})
            try:
                card = await self._parts.commands.run(command.name, asker, arguments)
            except DatabaseUnavailable:
                self._parts.outages.noticed(asker.chat)
                card = notices.try_later(words_of(asker.language))
            assert card is not None, "it is one of the commands"
            await self._parts.show(interaction, card)
            await self._parts.locales.saw(asker.identity, asker.language)

        return run

    async def _find(self, interaction: _Interaction, values: _Values) -> None:
        words, market = values.get("words") or "", values.get("market") or ""
        await self._finding.find(interaction, values[_PHOTO], words, market)

    async def _find_in(self, interaction: _Interaction, message: discord.Message) -> None:
        await self._finding.find_in(interaction, message)

    async def _markets(self, interaction: _Interaction, typed: str) -> list[Choice[str]]:
        words = await self._parts.words(incoming.asker_of(interaction))
        return [Choice(name=name, value=code) for name, code in market_choices(typed, words)]


def _callback(run: _Run, fields: tuple[Field, ...], *, photo: bool) -> Callable[..., Coroutine[Any, Any, None]]:
    """A function that takes these fields by name: discord.py reads from its signature what a command takes."""

    async def callback(interaction: _Interaction, **values: Any) -> None:
        await run(interaction, values)

    def parameter(name: str, annotation: Any, *, required: bool) -> Parameter:
        default = Parameter.empty if required else None
        return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)

    taken = [parameter(_PHOTO, discord.Attachment, required=True)] if photo else []
    taken += [parameter(field.name, _annotation(field), required=field.required) for field in fields]
    signature = Signature([Parameter("interaction", Parameter.POSITIONAL_ONLY), *taken])
    callback.__signature__ = signature  # type: ignore[attr-defined]  # functions may have one (PEP 362)
    return callback


def _annotation(field: Field) -> Any:
    match field.kind:
        case Kind.PERSON:
            return discord.User
        case Kind.NUMBER:
            return Range[int, field.least]
        case Kind.LANGUAGE:
            return str
        case Kind.TEXT if field.one_of:
            return str
        case _:
            return Range[str, 1, _MOST_TEXT]


def _written(value: object) -> str:
    """A field's value as the commands read it."""
    if isinstance(value, discord.User | discord.Member):
        return str(incoming.identity_of(value))
    return "" if value is None else str(value)
