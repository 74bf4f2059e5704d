"""Presses of buttons: answered at once, done as everywhere, shown in Telegram's way."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, Final, assert_never

import structlog
from telegram import CallbackQuery, Chat, InlineKeyboardMarkup, InputFile, Message, ReplyParameters
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bots.background import Background
from bots.button_data import read_button
from bots.cards import Press
from bots.context import Asker
from bots.presses import FOR_CHATS, DropButton, Pressed, Presses, Say, SendFile, ShowCard, ShowPage, Silent
from bots.telegram import incoming, layout
from bots.telegram.incoming import PLATFORM
from bots.telegram.members import is_chat_admin
from bots.telegram.messages import TelegramMessenger
from bots.telegram.posting import Place, Poster
from core.model import HINT_LIMIT
from core.texts import clean, cut_at_word

#: Bot API: answerCallbackQuery, text 0-200 characters.
MAX_ALERT: Final = 200

log = structlog.get_logger(__name__)


class Buttons:
    """Answers presses."""

    def __init__(
        self,
        bot: ExtBot[Any],
        presses: Presses,
        poster: Poster,
        messenger: TelegramMessenger,
        background: Background,
    ) -> None:
        self._bot = bot
        self._presses = presses
        self._poster = poster
        self._messenger = messenger
        self._background = background

    async def press(self, query: CallbackQuery) -> None:
        """Do what a button asks for, to its commit. Raises DatabaseUnavailable."""
        button, message = read_button(query.data or ""), query.message
        if button is None or message is None:
            self.tell(query, (await self._presses.expired(_asker(query, message.chat if message else None))).text)
            return
        asker = _asker(query, message.chat)
        if button.name in FOR_CHATS:
            asker = replace(asker, chat_admin=await is_chat_admin(self._bot, message.chat, query.from_user.id))
        pressed = Pressed(
            button=button,
            asker=asker,
            message=str(message.message_id),
            owned=_is_owner(query),
            hint=_offered_words(query) if button.name is Press.WORDS else None,
        )
        await self._react(query, pressed)

    async def _react(self, query: CallbackQuery, pressed: Pressed) -> None:
        place = Place(chat=pressed.asker.chat, message=pressed.message)
        match await self._presses.react(pressed):
            case Silent():
                self.tell(query)
            case Say(text, brief):
                self.tell(query, text, brief=brief)
            case ShowCard(card, theirs) if theirs:
                self.tell(query, then=self._poster.put(place, card))
            case ShowCard(card) if not pressed.button.search:
                self.tell(query, " ".join(line.text for line in card.lines))
            case ShowPage(origin, outcome, theirs) if theirs:
                self.tell(query, then=self._messenger.show_again(origin, outcome))
            case SendFile(name, data, theirs) if theirs:
                self.tell(query, then=self._send_file(query, pressed, name, data))
            case ShowCard() | ShowPage() | SendFile():
                self.tell(query, (await self._presses.not_yours(pressed.asker)).text)
            case DropButton():
                self.tell(query, then=self._without_button(query, pressed))
            case never:
                assert_never(never)

    def tell(
        self, query: CallbackQuery, said: str = "", *, brief: bool = False, then: Awaitable[object] | None = None
    ) -> None:
        """Answer a press, with an alert (``brief``: one that goes by itself) or silently; then do what takes longer."""
        self._background.later(_answered(query, _fitting(said.replace("`", "")), then, alert=not brief))

    async def _send_file(self, query: CallbackQuery, pressed: Pressed, name: str, data: bytes) -> None:
        thread = incoming.thread_of(query.message) if isinstance(query.message, Message) else None
        await self._bot.send_document(
            chat_id=pressed.asker.chat,
            message_thread_id=int(thread) if thread else None,
            document=InputFile(data, filename=name),
            reply_parameters=ReplyParameters(int(pressed.message), allow_sending_without_reply=True),
        )

    async def _without_button(self, query: CallbackQuery, pressed: Pressed) -> None:
        """Take the button that was pressed off its message."""
        markup = query.message.reply_markup if isinstance(query.message, Message) else None
        if markup is None:
            return
        rows = [[key for key in row if key.callback_data != query.data] for row in markup.inline_keyboard]
        await self._bot.edit_message_reply_markup(
            chat_id=pressed.asker.chat,
            message_id=int(pressed.message),
            reply_markup=InlineKeyboardMarkup([row for row in rows if row]),
        )


def _asker(query: CallbackQuery, chat: Chat | None) -> Asker:
    event = f"{PLATFORM}:callback:{query.id}"
    return incoming.asker_of(query.from_user, chat or Chat(query.from_user.id, Chat.PRIVATE), event)


def _is_owner(query: CallbackQuery) -> bool:
    """Whether the message answers one of the presser's own; in a private chat all do."""
    if query.message is not None and query.message.chat.type == Chat.PRIVATE:
        return True
    asked = query.message.reply_to_message if isinstance(query.message, Message) else None
    return bool(asked and asked.from_user and asked.from_user.id == query.from_user.id)


def _offered_words(query: CallbackQuery) -> str | None:
    """The words that the pressed offer is about: they stand in its last line, which only the bot can write.

    None where the message is no such offer (the press is forged), or is not handed out any more.
    """
    message = query.message
    if not isinstance(message, Message) or not message.text:
        return None
    if read_button(query.data or "") not in incoming.buttons_of(message):
        return None
    return clean(message.text.rpartition("\n")[2], HINT_LIMIT) or None


async def _answered(query: CallbackQuery, said: str, then: Awaitable[object] | None, *, alert: bool) -> None:
    try:
        await query.answer(said or None, show_alert=alert and bool(said))
    except TelegramError as error:  # "query is too old": after about 15 s nobody waits for it any more
        log.info("press_not_answered", reason=error.message)
    if then is not None:
        await then


def _fitting(alert: str) -> str:
    """The beginning of a text that fits into an alert."""
    room = MAX_ALERT
    while layout.units(shorter := cut_at_word(alert, room)) > MAX_ALERT:
        room -= 1
    return shorter
