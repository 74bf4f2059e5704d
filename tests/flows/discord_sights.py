"""What people see on the simulated Discord, and what the bot did there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
import simcord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.components import walk_components
from simcord.results import InteractionResult

Json = dict[str, Any]

_EPHEMERAL = 64
TEXT, BUTTON, SELECT = 10, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message of the bot as a person sees it."""

    id: int
    text: str
    #: What can be pressed.
    labels: tuple[str, ...]
    #: What can be picked: the label of an option and its value.
    options: Mapping[str, str]
    #: Where its texts and buttons lead.
    links: tuple[str, ...]
    #: Files that came with it.
    files: tuple[str, ...]
    reply_to: int | None
    #: Only one person sees it.
    alone: bool
    accent: int | None


class Sights:
    """What there is to see."""

    env: simcord.Env
    ann: MemberActor
    channel: ChannelHandle

    @property
    def bot(self) -> int:
        """The bot's number."""
        return self.env.backend.bot_user.id

    def seen(self, channel: ChannelHandle | None = None) -> list[Seen]:
        """What the bot shows in a channel to everybody, oldest first."""
        stored = self.env.backend.messages[(channel or self.channel).id].values()
        return [_seen(message) for message in stored if message.author_id == self.bot and not _alone(message)]

    def answer(self, channel: ChannelHandle | None = None) -> Seen:
        """The last thing that it shows there."""
        return self.seen(channel)[-1]

    def told(self, result: InteractionResult) -> Seen:
        """What an interaction showed last, to whomever."""
        messages = [*([result.response] if result.response else []), *result.followups]
        return _seen(self.stored(messages[-1].id))

    def message(self, seen: Seen) -> discord.Message:
        """What people reply to."""
        return simcord.results.to_discord_message(self.env, self.stored(seen.id))

    def delivered(self, event: str) -> list[Json]:
        """The events of a kind that came in from people."""
        sent = [payload for kind, name, payload in self.env.backend.transcript if (kind, name) == ("GATEWAY", event)]
        return [payload for payload in sent if payload["author"]["id"] != str(self.bot)]

    def calls(self, path: str) -> list[tuple[str, Any]]:
        """The calls of the bot whose path begins so: their methods and bodies."""
        made = self.env.http_requests
        return [(call.method, call.json) for call in made if call.path.startswith(path)]

    def rung(self) -> set[int]:
        """Everybody who was mentioned by the bot, roles and @everyone (0) too; a reply does not ring either."""
        found: set[int] = set()
        for messages in self.env.backend.messages.values():
            for message in messages.values():
                if message.author_id == self.bot:
                    found |= {*message.mention_user_ids, *message.mention_role_ids}
                    found |= {0} if message.mention_everyone else set()
                    if message.reply_author_id and message.allowed_mentions.replied_user:
                        found.add(message.reply_author_id)
        return found

    def dm(self, person: MemberActor | None = None) -> ChannelHandle:
        """A person's chat with the bot."""
        return (person or self.ann).user.dm_channel

    def stored(self, number: int) -> Any:
        """A message as simcord keeps it."""
        found = (messages[number] for messages in self.env.backend.messages.values() if number in messages)
        return next(found)


def _alone(message: Any) -> bool:
    return bool(message.flags & _EPHEMERAL)


def _seen(message: Any) -> Seen:
    parts = list(walk_components(message.components))
    reference = message.reference or {}
    return Seen(
        id=message.id,
        text="\n".join(_texts(message, parts)),
        labels=tuple(part["label"] for part in parts if part["type"] == BUTTON and part.get("custom_id")),
        options={
            option["label"]: option["value"] for part in parts if part["type"] == SELECT for option in part["options"]
        },
        links=tuple(part["url"] for part in parts if part.get("url")),
        files=tuple(file["filename"] for file in message.attachments),
        reply_to=int(reference["message_id"]) if reference else None,
        alone=_alone(message),
        accent=next((part["accent_color"] for part in parts if part.get("accent_color")), None),
    )


def _texts(message: Any, parts: Sequence[Json]) -> Iterator[str]:
    if message.content:
        yield message.content
    yield from (part["content"] for part in parts if part["type"] == TEXT)
