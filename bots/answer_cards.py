"""An answer as a card: a page of it, or of a part of it, and the lists of markets to go on with."""

from collections.abc import Iterable

from bots.cards import Action, Card, Choice, Line, Links, Picture, Press, Tone
from bots.sentences import receipt_line
from bots.wording import Words
from core.listings import Listing, Thing, markets_in, seen
from core.model import ANY_MARKET, Charge, Found, NothingFound
from core.regions import MARKETS, flag, product_link
from core.texts import cut_at_word
from core.views import WHOLE, View

#: Things on one page of an answer: what a phone shows at once.
PAGE_SIZE = 5
#: Characters of a product's name and of the hint in an answer.
NAME_LIMIT = 70
HINT_SHOWN = 40
#: Whether an answer was of use, as it is pressed and as the button says it.
_VOTES = (("👍", "+"), ("👎", "-"))


def found_card(found: Found, words: Words, links: Links) -> Card:
    """A page of an answer."""
    things = seen(found.matches, found.view)
    last_page = max(0, (len(things) - 1) // PAGE_SIZE)
    view = found.view.at(min(max(found.view.page, 0), last_page))
    start = view.page * PAGE_SIZE
    numbered = list(enumerate(things[start : start + PAGE_SIZE], start=start + 1))
    lines = tuple(_thing(number, thing, found.search, words, links) for number, thing in numbered)
    turning = _turning(found.search, view, len(things), words) if last_page else ()
    whole = view.is_whole
    return Card(
        tone=Tone.ANSWER,
        heading=words("Closest products"),
        facts=(*_facts(found.region, found.hint, words), *_part(view, words)),
        lines=lines or (Line(words("No product of this answer has that in its name.")),),
        help=words("Words under a photo steer the search, #US picks a market. More: /help") if found.first else "",
        receipt=receipt_line(found.receipt, words),
        rows=tuple(row for row in (turning, *(_of_whole(found, words) if whole else [_back(found, words)])) if row),
        choices=_choices(found, words) if whole else (),
        opening=words("Open"),
        pictures=_pictures(numbered, links),
        preview=next((line.link for line in lines if line.link), None),
    )


def nothing_card(nothing: NothingFound, words: Words) -> Card:
    """An answer without a product."""
    return Card(
        tone=Tone.NOTICE,
        heading=words("Nothing found"),
        facts=_facts(nothing.region, nothing.hint, words),
        lines=(Line(words("A closer photo of just the product, or another market, may find more.")),),
        receipt=receipt_line(nothing.receipt, words),
        rows=tuple(_paid_steps(nothing, words)),
        choices=(_other_market(nothing.search, nothing.region, words),),
    )


def market_card(search: str, words: Words, current: str | None, free: frozenset[str]) -> Card:
    """The list of markets to search the same photo in.

    ``current`` is the market of the answer on screen; ``free`` holds the codes whose answer is stored.
    """
    unproven = words.all_of([words.market(market.code) for market in MARKETS if not market.proven])
    return Card(
        tone=Tone.NOTICE,
        heading=words("Other market · 1 credit"),
        lines=(
            Line(words("Where shall I look for this photo?")),
            Line(words("{markets} may have few products.", markets=unproven)),
        ),
        choices=(Choice(label="", options=tuple(_markets(search, words, current, free))),),
        rows=((Action(words("‹ Back"), Press.PAGE, search=search, argument=str(WHOLE)),),),
    )


def only_card(found: Found, words: Words) -> Card:
    """The list of markets that occur in an answer, to see one of them only."""
    return Card(
        tone=Tone.ANSWER,
        lines=(Line(words("Show the products of one market only; it is free.")),),
        choices=(Choice(label="", options=tuple(_only(found, words))),),
        rows=((Action(words("‹ Back"), Press.PAGE, search=found.search, argument=str(WHOLE)),),),
    )


def _thing(number: int, thing: Thing, search: str, words: Words, links: Links) -> Line:
    first, count = thing.listings[0], len(thing.listings)
    match = first.match
    same = words.plural("same item, {n} listing", "same item, {n} listings", count) if count > 1 else ""
    more = None
    if same:
        short = words.plural("{n} listing ▸", "{n} listings ▸", count)
        opened = View(thing=first.rank)
        more = Action(f"{same} ▸", Press.PAGE, search=search, argument=str(opened), short=short)
    return Line(
        cut_at_word(match.name, NAME_LIMIT) or words("Product without a name"),
        link=product_link(links.product_url, match.id, match.region),
        number=number,
        flag=flag(match.region) if match.region else "",
        place=words.market(match.region) if match.region else "",
        note=same,
        more=more,
        name=True,
    )


def _turning(search: str, view: View, total: int, words: Words) -> tuple[Action, ...]:
    page, pages = view.page, -(-total // PAGE_SIZE)
    first, last = page * PAGE_SIZE + 1, min(total, (page + 1) * PAGE_SIZE)
    here = words("{first}–{last} of {total}", first=first, last=last, total=total)
    back = Action(words("‹ Back"), Press.PAGE, search=search, argument=str(view.at(page - 1)), short="‹")
    more = Action(words("More ›"), Press.PAGE, search=search, argument=str(view.at(page + 1)), short="›")
    return (
        *([back] if page > 0 else []),
        Action(f"{page + 1} / {pages}", Press.NOOP, search=search, short=here),
        *([more] if page + 1 < pages else []),
    )


def _of_whole(found: Found, words: Words) -> list[tuple[Action, ...]]:
    """What there is to do with a whole answer: what is free first, then what costs."""
    count = len(found.matches)
    whole = words.plural("The one as a file", "All {n} as a file", count)
    free = (
        *([Action(words("Containing a word …"), Press.CONTAINING, search=found.search)] if count > 1 else []),
        Action(whole, Press.FILE, search=found.search),
    )
    votes = tuple(Action(sign, Press.VOTE, search=found.search, argument=way) for sign, way in _VOTES)
    return [free, votes, *_paid_steps(found, words)]


def _back(found: Found, words: Words) -> tuple[Action, ...]:
    label = words.plural("‹ The one", "‹ All {n}", len(found.matches))
    return (Action(label, Press.PAGE, search=found.search, argument=str(WHOLE)),)


def _paid_steps(answer: Found | NothingFound, words: Words) -> list[tuple[Action, ...]]:
    rows: list[tuple[Action, ...]] = []
    if answer.offered:
        label = words.plural("Also the other photo · {n} credit", "Also the other {n} · {n} credits", answer.offered)
        rows.append((Action(label, Press.ALBUM, search=answer.search),))
    if answer.receipt.charge is Charge.STORED:
        rows.append((Action(words("Search afresh · 1 credit"), Press.FRESH, search=answer.search),))
    return rows


def _choices(found: Found, words: Words) -> tuple[Choice, ...]:
    other = _other_market(found.search, found.region, words)
    options = tuple(_only(found, words))
    if len(options) < 2:
        return (other,)
    opens = Action(words("Only one market …"), Press.ONLY, search=found.search)
    return Choice(label=words("Only one market …"), options=options, opens=opens), other


def _only(found: Found, words: Words) -> Iterable[Action]:
    for code, count in markets_in(found.matches):
        label = f"{flag(code)} {words.market(code)} · {words.number(count)}"
        short = words("Only {flag}", flag=flag(code))
        yield Action(label, Press.PAGE, search=found.search, argument=str(View(market=code)), short=short)


def _other_market(search: str, current: str | None, words: Words) -> Choice:
    label = words("Other market · 1 credit")
    return Choice(
        label=label,
        options=tuple(_markets(search, words, current, frozenset())),
        opens=Action(f"🌍 {label}", Press.MARKET, search=search),
    )


def _markets(search: str, words: Words, current: str | None, free: frozenset[str]) -> Iterable[Action]:
    here = current or ANY_MARKET
    for code in (ANY_MARKET, *(market.code for market in MARKETS)):
        label = f"{flag(code)} {_title(words.market(code))}"
        if code == here:
            yield Action(label, Press.PAGE, search=search, argument=str(WHOLE), chosen=True)
            continue
        if code in free:
            label = words("{market} · free", market=label)
        yield Action(label, Press.IN, search=search, argument=code)


def _pictures(numbered: list[tuple[int, Thing]], links: Links) -> tuple[Picture, ...]:
    if not links.pictures:
        return ()
    return tuple(_picture(number, thing.listings[0]) for number, thing in numbered)


def _picture(number: int, listing: Listing) -> Picture:
    bucket, key = listing.match.picture or ("", "")
    return Picture(number=number, bucket=bucket, key=key, product_id=listing.match.id, name=listing.match.name)


def _facts(region: str | None, hint: str | None, words: Words) -> tuple[str, ...]:
    code = region if region and region != ANY_MARKET else None
    place = f"{flag(code)} {words.market(code)}" if code else words("any market")
    return (place, _quoted(hint, words)) if hint else (place,)


def _part(view: View, words: Words) -> tuple[str, ...]:
    if view.market is not None:
        return (words("only {market}", market=f"{flag(view.market)} {words.market(view.market)}"),)
    if view.word is not None:
        return (words("with {word} in the name", word=_quoted(view.word, words)),)
    return (words("listings of one item"),) if view.thing is not None else ()


def _quoted(text: str, words: Words) -> str:
    return words("“{hint}”", hint=words.outside(cut_at_word(text, HINT_SHOWN)))


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]
