"""Cards into messages: sent or edited, in the best form that Telegram takes, and what to make of its refusals."""

import html
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from telegram import InputMediaPhoto, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError
from telegram.ext import ExtBot

from bots.cards import Card
from bots.telegram import layout
from core.adapter import Unreachable

# How Telegram says, in the description of a 400, what is wrong; compared in lower case.
_NOT_MODIFIED: Final = "message is not modified"
#: The message was deleted, or is one that the bot can no longer edit.
_NOT_EDITABLE: Final = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
)
#: editMessageText on a message with a picture: its text is a caption.
_HAS_PICTURE: Final = "there is no text in the message to edit"
_NO_THREAD: Final = "message thread not found"
#: Nothing can be written there: as good as gone, since trying again does not help.
_CHAT_GONE: Final = (
    "chat not found",
    "peer_id_invalid",
    "user not found",
    "group is deactivated",
    "not enough rights",
    "have no rights",
    "chat_write_forbidden",
    "topic_closed",
    "need administrator rights",
)
_TAG: Final = re.compile(r"<[^>]*>")

Moved = Callable[[str, str], Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a card goes."""

    chat: str
    thread: str | None = None
    #: The message it replies to, where that is still there.
    reply_to: str | None = None
    #: The message to edit; None: a new one.
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A card in one of the forms in which it can be sent."""

    card: Card
    answer: bool
    picture: bytes | str | None = None
    #: True: without markup and buttons, when Telegram refuses those.
    plain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The message that shows the card now."""

    message: str
    #: The file id of its picture, where it has one.
    file: str | None = None


class Poster:
    """Puts cards into chats. ``moved`` is awaited with the old and the new id of a chat that got another one."""

    def __init__(self, bot: ExtBot[Any], *, link_preview: bool, moved: Moved) -> None:
        self._bot = bot
        self._link_preview = link_preview
        self._moved = moved

    async def put(
        self, place: Place, card: Card, *, picture: bytes | str | None = None, answer: bool = False
    ) -> Posted:
        """Show the card: with its picture, else as text, else as plain text, as Telegram takes it.

        ``picture`` is a JPEG, or the file id of one that Telegram has; a card with a chart has that one.
        ``answer``: what the message showed before does not belong to the card, a picture least of all. A message
        that cannot be edited any more is sent anew. Raises Unreachable when nothing can be written there;
        NetworkError, TimedOut, RetryAfter or another TelegramError when trying again makes sense.
        """
        if not place.chat:
            raise Unreachable  # it was forgotten meanwhile
        picture = picture or card.chart
        text = Draft(card=card, answer=answer)
        forms: tuple[Draft, ...] = (text, replace(text, plain=True))
        if picture is not None:
            forms = (replace(text, picture=picture), *forms)
        try:
            return await self._put(place, forms)
        except ChatMigrated as moved:
            new = str(moved.new_chat_id)
            await self._moved(place.chat, new)
            # The numbers of messages and topics start anew there: the old ones would mean others.
            return await self._put(Place(chat=new), forms)

    async def _put(self, place: Place, forms: Sequence[Draft]) -> Posted:
        for draft in forms:
            try:
                return await self._edit_or_send(place, draft)
            except Forbidden as error:
                log.info("chat_closed", reason=error.message)
                raise Unreachable from None
            except BadRequest as error:
                if _says(error, *_CHAT_GONE):
                    log.info("chat_closed", reason=error.message)
                    raise Unreachable from None
                log.warning("card_refused", reason=error.message, picture=type(draft.picture).__name__)
        # Whatever is wrong with it will be wrong tomorrow.
        raise Unreachable

    async def _edit_or_send(self, place: Place, draft: Draft) -> Posted:
        if place.message is None:
            return _posted(await self._send(place, draft))
        try:
            return _posted(await self._edit(place.chat, int(place.message), draft), place.message)
        except BadRequest as error:
            if _says(error, _NOT_MODIFIED):
                return Posted(message=place.message)
            if _says(error, _HAS_PICTURE):
                return await self._instead_of_picture(place, place.message, draft)
            if not _says(error, *_NOT_EDITABLE):
                raise
        return _posted(await self._send(place, draft))

    async def _instead_of_picture(self, place: Place, message: str, draft: Draft) -> Posted:
        """A text where a picture is: Telegram cannot take a picture out of a message.

        A notice becomes its caption: one message, and the picture is still that of the search it is about.
        An answer must not stand under the pictures of other products: it is sent anew, then the old one goes.
        """
        if not draft.answer:
            try:
                return _posted(await self._edit_caption(place.chat, int(message), draft), message)
            except BadRequest as error:
                if not _says(error, _NOT_MODIFIED):
                    raise
                return Posted(message=message)
        posted = _posted(await self._send(place, draft))
        try:
            await self._bot.delete_message(place.chat, int(message))
        except TelegramError as error:
            log.info("old_answer_stays", reason=error.message)
        return posted

    async def _send(self, place: Place, draft: Draft) -> Message:
        try:
            return await self._send_to(place, draft)
        except BadRequest as error:
            if place.thread is None or not _says(error, _NO_THREAD):
                raise
            return await self._send_to(replace(place, thread=None), draft)

    async def _send_to(self, place: Place, draft: Draft) -> Message:
        reply = place.reply_to
        where: dict[str, Any] = {
            "chat_id": place.chat,
            "message_thread_id": int(place.thread) if place.thread else None,
            "reply_parameters": ReplyParameters(int(reply), allow_sending_without_reply=True) if reply else None,
            "reply_markup": _keyboard(draft),
            "parse_mode": _mode(draft),
        }
        if draft.picture is not None:
            return await self._bot.send_photo(photo=draft.picture, caption=_text(draft), **where)
        return await self._bot.send_message(text=_text(draft), link_preview_options=self._preview(draft), **where)

    async def _edit(self, chat: str, message: int, draft: Draft) -> Message | bool:
        where: dict[str, Any] = {"chat_id": chat, "message_id": message, "reply_markup": _keyboard(draft)}
        if draft.picture is not None:
            media = InputMediaPhoto(draft.picture, caption=_text(draft), parse_mode=_mode(draft))
            return await self._bot.edit_message_media(media=media, **where)
        return await self._bot.edit_message_text(
            text=_text(draft),
            parse_mode=_mode(draft),
            link_preview_options=self._preview(draft),
            **where,
        )

    async def _edit_caption(self, chat: str, message: int, draft: Draft) -> Message | bool:
        return await self._bot.edit_message_caption(
            chat_id=chat,
            message_id=message,
            caption=_text(draft, layout.MAX_CAPTION),
            parse_mode=_mode(draft),
            reply_markup=_keyboard(draft),
        )

    def _preview(self, draft: Draft) -> LinkPreviewOptions:
        return layout.link_preview(draft.card, self._link_preview and not draft.plain)


def _text(draft: Draft, limit: int | None = None) -> str:
    marked = layout.text(draft.card, layout.MAX_CAPTION if draft.picture is not None else limit)
    return html.unescape(_TAG.sub("", marked)) if draft.plain else marked


def _mode(draft: Draft) -> str | None:
    return None if draft.plain else ParseMode.HTML


def _keyboard(draft: Draft) -> Any:
    return None if draft.plain else layout.keyboard(draft.card)


def _posted(message: Message | bool, known: str = "") -> Posted:
    if not isinstance(message, Message):
        return Posted(message=known)
    return Posted(message=str(message.message_id), file=message.photo[-1].file_id if message.photo else None)


def _says(error: BadRequest, *reasons: str) -> bool:
    said = error.message.lower()
    return any(reason in said for reason in reasons)
