"""Periods of a report: whole days of a time zone, as people write them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: Days that a period may have.
_LONGEST = 3660
_DAY = timedelta(days=1)


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
            until=datetime.combine(last + _DAY, time(), zone).astimezone(UTC),
        )

    @classmethod
    def parse(cls, text: str, today: date, zone: ZoneInfo) -> "Period":
        """What a person writes; ``today`` is the date in the report's time zone. Raises ValueError, with a sentence.

        ``today``; ``7d``: the last seven days, today included; ``month``: this one; ``last``: the month before;
        ``2026-10``; ``2026-10-01..2026-10-15``, both days included.
        """
        words = text.strip().lower()
        try:
            first, last = _days(words, today)
            if last < first:
                raise ValueError(f"{text!r} is no period: it ends before it begins")
            if (last - first).days >= _LONGEST:
                raise ValueError(f"{text!r} is no period: it may have {_LONGEST} days at most")
            return cls.of_days(first, last, zone)
        except OverflowError:  # the calendar ends with the year 9999
            raise ValueError(_unclear(text)) from None
        except _Unclear:
            raise ValueError(_unclear(text)) from None

    def days(self, zone: ZoneInfo) -> tuple[date, date]:
        """Its first and its last day."""
        last = (self.until - timedelta(microseconds=1)).astimezone(zone).date()
        return self.since.astimezone(zone).date(), last

    def midnights(self, zone: ZoneInfo) -> list[datetime]:
        """When each of its days begins, and when the last ends."""
        first, last = self.days(zone)
        days = [first + n * _DAY for n in range((last - first).days + 2)]
        return [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]

    def before(self, zone: ZoneInfo, now: datetime) -> "Period":
        """The period to compare with: the calendar month before a month, else as many days before.

        While the period runs, the one before is cut at the same distance from its beginning: half a month is not
        compared with a whole one. Raises OverflowError before the year 1.
        """
        first, last = self.days(zone)
        if first.day == 1 and last == _end_of_month(first):
            earlier = (first - _DAY).replace(day=1)
        else:
            earlier = first - (last - first) - _DAY
        whole = Period.of_days(earlier, first - _DAY, zone)
        if now >= self.until:
            return whole
        elapsed = max(now - self.since, timedelta())
        return Period(since=whole.since, until=min(whole.since + elapsed, whole.until))


class _Unclear(Exception):
    """Nothing that stands for a period."""


def _unclear(text: str) -> str:
    return (
        f"{text!r} is no period: write today, 7d, or a month like 2026-11; month and last are this month and the one "
        "before, 2026-10-01..2026-10-15 are days"
    )


def _days(words: str, today: date) -> tuple[date, date]:
    """The first and the last day. Raises _Unclear or OverflowError."""
    if words == "today":
        return today, today
    if words in ("", "month"):
        return today.replace(day=1), _end_of_month(today)
    if words == "last":
        end = today.replace(day=1) - _DAY
        return end.replace(day=1), end
    if words.endswith("d") and words[:-1].isdecimal() and 0 < int(words[:-1]) <= _LONGEST:
        return today - timedelta(days=int(words[:-1]) - 1), today
    begin, dots, end_words = words.partition("..")
    try:
        if dots:
            return date.fromisoformat(begin.strip()), date.fromisoformat(end_words.strip())
        first = date.fromisoformat(f"{words}-01")
    except ValueError:
        raise _Unclear from None
    return first, _end_of_month(first)


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - _DAY
