"""What pressing a button does: turn a page, list markets, search again; after a restart as before."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import structlog
from telegram import CallbackQuery, Chat, ChatMember, InlineKeyboardMarkup, Message
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bots.cards import Press, market_card
from bots.commands import Commands
from bots.sentences import sentence
from bots.telegram import incoming, layout, notices
from bots.telegram.layout import read_button
from bots.telegram.membership import Membership
from bots.telegram.messages import TelegramMessenger
from bots.telegram.pressed import Pressed, offered_words, usable
from bots.telegram.replies import Replies
from bots.wording import words as words_of
from core.admission import NotEnough, again
from core.clock import Clock
from core.model import ANY_MARKET, Expired, Found, MembersOnly, NothingFound, PhotoQuery
from core.regions import MARKETS, market
from core.searches import Search, asked_by
from core.service import Service
from core.texts import cut_at_word

#: Bot API: answerCallbackQuery, text 0-200 characters.
MAX_ALERT: Final = 200
_ADMINS: Final = (ChatMember.OWNER, ChatMember.ADMINISTRATOR)
#: Buttons that may set something for everyone in a chat.
_FOR_CHATS: Final = (Press.REGION, Press.REGION_ALL)

log = structlog.get_logger(__name__)


class Buttons:
    """Answers presses."""

    def __init__(
        self,
        bot: ExtBot[Any],
        service: Service,
        commands: Commands,
        membership: Membership,
        messenger: TelegramMessenger,
        replies: Replies,
        *,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._service = service
        self._commands = commands
        self._membership = membership
        self._messenger = messenger
        self._replies = replies
        self._clock = clock

    async def press(self, query: CallbackQuery) -> None:
        """Do what a button asks for, to its commit. Raises DatabaseUnavailable."""
        button, message = read_button(query.data or ""), query.message
        if button is None or message is None:
            await self._expired(query)
            return
        pressed = Pressed(
            query=query,
            button=button,
            chat=message.chat,
            number=str(message.message_id),
            message=message if isinstance(message, Message) else None,
        )
        if button.name is Press.NOOP:
            self.tell(query)
        elif not button.search:
            await self._press_command(pressed)
        elif (search := await usable(self._service, button.search, pressed.chat)) is None:
            await self._expired(query)
        else:
            await self._press_answer(pressed, search)

    def tell(self, query: CallbackQuery, alert: str = "", *, then: Awaitable[object] | None = None) -> None:
        """Answer a press, with an alert or silently, and only then do what takes longer."""
        self._replies.later(_answered(query, _fitting(alert.replace("`", "")), then))

    async def is_chat_admin(self, chat: Chat, user: int) -> bool:
        """Whether a person administers a group; False where Telegram cannot be asked."""
        if chat.type == Chat.PRIVATE:
            return False
        try:
            member = await self._bot.get_chat_member(chat.id, user)
        except TelegramError as error:
            log.info("chat_admin_unknown", error=type(error).__name__)
            return False
        return member.status in _ADMINS

    async def _press_answer(self, pressed: Pressed, search: Search) -> None:
        argument = pressed.button.argument
        match pressed.button.name:
            case Press.PAGE:
                await self._if_theirs(pressed, search, self._turn)
            case Press.MARKET:
                await self._if_theirs(pressed, search, self._list_markets)
            case Press.IN if argument == ANY_MARKET or market(argument):
                await self._again(pressed, search, region=argument)
            case Press.RETRY:
                await self._again(pressed, search)
            case Press.FRESH:
                await self._again(pressed, search, fresh=True)
            case Press.WORDS if hint := offered_words(pressed):
                await self._again(pressed, search, hint=hint)
            case Press.ALBUM if search.origin.album:
                await self._take_album(pressed, search, search.origin.album)
            case _:
                await self._expired(pressed.query)

    async def _if_theirs(
        self, pressed: Pressed, search: Search, action: Callable[[Pressed, Search], Awaitable[None]]
    ) -> None:
        """What changes an answer without a new search is its asker's alone."""
        if search.origin.private or asked_by(search, pressed.asker.identity):
            await action(pressed, search)
        else:
            self.tell(pressed.query, notices.not_yours(await self._commands.context.words(pressed.asker)))

    async def _turn(self, pressed: Pressed, search: Search) -> None:
        outcome = await self._service.page(search, int(pressed.button.argument))
        if isinstance(outcome, Expired):
            await self._expired(pressed.query)
            return
        words = await self._commands.context.words(pressed.asker)
        origin = replace(search.origin, answer=pressed.number, language=words.language)
        self.tell(pressed.query, then=self._messenger.show_again(origin, outcome))

    async def _list_markets(self, pressed: Pressed, search: Search) -> None:
        words = await self._commands.context.words(pressed.asker)
        free = await self._service.free_markets(search, (None, *(one.code for one in MARKETS)))
        card = market_card(search.id, words, search.region, frozenset(code or ANY_MARKET for code in free))
        self.tell(pressed.query, then=self._replies.put(pressed.place, card))

    async def _again(
        self,
        pressed: Pressed,
        search: Search,
        *,
        region: str | None = None,
        hint: str | None = None,
        fresh: bool = False,
    ) -> None:
        """Search the photo again; the presser pays. What is known at once to be refused leaves the answer alone."""
        own = asked_by(search, pressed.asker.identity) if hint is None else pressed.is_owner
        answer = pressed.number if search.origin.private or own else None
        query = await self._query(pressed, search, answer=answer, region=region, hint=hint, fresh=fresh)
        job = await self._service.take(query, show_refusal=False)
        refusal = job.outcome if job is not None else None
        if refusal is None or isinstance(refusal, Found | NothingFound):
            self.tell(pressed.query)
        elif job is not None:
            self.tell(pressed.query, sentence(refusal, words_of(job.search.origin.language)))

    async def _take_album(self, pressed: Pressed, leader: Search, album: str) -> None:
        """Search the other photos of an album: with its words and in its market, each answered by itself."""
        like = await self._query(
            pressed, leader, answer=None, region=leader.region or ANY_MARKET, hint=leader.hint, fresh=False
        )
        if not like.member:
            words = await self._commands.context.words(pressed.asker)
            self.tell(pressed.query, sentence(MembersOnly(search=leader.id), words))
            return

        def query(number: int, other: Search) -> PhotoQuery:
            event = f"{pressed.event}:{number}"
            origin = replace(other.origin, event=event, album=None, answer=None, language=like.origin.language)
            return replace(like, origin=origin, hint=other.hint or like.hint)

        try:
            await self._service.take_album(album, like.person, query)
        except NotEnough as short:
            words = await self._commands.context.words(pressed.asker)
            self.tell(pressed.query, notices.too_few(short.balance, short.needed, words))
        else:
            self.tell(pressed.query, then=self._without_button(pressed))

    async def _query(
        self,
        pressed: Pressed,
        search: Search,
        *,
        answer: str | None,
        region: str | None,
        hint: str | None,
        fresh: bool,
    ) -> PhotoQuery:
        asker = pressed.asker
        return again(
            search,
            event=pressed.event,
            person=asker.identity,
            name=asker.name,
            sent_at=self._clock(),
            answer=answer,
            member=await self._membership.is_member(pressed.query.from_user.id),
            language=asker.language,
            region=region,
            hint=hint,
            fresh=fresh,
        )

    async def _without_button(self, pressed: Pressed) -> None:
        """Take the button that was pressed off its message."""
        markup = pressed.message.reply_markup if pressed.message else None
        if markup is None:
            return
        rows = [[key for key in row if key.callback_data != pressed.query.data] for row in markup.inline_keyboard]
        await self._bot.edit_message_reply_markup(
            chat_id=pressed.chat.id,
            message_id=int(pressed.number),
            reply_markup=InlineKeyboardMarkup([row for row in rows if row]),
        )

    async def _press_command(self, pressed: Pressed) -> None:
        """A button of a command's card: it changes the card of whoever called it, others are told in an alert."""
        asker, button = pressed.asker, pressed.button
        if button.name in _FOR_CHATS:
            asker = replace(asker, chat_admin=await self.is_chat_admin(pressed.chat, pressed.query.from_user.id))
        card = await self._commands.press(button.name, button.argument, asker)
        if card is None:
            await self._expired(pressed.query)
        elif pressed.is_owner:
            self.tell(pressed.query, then=self._replies.put(pressed.place, card))
        else:
            self.tell(pressed.query, " ".join(line.text for line in card.lines))

    async def _expired(self, query: CallbackQuery) -> None:
        words = words_of(incoming.language_of(query.from_user))
        if query.message is not None:
            asker = incoming.asker_of(query.from_user, query.message.chat, "")
            words = await self._commands.context.words(asker)
        self.tell(query, sentence(Expired(search=""), words))


async def _answered(query: CallbackQuery, alert: str, then: Awaitable[object] | None) -> None:
    try:
        await query.answer(alert or None, show_alert=bool(alert))
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
