"""What happened in an account, as people read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from core.ledger import LINKED
from core.linked import rows_of
from core.tables import entries


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


def history(connection: Connection, *persons: int, limit: int) -> list[Entry]:
    """The last entries of these people and of those who were linked into them, newest first.

    A hold that was captured is one line, one that was released two. An allowance of nothing is none. What moved between
    linked people is one line: what it changed for them together, if it did.
    """
    resolution = entries.alias()
    captured = select(resolution.c.id).where(resolution.c.hold_id == entries.c.id, resolution.c.kind == "capture")
    own = or_(*(entries.c.person_id.in_(rows_of(person)) for person in persons))
    moved = (entries.c.kind == "adjust") & (entries.c.reason == LINKED) & entries.c.by.is_(None)
    query = (
        select(entries)
        .where(
            own,
            ~func.coalesce(moved, False),
            ~((entries.c.kind == "hold") & captured.exists()),
            (entries.c.kind != "grant") | (entries.c.amount != 0),
        )
        .order_by(entries.c.id.desc())
        .limit(limit)
    )
    moves = (
        select(func.max(entries.c.id).label("id"), func.sum(entries.c.amount).label("amount"), entries.c.at)
        .where(own, moved)
        .group_by(entries.c.at)
        .having(func.sum(entries.c.amount) != 0)
        .order_by(entries.c.at.desc())
        .limit(limit)
    )
    lines = {row.id: _entry(row) for row in connection.execute(query)}
    for row in connection.execute(moves):
        lines[row.id] = Entry(
            kind="adjust", amount=row.amount, ends_on=None, uncertain=False, reason=LINKED, by=None, at=row.at
        )
    return [lines[number] for number in sorted(lines, reverse=True)[:limit]]


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        kind=row.kind,
        amount=-1 if row.kind == "capture" else row.amount,
        ends_on=row.ends_on,
        uncertain=row.uncertain,
        reason=row.reason,
        by=row.by,
        at=row.at,
    )
