"""The operator's budgets at a moment: what is used, what is left, and when the month's ends at this pace."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, func, select

from core.budgets import EVERYWHERE, Limits, in_force, spent_now
from core.clock import day_of, next_month
from core.tables import spending

#: The pace is that of the last days before today, and of today: a week has every weekday once.
PACE_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Credits that count against the operator's budgets, by UTC month and day; a limit of None is no limit."""

    month_limit: int | None
    month_used: int
    day_limit: int | None
    day_used: int
    #: The UTC day on which the month's budget ends at the pace of the last week; today when it is spent already;
    #: None: it lasts, or there is none.
    ends_on: date | None
    #: What a day may cost, for a line in a picture: the day's budget, else the month's by its days; None: no budget.
    daily: float | None

    @property
    def month_left(self) -> int | None:
        """What the month has left; None: no limit."""
        return None if self.month_limit is None else max(0, self.month_limit - self.month_used)

    @property
    def day_left(self) -> int | None:
        """What today has left; None: no limit."""
        return None if self.day_limit is None else max(0, self.day_limit - self.day_used)


def budget(connection: Connection, limits: Limits, now: datetime) -> Budget:
    """The budgets now, with what admins set in place of the settings' ``limits``.

    Served by the primary key of `spending`: a few rows, however much was spent.
    """
    limits = in_force(connection, limits)
    month, day = spent_now(connection, now)
    daily: float | None = limits.day
    if daily is None and limits.month is not None:
        today = now.astimezone(UTC)
        daily = limits.month / monthrange(today.year, today.month)[1]
    return Budget(
        month_limit=limits.month,
        month_used=month,
        day_limit=limits.day,
        day_used=day,
        ends_on=_ends_on(connection, limits, month, now),
        daily=daily,
    )


def _ends_on(connection: Connection, limits: Limits, used: int, now: datetime) -> date | None:
    if limits.month is None:
        return None
    if used >= limits.month:
        return now.astimezone(UTC).date()
    pace = _pace(connection, now)
    if limits.day is not None:
        pace = min(pace, limits.day)
    if pace <= 0:
        return None
    days = (limits.month - used) / pace
    left = next_month(now) - now
    return (now + timedelta(days=days)).astimezone(UTC).date() if days < left / timedelta(days=1) else None


def _pace(connection: Connection, now: datetime) -> float:
    """Credits a day: of the last week and today so far, or since the first credit where that is less long ago."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight - timedelta(days=PACE_DAYS)
    # Months stand in the same column.
    days = (spending.c.scope == EVERYWHERE) & (func.length(spending.c.period) == len("2026-11-24"))
    query = select(spending.c.period, spending.c.spent).where(
        days, spending.c.period >= day_of(begin), spending.c.period <= day_of(now)
    )
    spent = dict(connection.execute(query).all())
    if not spent:
        return 0.0
    older = select(spending.c.period).where(days, spending.c.period < day_of(begin)).limit(1)
    if connection.scalars(older).one_or_none() is None:
        begin = max(begin, datetime.fromisoformat(min(spent)).replace(tzinfo=UTC))
    return sum(spent.values()) / max((now - begin) / timedelta(days=1), 1.0)
