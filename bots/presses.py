"""What pressing a button does, the same on every platform; each shows the reaction in its own way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bots import notices
from bots.answer_cards import market_card, only_card
from bots.answer_file import answer_csv, answer_file_name
from bots.button_data import Button
from bots.cards import Card, Press
from bots.commands import Commands
from bots.context import Asker
from bots.sentences import sentence
from bots.wording import words as words_of
from core.admission import NotEnough, again
from core.model import ANY_MARKET, Expired, Found, MembersOnly, NothingFound, Origin, Outcome, PhotoQuery
from core.regions import MARKETS, market
from core.searches import Search, asked_by
from core.service import Service
from core.views import View
from core.votes import vote

#: Buttons that may set something for everyone in a chat: who presses one may be an admin there.
FOR_CHATS = frozenset(
    {Press.REGION, Press.REGION_ALL, Press.LANGUAGE, Press.LANGUAGE_ALL, Press.SETTINGS, Press.CHAT_LIMIT, Press.USAGE}
)
#: Buttons of cards for admins: where nobody else sees the card, it is as private as a chat with the bot.
_FOR_ADMINS = frozenset({Press.USAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A press of a button of ours."""

    button: Button
    #: Who pressed; the event is the press.
    asker: Asker
    #: The message that the button is under.
    message: str
    #: Whether that message answers one of the presser's own.
    owned: bool
    #: Whether nobody but the presser sees that message.
    alone: bool = False
    #: The words that a pressed offer to search with them is about.
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing to say: what was asked for is under way."""


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence to the presser alone."""

    text: str
    #: It need not be waited for: shown in passing, where that is possible.
    brief: bool = False


@dataclass(frozen=True, slots=True)
class ShowCard:
    """A card, in the place of the message where that is ``theirs``, else for the presser alone."""

    card: Card
    theirs: bool


@dataclass(frozen=True, slots=True)
class ShowPage:
    """A part of a stored answer, in the place of ``origin.answer`` where that is ``theirs``, else for the presser."""

    origin: Origin
    outcome: Outcome
    theirs: bool
    #: Whether the presser asked for it: what it cost, and what is left, is theirs to read.
    asked: bool


@dataclass(frozen=True, slots=True)
class SendFile:
    """A file, in reply to the answer where that is ``theirs``, else for the presser alone."""

    name: str
    data: bytes
    theirs: bool


@dataclass(frozen=True, slots=True)
class DropButton:
    """The button did what it can do once: take it off its message."""


Reaction = Silent | Say | ShowCard | ShowPage | SendFile | DropButton


class Presses:
    """Reacts to presses."""

    def __init__(self, service: Service, commands: Commands, is_member: Callable[[str], Awaitable[bool]]) -> None:
        self._service = service
        self._commands = commands
        self._is_member = is_member

    async def react(self, pressed: Pressed) -> Reaction:
        """Do what a button asks for, to its commit. Raises DatabaseUnavailable."""
        if pressed.button.name is Press.NOOP:
            return Silent()
        if not pressed.button.search:
            return await self._command(pressed)
        search = await usable(self._service, pressed.button.search, pressed.asker)
        return await self.expired(pressed.asker) if search is None else await self._answer(pressed, search)

    async def expired(self, asker: Asker) -> Say:
        """To a button that leads nowhere any more."""
        return Say(sentence(Expired(search=""), await self._commands.context.words(asker)))

    async def not_yours(self, asker: Asker) -> Say:
        """To whoever would change somebody else's answer, where there are no copies."""
        return Say(notices.not_yours(await self._commands.context.words(asker)))

    async def _command(self, pressed: Pressed) -> Reaction:
        button, asker = pressed.button, pressed.asker
        if pressed.alone and button.name in _FOR_ADMINS and self._commands.context.is_admin(asker.identity):
            asker = replace(asker, private=True)
        card = await self._commands.press(button.name, button.argument, asker)
        if card is None:
            return await self.expired(asker)
        if card.document is not None and card.chart is None:
            return SendFile(card.document.name, card.document.data, theirs=pressed.owned)
        return ShowCard(card, theirs=pressed.owned)

    async def _answer(self, pressed: Pressed, search: Search) -> Reaction:
        argument = pressed.button.argument
        match pressed.button.name:
            case Press.PAGE:
                return await self._turn(pressed, search, View.parse(argument))
            case Press.MARKET:
                return await self._list_markets(pressed, search)
            case Press.ONLY:
                return await self._list_only(pressed, search)
            case Press.FILE:
                return await self._file(pressed, search)
            case Press.IN if argument == ANY_MARKET or market(argument):
                return await self._again(pressed, search, region=argument)
            case Press.RETRY:
                return await self._again(pressed, search)
            case Press.FRESH:
                return await self._again(pressed, search, fresh=True)
            case Press.WORDS if pressed.hint:
                return await self._again(pressed, search, hint=pressed.hint)
            case Press.VOTE:
                return await self._vote(pressed, search, useful=argument == "+")
            case Press.ALBUM if search.origin.album:
                return await self._take_album(pressed, search, search.origin.album)
            case _:
                return await self.expired(pressed.asker)

    async def _turn(self, pressed: Pressed, search: Search, view: View) -> Reaction:
        outcome = await self._service.page(search, view)
        if isinstance(outcome, Expired):
            return await self.expired(pressed.asker)
        words = await self._commands.context.words(pressed.asker)
        origin = replace(search.origin, answer=pressed.message, language=words.language)
        asked = asked_by(search, pressed.asker.identity)
        return ShowPage(origin, outcome, theirs=may_change(pressed, search), asked=asked)

    async def _list_markets(self, pressed: Pressed, search: Search) -> Reaction:
        words = await self._commands.context.words(pressed.asker)
        free = await self._service.free_markets(search, (None, *(one.code for one in MARKETS)))
        card = market_card(search.id, words, search.region, frozenset(code or ANY_MARKET for code in free))
        return ShowCard(card, theirs=may_change(pressed, search))

    async def _list_only(self, pressed: Pressed, search: Search) -> Reaction:
        found = await self._service.page(search)
        if not isinstance(found, Found):
            return await self.expired(pressed.asker)
        words = await self._commands.context.words(pressed.asker)
        return ShowCard(only_card(found, words), theirs=may_change(pressed, search))

    async def _file(self, pressed: Pressed, search: Search) -> Reaction:
        found = await self._service.page(search)
        if not isinstance(found, Found):
            return await self.expired(pressed.asker)
        context = self._commands.context
        data = answer_csv(found, context.settings.product_url, await context.words(pressed.asker))
        return SendFile(answer_file_name(found), data, theirs=may_change(pressed, search))

    async def _vote(self, pressed: Pressed, search: Search, *, useful: bool) -> Reaction:
        """Write down what somebody thinks of an answer; only they are told."""
        context, asker = self._commands.context, pressed.asker
        counted = await context.database.run(
            vote,
            search.id,
            asker.identity,
            name=asker.name,
            useful=useful,
            pepper=context.pepper,
            now=context.clock(),
        )
        if not counted:
            return await self.expired(asker)
        words = await context.words(asker)
        kind = words("Thank you! Noted as useful.") if useful else words("Thank you! Noted as not useful.")
        return Say(kind, brief=True)

    async def _again(
        self,
        pressed: Pressed,
        search: Search,
        *,
        region: str | None = None,
        hint: str | None = None,
        fresh: bool = False,
    ) -> Reaction:
        """Search the photo again; the presser pays. What is known at once to be refused leaves the answer alone."""
        own = may_change(pressed, search) if hint is None else pressed.owned or pressed.alone
        answer = pressed.message if own else None
        query = await self._query(pressed, search, answer=answer, region=region, hint=hint, fresh=fresh)
        job = await self._service.take(query, show_refusal=False)
        refusal = job.outcome if job is not None else None
        if job is None or refusal is None or isinstance(refusal, Found | NothingFound):
            return Silent()
        return Say(sentence(refusal, words_of(job.search.origin.language)))

    async def _take_album(self, pressed: Pressed, leader: Search, album: str) -> Reaction:
        """Search the other photos of an album: with its words and in its market, each answered by itself."""
        like = await self._query(
            pressed, leader, answer=None, region=leader.region or ANY_MARKET, hint=leader.hint, fresh=False
        )
        words = await self._commands.context.words(pressed.asker)
        if not like.member:
            return Say(sentence(MembersOnly(search=leader.id), words))

        def query(number: int, other: Search) -> PhotoQuery:
            event = f"{pressed.asker.event}:{number}"
            origin = replace(other.origin, event=event, album=None, answer=None, language=like.origin.language)
            return replace(like, origin=origin, hint=other.hint or like.hint)

        try:
            await self._service.take_album(album, like.person, query)
        except NotEnough as short:
            return Say(notices.too_few(short.balance, short.needed, words))
        return DropButton()

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
            event=asker.event,
            person=asker.identity,
            name=asker.name,
            sent_at=self._commands.context.clock(),
            answer=answer,
            member=await self._is_member(asker.identity.user),
            language=asker.language,
            region=region,
            hint=hint,
            fresh=fresh,
        )


async def usable(service: Service, search_id: str, asker: Asker) -> Search | None:
    """The search behind a button in this chat; None where it was forgotten, or never was one of this chat's.

    One's own answer may have come in private, where the bot may not write into the chat.
    """
    search = await service.search(search_id)
    if search is None or not search.origin.photo or search.origin.platform != asker.platform:
        return None
    moved = asker.private and asked_by(search, asker.identity)
    return search if moved or search.origin.chat == asker.chat else None


def may_change(pressed: Pressed, search: Search) -> bool:
    """What changes an answer is its asker's alone."""
    return search.origin.private or pressed.alone or asked_by(search, pressed.asker.identity)
