"""Messages of the bot: sent, edited, deleted, and what is refused in them."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

from tests.discord_lab.components import message_problems
from tests.discord_lab.errors import DiscordError, Json, Problem, invalid, refuse_if_any
from tests.discord_lab.mentions import pinged
from tests.discord_lab.payloads import member_json, message_json
from tests.discord_lab.records import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    Channel,
    File,
    Interaction,
    Message,
    media,
    walk,
)
from tests.discord_lab.world import DiscordWorld, Mention

MAX_CONTENT = 2000  # Discord API: Create Message, content, characters
MAX_FILES = 10  # attachments of one message
MAX_FILE = 10 * 1024 * 1024  # Discord API: Uploading Files, bytes, the default
MAX_NONCE = 25  # Discord API: Create Message, nonce, characters
NONCE_SECONDS = 180  # "in the past few minutes"
CANNOT_MIX = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
CANNOT_LEAVE = "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file in a multipart body."""

    name: str
    content: bytes


def create(
    world: DiscordWorld,
    channel: Channel,
    body: Json,
    parts: Mapping[int, Part],
    *,
    answers: Interaction | None = None,
) -> Message:
    """A new message of the bot, or for a nonce that was just used the one it made."""
    if again := _same_nonce(world, body):
        return again
    replied = _replied_to(world, body)
    flags = int(body.get("flags") or 0)
    _check(body, parts, v2=bool(flags & COMPONENTS_V2), text=body.get("content"), embeds=body.get("embeds"), kept=0)
    if not any(body.get(key) for key in ("content", "embeds", "components")) and not parts:
        raise DiscordError(400, 50006)
    hidden = answers.person.id if answers and flags & EPHEMERAL else None
    message = Message(
        id=world.new_id(),
        channel=channel,
        author=world.bot,
        at=world.clock(),
        flags=flags,
        reply_to=replied.id if replied else None,
        only_for=hidden,
        nonce=body.get("nonce"),
        interaction=answers,
    )
    _fill(world, message, body, parts)
    allowed = body.get("allowed_mentions")
    author = replied.author.id if replied else None
    world.mentioned += [Mention(message.id, who) for who in pinged(message.text, allowed, replied_to=author)]
    return publish(world, message)


def publish(world: DiscordWorld, message: Message) -> Message:
    """Everybody in the channel sees it, and so does the bot, if it is no ephemeral one."""
    world.messages[message.id] = message
    _tell(world, "MESSAGE_CREATE", message, message_json(world, message))
    return message


def edit(world: DiscordWorld, message: Message, body: Json, parts: Mapping[int, Part]) -> Message:
    """The message with what the body changes."""
    if message.author != world.bot:
        raise DiscordError(403, 50005)
    flags = message.flags if body.get("flags") is None else int(body["flags"]) | message.flags & EPHEMERAL
    if message.v2 and not flags & COMPONENTS_V2:
        raise invalid("flags", CANNOT_LEAVE, "a message of components stays one")
    text, embeds = body.get("content", message.content), body.get("embeds", message.embeds)
    kept = _kept(message, body)
    changed = {"components": message.components} | body if flags & COMPONENTS_V2 and not message.v2 else body
    _check(changed, parts, v2=bool(flags & COMPONENTS_V2), text=text, embeds=embeds, kept=len(kept))
    message.flags, message.files = flags & ~LOADING, kept
    _fill(world, message, body, parts)
    message.edited_at = world.clock()
    _tell(world, "MESSAGE_UPDATE", message, message_json(world, message))
    return message


def delete(world: DiscordWorld, message: Message) -> None:
    """Nobody sees it any more."""
    message.deleted = True
    _tell(world, "MESSAGE_DELETE", message, {"id": str(message.id), "channel_id": str(message.channel.id)})


def _tell(world: DiscordWorld, event: str, message: Message, data: Json) -> None:
    """The bot gets what happens where it is a member, with what only events say of the server."""
    guild = message.channel.guild
    if guild:
        data |= {"guild_id": str(guild.id)}
        data |= {"member": member_json(guild, message.author)} if "author" in data else {}
    if message.only_for is None and (guild is None or guild.bot):
        world.tell(event, data)
    world.changed()


def _same_nonce(world: DiscordWorld, body: Json) -> Message | None:
    nonce = str(body.get("nonce") or "")
    if len(nonce) > MAX_NONCE:
        raise invalid("nonce", "BASE_TYPE_BAD_LENGTH", f"Must be {MAX_NONCE} or fewer in length; is {len(nonce)}.")
    if not nonce or not body.get("enforce_nonce"):
        return None
    since = world.clock() - NONCE_SECONDS
    return next((m for m in world.messages.values() if m.nonce == nonce and m.at >= since), None)


def _replied_to(world: DiscordWorld, body: Json) -> Message | None:
    if not (reference := body.get("message_reference")):
        return None
    message = world.messages.get(int(reference["message_id"]))
    if message is not None and not message.deleted:
        return message
    if reference.get("fail_if_not_exists", True):
        raise invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    return None


def _kept(message: Message, body: Json) -> list[File]:
    if "attachments" not in body:
        return message.files
    named = {str(about["id"]) for about in body["attachments"] or ()}
    return [file for file in message.files if str(file.id) in named]


def _check(body: Json, parts: Mapping[int, Part], *, v2: bool, text: str | None, embeds: object, kept: int) -> None:
    if any(len(part.content) > MAX_FILE for part in parts.values()):
        raise DiscordError(413, 40005)
    refuse_if_any(_problems(body, parts, v2=v2, text=text or "", embeds=embeds, kept=kept))


def _problems(
    body: Json, parts: Mapping[int, Part], *, v2: bool, text: str, embeds: object, kept: int
) -> Iterator[Problem]:
    if v2 and text:
        yield Problem("content", CANNOT_MIX, "beside components")
    if v2 and embeds:
        yield Problem("embeds", CANNOT_MIX, "beside components")
    if len(text) > MAX_CONTENT:
        yield Problem("content", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CONTENT} or fewer in length.")
    if len(parts) + kept > MAX_FILES:
        yield Problem("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FILES} or fewer in length.")
    if "components" in body:
        names = {part.name for part in parts.values()}
        yield from message_problems(body["components"] or [], v2=v2, uploaded=names)


def _fill(world: DiscordWorld, message: Message, body: Json, parts: Mapping[int, Part]) -> None:
    described = {str(about["id"]): about.get("description") for about in body.get("attachments") or ()}
    fresh: dict[str, File] = {}
    for number, part in sorted(parts.items()):
        upload, text = (part.name, part.content), described.get(str(number))
        fresh[part.name] = world.upload(message.channel.id, upload, description=text)
    message.files = [*message.files, *fresh.values()]
    message.content = body.get("content", message.content) or ""
    message.embeds = body.get("embeds", message.embeds) or []
    if "components" in body:
        message.components = deepcopy(body["components"] or [])
        _resolve(message.components, fresh)


def _resolve(components: Iterable[Json], fresh: Mapping[str, File]) -> None:
    """Number the components, and let those that show a file know which."""
    taken = {part["id"] for part in walk(components) if part.get("id")}
    free = iter(number for number in range(1, len(taken) + 1000) if number not in taken)
    for part in walk(components):
        part["id"] = part.get("id") or next(free)
        for item in media(part):
            if file := fresh.get(item["url"].removeprefix("attachment://")):
                item["attachment_id"] = str(file.id)
