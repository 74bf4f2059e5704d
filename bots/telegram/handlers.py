"""From an update to a query, a command or a sentence. Each returns once what it asks for is committed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from telegram import ChatMember, ChatMemberUpdated, Message, MessageOriginUser, Update, User
from telegram.ext import ExtBot

from bots import notices
from bots.albums import Albums
from bots.background import Background
from bots.cards import Card
from bots.commands import Commands
from bots.context import Asker
from bots.membership import Membership
from bots.presses import usable
from bots.questions import Question
from bots.seldom import Seldom
from bots.telegram import incoming
from bots.telegram.buttons import Buttons
from bots.telegram.incoming import PLATFORM, Command, Photo
from bots.telegram.members import is_chat_admin
from bots.telegram.moves import Moves
from bots.telegram.posting import Place, Poster
from bots.wording import Words
from bots.wording import words as words_of
from core import chats
from core.clock import Clock
from core.database import Database, DatabaseUnavailable
from core.model import Identity, Origin, PhotoQuery
from core.searches import State
from core.service import Service

#: Seconds in a chat between two sentences to those who write something else than photos and commands.
_USAGE_EVERY: Final = 5.0
_GONE: Final = (ChatMember.LEFT, ChatMember.BANNED)
_FIND: Final = "find"
#: Commands that may set something for everyone in a chat.
_FOR_CHATS: Final = ("usage", "region", "language", "settings")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What handlers work with."""

    bot: ExtBot[Any]
    service: Service
    commands: Commands
    database: Database
    membership: Membership
    albums: Albums
    moves: Moves
    poster: Poster
    background: Background
    buttons: Buttons
    clock: Clock


class Handlers:
    """What comes in."""

    def __init__(self, parts: Parts, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._usage = Seldom(_USAGE_EVERY, clock=monotonic)
        self._outages = Seldom()
        #: Messages that got a sentence: delivered again, they get no second one.
        self._sentences = Seldom()

    async def handle(self, update: Update) -> None:
        """Do what an update asks for, to its commit. Raises DatabaseUnavailable: then nothing was committed.

        Edits, posts of channels and whatever else there is are none of ours.
        """
        try:
            if update.callback_query is not None:
                await self._parts.buttons.press(update.callback_query)
            elif update.my_chat_member is not None:
                await self._admitted(update.my_chat_member)
            elif update.message is not None:
                await self._message(update.message)
        except DatabaseUnavailable:
            self._tell_outage(update)
            raise
        if update.effective_chat is not None:
            self._outages.reset(str(update.effective_chat.id))

    async def _message(self, message: Message) -> None:
        if message.migrate_to_chat_id is not None:
            await self._parts.moves.move(str(message.chat.id), str(message.migrate_to_chat_id))
            return
        command = incoming.command_of(message, self._bot)
        if command is not None and not command.ours:
            return
        addressed = command is not None or self._is_addressed(message)
        sender = incoming.person_of(message)
        if sender is None:
            if addressed and incoming.is_anonymous_admin(message) and self._is_known(command):
                self._say(message, notices.anonymous(words_of("en")))
        elif command is not None and command.name == _FIND:
            await self._find(message, sender, command.arguments)
        elif command is not None:
            await self._command(message, sender, command.name, command.arguments)
        elif addressed:
            await self._addressed(message, sender)

    def _is_addressed(self, message: Message) -> bool:
        """In a group only what is meant for the bot concerns it, also where it sees everything."""
        if incoming.is_private(message) or self._is_reply_to_us(message):
            return True
        album = _album(message)
        if album is not None and album in self._parts.albums:
            return True  # the caption stands under an album's first photo only
        return incoming.is_mentioned(message, self._bot)

    def _is_known(self, command: Command | None) -> bool:
        """In a group other bots have commands as well."""
        return command is None or any(command.name == known.name for known in self._parts.commands.all)

    def _is_reply_to_us(self, message: Message) -> bool:
        replied = message.reply_to_message
        return replied is not None and replied.from_user is not None and replied.from_user.id == self._bot.id

    async def _addressed(self, message: Message, sender: User) -> None:
        photo, replied = incoming.photo_of(message), message.reply_to_message
        question = incoming.asked_in(incoming.text_of(message), self._bot)
        if photo is not None:
            await self._search(message, sender, photo, question, album=_album(message))
        elif incoming.is_other_media(message):
            self._say(message, notices.photo_wanted(await self._words(message, sender)))
        elif message.text is None:
            return  # somebody joined, a pinned message, a dice
        elif (elsewhere := message.external_reply) is not None and (quoted := incoming.photo_of(elsewhere)):
            await self._search(message, sender, quoted, question)
        elif replied is not None and self._is_reply_to_us(message):
            await self._offer_words(message, sender, replied, question)
        elif replied is not None and not incoming.is_private(message) and (theirs := incoming.photo_of(replied)):
            await self._search(message, sender, theirs, question, photo_in=replied)
        elif self._usage.may(str(message.chat.id)):
            self._say(message, _usage(message, await self._words(message, sender)))

    async def _find(self, message: Message, sender: User, arguments: str) -> None:
        """/find: the photo above it, the one it replies to, or one that is quoted from another chat."""
        question, replied = incoming.asked_in(arguments, self._bot), message.reply_to_message
        if photo := incoming.photo_of(message):
            await self._search(message, sender, photo, question, album=_album(message))
        elif replied is not None and self._is_reply_to_us(message):
            await self._offer_words(message, sender, replied, question)
        elif replied is not None and (photo := incoming.photo_of(replied)):
            await self._search(message, sender, photo, question, photo_in=replied)
        elif message.external_reply is not None and (photo := incoming.photo_of(message.external_reply)):
            await self._search(message, sender, photo, question)
        else:
            await self._command(message, sender, _FIND, arguments)

    async def _search(
        self,
        message: Message,
        sender: User,
        photo: Photo,
        question: Question,
        *,
        photo_in: Message | None = None,
        album: str | None = None,
    ) -> None:
        """Journal a query; ``photo_in`` is the message that the answer replies to, where it is another one."""
        if album is not None:
            self._parts.albums.seen(album)
        origin = Origin(
            platform=PLATFORM,
            chat=str(message.chat.id),
            thread=incoming.thread_of(message),
            message=str((photo_in or message).message_id),
            private=incoming.is_private(message),
            event=incoming.event_of(message),
            photo=photo.file_id,
            file=photo.file,
            album=album,
            language=incoming.language_of(sender),
        )
        query = PhotoQuery(
            origin=origin,
            person=incoming.identity_of(sender),
            name=incoming.name_of(sender),
            hint=question.hint,
            region=question.region,
            sent_at=message.date,
            member=await self._parts.membership.is_member(str(sender.id)),
            size=photo.size,
        )
        job = await self._parts.service.take(query)
        if job is not None and job.search.state is State.OFFERED and album is not None:
            self._parts.background.later(self._latecomer(album))

    async def _latecomer(self, album: str) -> None:
        """A photo came after the album's answer, perhaps: then its button counts it too."""
        await self._parts.albums.gathered(album)
        await self._parts.service.show_again(album)

    async def _offer_words(self, message: Message, sender: User, replied: Message, question: Question) -> None:
        """Words in reply to an answer of ours: a button that searches its photo again with them."""
        words = await self._words(message, sender)
        search_id = incoming.search_of(replied)
        if search_id is None or question.hint is None:
            # In a group, talk below a message of ours is mostly meant for people.
            if incoming.is_private(message) and self._usage.may(str(message.chat.id)):
                self._say(message, notices.how_to_use(words))
        elif await usable(self._parts.service, search_id, self._asker(message, sender)) is None:
            self._say(message, notices.expired(words))
        else:
            self._say(message, notices.search_with(search_id, question.hint, words))

    async def _command(self, message: Message, sender: User, name: str, arguments: str) -> None:
        asker = replace(self._asker(message, sender), replied=_replied(message))
        if name in _FOR_CHATS:
            asker = replace(asker, chat_admin=await is_chat_admin(self._parts.bot, message.chat, sender.id))
        card = await self._parts.commands.run(name, asker, arguments)
        if card is not None:
            self._say(message, card)
        elif incoming.is_private(message):
            await self._addressed(message, sender)  # words that begin with a slash

    async def _admitted(self, change: ChatMemberUpdated) -> None:
        """The bot was blocked or removed, or is back."""
        gone = change.new_chat_member.status in _GONE
        when = self._parts.clock() if gone else None
        await self._parts.database.run(chats.set_gone, PLATFORM, str(change.chat.id), when)

    def _tell_outage(self, update: Update) -> None:
        """Say once in an outage, and in the app's language, that nothing can be written down."""
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None or not self._outages.may(str(chat.id)):
            return
        card = notices.out_of_order(words_of(incoming.language_of(user)))
        if update.callback_query is not None:
            self._parts.buttons.tell(update.callback_query, card.lines[0].text)
        elif update.message is not None:
            self._put(_reply_to(update.message), card)

    def _say(self, message: Message, card: Card) -> None:
        if self._sentences.may(incoming.event_of(message)):
            self._put(_reply_to(message), card)

    def _put(self, place: Place, card: Card) -> None:
        self._parts.background.later(self._parts.poster.put(place, card))

    async def _words(self, message: Message, sender: User) -> Words:
        return await self._parts.commands.context.words(self._asker(message, sender))

    def _asker(self, message: Message, sender: User) -> Asker:
        return incoming.asker_of(sender, message.chat, incoming.event_of(message))

    @property
    def _bot(self) -> User:
        return self._parts.bot.bot


def _usage(message: Message, words: Words) -> Card:
    return notices.how_to_use(words) if incoming.is_private(message) else notices.how_to_use_in_groups(words)


def _reply_to(message: Message) -> Place:
    return Place(chat=str(message.chat.id), thread=incoming.thread_of(message), reply_to=str(message.message_id))


def _album(message: Message) -> str | None:
    """Albums have numbers of their own in each chat."""
    return f"{PLATFORM}:{message.chat.id}:{message.media_group_id}" if message.media_group_id else None


def _replied(message: Message) -> Identity | None:
    """Whose message it replies to.

    In a private chat with the bot nobody else writes: there it is whoever wrote what was forwarded to it, or quoted
    from another chat; nobody where they hide their account from that.
    """
    replied, elsewhere = message.reply_to_message, message.external_reply
    origin = replied.forward_origin if replied is not None else elsewhere.origin if elsewhere is not None else None
    if incoming.is_private(message) and origin is not None:
        if not isinstance(origin, MessageOriginUser) or origin.sender_user.is_bot:
            return None
        return incoming.identity_of(origin.sender_user)
    sender = incoming.person_of(replied) if replied is not None else None
    return incoming.identity_of(sender) if sender is not None else None
