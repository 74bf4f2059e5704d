"""Periods as people write them, and the period that each is compared with."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import Period

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("last", "2026-10-01", "2026-10-31"),
        ("LAST ", "2026-10-01", "2026-10-31"),
        ("30d", "2026-10-26", "2026-11-24"),
        ("2026-10-01..2026-10-15", "2026-10-01", "2026-10-15"),
        ("2026-10-15 .. 2026-10-15", "2026-10-15", "2026-10-15"),
        ("2026-02", "2026-02-01", "2026-02-28"),
    ],
)
def test_a_period_is_read_as_it_is_meant(said, first, last):
    days = Period.parse(said, TODAY, BERLIN).days(BERLIN)
    assert days == (date.fromisoformat(first), date.fromisoformat(last))


def test_the_last_month_of_january_is_december():
    assert Period.parse("last", date(2027, 1, 31), UTC_ZONE).days(UTC_ZONE) == (date(2026, 12, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("2026-10-15..2026-10-01", "ends before it begins"),
        ("2000-01-01..2026-01-01", "may have 3660 days at most"),
        ("2026-10-15..", "write today, 7d"),
        ("..2026-10-15", "write today, 7d"),
        ("2026-10-01..2026-10-32", "write today, 7d"),
        ("2026-10-01..9999-12-31", "is no period"),
        ("soon", "2026-10-01..2026-10-15 are days"),
    ],
)
def test_a_mistake_is_told_in_words(said, sentence):
    with pytest.raises(ValueError, match="is no period") as told:
        Period.parse(said, TODAY, BERLIN)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("2026-10", "2026-09-01", "2026-09-30"),
        ("2026-03", "2026-02-01", "2026-02-28"),
        ("2026-10-08..2026-10-14", "2026-10-01", "2026-10-07"),
    ],
)
def test_a_period_that_is_over_is_compared_with_the_whole_one_before(said, first, last):
    before = Period.parse(said, TODAY, BERLIN).before(BERLIN, datetime(2026, 11, 24, tzinfo=UTC))
    assert before.days(BERLIN) == (date.fromisoformat(first), date.fromisoformat(last))


def test_a_period_that_runs_is_compared_with_as_much_of_the_one_before():
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    month = Period.parse("month", TODAY, UTC_ZONE).before(UTC_ZONE, noon)
    assert (month.since, month.until) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC))
    today = Period.parse("today", TODAY, UTC_ZONE).before(UTC_ZONE, noon)
    assert (today.since, today.until) == (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC))


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 400),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"]).map(ZoneInfo),
    st.integers(-5, 500),
)
def test_the_period_before_ends_at_the_latest_where_this_one_begins(first, length, zone, hours):
    period = Period.of_days(first, first + timedelta(days=length), zone)
    before = period.before(zone, period.since + timedelta(hours=hours))
    assert before.since <= before.until <= period.since
    whole = period.before(zone, period.until)
    assert whole.until == period.since
    assert period.days(zone) == (first, first + timedelta(days=length))
