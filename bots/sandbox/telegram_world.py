"""A local Telegram: people, chats, messages, what people do with them, and the updates a bot gets of it."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from bots.sandbox.telegram_files import Files, NotAPhoto
from bots.sandbox.telegram_rules import Json, words

CONTENT = ("text", "entities", "link_preview_options", "caption", "caption_entities", "photo", "document")


class Impossible(ValueError):
    """Nobody could do this in Telegram; the text is one sentence for the person who tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone with a Telegram account; `role` (person or admin) is only the page's word for them."""

    user: Json  #: User of the Bot API
    role: str


@dataclass(slots=True, kw_only=True)
class Chat:
    """A chat and everything in it."""

    id: int
    type: str
    title: str
    members: set[int]
    admins: set[int] = field(default_factory=set)
    messages: dict[int, Json] = field(default_factory=dict)
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    events: list[tuple[str, Json]] = field(default_factory=list)  #: for clients: message, edit, delete, action …
    last_message_id: int = 0

    def json(self) -> Json:
        """Chat of the Bot API."""
        return {"id": self.id, "type": self.type, "first_name" if self.type == "private" else "title": self.title}


@dataclass(kw_only=True)
class TelegramWorld:
    """A local Telegram for one bot, on one event loop; times are Unix seconds of `clock`.

    What people do gives messages of the Bot API, or ids, and raises Impossible, or ApiError beyond its limits.
    """

    token: str = "1000000:sandbox"  # noqa: S105 -- opens nothing but this stand-in
    username: str = "snapshop_bot"
    clock: Callable[[], float] = time.time
    next_update_id: int = 100
    files: Files = field(default_factory=Files)
    people: dict[int, Person] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    unanswered: dict[str, tuple[int, int]] = field(default_factory=dict)  #: callback query -> person, chat
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  #: (scope, language) -> commands
    texts: dict[tuple[str, str], str] = field(default_factory=dict)  #: (description …, language) -> text
    pending: list[Json] = field(default_factory=list)  #: updates not yet confirmed
    closed: bool = False  #: the server stops: long answers end
    _change: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: Iterator[int] = field(default_factory=lambda: count(time.time_ns()))  #: other ones in each run

    def __post_init__(self) -> None:
        bot_id = int(self.token.split(":")[0])
        self.bot: Json = {"id": bot_id, "is_bot": True, "first_name": "Snapshop", "username": self.username}

    def person(
        self,
        number: int,
        first_name: str = "Ann",
        *,
        username: str = "",
        language_code: str = "en",
        role: str = "person",
    ) -> Person:
        """A person with a private chat of the same id."""
        user = {"id": number, "is_bot": False, "first_name": first_name, "language_code": language_code}
        self.people[number] = Person(user=user | ({"username": username} if username else {}), role=role)
        self.chats[number] = Chat(id=number, type="private", title=first_name, members={number})
        return self.people[number]

    def group(self, chat_id: int, title: str, members: Sequence[int], *, admins: Sequence[int] = ()) -> Chat:
        """A supergroup with the bot as a member."""
        chat = Chat(id=chat_id, type="supergroup", title=title, members={*members, *admins}, admins=set(admins))
        self.chats[chat_id] = chat
        return chat

    def send_text(self, person: int, chat: int, text: str, *, reply_to: int = 0) -> Json:
        """A text message; commands, mentions and links in it become entities."""
        return self.say(person, chat, words("text", text), reply_to)

    def send_photos(
        self, person: int, chat: int, photos: Sequence[bytes], caption: str = "", *, reply_to: int = 0
    ) -> list[Json]:
        """Photos; several are an album, its caption on the first. No picture: sent as a document."""
        album = {"media_group_id": str(next(self._ids))} if len(photos) > 1 else {}
        sent = []
        for number, data in enumerate(photos):
            try:
                content = self.files.photo(data) | album
            except NotAPhoto:
                content = self.files.document(data, name="file", mime="application/octet-stream")
            sent.append(self.say(person, chat, content | words("caption", "" if number else caption), reply_to))
        return sent

    def send_document(
        self, person: int, chat: int, data: bytes, caption: str = "", *, name: str, mime: str, reply_to: int = 0
    ) -> Json:
        """A file as it is."""
        document = self.files.document(data, name=name, mime=mime)
        return self.say(person, chat, document | words("caption", caption), reply_to)

    def forward(self, person: int, chat: int, from_chat: int, message: int) -> Json:
        """The same content with the same files, and where it came from."""
        original = self._seen(self.chats[from_chat], message)
        content = {key: original[key] for key in CONTENT if key in original}
        origin = {"type": "user", "sender_user": original["from"], "date": original["date"]}
        return self.say(person, chat, {"forward_origin": original.get("forward_origin", origin)} | content)

    def press(self, person: int, chat: int, message: int, data: str) -> str:
        """A press of a callback button, also with data that no button has; the callback query's id."""
        place, query = self.chats[chat], str(next(self._ids))
        about = {"message": self._seen(place, message), "chat_instance": str(chat), "data": data}
        self.update("callback_query", {"id": query, "from": self._member(place, person).user} | about)
        self.unanswered[query] = person, chat
        return query

    def say(self, person: int, chat: int, content: Json, reply_to: int = 0) -> Json:
        """A message of a person; the bot is told where it may see it."""
        place = self.chats[chat]
        reply = replying(self._seen(place, reply_to)) if reply_to else {}
        message = self.put(place, {"from": self._member(place, person).user} | reply, content)
        if self.bot_sees(place, message):
            self.update("message", message)
        return message

    def bot_sees(self, chat: Chat, message: Json) -> bool:
        """https://core.telegram.org/bots/features#privacy-mode: commands and replies."""
        if chat.type == "private":
            return True
        first = (message.get("text") or message.get("caption") or "").split(maxsplit=1)[:1]
        command, _, addressee = "".join(first).partition("@")
        to_bot = message.get("reply_to_message", {}).get("from") == self.bot
        return to_bot or (command.startswith("/") and addressee.lower() in ("", self.username.lower()))

    def _seen(self, chat: Chat, message: int) -> Json:
        if message not in chat.messages:
            raise Impossible("This message is gone.")
        return chat.messages[message]

    def _member(self, chat: Chat, person: int) -> Person:
        if person not in chat.members:
            raise Impossible("Only members can do this here.")
        return self.people[person]

    def changed(self) -> None:
        """Wake everyone who waits for something to happen."""
        self._change.set()
        self._change = asyncio.Event()

    async def next_change(self, timeout: float) -> None:
        """Return at the next change, at the latest after `timeout` seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._change.wait(), max(timeout, 0))

    def show(self, chat: Chat, kind: str, data: Json) -> None:
        """Tell the clients in a chat."""
        chat.events.append((kind, data))
        self.changed()

    def put(self, chat: Chat, sender: Json, content: Json) -> Json:
        """A new message; `sender` holds from and what it replies to."""
        chat.last_message_id += 1
        head = {"message_id": chat.last_message_id, "date": int(self.clock()), "chat": chat.json()}
        chat.messages[chat.last_message_id] = message = head | sender | content
        self.show(chat, "message", message)
        return message

    def replace(self, chat: Chat, message: Json) -> Json:
        """A message in its new form."""
        chat.messages[message["message_id"]] = edited = message | {"edit_date": int(self.clock())}
        self.show(chat, "edit", edited)
        return edited

    def delete(self, chat: int, message: int) -> None:
        """A message is gone; bots are not told."""
        del self.chats[chat].messages[message]
        self.show(self.chats[chat], "delete", {"message_id": message})

    def update(self, kind: str, payload: Json) -> None:
        """An update for the bot."""
        self.pending.append({"update_id": self.next_update_id, kind: payload})
        self.next_update_id += 1
        self.changed()


def replying(message: Json) -> Json:
    """What a reply says of the message it replies to, without what that replied to."""
    return {"reply_to_message": {key: value for key, value in message.items() if key != "reply_to_message"}}
