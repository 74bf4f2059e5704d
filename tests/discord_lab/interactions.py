"""What the bot may do with an interaction: one answer in time, then edits and more messages for a while.

Discord API: Receiving and Responding to Interactions.
"""

from collections.abc import Mapping

from tests.discord_lab import messages
from tests.discord_lab.commands import choice_problems
from tests.discord_lab.components import form_problems
from tests.discord_lab.errors import DiscordError, Json, invalid, refuse_if_any
from tests.discord_lab.messages import Part
from tests.discord_lab.payloads import MEMBER, channel_json, member_json, message_json, permissions, user_json
from tests.discord_lab.records import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    EPHEMERAL,
    FORM,
    LOADING,
    Channel,
    Interaction,
    Message,
    Person,
)
from tests.discord_lab.world import DiscordWorld

ANSWER_SECONDS = 3.0  # "you must send an initial response within 3 seconds"
TOKEN_SECONDS = 15 * 60.0  # "interaction tokens are valid for 15 minutes"
MAX_FOLLOW_UPS = 5  # by a bot that only the person has installed
MESSAGE, THINKING, WILL_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9  # Interaction Callback Type
ALLOWED = {
    COMMAND: (MESSAGE, THINKING, MODAL),
    COMPONENT: (MESSAGE, THINKING, WILL_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    FORM: (MESSAGE, THINKING, WILL_UPDATE, UPDATE),
}


def begin(
    world: DiscordWorld, kind: int, person: Person, channel: Channel, message: Message | None = None
) -> Interaction:
    """Somebody has done something that the bot is to answer."""
    number = world.new_id()
    asked = world.interactions[number] = Interaction(
        id=number,
        token=f"token-of-{number}",
        kind=kind,
        person=person,
        channel=channel,
        at=world.clock(),
        message=message,
    )
    return asked


def event_json(world: DiscordWorld, asked: Interaction, data: Json) -> Json:
    """Interaction, as the gateway brings it."""
    guild, person = asked.channel.guild, asked.person
    installed = {"1": str(person.id)} if guild and not guild.bot else {"0": str(guild.id if guild else 0)}
    event: Json = {
        "id": str(asked.id),
        "application_id": str(world.bot.id),
        "type": asked.kind,
        "token": asked.token,
        "version": 1,
        "data": data,
        "channel_id": str(asked.channel.id),
        "channel": channel_json(asked.channel),
        "locale": person.locale,
        "app_permissions": str(MEMBER),
        "authorizing_integration_owners": installed,
        "context": 0 if guild else 1,
        "attachment_size_limit": messages.MAX_FILE,
        "entitlements": [],
    }
    if guild:
        rights = {"permissions": str(permissions(guild, person)), "user": user_json(person)}
        event |= {"guild_id": str(guild.id), "guild_locale": guild.locale}
        event |= {"guild": {"id": str(guild.id), "locale": guild.locale, "features": []}}
        event |= {"member": member_json(guild, person) | rights}
    else:
        event |= {"user": user_json(person)}
    if asked.message is not None:
        event |= {"message": message_json(world, asked.message, whole=True)}
    return event


def respond(world: DiscordWorld, asked: Interaction, body: Json, parts: Mapping[int, Part]) -> Json:
    """The first answer; its Interaction Callback Response."""
    kind, data = body["type"], body.get("data") or {}
    if asked.answered is not None:
        raise DiscordError(400, 40060)
    if world.clock() - asked.at > ANSWER_SECONDS:
        raise DiscordError(404, 10062)
    allowed = ALLOWED[asked.kind]
    if kind not in allowed or (kind in (WILL_UPDATE, UPDATE) and asked.message is None):
        raise invalid("type", "BASE_TYPE_CHOICES", f"a callback of type {kind} does not answer this")
    made = _perform(world, asked, kind, data, parts)
    asked.answered = kind
    world.changed()
    about: Json = {"id": str(asked.id), "type": asked.kind}
    if made is not None:
        loading, hidden = made.loading, made.only_for is not None
        about |= {"response_message_id": str(made.id)}
        about |= {"response_message_loading": loading, "response_message_ephemeral": hidden}
    shown = made is not None and kind in (MESSAGE, UPDATE)
    resource = {"resource": {"type": kind, "message": message_json(world, made, whole=True)}} if made and shown else {}
    return {"interaction": about, **resource}


def _perform(
    world: DiscordWorld, asked: Interaction, kind: int, data: Json, parts: Mapping[int, Part]
) -> Message | None:
    if kind == MESSAGE:
        asked.response = messages.create(world, asked.channel, data, parts, answers=asked)
    elif kind == THINKING:
        asked.response = messages.publish(world, _thinking(world, asked, int(data.get("flags") or 0)))
    elif kind == UPDATE and asked.message is not None:
        if asked.message.deleted:
            raise DiscordError(404, 10008)
        asked.response = messages.edit(world, asked.message, data, parts)
    elif kind == WILL_UPDATE:
        asked.response = asked.message
    elif kind == CHOICES:
        asked.choices = data.get("choices") or []
        refuse_if_any(choice_problems(asked.choices))
    elif kind == MODAL:
        refuse_if_any(form_problems(data))
        asked.form = data
    return asked.response


def _thinking(world: DiscordWorld, asked: Interaction, flags: int) -> Message:
    return Message(
        id=world.new_id(),
        channel=asked.channel,
        author=world.bot,
        at=world.clock(),
        flags=flags & EPHEMERAL | LOADING,
        only_for=asked.person.id if flags & EPHEMERAL else None,
        interaction=asked,
    )


def by_token(world: DiscordWorld, token: str) -> Interaction:
    """The answered interaction whose token is still valid."""
    asked = next((one for one in world.interactions.values() if one.token == token), None)
    if asked is None or asked.answered is None:
        raise DiscordError(404, 10015)
    if world.clock() - asked.at > TOKEN_SECONDS:
        raise DiscordError(401, 50027)
    return asked


def answer(world: DiscordWorld, token: str, number: str) -> Message:
    """The message of an interaction that its token may read and change: "@original" or a further one."""
    asked = by_token(world, token)
    mine = {str(one.id): one for one in (asked.response, *asked.follow_ups) if one}
    found = asked.response if number == "@original" else mine.get(number)
    if found is None or found.deleted:
        raise DiscordError(404, 10008)
    return found


def follow_up(world: DiscordWorld, token: str, body: Json, parts: Mapping[int, Part]) -> Message:
    """One more message; the first one after "is thinking" takes its place."""
    asked = by_token(world, token)
    if asked.response is not None and asked.response.loading and not asked.response.deleted:
        return messages.edit(world, asked.response, body, parts)
    guild = asked.channel.guild
    if guild and not guild.bot and len(asked.follow_ups) >= MAX_FOLLOW_UPS:
        raise DiscordError(400, 40094)
    asked.follow_ups.append(messages.create(world, asked.channel, body, parts, answers=asked))
    return asked.follow_ups[-1]
