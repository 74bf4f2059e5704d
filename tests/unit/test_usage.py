"""The report: every figure equals an independent count of what happened, in any time zone."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core import admission, forgetting, people, searches
from core.check import check
from core.database import Database
from core.model import Blocked
from core.periods import Period
from core.searches import State
from core.usage import days, usage
from tests.builders import NO_WAIT, NOW, PEPPER, Books, books, in_memory, migrated, photo, policy, telegram

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
FATES = ["paid", "empty", "stored", "refused", "twice", "lost", "open", "waiting", "offered", "taken up", "blocked"]
#: Around a month's end and a change of clocks in Berlin.
BEGIN = datetime(2027, 3, 27, 20, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """One photo: whose, when (minutes after BEGIN), and what became of it."""

    who: int
    minute: int
    fate: str


events = st.lists(
    st.builds(Event, who=st.integers(1, 3), minute=st.integers(0, 7 * 24 * 60), fate=st.sampled_from(FATES)),
    min_size=3,
    max_size=25,
)


def moment(event):
    return BEGIN + timedelta(minutes=event.minute)


def live(bank, event, number):
    """Let it happen, through the core's own transactions."""
    bank.now = moment(event)
    at = {"sent_at": bank.now}
    if event.fate in ("offered", "taken up"):
        album = f"album-{number}"
        bank.accept(photo(event.who, album=album, **at))
        bank.accept(photo(event.who, album=album, **at))
        if event.fate == "taken up":
            bank.do(
                admission.accept_offered,
                album,
                lambda n, search: photo(event.who, asked_for=True, photo=search.origin.photo, **at),
                NO_WAIT,
                policy=bank.policy,
                pepper=PEPPER,
                now=bank.now,
            )
        return
    if event.fate == "stored":
        search = bank.accept(photo(event.who, file="the-file", **at)).search
        assert bank.row(search).outcome == "found"
        return
    search = bank.accept(photo(event.who, **at)).search
    if event.fate == "waiting":
        return
    if event.fate == "blocked":
        bank.do(searches.settle, search.id, State.RECEIVED, Blocked(search=search.id), bank.now)
        return
    hold = bank.ask(search)
    # Settled an hour later: a credit counts on the day of its hold.
    bank.now += timedelta(hours=1)
    match event.fate:
        case "paid":
            bank.answer(search, hold)
        case "empty":
            bank.answer(search, hold, ())
        case "refused":
            bank.refuse(search, hold)
        case "twice":
            bank.put_back(search, hold)
            bank.now -= timedelta(hours=1)
            bank.answer(search, bank.ask(search))
        case "lost":
            bank.lose(search)


#: Of a fate: searches, answered, from cache, captured, released, uncertain, open.
COUNTS = {
    "paid": (1, 1, 0, 1, 0, 0, 0),
    "empty": (1, 1, 0, 1, 0, 0, 0),
    "stored": (1, 1, 1, 0, 0, 0, 0),
    "refused": (1, 0, 0, 0, 1, 0, 0),
    "twice": (1, 1, 0, 1, 1, 0, 0),
    "lost": (1, 0, 0, 0, 0, 1, 0),
    "open": (1, 0, 0, 0, 0, 0, 1),
    "waiting": (1, 0, 0, 0, 0, 0, 0),
    "offered": (1, 0, 0, 0, 0, 0, 0),
    "taken up": (2, 0, 0, 0, 0, 0, 0),
    "blocked": (1, 0, 0, 0, 0, 0, 0),
}


def total(happened):
    return tuple(map(sum, zip(*(COUNTS[event.fate] for event in happened), strict=True))) or (0,) * 7


@given(
    events,
    st.sampled_from(ZONES).map(ZoneInfo),
    st.integers(0, 4),
    st.integers(2, 9),
)
#: A failing history is told as it was found: making it shorter takes minutes.
@settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_every_figure_equals_a_count_by_hand(happened, zone, first, length):
    bank = Books(in_memory(), policy=policy(allowance=100, cache=timedelta(days=30)), now=BEGIN - timedelta(days=3))
    bank.search(photo(9, file="the-file", sent_at=bank.now))
    for number, event in enumerate(sorted(happened, key=lambda event: event.minute)):
        live(bank, event, number)

    begins = date(2027, 3, 27) + timedelta(days=first - 1)
    period = Period.of_days(begins, begins + timedelta(days=length - 1), zone)
    inside = [
        event for event in happened if begins <= moment(event).astimezone(zone).date() < begins + timedelta(length)
    ]
    now = BEGIN + timedelta(days=8)
    figures = bank.do(usage, period, zone, now)

    counted = (figures.searches, figures.answered, figures.from_cache, figures.captured)
    assert (*counted, figures.released, figures.uncertain, figures.open) == total(inside)
    assert figures.counted == figures.captured + figures.uncertain + figures.open
    assert figures.active == len({event.who for event in inside})

    searched, captured = Counter(), Counter()
    by_day, paid_by_day = Counter(), Counter()
    for event in inside:
        day = moment(event).astimezone(zone).date()
        for counter, key in ((searched, event.who), (by_day, day)):
            counter[key] += COUNTS[event.fate][0]
        for counter, key in ((captured, event.who), (paid_by_day, day)):
            counter[key] += COUNTS[event.fate][3]
    people_told = {one.person: (one.searches, one.captured) for one in figures.people if one.searches or one.captured}
    assert people_told == {f"telegram:{who}": (searched[who], captured[who]) for who in searched}
    assert {one.day: (one.searches, one.captured) for one in figures.days} == {
        day: (by_day[day], paid_by_day[day]) for day in by_day
    }
    each = bank.do(days, period, zone, by_person=True)
    assert sum(one.searches for one in each) == figures.searches
    assert sum(one.captured for one in each) == figures.captured
    assert {one.person for one in each} == {f"telegram:{event.who}" for event in inside}
    balances = {one.person: one.balance for one in figures.people}
    for who in {event.who for event in happened}:
        number = bank.do(people.find, telegram(who)).id
        bank.now = now
        assert balances.get(f"telegram:{who}", 0) == bank.balance(number)
    assert bank.do(check) == []


def test_the_report_is_the_same_on_both_databases(database_url):
    with books(database_url) as bank:
        bank.search(photo(1, name="Ann"))
        lost = bank.accept(photo(1, name="Ann")).search
        bank.ask(lost)
        bank.lose(lost)
        bank.accept(photo(2))
        zone = ZoneInfo("Asia/Kathmandu")
        figures = bank.do(usage, Period.parse("today", NOW.astimezone(zone).date(), zone), zone, NOW)
        assert (figures.searches, figures.answered, figures.captured, figures.uncertain) == (3, 1, 1, 1)
        assert [(one.person, one.name, one.searches, one.captured, one.balance) for one in figures.people] == [
            ("telegram:1", "Ann", 2, 1, 19),
            ("telegram:2", "Person 2", 1, 0, 20),
        ]
        assert [(one.day, one.person, one.searches, one.captured) for one in figures.days] == [
            (date(2026, 11, 24), "", 3, 1)
        ]


def test_who_has_a_balance_and_no_search_is_in_the_report_and_the_forgotten_without_one_are_not():
    bank = Books(in_memory())
    bank.accept(photo(1))
    bank.accept(photo(2))
    bank.do(forgetting.forget, bank.do(people.find, telegram(2)).id, NOW, pepper=PEPPER)
    next_day = Period.parse("today", date(2026, 11, 25), ZoneInfo("UTC"))
    figures = bank.do(usage, next_day, ZoneInfo("UTC"), NOW + timedelta(days=1))
    assert [(one.person, one.searches, one.balance) for one in figures.people] == [("telegram:1", 0, 20)]
    assert (figures.searches, figures.active, figures.days) == (0, 0, ())


def test_the_forgotten_stay_in_the_totals_without_a_name():
    bank = Books(in_memory())
    bank.search(photo(1, name="Ann"))
    bank.do(forgetting.forget, bank.do(people.find, telegram(1)).id, NOW, pepper=PEPPER)
    figures = bank.do(usage, Period.parse("month", NOW.date(), ZoneInfo("UTC")), ZoneInfo("UTC"), NOW)
    assert [(one.person, one.name, one.captured) for one in figures.people] == [("forgotten", "", 1)]
    each = bank.do(days, figures.period, ZoneInfo("UTC"), by_person=True)
    assert [(one.person, one.captured) for one in each] == [("forgotten", 1)]


async def test_the_report_is_read_without_the_write_lock(sqlite_database):
    database: Database = migrated(sqlite_database)
    Books(database.writing).search(photo(1))
    with database.writing.begin():
        figures = await database.read(usage, Period.parse("today", NOW.date(), ZoneInfo("UTC")), ZoneInfo("UTC"), NOW)
    assert figures.captured == 1
    database.close()


# Periods

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("today", "2026-11-23T23:00", "2026-11-24T23:00"),
        (" Today ", "2026-11-23T23:00", "2026-11-24T23:00"),
        ("1d", "2026-11-23T23:00", "2026-11-24T23:00"),
        ("7d", "2026-11-17T23:00", "2026-11-24T23:00"),
        ("month", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("", "2026-10-31T23:00", "2026-11-30T23:00"),
        # Clocks change in these months.
        ("2026-10", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("2027-03", "2027-02-28T23:00", "2027-03-31T22:00"),
        ("2028-02", "2028-01-31T23:00", "2028-02-29T23:00"),
        ("2026-12", "2026-11-30T23:00", "2026-12-31T23:00"),
    ],
)
def test_periods_are_whole_days_of_the_reports_time_zone(said, since, until):
    period = Period.parse(said, TODAY, BERLIN)
    assert period.since == datetime.fromisoformat(f"{since}+00:00")
    assert period.until == datetime.fromisoformat(f"{until}+00:00")


@pytest.mark.parametrize(
    "said",
    ["yesterday", "0d", "-1d", "3661d", "d", "2026", "2026-13", "2026-1", "9999-12", "0001-01", "2026-11-24", "1e9d"],
)
def test_what_is_no_period_is_said_with_an_example(said):
    with pytest.raises(ValueError, match="write today, 7d, or a month like 2026-11"):
        Period.parse(said, TODAY, BERLIN)


@given(st.text(max_size=20), st.sampled_from(ZONES).map(ZoneInfo))
def test_any_words_are_a_period_or_a_kind_error(said, zone):
    try:
        period = Period.parse(said, TODAY, zone)
    except ValueError as error:
        assert "is no period" in str(error)
    else:
        assert period.since < period.until


@given(st.integers(1, 3660), st.sampled_from(ZONES).map(ZoneInfo))
def test_so_many_days_end_with_today(number, zone):
    period = Period.parse(f"{number}d", TODAY, zone)
    assert period.until.astimezone(zone).date() == TODAY + timedelta(days=1)
    assert period.since.astimezone(zone).date() == TODAY - timedelta(days=number - 1)
