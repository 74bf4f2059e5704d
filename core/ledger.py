"""Credits: an append-only ledger. Balance = the sum of a person's entries that have not ended.

A hold takes from the pot that ends soonest; its one resolution, capture or release, goes to the same pot. Every
function runs inside the caller's transaction. On PostgreSQL a row lock on the person keeps two holds apart; on SQLite
the one writer does.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    bindparam,
    func,
    literal,
    or_,
    select,
)

from core.clock import month_of, next_month
from core.database import insert
from core.tables import Instant, entries, people

#: Why an entry was made that moved credits between the accounts of linked people.
LINKED = "linked"


class NoCredit(Exception):
    """The person has no credit left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pot:
    """Credits that end at the same moment; None: never."""

    ends_on: datetime | None
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One credit put aside for one request to the endpoint."""

    id: int
    person: int
    #: What the person has left while it is held.
    balance: int
    at: datetime


def current(now: ColumnElement[datetime] | datetime) -> ColumnElement[bool]:
    """The condition that an entry has not ended."""
    return or_(entries.c.ends_on.is_(None), entries.c.ends_on > now)


def balance_of(person: ColumnElement[int], now: ColumnElement[datetime] | datetime) -> ScalarSelect[int]:
    """The balance as a subquery; served by the index on person and end."""
    return (
        select(func.coalesce(func.sum(entries.c.amount), 0))
        .where(entries.c.person_id == person, current(now))
        .scalar_subquery()
    )


def balance(connection: Connection, person: int, now: datetime) -> int:
    """What the person has."""
    return connection.scalars(select(balance_of(literal(person), now))).one()


def allowance_event(person: int, now: datetime) -> str:
    """The event key of a person's allowance for the month of ``now``."""
    return f"allowance:{person}:{month_of(now)}"


def allowance(connection: Connection, person: int, now: datetime) -> int:
    """What the person was given as the allowance of this month; 0 where nothing was. Served by the unique event."""
    given = select(entries.c.amount).where(entries.c.event == allowance_event(person, now))
    return connection.scalars(given).one_or_none() or 0


def give_allowance(connection: Connection, person: int, amount: int, now: datetime) -> bool:
    """Grant the month's allowance unless it was granted; it ends with the month. True if this call granted it."""
    row = insert(connection, entries).values(
        person_id=person,
        kind="grant",
        amount=amount,
        ends_on=next_month(now),
        event=allowance_event(person, now),
        reason="allowance",
        at=now,
    )
    return connection.execute(row.on_conflict_do_nothing(index_elements=["event"])).rowcount == 1


#: Whom a person counts as: the one they were linked into, else themselves.
_KEEPER = (
    select(func.coalesce(people.c.merged_into, people.c.id)).where(people.c.id == bindparam("person")).scalar_subquery()
)
_POTS: Select[datetime | None, int] = (
    select(entries.c.ends_on, func.sum(entries.c.amount))
    .where(entries.c.person_id == _KEEPER, current(bindparam("now", type_=Instant())))
    .group_by(entries.c.ends_on)
)


def pots(connection: Connection, person: int, now: datetime) -> list[Pot]:
    """The person's pots that hold something, the one that ends soonest first. Served by person and end."""
    rows = connection.execute(_POTS, {"person": person, "now": now}).all()
    filled = [Pot(ends_on=ends_on, amount=amount) for ends_on, amount in rows if amount > 0]
    return sorted(filled, key=lambda pot: (pot.ends_on is None, pot.ends_on and pot.ends_on.timestamp()))


_LOCK = (
    select(people.c.id, people.c.merged_into)
    .where(people.c.id == _KEEPER)
    # Against each other, not against rows that refer to the person: those must not wait, or two may for each other.
    .with_for_update(key_share=True)
)


def lock(connection: Connection, person: int) -> int:
    """Keep every other transaction from a person's credits until this one ends.

    Returns whose credits that are: somebody's who was linked counts in the account of the one they were linked into.
    """
    while True:
        row = connection.execute(_LOCK, {"person": person}).one()
        if row.merged_into is None:
            return int(row.id)
        # They were linked while this waited for the lock (PostgreSQL).


_HOLD = (
    entries.insert()
    .from_select(
        ["person_id", "kind", "amount", "ends_on", "search", "at"],
        select(
            _KEEPER,
            literal("hold"),
            literal(-1),
            bindparam("ends_on", type_=Instant()),
            bindparam("search", type_=entries.c.search.type),
            bindparam("now", type_=Instant()),
        ),
    )
    .returning(entries.c.id, entries.c.person_id)
)


def hold(connection: Connection, person: int, search: str, now: datetime) -> Hold:
    """Put one credit aside. Raises NoCredit; the balance never goes below zero."""
    if connection.dialect.name != "sqlite":  # which has one writer: the statement is spared
        lock(connection, person)
    available = pots(connection, person, now)
    if not available:
        raise NoCredit
    row = {"person": person, "ends_on": available[0].ends_on, "search": search, "now": now}
    held = connection.execute(_HOLD, row).one()
    left = sum(pot.amount for pot in available) - 1
    return Hold(id=held.id, person=held.person_id, balance=left, at=now)


def capture(connection: Connection, hold_id: int, now: datetime) -> None:
    """The held credit is spent. Raises IntegrityError when the hold was resolved before."""
    _resolve(connection, hold_id, "capture", 0, uncertain=False, now=now)


def release(connection: Connection, hold_id: int, now: datetime, *, uncertain: bool) -> None:
    """The held credit goes back; ``uncertain`` says that the endpoint may have charged the operator all the same."""
    _resolve(connection, hold_id, "release", 1, uncertain=uncertain, now=now)


_RESOLVE = entries.insert().from_select(
    ["person_id", "kind", "amount", "ends_on", "hold_id", "search", "uncertain", "at"],
    select(
        entries.c.person_id,
        bindparam("how", type_=entries.c.kind.type),
        bindparam("back", type_=entries.c.amount.type),
        entries.c.ends_on,
        entries.c.id,
        entries.c.search,
        bindparam("maybe", type_=entries.c.uncertain.type),
        bindparam("now", type_=Instant()),
    ).where(entries.c.id == bindparam("hold"), entries.c.kind == "hold"),
)


def _resolve(connection: Connection, hold_id: int, kind: str, amount: int, *, uncertain: bool, now: datetime) -> None:
    connection.execute(_RESOLVE, {"hold": hold_id, "how": kind, "back": amount, "maybe": uncertain, "now": now})


def resolution(connection: Connection, hold_id: int) -> tuple[str, bool] | None:
    """How a hold was resolved, and whether uncertainly; None while it is open. Served by the unique hold."""
    row = connection.execute(select(entries.c.kind, entries.c.uncertain).where(entries.c.hold_id == hold_id))
    found = row.one_or_none()
    return (found.kind, found.uncertain) if found else None


def open_hold(connection: Connection, search: str) -> int | None:
    """The id of the search's hold that has no resolution yet, or None."""
    resolution = entries.alias()
    unresolved = ~select(resolution.c.id).where(resolution.c.hold_id == entries.c.id).exists()
    query = select(entries.c.id).where(entries.c.search == search, entries.c.kind == "hold", unresolved)
    return connection.scalars(query).one_or_none()


def grant(
    connection: Connection,
    person: int,
    amount: int,
    *,
    ends_on: datetime | None,
    event: str | None,
    reason: str | None,
    by: str | None,
    now: datetime,
) -> bool:
    """Give credits, once for an event key. False when this event was booked before."""
    if amount < 1:
        raise ValueError("a grant is at least one credit")
    person = lock(connection, person)
    row = insert(connection, entries).values(
        person_id=person,
        kind="grant",
        amount=amount,
        ends_on=ends_on,
        event=event,
        reason=reason,
        by=by,
        at=now,
    )
    return connection.execute(row.on_conflict_do_nothing(index_elements=["event"])).rowcount == 1


def take(
    connection: Connection,
    person: int,
    amount: int,
    *,
    event: str | None,
    reason: str | None,
    by: str,
    now: datetime,
) -> int:
    """Take credits back, never below zero, from the pot that ends soonest on. Returns how many were taken."""
    if amount < 1:
        raise ValueError("at least one credit has to be taken")
    person = lock(connection, person)
    left = amount
    for pot in pots(connection, person, now):
        part = min(left, pot.amount)
        if part < 1:
            break
        row = insert(connection, entries).values(
            person_id=person,
            kind="adjust",
            amount=-part,
            ends_on=pot.ends_on,
            event=event if left == amount else None,
            reason=reason,
            by=by,
            at=now,
        )
        if connection.execute(row.on_conflict_do_nothing(index_elements=["event"])).rowcount == 0:
            return 0
        left -= part
    return amount - left


def adjust(
    connection: Connection,
    person: int,
    amount: int,
    *,
    ends_on: datetime | None,
    event: str | None,
    reason: str | None,
    by: str,
    now: datetime,
) -> None:
    """Book what is neither given nor used: a correction. The caller sees to it that the pot is not overdrawn."""
    row = {"kind": "adjust", "amount": amount, "ends_on": ends_on, "event": event, "reason": reason, "by": by}
    connection.execute(entries.insert(), row | {"person_id": person, "at": now})


def adjusted(connection: Connection, person: int, ends_on: datetime) -> int:
    """The sum of all adjustments of one of a person's pots. Served by person and end."""
    own = (entries.c.person_id == person) & (entries.c.ends_on == ends_on) & (entries.c.kind == "adjust")
    total: int = connection.scalars(select(func.coalesce(func.sum(entries.c.amount), 0)).where(own)).one()
    return total


def captured(connection: Connection) -> int:
    """How many credits were ever used. Served by the index on kind."""
    return connection.scalars(select(func.count()).select_from(entries).where(entries.c.kind == "capture")).one()
