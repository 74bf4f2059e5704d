"""Time: UTC everywhere, injected, so that tests can move it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

#: Gives the present moment, aware and in UTC.
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock in UTC."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> str:
    """The UTC day of a moment: ``2026-11-24``."""
    return moment.astimezone(UTC).date().isoformat()


def month_of(moment: datetime) -> str:
    """The UTC month of a moment: ``2026-11``."""
    return day_of(moment)[:7]


def end_of(day: date) -> datetime:
    """The midnight at which a day ends, UTC. Raises OverflowError for the calendar's last day."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def next_day(moment: datetime) -> datetime:
    """The next midnight, UTC."""
    return end_of(moment.astimezone(UTC).date())


def next_month(moment: datetime) -> datetime:
    """The first moment of the next month, UTC."""
    today = moment.astimezone(UTC).date()
    first = date(today.year + (today.month == 12), today.month % 12 + 1, 1)
    return datetime.combine(first, time(), UTC)
