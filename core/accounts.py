"""One person's credits, as the operator sees them: what is left, what was given this month, what happened last."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from core import ledger
from core.statement import Entry, history
from core.tables import entries

#: Entries that are shown.
LAST_ENTRIES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person's credits."""

    person: str
    name: str
    balance: int
    #: This month's free credits; None: not needed yet, so not given.
    allowance: int | None
    #: The newest first.
    entries: tuple[Entry, ...]


def account(connection: Connection, everyone: Collection[int], *, person: str, name: str, now: datetime) -> Account:
    """The account of a person and of ``everyone`` who was merged into them (their numbers, the person's own included).

    Served by the indexes on person and end, and on the event.
    """
    events = [ledger.allowance_event(one, now) for one in everyone]
    allowance = select(func.max(entries.c.amount)).where(entries.c.event.in_(events))
    return Account(
        person=person,
        name=name,
        balance=sum(ledger.balance(connection, one, now) for one in everyone),
        allowance=connection.scalars(allowance).one(),
        entries=tuple(history(connection, *everyone, limit=LAST_ENTRIES)),
    )
