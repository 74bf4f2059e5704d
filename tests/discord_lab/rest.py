"""Discord's REST routes that the bot has use for. Discord API: Resources, Interactions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.discord_lab import commands, interactions, messages
from tests.discord_lab.errors import DiscordError, Json
from tests.discord_lab.messages import Part
from tests.discord_lab.payloads import channel_json, guild_json, member_json, message_json, user_json
from tests.discord_lab.records import Channel, Guild, Message
from tests.discord_lab.world import DiscordWorld

MAX_PAGE = 100  # Discord API: Get Channel Messages, limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request of the bot."""

    path: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    parts: Mapping[int, Part] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """An id in the path."""
        return int(self.path[name])


Answer = Json | list[Json] | None  #: None: 204
Route = Callable[[DiscordWorld, Ask], Answer]


# --- the bot, people, places
def _application(world: DiscordWorld, _: Ask) -> Answer:
    owner = user_json(world.bot) | {"id": "1", "bot": False}
    about = {"id": str(world.bot.id), "name": world.bot.name, "icon": None, "description": "", "flags": 0}
    return about | {"bot_public": True, "bot_require_code_grant": False, "verify_key": "", "owner": owner}


def _gateway(world: DiscordWorld, _: Ask) -> Answer:
    limits = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    return {"url": world.url.replace("http", "ws", 1) + "/gateway", "shards": 1, "session_start_limit": limits}


def _user(world: DiscordWorld, ask: Ask) -> Answer:
    if person := world.everyone().get(ask.number("user")):
        return user_json(person)
    raise DiscordError(404, 10013)


def _open_dm(world: DiscordWorld, ask: Ask) -> Answer:
    if person := world.people.get(int(ask.body["recipient_id"])):
        return channel_json(world.dm(person))
    raise DiscordError(400, 50007)


def _guild(world: DiscordWorld, ask: Ask) -> Guild:
    guild = world.guilds.get(ask.number("guild"))
    if guild is None:
        raise DiscordError(404, 10004)
    if not guild.bot:
        raise DiscordError(403, 50001)
    return guild


def _member(world: DiscordWorld, ask: Ask) -> Answer:
    guild, person = _guild(world, ask), world.everyone().get(ask.number("user"))
    if person is None or (person.id not in guild.members and person != world.bot):
        raise DiscordError(404, 10007)
    return member_json(guild, person) | {"user": user_json(person)}


# --- messages
def _channel(world: DiscordWorld, ask: Ask) -> Channel:
    channel = world.channels.get(ask.number("channel"))
    if channel is None:
        raise DiscordError(404, 10003)
    if channel.guild and not channel.guild.bot:
        raise DiscordError(403, 50001)
    return channel


def _message(world: DiscordWorld, ask: Ask) -> Message:
    channel, message = _channel(world, ask), world.messages.get(ask.number("message"))
    if message is None or message.channel is not channel or message.deleted or message.only_for is not None:
        raise DiscordError(404, 10008)
    return message


def _list(world: DiscordWorld, ask: Ask) -> Answer:
    channel = _channel(world, ask)
    there = [m for m in world.messages.values() if m.channel is channel and not m.deleted and m.only_for is None]
    found = sorted(there, key=lambda message: message.id, reverse=True)  # newest first
    limit = min(int(ask.query.get("limit", 50)), MAX_PAGE)
    if before := ask.query.get("before"):
        found = [message for message in found if message.id < int(before)]
    elif after := ask.query.get("after"):
        found = [message for message in found if message.id > int(after)][-limit:]
    elif around := ask.query.get("around"):
        newer = [message for message in found if message.id > int(around)]
        half = limit // 2
        found = [*newer[max(0, len(newer) - half) :], *found[len(newer) :]]
    return [message_json(world, message) for message in found[:limit]]


def _create(world: DiscordWorld, ask: Ask) -> Answer:
    return message_json(world, messages.create(world, _channel(world, ask), ask.body, ask.parts))


def _edit(world: DiscordWorld, ask: Ask) -> Answer:
    return message_json(world, messages.edit(world, _message(world, ask), ask.body, ask.parts))


def _delete(world: DiscordWorld, ask: Ask) -> Answer:
    messages.delete(world, _message(world, ask))
    return None


def _typing(world: DiscordWorld, ask: Ask) -> Answer:
    world.typing[_channel(world, ask).id] += 1
    world.changed()
    return None


# --- interactions
def _callback(world: DiscordWorld, ask: Ask) -> Answer:
    asked = world.interactions.get(ask.number("interaction"))
    if asked is None or asked.token != ask.path["token"]:
        raise DiscordError(404, 10062)
    answer = interactions.respond(world, asked, ask.body, ask.parts)
    return answer if ask.query.get("with_response") in ("1", "true") else None


def _follow_up(world: DiscordWorld, ask: Ask) -> Answer:
    message = interactions.follow_up(world, ask.path["token"], ask.body, ask.parts)
    return message_json(world, message, whole=True)


def _answer(world: DiscordWorld, ask: Ask) -> Message:
    return interactions.answer(world, ask.path["token"], ask.path["message"])


def _edit_answer(world: DiscordWorld, ask: Ask) -> Answer:
    return message_json(world, messages.edit(world, _answer(world, ask), ask.body, ask.parts), whole=True)


def _delete_answer(world: DiscordWorld, ask: Ask) -> Answer:
    messages.delete(world, _answer(world, ask))
    return None


ROUTES: dict[str, Route] = {
    "GET /users/@me": lambda world, _: user_json(world.bot),
    "GET /users/{user}": _user,
    "POST /users/@me/channels": _open_dm,
    "GET /oauth2/applications/@me": _application,
    "GET /applications/@me": _application,
    "GET /gateway/bot": _gateway,
    "PUT /applications/{application}/commands": lambda world, ask: commands.register(world, None, ask.body["list"]),
    "GET /applications/{application}/commands": lambda world, _: world.commands.get(None, []),
    "PUT /applications/{application}/guilds/{guild}/commands": lambda world, ask: commands.register(
        world, _guild(world, ask).id, ask.body["list"]
    ),
    "GET /applications/{application}/guilds/{guild}/commands": lambda world, ask: world.commands.get(
        _guild(world, ask).id, []
    ),
    "GET /guilds/{guild}": lambda world, ask: guild_json(world, _guild(world, ask)),
    "GET /guilds/{guild}/members/{user}": _member,
    "GET /channels/{channel}": lambda world, ask: channel_json(_channel(world, ask)),
    "GET /channels/{channel}/messages": _list,
    "POST /channels/{channel}/messages": _create,
    "GET /channels/{channel}/messages/{message}": lambda world, ask: message_json(world, _message(world, ask)),
    "PATCH /channels/{channel}/messages/{message}": _edit,
    "DELETE /channels/{channel}/messages/{message}": _delete,
    "POST /channels/{channel}/typing": _typing,
    "POST /interactions/{interaction}/{token}/callback": _callback,
    "POST /webhooks/{application}/{token}": _follow_up,
    "GET /webhooks/{application}/{token}/messages/{message}": lambda world, ask: message_json(
        world, _answer(world, ask), whole=True
    ),
    "PATCH /webhooks/{application}/{token}/messages/{message}": _edit_answer,
    "DELETE /webhooks/{application}/{token}/messages/{message}": _delete_answer,
}
