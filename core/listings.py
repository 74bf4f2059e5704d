"""An answer's matches as the things that they are listings of: grouped, filtered, none ever hidden."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from core.model import Match
from core.shop_names import name_key
from core.texts import clean
from core.views import WORD_LIMIT, View

#: Marks that people leave out when they type: those of Latin letters, and the Arabic vowels and hamza. Marks of
#: Thai, Japanese and other scripts make another letter and stay.
_LEFT_OUT = re.compile("[\u0300-\u036f\u064b-\u065f\u0670]")
#: Letters that are typed as another but have no decomposition in Unicode (UAX 15), and the apostrophe, which phones
#: turn into a quotation mark.
_TYPED = str.maketrans({"đ": "d", "ø": "o", "ł": "l", "ı": "i", "œ": "oe", "æ": "ae"} | dict.fromkeys("'’‘", ""))


class Listing(NamedTuple):
    """One match, and its place in the endpoint's order."""

    #: From 1.
    rank: int
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What is sold, once or by several."""

    #: At least one; by rank, so the first is the best.
    listings: tuple[Listing, ...]


def seen(matches: tuple[Match, ...], view: View) -> tuple[Thing, ...]:
    """The things that a view shows of an answer, in the order of their best ranks; its page is left to the caller.

    ``view.thing`` opens one: each of its listings then stands alone. Empty where no thing begins with that rank.
    """
    things = _grouped(_named(_sold_in(_ranked(matches), view.market), view.word))
    if view.thing is None:
        return things
    return tuple(
        Thing(listings=(listing,))
        for thing in things
        if thing.listings[0].rank == view.thing
        for listing in thing.listings
    )


def markets_in(matches: tuple[Match, ...]) -> tuple[tuple[str, int], ...]:
    """The markets that occur in an answer, each with its number of matches: most first, then by code."""
    counted = Counter(match.region for match in matches if match.region)
    return tuple(sorted(counted.items(), key=lambda market: (-market[1], market[0])))


def _ranked(matches: tuple[Match, ...]) -> list[Listing]:
    return [Listing(rank, match) for rank, match in enumerate(matches, start=1)]


def _sold_in(listings: list[Listing], market: str | None) -> list[Listing]:
    if market is None:
        return listings
    return [listing for listing in listings if listing.match.region == market]


def _named(listings: list[Listing], word: str | None) -> list[Listing]:
    """Those whose name has every part of ``word`` in it, wherever it stands; all where it holds nothing to look for.

    Parts are looked for inside words too: Thai and Japanese have no spaces between them.
    """
    parts = _typed(clean(word or "", WORD_LIMIT)).split()
    if not parts:
        return listings
    return [listing for listing in listings if _has(_typed(listing.match.name), parts)]


def _has(name: str, parts: list[str]) -> bool:
    return all(part in name for part in parts)


def _typed(text: str) -> str:
    """A text as somebody in a hurry types it: small letters, full or half width alike, no accents or apostrophes."""
    if text.isascii():
        return text.casefold().replace("'", "")
    text = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _LEFT_OUT.sub("", text)).translate(_TYPED)


def _grouped(listings: list[Listing]) -> tuple[Thing, ...]:
    """One thing: the same picture or the same name, also over several (A looks like B, and B is called like C)."""
    groups: list[list[Listing]] = []
    home: dict[object, list[Listing]] = {}  # Where listings with a picture or a name are.
    for listing in listings:
        marks = _marks(listing.match)
        known = [home[mark] for mark in marks if mark in home]
        if known:
            group = min(known)
        else:
            groups.append(group := [])
        for other in known:
            if other is not group:
                home |= {mark: group for mark, its in home.items() if its is other}
                group += other
                other.clear()
        group.append(listing)
        home |= dict.fromkeys(marks, group)
    return tuple(Thing(listings=tuple(sorted(group))) for group in groups if group)


def _marks(match: Match) -> list[object]:
    """What only listings of the same thing have in common."""
    name = name_key(match.name)
    return [*([("picture", match.picture)] if match.picture else []), *([("name", name)] if name else [])]
