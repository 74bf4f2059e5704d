"""What tests do in the local Telegram beside what the chat page offers: channels, topics, blocks, faults."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypedDict, TypeVar, Unpack

from bots.sandbox.telegram_rules import ApiError, Json, refusal, words
from bots.sandbox.telegram_world import Person, TelegramWorld, replying
from tests.telegram_lab.faults import Faults
from tests.telegram_lab.records import Call, LabChat, LabFiles, Press, Repeat, Webhook, member_json, origin_of

T = TypeVar("T")
KEPT_UPDATES, KEPT_CALLS = 2_000, 10_000
MEDIA = ("photo", "document", "sticker", "animation", "video")
WORDS = ("text", "entities", "caption", "caption_entities")
ANONYMOUS_ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}  # posts a channel's automatic forwards
# Bot API: getUpdates, allowed_updates: all but these unless they are named
NOT_BY_DEFAULT = ("chat_member", "message_reaction", "message_reaction_count")


class How(TypedDict, total=False):
    """How something is said, beside what and in reply to what."""

    quote: tuple[int, int]  #: (chat id, message id) elsewhere: external_reply
    thread: int  #: message_thread_id of a forum's topic
    anonymous: bool  #: an admin speaks as the group


@dataclass(kw_only=True)
class TelegramLab(TelegramWorld):
    """A local Telegram with faults, records and the rarer things that people do."""

    chats: dict[int, LabChat] = field(default_factory=dict)
    files: LabFiles = field(default_factory=LabFiles)
    privacy_mode: bool = True
    enforce_pace: bool = False  #: 429 over 1 message a second in a chat and 20 a minute in a group
    faults: Faults = field(default_factory=Faults)
    allowed_updates: list[str] = field(default_factory=list)
    confirmed: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_UPDATES))
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    counts: Counter[str] = field(default_factory=Counter)  #: calls by method; "download" for files
    poll: int = 0  #: serial of the newest getUpdates
    webhook: Webhook = field(default_factory=Webhook)
    presses: dict[str, Press] = field(default_factory=dict)
    _how: How = field(default_factory=How)

    # --- what tests look at
    def messages(self, chat: int) -> list[Json]:
        """All messages of a chat as they stand now, oldest first."""
        return list(self.chats[chat].messages.values())

    async def wait_until(self, look: Callable[[], T | None], *, timeout: float = 5) -> T:
        """What `look` finds, as soon as it is true; raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not (found := look()):
                await self._change.wait()
        return found

    async def wait_for(self, look: Callable[[Json], object], *, chat: int, timeout: float = 5) -> Json:
        """The newest message in a chat that `look` accepts, as soon as there is one; raises TimeoutError."""

        def newest() -> Json | None:
            return next(filter(look, reversed(self.messages(chat))), None)

        return await self.wait_until(newest, timeout=timeout)

    @property
    def repeats(self) -> list[Json]:
        """Confirmed updates that will be delivered again."""
        return [update for update in self.pending if isinstance(update, Repeat)]

    # --- what people do
    def person(self, number: int, first_name: str = "Ann", *, opened: bool = True, **about: str) -> Person:
        """`opened=False`: has never started the bot."""
        person = super().person(number, first_name, **about)
        self.chats[number] = LabChat(id=number, type="private", title=first_name, members={number}, opened=opened)
        return person

    def group(
        self, chat_id: int, title: str, members: Sequence[int], *, admins: Sequence[int] = (), kind: str = "supergroup"
    ) -> LabChat:
        """A group, supergroup or channel with the bot as a member."""
        chat = LabChat(id=chat_id, type=kind, title=title, members={*members, *admins}, admins=set(admins))
        self.chats[chat_id] = chat
        return chat

    def send_text(self, person: int, chat: int, text: str, *, reply_to: int = 0, **how: Unpack[How]) -> Json:
        with self._saying(how):
            return super().send_text(person, chat, text, reply_to=reply_to)

    def send_photos(
        self,
        person: int,
        chat: int,
        photos: Sequence[bytes],
        caption: str = "",
        *,
        reply_to: int = 0,
        **how: Unpack[How],
    ) -> list[Json]:
        with self._saying(how):
            return super().send_photos(person, chat, photos, caption, reply_to=reply_to)

    def send_document(
        self,
        person: int,
        chat: int,
        data: bytes,
        caption: str = "",
        *,
        name: str = "photo.jpg",
        mime: str = "image/jpeg",
        size: int | None = None,
        reply_to: int = 0,
        **how: Unpack[How],
    ) -> Json:
        """A file as it is; `size` announces another size than its bytes have."""
        content = self.files.document(data, name=name, mime=mime)
        if size is not None:
            content["document"]["file_size"] = size
        with self._saying(how):
            return self.say(person, chat, content | words("caption", caption), reply_to)

    def send_media(self, person: int, chat: int, kind: str, data: bytes = b"", **how: Unpack[How]) -> Json:
        """A sticker, animation or video, with the fields that every one has."""
        mime = "image/webp" if kind == "sticker" else "video/mp4"
        document = self.files.document(data, name="animation.mp4", mime=mime)["document"]
        ids = {key: document[key] for key in ("file_id", "file_unique_id", "file_size")}
        media = ids | {"width": 512, "height": 512}
        if kind == "sticker":
            media |= {"type": "regular", "is_animated": False, "is_video": False}
        else:
            media |= {"duration": 2, "mime_type": mime}
        # Bot API: for backward compatibility an animation also sets `document`.
        with self._saying(how):
            return self.say(person, chat, {kind: media} | ({"document": document} if kind == "animation" else {}))

    def forward(self, person: int, chat: int, from_chat: int, message: int) -> Json:
        origin = origin_of(self._seen(self.chats[from_chat], message))
        old = self.chats[from_chat].messages[message]
        content = {key: old[key] for key in (*MEDIA, *WORDS) if key in old}
        return self.say(person, chat, content | {"forward_origin": old.get("forward_origin", origin)})

    def edit(self, chat: int, message: int, text: str) -> Json:
        """A person changes the text, or the caption, of a message of theirs."""
        place = self.chats[chat]
        old = self._seen(place, message)
        fresh = words("caption" if any(kind in old for kind in MEDIA) else "text", text)
        edited = self.replace(place, {key: old[key] for key in old if key not in WORDS} | fresh)
        self.deliver(place, edited, "edited_channel_post" if place.type == "channel" else "edited_message")
        return edited

    def press(self, person: int, chat: int, message: int, data: str) -> str:
        query = super().press(person, chat, message, data)
        self.presses[query] = Press(person=person, chat=chat, at=self.clock())
        return query

    def say(self, person: int, chat: int, content: Json, reply_to: int = 0) -> Json:
        place = self.chats[chat]
        place.opened = True
        sender: Json = {"from": self._member(place, person).user}
        if place.type == "channel":
            sender = {"sender_chat": place.json()}
        elif self._how.get("anonymous"):
            sender = {"from": ANONYMOUS_ADMIN, "sender_chat": place.json()}
        if reply_to:
            sender |= replying(self._seen(place, reply_to))
        if "quote" in self._how:
            sender["external_reply"] = self._external_reply(*self._how["quote"])
        if "thread" in self._how:
            place.threads.add(self._how["thread"])
            sender |= {"message_thread_id": self._how["thread"], "is_topic_message": True}
        message = self.put(place, sender, content)
        self.deliver(place, message, "channel_post" if place.type == "channel" else "message")
        if place.discussion is not None:
            group, author = self.chats[place.discussion], {"from": TELEGRAM, "sender_chat": place.json()}
            forward = {"forward_origin": origin_of(message), "is_automatic_forward": True}
            self.deliver(group, self.put(group, author, content | forward))
        return message

    def _external_reply(self, chat: int, number: int) -> Json:
        elsewhere = self.chats[chat]
        original = self._seen(elsewhere, number)
        reply = {kind: original[kind] for kind in MEDIA if kind in original}
        # Bot API: ExternalReplyInfo has chat and message_id only for supergroups and channels.
        if elsewhere.type in ("supergroup", "channel"):
            reply |= {"chat": elsewhere.json(), "message_id": number}
        return reply | {"origin": origin_of(original)}

    @contextmanager
    def _saying(self, how: How) -> Iterator[None]:
        self._how = how
        try:
            yield
        finally:
            self._how = {}

    def set_bot(self, chat: int, by: int, status: str) -> None:
        """Add, promote or kick the bot: member, administrator, kicked, left."""
        place = self.chats[chat]
        old, place.bot = place.bot, status
        about = {"chat": place.json(), "from": self.people[by].user, "date": int(self.clock())}
        change = {
            "old_chat_member": member_json(self.bot, old),
            "new_chat_member": member_json(self.bot, status),
        }
        self.update("my_chat_member", about | change)

    def block(self, person: int) -> None:
        """The person blocks the bot."""
        self.set_bot(person, person, "kicked")

    def unblock(self, person: int) -> None:
        """The person lets the bot write again."""
        self.set_bot(person, person, "member")

    def migrate(self, chat: int, by: int) -> int:
        """A group becomes a supergroup; its new id."""
        old = self.chats[chat]
        new = self.group(chat - 1_000_000_000_000, old.title, sorted(old.members), admins=sorted(old.admins))
        old.migrated_to, new.bot = new.id, old.bot
        for place, note in ((old, {"migrate_to_chat_id": new.id}), (new, {"migrate_from_chat_id": old.id})):
            self.update("message", self.put(place, {"from": self.people[by].user}, note))
        return new.id

    # --- what the bot gets of it
    def deliver(self, chat: LabChat, message: Json, kind: str = "message") -> None:
        """Tell the bot of a message, if it is there and may see it."""
        if chat.bot in ("member", "administrator") and self.bot_sees(chat, message):
            self.update(kind, message)

    def bot_sees(self, chat: LabChat, message: Json) -> bool:
        everything = chat.type == "channel" or chat.bot == "administrator" or not self.privacy_mode
        return everything or super().bot_sees(chat, message)

    def update(self, kind: str, payload: Json) -> None:
        if kind in self.allowed_updates or (not self.allowed_updates and kind not in NOT_BY_DEFAULT):
            super().update(kind, payload)

    def inject(self, raw: Json) -> int:
        """An update exactly as given, for malformed ones; its update id."""
        self.pending.append({"update_id": self.next_update_id} | raw)
        self.next_update_id += 1
        self.changed()
        return self.next_update_id - 1

    def redeliver(self, *update_ids: int, times: int = 1) -> None:
        """Deliver confirmed updates once more, whatever the offset; all of them when none is named."""
        again = [u for u in self.confirmed if not update_ids or u["update_id"] in update_ids]
        self.pending[:0] = [Repeat(update) for update in again * times]
        self.changed()

    def reachable(self, chat_id: object) -> LabChat:
        """The chat; raises ApiError where the bot may not speak."""
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None or not chat.opened:
            raise refusal("chat not found")
        if chat.migrated_to:
            upgraded = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, upgraded, {"migrate_to_chat_id": chat.migrated_to})
        if chat.bot == "kicked" and chat.type == "private":
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat.bot in ("kicked", "left"):
            verb = "was kicked from" if chat.bot == "kicked" else "is not a member of"
            raise ApiError(403, f"Forbidden: bot {verb} the {chat.type} chat")
        return chat

    def member(self, chat: LabChat, user_id: int) -> Json:
        """ChatMember of the bot or a person; raises ApiError for a stranger to this world."""
        if user_id == self.bot["id"]:
            return member_json(self.bot, chat.bot)
        if user_id not in self.people:
            raise refusal("PARTICIPANT_ID_INVALID")
        joined = "administrator" if user_id in chat.admins else "member" if user_id in chat.members else "left"
        return member_json(self.people[user_id].user, joined)
