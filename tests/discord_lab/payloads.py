"""Discord's JSON of what is in the world, as the bot gets it: without the message content intent.

Objects: Discord API, Resources (User, Guild, Channel, Message).
"""

from copy import deepcopy
from datetime import UTC, datetime

from tests.discord_lab.errors import Json
from tests.discord_lab.records import COMMAND, Channel, File, Guild, Message, Person, media, walk
from tests.discord_lab.world import DiscordWorld

# Discord API: Permissions, bitwise flags
ADMINISTRATOR, MANAGE_GUILD = 1 << 3, 1 << 5
VIEW, SEND, EMBED, ATTACH, HISTORY, COMMANDS = 1 << 10, 1 << 11, 1 << 14, 1 << 15, 1 << 16, 1 << 31
MEMBER = VIEW | SEND | EMBED | ATTACH | HISTORY | COMMANDS
ADMIN = MEMBER | ADMINISTRATOR | MANAGE_GUILD
TEXT_CHANNEL, DM_CHANNEL = 0, 1  # Discord API: Channel Types
REPLY, COMMAND_ANSWER = 19, 20  # Discord API: Message Types
FORWARD = 1  # Discord API: Message Reference Types


def when(seconds: float) -> str:
    """ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def user_json(person: Person) -> Json:
    """User."""
    name = {"username": person.name.lower(), "global_name": person.name, "discriminator": "0"}
    return {"id": str(person.id), **name, "avatar": None, "bot": person.bot, "public_flags": 0}


def permissions(guild: Guild | None, person: Person) -> int:
    """What somebody may do in a server's channels."""
    return ADMIN if guild and person.id in guild.admins else MEMBER


def member_json(guild: Guild, person: Person) -> Json:
    """Guild Member without its user."""
    roles = [str(guild.id + 1)] if person.id in guild.admins else []
    about = {"nick": None, "avatar": None, "premium_since": None, "pending": False, "flags": 0}
    return {"roles": roles, "joined_at": when(0), "deaf": False, "mute": False, **about}


def guild_json(world: DiscordWorld, guild: Guild) -> Json:
    """Guild, with what only GUILD_CREATE carries: channels, and of the members only the bot (no members intent)."""
    everyone = {"id": str(guild.id), "name": "@everyone", "permissions": str(MEMBER), "position": 0}
    admins = {"id": str(guild.id + 1), "name": "Admins", "permissions": str(ADMIN), "position": 1}
    channels = [channel for channel in world.channels.values() if channel.guild is guild]
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(min(guild.admins, default=1)),
        "roles": [everyone, admins],
        "channels": [channel_json(channel) for channel in channels],
        "members": [member_json(guild, world.bot) | {"user": user_json(world.bot)}],
        "member_count": len(guild.members) + 1,
        "preferred_locale": guild.locale,
        "features": [],
        "unavailable": False,
    }


def channel_json(channel: Channel) -> Json:
    """Channel."""
    about: Json = {"id": str(channel.id), "last_message_id": None, "flags": 0}
    if channel.guild is None:
        recipients = [user_json(channel.person)] if channel.person else []
        return about | {"type": DM_CHANNEL, "recipients": recipients}
    place: Json = {"guild_id": str(channel.guild.id), "parent_id": None, "position": 0, "permission_overwrites": []}
    return about | place | {"type": TEXT_CHANNEL, "name": channel.name, "topic": None, "nsfw": False}


def file_json(world: DiscordWorld, file: File) -> Json:
    """Attachment, with a link of now."""
    about = {"id": str(file.id), "filename": file.name, "size": len(file.content), "content_type": file.mime}
    pixels = dict(zip(("width", "height"), file.size, strict=True)) if file.size else {}
    described = {"description": file.description} if file.description else {}
    link = _link(world, file)
    return about | pixels | described | {"url": link, "proxy_url": link}


def _link(world: DiscordWorld, file: File) -> str:
    return f"{world.url}/attachments/{file.channel}/{file.id}/{file.name}?hm={file.generation}"


def message_json(world: DiscordWorld, message: Message, *, whole: bool = False) -> Json:
    """Message as the bot gets it; `whole`: in an interaction, where nothing is emptied."""
    people = world.everyone()
    said: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "type": _type(message),
        "author": user_json(message.author),
        "timestamp": when(message.at),
        "edited_timestamp": when(message.edited_at) if message.edited_at else None,
        "flags": message.flags,
        "mentions": [user_json(people[number]) for number in message.mentions if number in people],
        "mention_everyone": False,
        "mention_roles": [],
        "pinned": False,
        "tts": False,
        **_content(world, message),
    }
    if not whole and not bot_sees(world, message):
        said |= {"content": "", "attachments": [], "embeds": [], "components": []}
        said |= {"message_snapshots": []} if message.snapshot else {}
    if message.nonce is not None:
        said["nonce"] = message.nonce
    if message.reply_to:
        place = {"message_id": str(message.reply_to), "channel_id": str(message.channel.id), "type": 0}
        said["message_reference"] = place
        before = world.messages.get(message.reply_to)
        said["referenced_message"] = None
        if before is not None and not before.deleted:
            said["referenced_message"] = message_json(world, before, whole=whole)
    if asked := message.interaction:
        metadata = {"id": str(asked.id), "type": asked.kind, "user": user_json(asked.person)}
        said["interaction_metadata"] = metadata | {"authorizing_integration_owners": {}}
        said |= {"webhook_id": str(world.bot.id), "application_id": str(world.bot.id)}
    return said


def bot_sees(world: DiscordWorld, message: Message) -> bool:
    """Discord API: Gateway, Message Content Intent: what is exempt from it."""
    mine = message.author == world.bot or world.bot.id in message.mentions
    return message.channel.guild is None or mine


def _type(message: Message) -> int:
    if message.interaction and message.interaction.kind == COMMAND:
        return COMMAND_ANSWER
    return REPLY if message.reply_to else 0


def _content(world: DiscordWorld, message: Message) -> Json:
    components = deepcopy(message.components)
    for item in (item for part in walk(components) for item in media(part)):
        if file := world.files.get(int(item.get("attachment_id", 0))):
            shown = file_json(world, file)
            item |= {key: shown[key] for key in ("url", "proxy_url", "content_type", "width", "height") if key in shown}
    # A message of components has no attachments of its own: they appear in the components, resolved.
    files = [] if message.v2 else [file_json(world, file) for file in message.files]
    said: Json = {"content": message.content, "embeds": message.embeds, "components": components, "attachments": files}
    if message.snapshot:
        pictures = [file_json(world, file) for file in message.snapshot]
        inner: Json = {"type": 0, "content": "", "embeds": [], "attachments": pictures, "flags": 0, "mentions": []}
        inner |= {"timestamp": when(message.at), "edited_timestamp": None}
        place = {"type": FORWARD, "channel_id": "1", "message_id": str(message.id - 1)}
        said |= {"message_snapshots": [{"message": inner}], "message_reference": place}
    return said
