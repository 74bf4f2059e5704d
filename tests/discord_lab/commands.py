"""The bot's commands: registered, offered to people, and filled in by them.

Limits: Discord API, Application Commands.
"""

from collections.abc import Iterator
from itertools import chain

from tests.discord_lab.errors import Json, Problem, refuse_if_any
from tests.discord_lab.payloads import file_json, permissions
from tests.discord_lab.records import Channel, File, Person
from tests.discord_lab.world import DiscordWorld, Upload

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3  # Application Command Types
SUB_COMMAND, GROUP, STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 1, 2, 3, 4, 5, 10, 11  # Option Types
IN_GUILD, IN_BOT_DM = 0, 1  # Interaction Context Types
GUILD_INSTALL, USER_INSTALL = 0, 1  # Application Integration Types
MAX_COMMANDS = 100  # slash commands in one scope; menus: far fewer
MAX_NAME, MAX_DESCRIPTION, MAX_OPTIONS, MAX_CHOICES = 32, 100, 25, 25
MAX_CHOICE = 100  # a choice's name, and its value if that is a text


class NotOffered(LookupError):
    """A person does not see this in their client: no such command, option, control, or not for them."""


def register(world: DiscordWorld, guild: int | None, commands: list[Json]) -> list[Json]:
    """Replace all commands of a guild, or those that are everywhere (None)."""
    refuse_if_any(_problems(commands))
    about = {"application_id": str(world.bot.id), "version": "1"}
    about |= {"guild_id": str(guild)} if guild else {}
    kept = {(old["name"], old.get("type", SLASH)): old["id"] for old in world.commands.get(guild, ())}
    world.commands[guild] = [
        {"type": SLASH, "description": "", "options": []}
        | new
        | {"id": kept.get((new["name"], new.get("type", SLASH))) or str(world.new_id())}
        | about
        for new in commands
    ]
    world.changed()
    return world.commands[guild]


def offered(world: DiscordWorld, person: Person, channel: Channel, name: str, kind: int) -> Json:
    """The command that this person sees in this channel; raises NotOffered."""
    guild = channel.guild
    here = world.commands.get(guild.id, []) if guild and guild.bot else []
    for command in chain(here, world.commands.get(None, [])):
        if (command["name"], command["type"]) == (name, kind) and _visible(command, person, channel):
            return command
    raise NotOffered(f"{person.name} is not offered {name!r} here")


def _visible(command: Json, person: Person, channel: Channel) -> bool:
    guild = channel.guild
    contexts, installs = command.get("contexts"), command.get("integration_types") or [GUILD_INSTALL]
    if contexts is not None and (IN_GUILD if guild else IN_BOT_DM) not in contexts:
        return False
    if guild and not guild.bot and USER_INSTALL not in installs:
        return False
    # Counts in servers only: in direct messages everybody may use a command that is offered there.
    needed = int(command.get("default_member_permissions") or 0)
    return not guild or permissions(guild, person) & needed == needed


def leaf(command: Json, path: list[str]) -> Json:
    """The (sub)command that `path` names within a command; raises NotOffered."""
    for step in path:
        inner = [option for option in command["options"] if option["type"] in (SUB_COMMAND, GROUP)]
        if not (found := [option for option in inner if option["name"] == step]):
            raise NotOffered(f"{command['name']!r} has no {step!r}")
        command = {"options": []} | found[0]
    return command


def filled(
    world: DiscordWorld, channel: Channel, command: Json, values: dict[str, object], *, focused: str | None = None
) -> tuple[list[Json], list[File]]:
    """The options as a person has filled them in, and the files that came with them; raises NotOffered."""
    known = {option["name"]: option for option in command.get("options") or []}
    if strange := values.keys() - known.keys():
        raise NotOffered(f"{command['name']!r} has no option {sorted(strange)}")
    missing = [name for name, option in known.items() if option.get("required") and name not in values]
    if missing and focused is None:  # while somebody types, the rest may still be empty
        raise NotOffered(f"{command['name']!r} is not sent without {missing}")
    options, files = [], []
    for name, value in values.items():
        option = known[name]
        filling = {"name": name, "type": option["type"], "value": value}
        if option["type"] == ATTACHMENT:
            files.append(world.upload(channel.id, _as_upload(value)))
            filling["value"] = str(files[-1].id)
        elif name != focused:
            _acceptable(option, value)
        options.append(filling | ({"focused": True} if name == focused else {}))
    return options, files


def resolved(world: DiscordWorld, files: list[File]) -> Json:
    """Resolved data of the files that came with a command."""
    return {"resolved": {"attachments": {str(file.id): file_json(world, file) for file in files}}} if files else {}


def _as_upload(value: object) -> Upload:
    if isinstance(value, bytes):
        return value
    if isinstance(value, tuple):
        return str(value[0]), bytes(value[1])
    raise NotOffered("an attachment is bytes, or a name and bytes")


def _acceptable(option: Json, value: object) -> None:
    types = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
    if not isinstance(value, types.get(option["type"], (str,))):
        raise NotOffered(f"{option['name']!r} does not take {value!r}")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise NotOffered(f"{option['name']!r} is one of {choices}")
    if isinstance(value, str) and len(value) > option.get("max_length", 6000):
        raise NotOffered(f"{option['name']!r} takes {option['max_length']} characters")


def choice_problems(choices: list[Json]) -> Iterator[Problem]:
    """What is wrong with the suggestions for an option."""
    if len(choices) > MAX_CHOICES:
        yield Problem("choices", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CHOICES} or fewer in length.")
    for place, choice in enumerate(choices):
        yield from _named(f"choices.{place}.name", choice, "name", MAX_CHOICE)
        if not 1 <= len(str(choice.get("value") or "")) <= MAX_CHOICE:
            yield Problem(f"choices.{place}.value", "BASE_TYPE_BAD_LENGTH", f"between 1 and {MAX_CHOICE} in length")


def _problems(commands: list[Json]) -> Iterator[Problem]:
    if len(commands) > MAX_COMMANDS:
        yield Problem("", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_COMMANDS} or fewer in length.")
    for place, command in enumerate(commands):
        yield from _named(f"{place}.name", command, "name", MAX_NAME)
        if command.get("type", SLASH) == SLASH:
            yield from _option(str(place), command)


def _option(path: str, option: Json) -> Iterator[Problem]:
    yield from _named(f"{path}.description", option, "description", MAX_DESCRIPTION)
    names = (option["name"], *(option.get("name_localizations") or {}).values())
    for name in names:
        if name != name.lower() or " " in name:
            yield Problem(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", f"{name!r} is not lower case in one word")
    if len(option.get("options") or ()) > MAX_OPTIONS:
        yield Problem(f"{path}.options", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_OPTIONS} or fewer in length.")
    for place, inner in enumerate(option.get("options") or ()):
        yield from _named(f"{path}.options.{place}.name", inner, "name", MAX_NAME)
        yield from _option(f"{path}.options.{place}", inner)
    yield from choice_problems(option.get("choices") or [])


def _named(path: str, thing: Json, field: str, most: int) -> Iterator[Problem]:
    """A text and its translations."""
    for text in (thing.get(field) or "", *(thing.get(f"{field}_localizations") or {}).values()):
        if not 1 <= len(text) <= most:
            yield Problem(path, "BASE_TYPE_BAD_LENGTH", f"{text!r}: Must be between 1 and {most} in length.")
