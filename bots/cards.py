"""An outcome as a card: what is said, what it cost, and what can be pressed; the same on every platform."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import assert_never

from bots.sentences import Told, receipt_line, sentence, working_sentence
from bots.wording import Words
from core.model import (
    ANY_MARKET,
    Blocked,
    BudgetSpent,
    Busy,
    Charge,
    Expired,
    Found,
    Lost,
    Match,
    MembersOnly,
    NoCredits,
    NothingFound,
    Outcome,
    Paused,
    Problem,
    Stale,
    Unavailable,
    Unreadable,
    Working,
)
from core.regions import MARKETS, flag, product_link
from core.texts import cut_at_word

#: Products on one page of an answer: what a phone shows at once.
PAGE_SIZE = 5
#: Characters of a product's name and of the hint in an answer.
NAME_LIMIT = 70
HINT_SHOWN = 40
#: Choices side by side in a list: two names fit a phone.
_CHOICES_A_ROW = 2


class Tone(StrEnum):
    """What kind of news a card is: platforms may colour it."""

    ANSWER = "answer"
    #: Work goes on.
    QUIET = "quiet"
    #: Nothing found, no credits, not a usable photo: said kindly.
    NOTICE = "notice"
    ERROR = "error"


class Press(StrEnum):
    """What pressing a button asks for."""

    #: Another page of a stored answer; argument: its number from 0.
    PAGE = "page"
    #: A button that only shows something.
    NOOP = "noop"
    #: The list of markets.
    MARKET = "market"
    #: The same photo in another market; argument: its code or ANY_MARKET.
    IN = "in"
    #: The same photo again.
    RETRY = "retry"
    #: The same photo again, past the stored answer.
    FRESH = "fresh"
    #: The same photo with the words just written.
    WORDS = "words"
    #: The other photos of the album.
    ALBUM = "album"
    #: One's own market, and that of everyone in a chat; argument: a code, ANY_MARKET, or empty for none.
    REGION = "region"
    REGION_ALL = "region_all"
    #: The language one is answered in; argument: its tag, or empty for the app's own.
    LANGUAGE = "language"
    #: Forget me: pressed means sure.
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card."""

    text: str
    _: KW_ONLY
    #: Where the text leads: an https address.
    link: str | None = None
    #: Its number in a list that goes on over pages.
    number: int | None = None
    #: The emoji flag after it.
    flag: str = ""
    #: True: the text comes from outside and is shown as it is; else `backticks` make code of their inside.
    name: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One button: it opens ``url`` where there is one, else it asks for ``name``, a ``Press``."""

    label: str
    name: str
    _: KW_ONLY
    #: The search it is about: the id of a journal row.
    search: str = ""
    argument: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The picture of the product with this number; bucket and key are empty where the product has none."""

    number: int
    bucket: str
    key: str
    product_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a person is shown."""

    tone: Tone
    #: A title; empty where one sentence says it all.
    heading: str = ""
    #: What the heading is about (market, hint); may hold text from outside.
    facts: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    #: One line for those who see this for the first time.
    help: str = ""
    #: What it cost, what is left, when more comes.
    receipt: str = ""
    rows: tuple[tuple[Action, ...], ...] = ()
    #: One for every numbered line, or none at all.
    pictures: tuple[Picture, ...] = ()
    #: The link whose preview may be shown.
    preview: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What the operator configured about products."""

    #: PRODUCT_URL: the address of a product, with {id}, {region}, {locale}.
    product_url: str
    #: Whether pictures of products can be had.
    pictures: bool


def in_rows(choices: Sequence[Action]) -> tuple[tuple[Action, ...], ...]:
    """The buttons of a list to choose from."""
    return tuple(tuple(choices[at : at + _CHOICES_A_ROW]) for at in range(0, len(choices), _CHOICES_A_ROW))


def outcome_card(outcome: Outcome | Working, words: Words, links: Links) -> Card:
    """The card of an outcome, or of a search that goes on."""
    match outcome:
        case Found():
            return _found(outcome, words, links)
        case NothingFound():
            return _nothing(outcome, words)
        case Working():
            return Card(tone=Tone.QUIET, lines=(Line(working_sentence(outcome, words)),))
        case Lost() | Unavailable():
            return _told(outcome, words, Tone.ERROR, again=True, receipt=receipt_line(outcome.receipt, words))
        case NoCredits() | BudgetSpent():
            # What is left, and when more comes, is in the sentence.
            return _told(outcome, words, Tone.NOTICE, again=True, receipt=words("not charged"))
        case Busy() | Paused() | Stale():
            return _told(outcome, words, Tone.NOTICE, again=True)
        case Unreadable():
            return _told(outcome, words, Tone.NOTICE, again=outcome.problem is Problem.UNFETCHED)
        case MembersOnly() | Blocked() | Expired():
            return _told(outcome, words, Tone.NOTICE, again=False)
        case _:
            assert_never(outcome)


def _told(outcome: Told, words: Words, tone: Tone, *, again: bool, receipt: str = "") -> Card:
    label = words("Search now · 1 credit") if isinstance(outcome, Stale) else words("Try again · 1 credit")
    return Card(
        tone=tone,
        lines=(Line(sentence(outcome, words)),),
        receipt=receipt,
        rows=((Action(label, Press.RETRY, search=outcome.search),),) if again else (),
    )


def market_card(search: str, words: Words, current: str | None, free: frozenset[str]) -> Card:
    """The list of markets to search the same photo in.

    ``current`` is the market of the answer on screen; ``free`` holds the codes whose answer is stored.
    """
    here = current or ANY_MARKET
    buttons = []
    for code in (ANY_MARKET, *(market.code for market in MARKETS)):
        label = f"{flag(code)} {_title(words.market(code))}"
        if code == here:
            buttons.append(Action(f"✓ {label}", Press.PAGE, search=search, argument="0"))
            continue
        if code in free:
            label = words("{market} · free", market=label)
        buttons.append(Action(label, Press.IN, search=search, argument=code))
    unproven = words.all_of([words.market(market.code) for market in MARKETS if not market.proven])
    return Card(
        tone=Tone.NOTICE,
        heading=words("Other market · 1 credit"),
        lines=(
            Line(words("Where shall I look for this photo?")),
            Line(words("{markets} may have few products.", markets=unproven)),
        ),
        rows=(*in_rows(buttons), (Action(words("‹ Back"), Press.PAGE, search=search, argument="0"),)),
    )


def _found(found: Found, words: Words, links: Links) -> Card:
    total = len(found.matches)
    last_page = max(0, (total - 1) // PAGE_SIZE)
    page = min(max(found.page, 0), last_page)
    start = page * PAGE_SIZE
    numbered = list(enumerate(found.matches[start : start + PAGE_SIZE], start=start + 1))
    lines = tuple(_product(number, match, words, links) for number, match in numbered)
    turn = words("{first}–{last} of {total}", first=start + 1, last=start + len(lines), total=total)
    turning = (
        *([_page("‹", found.search, page - 1)] if page > 0 else []),
        Action(turn, Press.NOOP, search=found.search),
        *([_page("›", found.search, page + 1)] if page < last_page else []),
    )
    opening = tuple(Action(str(line.number), Press.NOOP, url=line.link) for line in lines if line.link)
    return Card(
        tone=Tone.ANSWER,
        heading=words("Closest products"),
        facts=_facts(found.region, found.hint, words),
        lines=lines,
        help=words("Words under a photo steer the search, #US picks a market. More: /help") if found.first else "",
        receipt=receipt_line(found.receipt, words),
        rows=(*([opening] if opening else []), *([turning] if last_page else []), *_next_steps(found, words)),
        pictures=_pictures(numbered, links),
        preview=next((line.link for line in lines if line.link), None),
    )


def _product(number: int, match: Match, words: Words, links: Links) -> Line:
    return Line(
        cut_at_word(match.name, NAME_LIMIT) or words("Product without a name"),
        link=product_link(links.product_url, match.id, match.region),
        number=number,
        flag=flag(match.region) if match.region else "",
        name=True,
    )


def _pictures(numbered: list[tuple[int, Match]], links: Links) -> tuple[Picture, ...]:
    if not links.pictures:
        return ()
    return tuple(
        Picture(number=number, bucket=bucket, key=key, product_id=match.id, name=match.name)
        for number, match in numbered
        for bucket, key in [match.picture or ("", "")]
    )


def _facts(region: str | None, hint: str | None, words: Words) -> tuple[str, ...]:
    code = region if region and region != ANY_MARKET else None
    place = f"{flag(code)} {words.market(code)}" if code else words("any market")
    quoted = words("“{hint}”", hint=words.outside(cut_at_word(hint, HINT_SHOWN))) if hint else ""
    return (place, quoted) if quoted else (place,)


def _next_steps(answer: Found | NothingFound, words: Words) -> list[tuple[Action, ...]]:
    rows: list[tuple[Action, ...]] = []
    if answer.offered:
        label = words.plural("Also the other photo · {n} credit", "Also the other {n} · {n} credits", answer.offered)
        rows.append((Action(label, Press.ALBUM, search=answer.search),))
    rows.append((Action("🌍 " + words("Other market · 1 credit"), Press.MARKET, search=answer.search),))
    if answer.receipt.charge is Charge.STORED:
        rows.append((Action(words("Search afresh · 1 credit"), Press.FRESH, search=answer.search),))
    return rows


def _nothing(nothing: NothingFound, words: Words) -> Card:
    return Card(
        tone=Tone.NOTICE,
        heading=words("Nothing found"),
        facts=_facts(nothing.region, nothing.hint, words),
        lines=(Line(words("A closer photo of just the product, or another market, may find more.")),),
        receipt=receipt_line(nothing.receipt, words),
        rows=tuple(_next_steps(nothing, words)),
    )


def _page(label: str, search: str, page: int) -> Action:
    return Action(label, Press.PAGE, search=search, argument=str(page))


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]
