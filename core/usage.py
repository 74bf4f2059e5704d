"""The usage report: every figure by a scan of the journal and the ledger, on the reading engine.

Credits count by the moment of their hold, so that a figure never changes once its day is over and settled.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, case, func, literal_column, or_, select

from core import ledger
from core.model import Charge
from core.searches import State
from core.tables import entries, identities, milliseconds, people, searches

#: A quarter of an hour in milliseconds: every time zone's midnight is on one.
_QUARTER = 900_000
#: Days that a period of days may have.
_LONGEST = 3660

_hold = entries.alias("hold")
_resolution = entries.alias("resolution")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From a moment up to, not including, another; both in UTC."""

    since: datetime
    until: datetime

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> "Period":
        """Whole days of a time zone, the last one included."""
        return cls(
            since=datetime.combine(first, time(), zone).astimezone(UTC),
            until=datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC),
        )

    @classmethod
    def parse(cls, text: str, today: date, zone: ZoneInfo) -> "Period":
        """``today``, ``7d`` (the last seven days, today included), ``month``, ``2026-11``. Raises ValueError."""
        words = text.strip().lower()
        if words == "today":
            return cls.of_days(today, today, zone)
        if words in ("", "month"):
            words = today.isoformat()[:7]
        if words.endswith("d") and words[:-1].isdecimal() and 0 < int(words[:-1]) <= _LONGEST:
            return cls.of_days(today - timedelta(days=int(words[:-1]) - 1), today, zone)
        try:
            first = date.fromisoformat(f"{words}-01")
            next_first = (first + timedelta(days=31)).replace(day=1)
            return cls.of_days(first, next_first - timedelta(days=1), zone)
        except (ValueError, OverflowError):  # the calendar ends with the year 9999
            raise ValueError(f"{text!r} is no period: write today, 7d, or a month like 2026-11") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUsage:
    """One person in a period; ``person`` is an identity, or ``forgotten``."""

    person: str
    name: str
    searches: int
    captured: int
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUsage:
    """One day (of the report's time zone) of one person; ``person`` is empty for everybody together."""

    day: date
    person: str
    searches: int
    captured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What happened in a period."""

    period: Period
    searches: int
    #: Searches that ended with an answer, also an empty one.
    answered: int
    #: Answers that cost nobody anything.
    from_cache: int
    #: Credits used.
    captured: int
    #: Credits given back, certainly not charged by the endpoint.
    released: int
    #: Credits given back that the operator may have paid.
    uncertain: int
    #: Holds without a resolution: being asked just now.
    open: int
    people: tuple[PersonUsage, ...]
    days: tuple[DayUsage, ...]

    @property
    def active(self) -> int:
        """People with a search in the period."""
        return sum(person.searches > 0 for person in self.people)

    @property
    def counted(self) -> int:
        """What counts against the budget."""
        return self.captured + self.uncertain + self.open


def usage(connection: Connection, period: Period, zone: ZoneInfo, now: datetime) -> Usage:
    """The figures of a period. Scans searches by time and holds by kind and time."""
    taken = connection.execute(_searches(period)).one()
    spent = connection.execute(_credits(period)).one()
    return Usage(
        period=period,
        searches=taken.searches,
        answered=taken.answered or 0,
        from_cache=taken.from_cache or 0,
        captured=spent.captured or 0,
        released=spent.released or 0,
        uncertain=spent.uncertain or 0,
        open=spent.open or 0,
        people=tuple(_people(connection, period, now)),
        days=tuple(days(connection, period, zone, by_person=False)),
    )


def _in_period(column: ColumnElement[datetime], period: Period) -> ColumnElement[bool]:
    return and_(column >= period.since, column < period.until)


#: What ended without an outcome was never searched: a photo of an album that nobody asked for, or asked for by its
#: button, which made a search of its own.
_SEARCHED = or_(searches.c.outcome.is_not(None), searches.c.state.in_((State.RECEIVED, State.ASKED)))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _searches(period: Period) -> Select[int, int, int]:
    answered = searches.c.outcome.in_(("found", "nothing"))
    return select(
        func.count().label("searches"),
        _count(answered).label("answered"),
        _count(and_(answered, searches.c.charge.in_((Charge.STORED, Charge.SHARED)))).label("from_cache"),
    ).where(_in_period(searches.c.received_at, period), _SEARCHED)


_CAPTURED = _resolution.c.kind == "capture"
_HOLDS = _hold.outerjoin(_resolution, _resolution.c.hold_id == _hold.c.id)


def _credits(period: Period) -> Select[int, int, int, int]:
    released = _resolution.c.kind == "release"
    return (
        select(
            _count(_CAPTURED).label("captured"),
            _count(and_(released, ~_resolution.c.uncertain)).label("released"),
            _count(and_(released, _resolution.c.uncertain)).label("uncertain"),
            _count(_resolution.c.id.is_(None)).label("open"),
        )
        .select_from(_HOLDS)
        .where(_hold.c.kind == "hold", _in_period(_hold.c.at, period))
    )


def _people(connection: Connection, period: Period, now: datetime) -> Iterator[PersonUsage]:
    """Everyone with a search in the period or a balance, who used most first."""
    known_as = _identities(connection)
    searched = _by_person(
        connection,
        select(searches.c.person_id, func.count())
        .where(_in_period(searches.c.received_at, period), _SEARCHED)
        .group_by(searches.c.person_id),
    )
    captured = _by_person(
        connection,
        select(_hold.c.person_id, func.count())
        .select_from(_HOLDS)
        .where(_hold.c.kind == "hold", _CAPTURED, _in_period(_hold.c.at, period))
        .group_by(_hold.c.person_id),
    )
    balances = _by_person(
        connection,
        select(entries.c.person_id, func.sum(entries.c.amount))
        .where(ledger.current(now))
        .group_by(entries.c.person_id)
        .having(func.sum(entries.c.amount) != 0),
    )
    names = _by_person(connection, select(people.c.id, people.c.name))
    everyone = searched.keys() | captured.keys() | {who for who in balances if who in known_as}
    rows = [
        PersonUsage(
            person=known_as.get(who, "forgotten"),
            name=names.get(who, ""),
            searches=searched.get(who, 0),
            captured=captured.get(who, 0),
            balance=balances.get(who, 0),
        )
        for who in everyone
    ]
    yield from sorted(rows, key=lambda row: (-row.captured, -row.searches, row.person))


def days(connection: Connection, period: Period, zone: ZoneInfo, *, by_person: bool) -> list[DayUsage]:
    """Searches and used credits by day of a time zone, or by day and person."""
    searched = _by_day(
        connection,
        select(_quarter(searches.c.received_at), searches.c.person_id, func.count())
        .where(_in_period(searches.c.received_at, period), _SEARCHED)
        .group_by(_quarter(searches.c.received_at), searches.c.person_id),
        zone,
        by_person,
    )
    captured = _by_day(
        connection,
        select(_quarter(_hold.c.at), _hold.c.person_id, func.count())
        .select_from(_HOLDS)
        .where(_hold.c.kind == "hold", _CAPTURED, _in_period(_hold.c.at, period))
        .group_by(_quarter(_hold.c.at), _hold.c.person_id),
        zone,
        by_person,
    )
    known_as = _identities(connection) if by_person else {}
    return [
        DayUsage(
            day=day,
            person="" if who is None else known_as.get(who, "forgotten"),
            searches=searched[day, who],
            captured=captured[day, who],
        )
        for day, who in sorted(searched.keys() | captured.keys(), key=lambda key: (key[0], key[1] or 0))
    ]


def _quarter(column: ColumnElement[datetime]) -> ColumnElement[int]:
    """The number of a moment's quarter of an hour."""
    # Written out, not bound: PostgreSQL has to see the same expression in SELECT and GROUP BY.
    return milliseconds(column) // literal_column(str(_QUARTER), BigInteger)


def _by_day(
    connection: Connection, query: Select[*tuple[Any, ...]], zone: ZoneInfo, by_person: bool
) -> Counter[tuple[date, int | None]]:
    counts: Counter[tuple[date, int | None]] = Counter()
    for quarter, person, count in connection.execute(query):
        day = datetime.fromtimestamp(quarter * _QUARTER / 1000, zone).date()
        counts[day, person if by_person else None] += count
    return counts


def _by_person(connection: Connection, query: Select[*tuple[Any, ...]]) -> dict[int, Any]:
    return {row[0]: row[1] for row in connection.execute(query)}


def _identities(connection: Connection) -> dict[int, str]:
    query = select(identities.c.person_id, identities.c.platform, identities.c.user)
    rows = connection.execute(query.order_by(identities.c.platform.desc()))
    return {person: f"{platform}:{user}" for person, platform, user in rows}
