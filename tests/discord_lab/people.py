"""What people do in the local Discord, and what they see."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from tests.discord_lab import commands, interactions
from tests.discord_lab.commands import MESSAGE_MENU, SLASH, NotOffered
from tests.discord_lab.errors import Json
from tests.discord_lab.messages import delete, publish
from tests.discord_lab.payloads import message_json
from tests.discord_lab.records import (
    AUTOCOMPLETE,
    BUTTON,
    COMMAND,
    COMPONENT,
    FORM,
    LABEL,
    SELECT,
    Channel,
    Interaction,
    Message,
    Person,
    walk,
)
from tests.discord_lab.world import DiscordWorld, Upload

T = TypeVar("T")


class People:
    """The hands and eyes of everybody; raises NotOffered where a person's client would not let them."""

    def __init__(self, world: DiscordWorld) -> None:
        self.world = world

    # --- what they see
    def messages(self, channel: Channel, *, seen_by: Person | None = None) -> list[Message]:
        """All messages of a channel as they stand now, oldest first; with the ephemeral ones (`only_for`) of everybody,
        or of one person."""
        there = [m for m in self.world.messages.values() if m.channel is channel and not m.deleted]
        visible = [m for m in there if seen_by is None or m.only_for in (None, seen_by.id)]
        return sorted(visible, key=lambda message: message.id)

    def answers(self, channel: Channel) -> list[Message]:
        """The messages of the bot alone."""
        return [message for message in self.messages(channel) if message.author == self.world.bot]

    async def wait_for(self, look: Callable[[], T | None], *, seconds: float = 10.0) -> T:
        """What `look` finds, as soon as it is true; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not (found := look()):
                await self.world.change()
        return found

    # --- what they write
    async def posts(
        self,
        person: Person,
        channel: Channel,
        *,
        photos: Iterable[Upload] = (),
        content: str = "",
        mentions_bot: bool = False,
        reply_to: Message | None = None,
        ping: bool = True,
        snapshot: Iterable[Upload] = (),
    ) -> Message:
        """A message; `ping=False`: a reply that notifies nobody; `snapshot`: pictures of a forwarded message."""
        _must_see(person, channel)
        world = self.world
        mentions = [world.bot.id] if mentions_bot or world.bot.mention in content else []
        if reply_to and ping and reply_to.author.id not in mentions:
            mentions.append(reply_to.author.id)
        message = Message(
            id=world.new_id(),
            channel=channel,
            author=person,
            at=world.clock(),
            content=f"{world.bot.mention} {content}".strip() if mentions_bot else content,
            files=[world.upload(channel.id, photo) for photo in photos],
            snapshot=[world.upload(channel.id, photo) for photo in snapshot],
            mentions=mentions,
            reply_to=reply_to.id if reply_to else None,
        )
        return publish(world, message)

    async def deletes(self, message: Message) -> None:
        """Its author takes a message back."""
        delete(self.world, message)

    # --- what they ask for
    async def slash(
        self, person: Person, channel: Channel, name: str, *, wait: bool = True, **options: object
    ) -> Interaction:
        """A slash command ("find", or "region set"); an attachment is bytes, or a name and bytes.

        Waits until the bot has answered, or 3 seconds; `wait=False`: returns at once.
        """
        command, path = self._command(person, channel, name)
        given, files = commands.filled(self.world, channel, commands.leaf(command, path), options)
        data = _invoked(command) | {"options": _nested(path, given)} | commands.resolved(self.world, files)
        asked = interactions.begin(self.world, COMMAND, person, channel)
        asked.files = files
        return await self._send(asked, data, wait=wait)

    async def autocomplete(
        self, person: Person, channel: Channel, name: str, option: str, typed: str, **options: object
    ) -> list[Json]:
        """What is suggested while somebody types into an option: [{"name": …, "value": …}]."""
        command, path = self._command(person, channel, name)
        end = commands.leaf(command, path)
        if not any(known["name"] == option and known.get("autocomplete") for known in end.get("options") or []):
            raise NotOffered(f"{option!r} of {name!r} suggests nothing")
        given, _ = commands.filled(self.world, channel, end, options | {option: typed}, focused=option)
        asked = interactions.begin(self.world, AUTOCOMPLETE, person, channel)
        await self._send(asked, _invoked(command) | {"options": _nested(path, given)})
        return asked.choices

    async def menu(
        self, person: Person, channel: Channel, name: str, message: Message, *, wait: bool = True
    ) -> Interaction:
        """A command of a message's menu; the bot gets that message whole."""
        _must_see(person, channel)
        command = commands.offered(self.world, person, channel, name, MESSAGE_MENU)
        shown = {"messages": {str(message.id): message_json(self.world, message, whole=True)}}
        data = _invoked(command) | {"target_id": str(message.id), "resolved": shown}
        return await self._send(interactions.begin(self.world, COMMAND, person, channel), data, wait=wait)

    async def press(self, person: Person, message: Message, custom_id: str, *, wait: bool = True) -> Interaction:
        """A button."""
        part = self._control(person, message, custom_id, BUTTON)
        data = {"component_type": BUTTON, "custom_id": custom_id, "id": part["id"]}
        return await self._send(
            interactions.begin(self.world, COMPONENT, person, message.channel, message), data, wait=wait
        )

    async def choose(
        self, person: Person, message: Message, custom_id: str, value: str, *, wait: bool = True
    ) -> Interaction:
        """An option of a menu, by its value."""
        part = self._control(person, message, custom_id, SELECT)
        if value not in [option["value"] for option in part["options"]]:
            raise NotOffered(f"{custom_id!r} has no option {value!r}")
        data = {"component_type": SELECT, "custom_id": custom_id, "id": part["id"], "values": [value]}
        return await self._send(
            interactions.begin(self.world, COMPONENT, person, message.channel, message), data, wait=wait
        )

    async def submit(self, person: Person, custom_id: str, fields: dict[str, str], *, wait: bool = True) -> Interaction:
        """The form that was opened for this person last."""
        opened = [one for one in self.world.interactions.values() if one.person == person and one.form]
        asked = next((one for one in reversed(opened) if one.form and one.form["custom_id"] == custom_id), None)
        if asked is None or asked.form is None:
            raise NotOffered(f"{person.name} sees no form {custom_id!r}")
        if strange := fields.keys() - {
            part["custom_id"] for part in walk(asked.form["components"]) if "custom_id" in part
        }:
            raise NotOffered(f"{custom_id!r} has no field {sorted(strange)}")
        parts = [_field(part, fields) for part in asked.form["components"] if part["type"] == LABEL]
        data = {"custom_id": custom_id, "components": parts}
        return await self._send(
            interactions.begin(self.world, FORM, person, asked.channel, asked.message), data, wait=wait
        )

    # --- how the bot gets it
    def _command(self, person: Person, channel: Channel, name: str) -> tuple[Json, list[str]]:
        _must_see(person, channel)
        root, *path = name.split()
        return commands.offered(self.world, person, channel, root, SLASH), path

    def _control(self, person: Person, message: Message, custom_id: str, kind: int) -> Json:
        _must_see(person, message.channel)
        part = message.controls.get(custom_id)
        hidden = message.deleted or message.only_for not in (None, person.id)
        if hidden or part is None or part["type"] != kind or part.get("disabled"):
            raise NotOffered(f"{person.name} cannot use {custom_id!r}; there are {list(message.controls)}")
        return part

    async def _send(self, asked: Interaction, data: Json, *, wait: bool = True) -> Interaction:
        self.world.tell("INTERACTION_CREATE", interactions.event_json(self.world, asked, data))
        if wait:
            with suppress(TimeoutError):  # the person reads "The application did not respond"
                await self.wait_for(lambda: asked.acknowledged, seconds=interactions.ANSWER_SECONDS)
        return asked


def _must_see(person: Person, channel: Channel) -> None:
    inside = person.id in channel.guild.members if channel.guild else channel.person == person
    if not inside:
        raise NotOffered(f"{person.name} is not in this channel")


def _invoked(command: Json) -> Json:
    data = {key: command[key] for key in ("id", "name", "type")}
    return data | {key: command[key] for key in ("guild_id",) if key in command}


def _nested(path: list[str], options: list[Json]) -> list[Json]:
    """The options below the names of subcommands."""
    for step, kind in zip(reversed(path), (commands.SUB_COMMAND, commands.GROUP), strict=False):
        options = [{"name": step, "type": kind, "options": options}]
    return options


def _field(label: Json, fields: dict[str, str]) -> Json:
    """One label of a submitted form; raises NotOffered for what the client does not let pass."""
    part = label["component"]
    value = fields.get(part["custom_id"], part.get("value") or "")
    if part.get("required", True) and not value:
        raise NotOffered(f"{part['custom_id']!r} must be filled in")
    if part["type"] == SELECT:
        inner: Json = {"values": [value] if value else []}
    elif value and not part.get("min_length", 0) <= len(value) <= part.get("max_length", 4000):
        raise NotOffered(f"{part['custom_id']!r} takes {part.get('min_length')} to {part.get('max_length')} characters")
    else:
        inner = {"value": value}
    return {"type": LABEL, "component": inner | {"type": part["type"], "custom_id": part["custom_id"]}}
