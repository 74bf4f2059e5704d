"""What the operator allows to be spent: by month, by day, in one chat, by a new account.

Captured, uncertain and open holds count, by the UTC day and month of the hold. A hold and its counting are one
transaction, so a limit is exact however many ask at once. What admins set in place of the settings is read in that
transaction too: it holds from its commit on.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Connection, ScalarSelect, bindparam, func, literal, or_, select, union_all, update
from sqlalchemy.sql.dml import ReturningInsert

from core.clock import day_of, month_of, next_day, next_month
from core.database import insert_for
from core.model import Limit
from core.tables import LIMITS, chats, entries, facts, people, spending

#: How long an account counts as new.
NEW_ACCOUNT = timedelta(hours=24)
#: The scope of everything that is spent.
EVERYWHERE = "all"
#: What a row of `spending` is found by.
_KEY = ("period", "scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The operator's limits, in credits; None: no limit, 0: nothing."""

    month: int | None
    day: int | None
    chat_day: int | None
    new_account: int | None

    def overridden(self, stored: str | None) -> "Limits":
        """With what admins set in their place, as the fact ``LIMITS`` keeps it."""
        return replace(self, **json.loads(stored)) if stored else self

    def in_chat(self, own: int | None) -> "Limits":
        """With the limit that a chat's admins set: it lowers the operator's and never lifts it.

        What is spent is the operator's money; who administers some group is not the operator.
        """
        if own is None or (self.chat_day is not None and self.chat_day <= own):
            return self
        return replace(self, chat_day=own)


class BudgetExceeded(Exception):
    """One of the operator's limits is reached."""

    def __init__(self, limit: Limit, until: datetime) -> None:
        super().__init__(limit.value)
        self.limit = limit
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What counts against each limit at a moment."""

    month: int
    day: int
    chat_day: int
    new_account: int
    account_since: datetime


def check(spent: Spent, limits: Limits, *, chat: str | None, now: datetime) -> None:
    """Raise BudgetExceeded when one more credit would go over a limit; ``chat`` is None outside of groups."""
    if limits.month is not None and spent.month >= limits.month:
        raise BudgetExceeded(Limit.MONTH, next_month(now))
    if limits.day is not None and spent.day >= limits.day:
        raise BudgetExceeded(Limit.DAY, next_day(now))
    if chat and limits.chat_day is not None and spent.chat_day >= limits.chat_day:
        raise BudgetExceeded(Limit.CHAT, next_day(now))
    new_until = spent.account_since + NEW_ACCOUNT
    if limits.new_account is not None and now < new_until and spent.new_account >= limits.new_account:
        raise BudgetExceeded(Limit.NEW_ACCOUNT, new_until)


def periods(now: datetime, chat: str | None) -> list[tuple[str, str]]:
    """The rows of `spending` that a hold counts in; ``chat`` only for groups. Always in the same order: no deadlock."""
    rows = [(month_of(now), EVERYWHERE), (day_of(now), EVERYWHERE)]
    return [*rows, (day_of(now), chat)] if chat else rows


def take(
    connection: Connection, *, chat: str | None, person: int, since: datetime, limits: Limits, now: datetime
) -> None:
    """Count one credit, whose hold was just taken, against every limit; ``since`` is when the account began.

    Raises BudgetExceeded: the caller's transaction must roll back.
    """
    rows = periods(now, chat)
    named = {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in zip(_KEY, row, strict=True)}
    platform, _, number = (chat or "").partition(":")
    named |= {"in_platform": platform, "in_chat": number}
    counted = connection.execute(_count(connection.dialect.name, len(rows)), named).all()
    limits = limits.overridden(counted[0].limits).in_chat(counted[0].chat_limit)
    after = {(row.period, row.scope): row.spent for row in counted}
    is_new = limits.new_account is not None and now < since + NEW_ACCOUNT
    before = Spent(
        month=after[month_of(now), EVERYWHERE] - 1,
        day=after[day_of(now), EVERYWHERE] - 1,
        chat_day=after[day_of(now), chat] - 1 if chat else 0,
        new_account=connection.scalars(select(spent_by(literal(person)))).one() - 1 if is_new else 0,
        account_since=since,
    )
    check(before, limits, chat=chat, now=now)


@cache
def _count(dialect: str, rows: int) -> ReturningInsert[tuple[str, str, int, str | None, int | None]]:
    """Count one in so many rows, and read which limits hold: one statement for both.

    From a SELECT, because SQLAlchemy writes a VALUES of several rows anew each time.
    """
    key = [spending.c[name] for name in _KEY]
    ones = [
        select(*[bindparam(f"{column.name}_{n}", type_=column.type) for column in key], literal(1)) for n in range(rows)
    ]
    row = insert_for(dialect, spending).from_select([*_KEY, "spent"], union_all(*ones))
    counted = row.on_conflict_do_update(index_elements=_KEY, set_={"spent": spending.c.spent + 1})
    here = (chats.c.platform == bindparam("in_platform")) & (chats.c.chat == bindparam("in_chat"))
    own = select(chats.c.daily_limit).where(here).scalar_subquery()
    return counted.returning(
        spending.c.period, spending.c.scope, spending.c.spent, set_by_admins().label("limits"), own.label("chat_limit")
    )


def give_back(connection: Connection, chat: str | None, held_at: datetime) -> None:
    """A hold was released and certainly not charged: it no longer counts in the periods it was taken from."""
    row = update(spending).where(spending.c.period == bindparam("of"), spending.c.scope == bindparam("where"))
    # One row after the other, in the order in which `take` locks them: no deadlock.
    rows = [{"of": period, "where": scope} for period, scope in periods(held_at, chat)]
    connection.execute(row.values(spent=spending.c.spent - 1), rows)


def set_by_admins() -> ScalarSelect[str]:
    """What admins set in place of the settings, as a subquery for ``Limits.overridden``. Served by the primary key."""
    return select(facts.c.value).where(facts.c.name == LIMITS).scalar_subquery()


def in_force(connection: Connection, limits: Limits) -> Limits:
    """The limits that hold now: ``limits`` are the settings'. Served by the primary key."""
    return limits.overridden(connection.scalars(select(set_by_admins())).one())


def spent_in(period: ColumnElement[str], scope: ColumnElement[str]) -> ScalarSelect[int]:
    """What counts in a period, as a subquery; null where nothing was spent yet."""
    return select(spending.c.spent).where(spending.c.period == period, spending.c.scope == scope).scalar_subquery()


def spent_by(person: ColumnElement[int]) -> ScalarSelect[int]:
    """What one person's holds count, and those of whoever was linked into them, as a subquery.

    Meant for new accounts, which have few.
    """
    account = people.alias("account")
    resolution = entries.alias()
    returned = select(resolution.c.id).where(
        resolution.c.hold_id == entries.c.id, resolution.c.kind == "release", ~resolution.c.uncertain
    )
    return (
        select(func.count())
        .select_from(entries.join(account, account.c.id == entries.c.person_id))
        .where(
            or_(account.c.id == person, account.c.merged_into == person),
            entries.c.kind == "hold",
            ~returned.exists(),
        )
        .scalar_subquery()
    )


def spent_now(connection: Connection, now: datetime) -> tuple[int, int]:
    """What counts against the budgets of this month and of today."""
    query = select(
        spent_in(literal(month_of(now)), literal(EVERYWHERE)), spent_in(literal(day_of(now)), literal(EVERYWHERE))
    )
    month, day = connection.execute(query).one()
    return month or 0, day or 0
