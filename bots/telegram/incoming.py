"""What a message is: a photo, a command, words for the bot; read from Telegram's objects, nothing else."""

import re
from dataclasses import dataclass
from typing import Final

from telegram import Chat, Document, ExternalReplyInfo, Message, MessageEntity, PhotoSize, User

from bots.button_data import Button, read_button
from bots.context import Asker
from bots.questions import LANGUAGE_LIMIT, NAME_LIMIT, Question, is_picture, question_of
from core.model import Identity
from core.texts import clean

PLATFORM: Final = "telegram"
#: Telegram's own accounts (Bot API: Message.sender_chat, User): a group's anonymous admins, posts in the name of
#: a channel, and a channel's posts forwarded to its group.
ANONYMOUS_ADMIN: Final = 1087968824
_NOBODY: Final = (136817688, 777000)
#: Pixels of a photo's long side that are enough to search with: the smallest such size is fetched.
_ENOUGH: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture that came with a message."""

    file_id: str
    #: Stays the same when it is forwarded (Bot API: file_unique_id).
    file: str
    #: Bytes that Telegram announces; None when it does not.
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command at the beginning of a text or caption."""

    name: str
    arguments: str
    #: False: it names another bot.
    ours: bool


def photo_of(message: Message | ExternalReplyInfo) -> Photo | None:
    """The picture in a message, sent as a photo or as a file; None for none, and for GIFs and videos."""
    if message.photo:
        enough = [size for size in message.photo if max(size.width, size.height) >= _ENOUGH]
        # Of the same person's photo always the same size: its id tells whether it was seen before.
        return _photo(min(enough, key=_area) if enough else max(message.photo, key=_area))
    document = message.document
    if document is None or message.animation is not None:
        return None
    if is_picture(document.mime_type, document.file_name):
        return _photo(document)
    return None


def is_other_media(message: Message) -> bool:
    """A sticker, GIF, video or another file: what may have been meant as a photo."""
    kinds = (
        message.sticker,
        message.animation,
        message.video,
        message.video_note,
        message.document,
        message.story,
    )
    return any(kind is not None for kind in kinds) or bool(message.paid_media)


def command_of(message: Message, bot: User) -> Command | None:
    """The command that a text or a caption begins with."""
    text = text_of(message)
    for entity in (*message.entities, *message.caption_entities):
        if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0:
            name, _, addressee = text[1 : entity.length].partition("@")
            ours = addressee.lower() in ("", (bot.username or "").lower())
            return Command(name=name.lower(), arguments=text[entity.length :].strip(), ours=ours)
    return None


def is_mentioned(message: Message, bot: User) -> bool:
    """Whether a text or caption calls the bot by its @name."""
    text = text_of(message).encode("utf-16-le", "surrogatepass")  # entities count in UTF-16 units
    name = f"@{bot.username}".lower()
    for entity in (*message.entities, *message.caption_entities):
        said = text[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le", "replace")
        if (entity.user is not None and entity.user.id == bot.id) or said.lower() == name:
            return True
    return False


def text_of(message: Message) -> str:
    """The text or the caption of a message."""
    return message.text or message.caption or ""


def asked_in(text: str, bot: User) -> Question:
    """The market and the words in a caption: the bot's own @name is neither."""
    return question_of(re.sub(rf"@{re.escape(bot.username or '')}\b", " ", text, flags=re.IGNORECASE))


def person_of(message: Message) -> User | None:
    """Who wrote it and can pay; None for channels, other bots, and Telegram's own accounts."""
    user = message.from_user
    if user is None or user.is_bot or user.id in _NOBODY or message.sender_chat is not None:
        return None
    return user


def is_anonymous_admin(message: Message) -> bool:
    """Whether an admin of a group writes as the group."""
    return message.from_user is not None and message.from_user.id == ANONYMOUS_ADMIN


def is_private(message: Message) -> bool:
    """Whether it is a chat with one person."""
    return message.chat.type == Chat.PRIVATE


def thread_of(message: Message) -> str | None:
    """The forum's topic; replies in other groups have a thread as well, which is none."""
    topic = message.is_topic_message and message.message_thread_id
    return str(message.message_thread_id) if topic else None


def event_of(message: Message) -> str:
    """The idempotency key of a message: guest and business messages may share their numbers with others."""
    extra = [part for part in (message.business_connection_id, message.guest_query_id) if part]
    return ":".join([PLATFORM, str(message.chat.id), str(message.message_id), *extra])


def identity_of(user: User) -> Identity:
    """A Telegram account, by its number."""
    return Identity(platform=PLATFORM, user=str(user.id))


def name_of(user: User) -> str:
    """What a person calls themselves, cleaned."""
    return clean(user.full_name, NAME_LIMIT)


def language_of(user: User) -> str:
    """The language of a person's app."""
    return (user.language_code or "")[:LANGUAGE_LIMIT]


def asker_of(user: User, chat: Chat, event: str, *, replied: Identity | None = None, chat_admin: bool = False) -> Asker:
    """Who asks, for commands and the buttons of their cards."""
    return Asker(
        identity=identity_of(user),
        name=name_of(user),
        chat=str(chat.id),
        private=chat.type == Chat.PRIVATE,
        chat_admin=chat_admin,
        language=language_of(user),
        event=event,
        replied=replied,
    )


def buttons_of(message: Message) -> list[Button]:
    """The buttons of ours under a message."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    pressed = (read_button(key.callback_data) for row in rows for key in row if isinstance(key.callback_data, str))
    return [button for button in pressed if button is not None]


def search_of(message: Message) -> str | None:
    """The search that a message of ours is about, from the buttons under it."""
    return next((button.search for button in buttons_of(message) if button.search), None)


def _photo(file: PhotoSize | Document) -> Photo:
    return Photo(file_id=file.file_id, file=file.file_unique_id, size=file.file_size)


def _area(size: PhotoSize) -> int:
    return size.width * size.height
