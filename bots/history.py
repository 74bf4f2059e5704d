"""`snapshop demo --history`: a month that never was, so that the report has something to tell.

Everything is written by the core's own transactions, each at the moment it would have had, so the books are right: a
photo is accepted, held for, answered or not, told, and voted on. The same seed and end make the same month.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from bots.sandbox.catalogue import MARKETS, Catalogue, Listing, Product
from core import admin, answers, searches, settling, votes
from core.admission import Place, accept
from core.audit import By
from core.budgets import Limits
from core.clock import next_month
from core.database import Database, transact
from core.model import ANY_MARKET, Charge, Identity, Lost, Match, Origin, PhotoQuery, Problem, Unavailable, Unreadable
from core.outcomes import answer_of
from core.policy import Policy
from core.searches import Search, State

#: People, what they ask in the last days, and what they asked in as many days before: the bot was less known then.
PEOPLE, SEARCHES, EARLIER, DAYS = 200, 5_000, 500, 30
_SEED = 20_261
#: Numbers that nobody in the demo has.
_FIRST_PERSON, _FIRST_GROUP = 500_001, 1_002_000_000_001
_GROUPS = 6
_NAMES = (
    "Alex Amal Ari Ash Bao Blair Cam Casey Chris Dana Devi Drew Eden Eli Emery Fen Gale Hao Hana Indra Iris Jamie Jo "
    "Jules Kai Kim Kiran Lake Lee Lou Luca Mari Max Mika Min Nat Nico Noa Oak Pat Quinn Rae Ren Rio Robin Rowan Sam "
    "Sasha Sky Sol Tai Taylor Toni Uma Val Wei Wren Yael Yuki Zen"
)
_INITIALS = "ABCDEFGHIJKLMNOPRSTVWYZ"
#: How busy the days of a week are, from Monday on, and the hours of a day (UTC).
_WEEK = (9, 10, 10, 11, 12, 15, 14)
_HOURS = (2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 10, 12, 11, 10, 9, 10, 12, 15, 17, 18, 15, 9, 5)
#: What becomes of photos, in thousandths; the others find something.
_FATES = {"busy": 8, "unreadable": 22, "unavailable": 9, "lost": 6, "nothing": 55}
#: Shares: photos that somebody sent in the same market before, photos in groups, answers that are voted on, photos
#: outside of the person's own market.
_AGAIN, _IN_GROUPS, _VOTED, _ABROAD = 0.2, 0.25, 0.16, 0.15
#: Votes that say useful: fewer where TikTok Shop lists little.
_USEFUL = 0.5
#: So many of the busiest people were given so many credits on top.
_GIFTED, _GIFT = 30, 80
_HOUR = timedelta(hours=1)
#: Credits that the budget leaves at least.
_ROOM = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    identity: Identity
    name: str
    market: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Photo:
    file: str
    thing: Product


def write_history(
    database: Database,
    until: datetime,
    *,
    policy: Policy,
    pepper: bytes,
    by: Identity,
    people: int = PEOPLE,
    photos: int = SEARCHES,
    earlier: int = EARLIER,
) -> bool:
    """Write the month that ends with ``until``, all or nothing; ``by`` is the admin who gave people credits.

    The budgets hold nobody up. False, and nothing is written, where the database has such a month already.
    """
    free = replace(policy, limits=Limits(month=None, day=None, chat_day=None, new_account=None))

    def write(connection: Any) -> bool:
        month = _Month(connection, policy=free, pepper=pepper, people=people)
        if searches.by_event(connection, month.event(0)) is not None:
            return False
        # Whole days, so that /usage 30d has them all where it reports in UTC.
        midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
        middle = midnight - timedelta(days=DAYS - 1)
        begin = middle - timedelta(days=DAYS)
        month.give(by, begin)
        month.live(begin, middle, earlier)
        month.live(middle, until, photos)
        return True

    return transact(database.writing, write)


def telling_budget(used: int, now: datetime) -> int:
    """A month's budget that the report has something to forecast about, and that leaves room to play."""
    days = (next_month(now) - now) / timedelta(days=1)
    return math.ceil((used + max(_ROOM, days * SEARCHES / DAYS / 2)) / 100) * 100


class _Month:
    """People, the photos they have, and what they do with them, inside one transaction."""

    def __init__(self, connection: Any, *, policy: Policy, pepper: bytes, people: int) -> None:
        self._connection = connection
        self._policy = policy
        self._pepper = pepper
        self._chance = random.Random(_SEED)  # noqa: S311  # no secret depends on it
        self._crowd = list(_crowd(people, self._chance))
        # The busiest ask twenty times as often as the least busy.
        self._busy = [1 / (number + 10) for number in range(people)]
        catalogue = Catalogue()
        self._things = catalogue.products
        self._shelves: defaultdict[tuple[str, str], list[Listing]] = defaultdict(list)
        for listing in catalogue.listings:
            for market in (listing.region, ANY_MARKET):
                self._shelves[listing.product.shelf, market].append(listing)
        self._known: dict[str, list[_Photo]] = {}
        self._number = 0

    @staticmethod
    def event(number: int) -> str:
        """The event of the n-th photo."""
        return f"history:{number}"

    def give(self, by: Identity, now: datetime) -> None:
        """Credits for the busiest."""
        for number, person in enumerate(self._crowd[:_GIFTED]):
            act = By(admin=str(by), event=f"history:gift:{number}", at=now)
            admin.grant(
                self._connection,
                act,
                person.identity,
                _GIFT,
                ends_on=None,
                reason="early user",
                policy=self._policy,
                pepper=self._pepper,
            )

    def live(self, begin: datetime, until: datetime, photos: int) -> None:
        """So many photos between two moments, as they come."""
        askers = self._chance.choices(self._crowd, self._busy, k=photos)
        for moment, person in zip(_moments(begin, until, photos, self._chance), askers, strict=True):
            self._ask(person, moment)
            self._number += 1

    def _ask(self, person: _Person, now: datetime) -> None:
        market = person.market if self._chance.random() >= _ABROAD else self._chance.choice([*MARKETS, ANY_MARKET])
        photo = self._photo(market)
        (fate,) = self._chance.choices([*_FATES, "found"], [*_FATES.values(), 1000 - sum(_FATES.values())])
        query = self._query(person, photo.file, market, now)
        wait = self._policy.queue_wait.total_seconds() + 60 if fate == "busy" else 0.0
        place = Place(waiting=0, before=0, seconds=wait)
        taken = accept(self._connection, query, place, policy=self._policy, pepper=self._pepper, now=now)
        then = now + timedelta(seconds=self._chance.uniform(1.2, 4.0))
        if taken.outcome is None and fate == "unreadable":
            problem = self._chance.choice(list(Problem))
            blurred = Unreadable(search=taken.search.id, problem=problem)
            searches.settle(self._connection, taken.search.id, State.RECEIVED, blurred, then)
        elif taken.outcome is None:
            self._search(taken.search, fate, photo, market, now, then)
        searches.replied(self._connection, taken.search.id, str(self._number))
        if self._chance.random() < _VOTED:
            useful = self._chance.random() < _USEFUL + MARKETS.get(market, 0) * 0.45
            votes.vote(self._connection, taken.search.id, person.identity, useful=useful, pepper=self._pepper, now=then)

    def _search(self, search: Search, fate: str, photo: _Photo, market: str, now: datetime, then: datetime) -> None:
        connection, policy = self._connection, self._policy
        hold = settling.ask(connection, search, policy=policy, now=now)
        nothing = policy.receipt(Charge.NOTHING, hold.balance + 1, then)
        if fate == "unavailable":
            settling.refused(connection, search, hold, Unavailable(search=search.id, receipt=nothing), then)
            return
        if fate == "lost":
            settling.lost(connection, search, Lost(search=search.id, receipt=nothing), then)
            return
        matches = () if fate == "nothing" else self._matches(photo.thing, market)
        digest = sha256(photo.file.encode()).hexdigest()
        outcome = answer_of(search.id, matches, search.region, None, policy.receipt(Charge.PAID, hold.balance, then))
        settling.answered(
            connection,
            search,
            hold,
            outcome,
            matches,
            digest=digest,
            key=answers.question_key(digest, search.region, None),
            policy=policy,
            now=then,
        )
        self._known.setdefault(market, []).append(photo)

    def _photo(self, market: str) -> _Photo:
        """One that was lately sent in this market, or a new one."""
        known = self._known.get(market, [])[-30:]
        if known and self._chance.random() < _AGAIN:
            return self._chance.choice(known)
        return _Photo(file=f"history-{self._number}", thing=self._chance.choice(self._things))

    def _query(self, person: _Person, file: str, market: str, now: datetime) -> PhotoQuery:
        private = self._chance.random() >= _IN_GROUPS
        origin = Origin(
            platform=person.identity.platform,
            chat=person.identity.user if private else person.group,
            message=str(self._number),
            private=private,
            event=self.event(self._number),
            photo=file,
            file=file,
            language="en",
        )
        return PhotoQuery(origin=origin, person=person.identity, name=person.name, region=market, sent_at=now)

    def _matches(self, thing: Product, market: str) -> tuple[Match, ...]:
        alike = self._shelves[thing.shelf, market]
        return tuple(
            Match(id=listing.id, name=listing.name, region=listing.region)
            for listing in sorted(alike, key=lambda one: one.product != thing)[:12]
        )


def _crowd(people: int, chance: random.Random) -> Iterator[_Person]:
    names = _NAMES.split()
    markets = chance.choices(list(MARKETS), list(MARKETS.values()), k=people)
    for number, market in enumerate(markets):
        yield _Person(
            identity=Identity(platform="telegram", user=str(_FIRST_PERSON + number)),
            name=f"{names[number % len(names)]} {_INITIALS[number * 7 % len(_INITIALS)]}.",
            market=market,
            group=f"-{_FIRST_GROUP + number % _GROUPS}",
        )


def _moments(begin: datetime, until: datetime, number: int, chance: random.Random) -> list[datetime]:
    """Moments in order: evenings and weekends are busier, and every day a little more than the one before."""
    hours = [begin + timedelta(hours=hour) for hour in range(-(-(until - begin) // _HOUR))]
    busy = [
        _WEEK[hour.weekday()] * _HOURS[hour.hour] * (1 + 0.02 * (hour - begin).days) * chance.uniform(0.7, 1.3)
        for hour in hours
    ]
    drawn = chance.choices(hours, busy, k=number)
    # An answer takes seconds: the last is told before the end.
    last = until - timedelta(seconds=10)
    return sorted(min(hour + chance.random() * _HOUR, last) for hour in drawn)
