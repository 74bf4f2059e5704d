"""What the lab keeps beside what the sandbox keeps, and the Bot API's objects that only the lab hands out."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from bots.sandbox.telegram_files import Files
from bots.sandbox.telegram_rules import Json
from bots.sandbox.telegram_world import Chat

RIGHTS = (  # Bot API: ChatMemberAdministrator
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats "
    "can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories "
    "can_edit_stories can_delete_stories can_send_welcome_messages"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of the bot and how it ended."""

    method: str
    params: Json  #: parsed
    files: dict[str, int]  #: name of an uploaded part -> bytes
    status: int
    result: object  #: the result, or the description of the error


@dataclass(slots=True, kw_only=True)
class LabChat(Chat):
    """A chat and what has become of the bot in it."""

    bot: str = "member"  #: member, administrator, left, kicked (in a private chat: blocked)
    opened: bool = True  #: False: a private chat whose person never started the bot
    discussion: int | None = None  #: of a channel: the group that gets its posts
    migrated_to: int | None = None
    threads: set[int] = field(default_factory=set)
    sends: deque[float] = field(default_factory=lambda: deque(maxlen=20))  #: times of the bot's messages and edits


@dataclass(slots=True, kw_only=True)
class Press:
    """A button press and, once the bot has given it, its answer."""

    person: int
    chat: int
    at: float
    answer: Json | None = None


@dataclass(slots=True, kw_only=True)
class Webhook:
    """Where updates are pushed to; no url: the bot polls."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    last_error: Json = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Repeat(dict[str, object]):
    """An update that is delivered once more, whatever the offset."""


class LabFiles(Files):
    """Files that can be lost."""

    def expire(self, file_id: str) -> None:
        """From now on Telegram has lost the file."""
        del self[file_id]


def member_json(user: Json, status: str) -> Json:
    """ChatMember of one status, with the fields that the Bot API always gives."""
    always: dict[str, Json] = {"administrator": dict.fromkeys(RIGHTS.split(), False), "kicked": {"until_date": 0}}
    return {"status": status, "user": user} | always.get(status, {})


def origin_of(message: Json) -> Json:
    """MessageOrigin of a message."""
    if message["chat"]["type"] == "channel":
        origin = {"type": "channel", "chat": message["chat"], "message_id": message["message_id"]}
    elif "sender_chat" in message:
        origin = {"type": "chat", "sender_chat": message["sender_chat"]}
    else:
        origin = {"type": "user", "sender_user": message["from"]}
    return origin | {"date": message["date"]}
