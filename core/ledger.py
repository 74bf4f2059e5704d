"""Credits: an append-only ledger. Balance = the sum of a person's entries that have not ended.

A hold takes from the pot that ends soonest; its one resolution, capture or release, goes to the same pot. Every
function runs inside the caller's transaction. On PostgreSQL a row lock on the person keeps two holds apart; on SQLite
the one writer does.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, bindparam, func, literal, or_, select

from core.clock import month_of, next_month
from core.database import insert
from core.tables import Instant, entries, people


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of an account, newest first in a history."""

    kind: str
    amount: int
    ends_on: datetime | None
    uncertain: bool
    reason: str | None
    by: str | None
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


_POTS: Select[datetime | None, int] = (
    select(entries.c.ends_on, func.sum(entries.c.amount))
    .where(entries.c.person_id == bindparam("person"), current(bindparam("now", type_=Instant())))
    .group_by(entries.c.ends_on)
)


def pots(connection: Connection, person: int, now: datetime) -> list[Pot]:
    """The person's pots that hold something, the one that ends soonest first. Served by person and end."""
    rows = connection.execute(_POTS, {"person": person, "now": now}).all()
    filled = [Pot(ends_on=ends_on, amount=amount) for ends_on, amount in rows if amount > 0]
    return sorted(filled, key=lambda pot: (pot.ends_on is None, pot.ends_on and pot.ends_on.timestamp()))


def lock(connection: Connection, person: int) -> None:
    """Keep every other transaction from this person's credits until this one ends."""
    if connection.dialect.name != "sqlite":
        connection.execute(select(people.c.id).where(people.c.id == person).with_for_update())


_HOLD = entries.insert()


def hold(connection: Connection, person: int, search: str, now: datetime) -> Hold:
    """Put one credit aside. Raises NoCredit; the balance never goes below zero."""
    lock(connection, person)
    available = pots(connection, person, now)
    if not available:
        raise NoCredit
    ends_on = available[0].ends_on
    row = {"person_id": person, "kind": "hold", "amount": -1, "ends_on": ends_on, "search": search, "at": now}
    key = connection.execute(_HOLD, row).inserted_primary_key
    assert key is not None, "both databases return the key of a row they insert"
    left = sum(pot.amount for pot in available) - 1
    return Hold(id=key[0], person=person, balance=left, at=now)


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
    by: str,
    now: datetime,
) -> bool:
    """Give credits, once for an event key. False when this event was booked before."""
    if amount < 1:
        raise ValueError("a grant is at least one credit")
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
    lock(connection, person)
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


def history(connection: Connection, person: int, *, limit: int) -> list[Entry]:
    """The person's last entries, newest first; a hold that was captured is one line, one that was released two.

    An allowance of nothing is none.
    """
    resolution = entries.alias()
    captured = select(resolution.c.id).where(resolution.c.hold_id == entries.c.id, resolution.c.kind == "capture")
    query = (
        select(entries)
        .where(
            entries.c.person_id == person,
            ~((entries.c.kind == "hold") & captured.exists()),
            (entries.c.kind != "grant") | (entries.c.amount != 0),
        )
        .order_by(entries.c.id.desc())
        .limit(limit)
    )
    return [
        Entry(
            kind=row.kind,
            amount=-1 if row.kind == "capture" else row.amount,
            ends_on=row.ends_on,
            uncertain=row.uncertain,
            reason=row.reason,
            by=row.by,
            at=row.at,
        )
        for row in connection.execute(query)
    ]
