"""What the usage report reads: scans of the journal, the ledger and the votes, counted by the database.

Searches count by when they came, credits by the moment of their hold: a figure never changes once its day is over and
settled. Scans are served by the indexes on received_at and on kind and moment.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
)

from core import ledger
from core.model import ANY_MARKET, Identity
from core.periods import Period
from core.searches import State
from core.tables import entries, identities, milliseconds, people, searches, votes

#: A day of 24 hours, in the milliseconds that moments are stored as.
_DAY = 86_400_000

_hold = entries.alias("hold")
_resolution = entries.alias("resolution")
_earlier = searches.alias("earlier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which searches count: those of a period, and only of …"""

    period: Period
    #: Whose days are counted by.
    zone: ZoneInfo
    #: … a market that was searched in; ANY_MARKET: searches in no market of their own.
    market: str | None = None
    #: … a chat. Retention and /forget blank where a search came from: it is then no chat's any more.
    chat: Identity | None = None
    #: … these people.
    people: frozenset[int] | None = None


def _searched(table: FromClause) -> ColumnElement[bool]:
    """What ended without an outcome was never searched: a photo of an album that nobody asked for, or asked for by its
    button, which made a search of its own.
    """
    return or_(table.c.outcome.is_not(None), table.c.state.in_((State.RECEIVED, State.ASKED)))


def _within(moment: ColumnElement[datetime], period: Period) -> ColumnElement[bool]:
    return and_(moment >= period.since, moment < period.until)


def _of(part: Part) -> list[ColumnElement[bool]]:
    """The conditions that a part of everything puts on its searches, but for its period."""
    conditions = []
    if part.market is not None:
        market = searches.c.region
        conditions.append(market.is_(None) if part.market == ANY_MARKET else market == part.market)
    if part.chat is not None:
        conditions += [searches.c.platform == part.chat.platform, searches.c.chat == part.chat.user]
    if part.people is not None:
        conditions.append(searches.c.person_id.in_(part.people))
    return conditions


def _journal(part: Part) -> list[ColumnElement[bool]]:
    return [_within(searches.c.received_at, part.period), _searched(searches), *_of(part)]


#: What searches and holds can be counted by; of days, how many of the period were before.
BY_PERSON, BY_MARKET, BY_DAY = "person", "market", "day"


def _keys(by: tuple[str, ...], part: Part, person: Any, moment: Any) -> list[ColumnElement[Any]]:
    keys: dict[str, Callable[[], ColumnElement[Any]]] = {
        BY_PERSON: lambda: person,
        BY_MARKET: lambda: searches.c.region,
        BY_DAY: lambda: _day(milliseconds(moment), part),
    }
    return [keys[name]().label(name) for name in by]


def _day(moment: ColumnElement[int], part: Part) -> ColumnElement[int]:
    """The number of a moment's day: midnights are 24 hours apart, but where clocks change."""
    midnights = [round(midnight.timestamp() * 1000) for midnight in part.period.midnights(part.zone)]
    cases: list[tuple[ColumnElement[bool], ColumnElement[int] | int]] = []
    regular = False
    for number, (begin, end) in enumerate(pairwise(midnights)):
        if end - begin != _DAY:
            cases.append((moment >= begin, number))
        elif not regular:
            cases.append((moment >= begin, number + (moment - begin) // _DAY))
        regular = end - begin == _DAY
    return case(*reversed(cases))


def _searches_by(by: tuple[str, ...], part: Part) -> list[ColumnElement[Any]]:
    return _keys(by, part, searches.c.person_id, searches.c.received_at)


def outcomes(connection: Connection, part: Part, *by: str) -> Iterable[Row[Any]]:
    """How searches ended: rows of ``by``, ``outcome`` (None: not yet), ``charge``, ``number``."""
    ended = (searches.c.outcome, searches.c.charge)
    query: Select[Any] = select(*_searches_by(by, part), *ended, func.count().label("number"))
    return connection.execute(query.where(*_journal(part)).group_by(*by, *ended))


def searched(connection: Connection, part: Part, *by: str) -> Iterable[Row[Any]]:
    """How many searches there were: rows of ``by`` and ``number``."""
    query: Select[Any] = select(*_searches_by(by, part), func.count().label("number"))
    return connection.execute(query.where(*_journal(part)).group_by(*by))


#: What became of a hold: spent; given back although the endpoint may have charged; given back; still open.
CAPTURED, UNCERTAIN, RELEASED, OPEN = "captured", "uncertain", "released", "open"
_FATE: ColumnElement[str] = case(
    (_resolution.c.id.is_(None), OPEN),
    (_resolution.c.kind == "capture", CAPTURED),
    (_resolution.c.uncertain, UNCERTAIN),
    else_=RELEASED,
)


def fates(connection: Connection, part: Part, *by: str) -> Iterable[Row[Any]]:
    """What became of the credits that were held: rows of ``by``, ``fate``, ``number``."""
    keys = _keys(by, part, _hold.c.person_id, _hold.c.at)
    held: FromClause = _hold.outerjoin(_resolution, _resolution.c.hold_id == _hold.c.id)
    if part.market is not None or part.chat is not None:
        held = held.join(searches, and_(searches.c.id == _hold.c.search, *_of(part)))
    query: Select[Any] = select(*keys, _FATE.label("fate"), func.count().label("number")).select_from(held)
    query = query.where(_hold.c.kind == "hold", _within(_hold.c.at, part.period))
    if part.people is not None:
        query = query.where(_hold.c.person_id.in_(part.people))
    return connection.execute(query.group_by(*by, "fate"))


def voted(connection: Connection, part: Part) -> Iterable[Row[Any]]:
    """What people thought of the answers: rows of ``market``, ``useful``, ``number``."""
    query = (
        select(searches.c.region.label("market"), votes.c.useful, func.count().label("number"))
        .select_from(votes.join(searches, searches.c.id == votes.c.search))
        .where(*_journal(part))
        .group_by(searches.c.region, votes.c.useful)
    )
    return connection.execute(query)


def veterans(connection: Connection, moment: datetime) -> set[int]:
    """Everyone who had searched before a moment. Served by person and moment: one look for each person."""
    before = exists().where(_earlier.c.person_id == people.c.id, _earlier.c.received_at < moment, _searched(_earlier))
    return set(connection.scalars(select(people.c.id).where(before)))


def balances(connection: Connection, now: datetime, of: frozenset[int] | None) -> dict[int, int]:
    """What everybody has, or only ``of`` these people, who has something. Scans the pots that have not ended."""
    query = select(entries.c.person_id, func.sum(entries.c.amount)).where(ledger.current(now))
    if of is not None:
        query = query.where(entries.c.person_id.in_(of))
    query = query.group_by(entries.c.person_id).having(func.sum(entries.c.amount) != 0)
    return dict(connection.execute(query).all())


def known(connection: Connection) -> dict[int, tuple[str, str]]:
    """Identity (the first by platform) and name of everyone who was not forgotten."""
    query = select(identities.c.person_id, identities.c.platform, identities.c.user, people.c.name)
    rows = connection.execute(query.join(people, people.c.id == identities.c.person_id))
    first = sorted(rows, key=lambda row: (row.platform, row.user), reverse=True)
    return {row.person_id: (f"{row.platform}:{row.user}", row.name) for row in first}
