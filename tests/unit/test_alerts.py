"""What admins are told by themselves: what is worth it, once, also over restarts, and in their own language."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bots.alerts import alert_card, alert_for
from bots.wording import words
from core import chores, facts, people
from core.budgets import LIMITS
from core.chores import digest_due
from core.database import DatabaseUnavailable
from core.watch import LEAST_FREE, Space, Watch
from tests.builders import NOW, PEPPER, Books, limits, migrated, photo, policy, telegram

BERLIN = ZoneInfo("Europe/Berlin")
GIGABYTE = 1_000_000_000


class Operator:
    """A bot whose watch looks when the test says so, and the admins who are told."""

    def __init__(self, url, rules):
        self.database = migrated(url)
        self.books = Books(self.database.writing, policy=rules)
        self.up = {"telegram": True, "discord": True}
        self.space = Space(free=50 * GIGABYTE, total=100 * GIGABYTE)
        self.told = []
        self.restart()

    def restart(self):
        self.watch = Watch(
            self.database,
            self.books.policy,
            alerts=self,
            clock=lambda: self.books.now,
            zone=BERLIN,
            health=lambda: self.up,
            space=lambda: self.space,
        )

    async def tell_admins(self, event, facts):
        self.told.append((event, dict(facts)))

    async def look(self):
        """What is told by looking twice."""
        self.told.clear()
        await self.watch.look()
        await self.watch.look()
        return list(self.told)

    def spend(self, number):
        for _ in range(number):
            self.books.search(photo(telegram("rich"), sent_at=self.books.now))

    def lose(self, number):
        for _ in range(number):
            search = self.books.accept(photo(telegram("rich"), sent_at=self.books.now)).search
            self.books.ask(search)
            self.books.lose(search)


@pytest.fixture
def operator(sqlite_database):
    made = Operator(sqlite_database, policy(allowance=1000))
    yield made
    made.database.close()


def shares(news):
    return [(facts["period"], facts["share"], facts["spent"]) for event, facts in news if event == "budget"]


# Budgets


async def test_a_budget_is_told_at_50_80_and_100_percent_once_each_also_after_a_restart(operator):
    operator.books.policy = policy(allowance=1000, limits=limits(month=10))
    operator.restart()
    seen = []
    for _ in range(10):
        operator.spend(1)
        seen += shares(await operator.look())
        operator.restart()
    assert seen == [("month", "50", "5"), ("month", "80", "8"), ("month", "100", "10")]
    operator.books.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert await operator.look() == []
    operator.spend(5)
    assert shares(await operator.look()) == [("month", "50", "5")]


async def test_the_days_budget_is_told_each_day_anew(operator):
    operator.books.policy = policy(allowance=1000, limits=limits(day=2, month=1000))
    operator.restart()
    for _ in range(2):
        operator.spend(2)
        assert shares(await operator.look()) == [("day", "50", "2"), ("day", "80", "2"), ("day", "100", "2")]
        operator.books.now += timedelta(days=1)


async def test_a_budget_that_an_admin_changes_is_told_of_as_the_new_one(operator):
    operator.books.policy = policy(allowance=1000, limits=limits(month=4))
    operator.restart()
    operator.spend(4)
    assert len(shares(await operator.look())) == 3
    operator.books.do(facts.put, LIMITS, '{"month": 8}')
    assert shares(await operator.look()) == [("month", "50", "4")]
    operator.books.do(facts.put, LIMITS, '{"month": null}')
    assert await operator.look() == []


@pytest.mark.parametrize("limit", [None, 0])
async def test_without_a_budget_or_with_none_at_all_nothing_is_told(operator, limit):
    operator.books.policy = policy(allowance=1000, limits=limits(month=limit))
    operator.restart()
    assert await operator.look() == []


# Answers that never came


async def test_more_than_2_percent_of_a_days_searches_without_an_answer_are_told_once_a_day(operator):
    operator.lose(1)
    operator.spend(18)
    assert await operator.look() == [], "of 19 searches one says little"
    operator.spend(1)
    expected = [("many_uncertain", {"uncertain": "1", "searches": "20"})]
    assert await operator.look() == expected
    operator.lose(1)
    operator.restart()
    assert await operator.look() == []
    operator.books.now += timedelta(days=1)
    assert await operator.look() == []
    operator.spend(49)
    operator.lose(1)
    assert await operator.look() == [], "one of 50 is exactly 2 %"
    operator.lose(1)
    assert [facts["uncertain"] for _, facts in await operator.look()] == ["2"]


# The disk


async def test_a_disk_that_is_nearly_full_is_told_once_until_there_was_room_again(operator):
    operator.space = Space(free=4_900_000_000, total=100 * GIGABYTE)
    assert await operator.look() == [("disk_nearly_full", {"megabytes": "4900"})]
    operator.restart()
    assert await operator.look() == []
    operator.space = Space(free=5_100_000_000, total=100 * GIGABYTE)
    assert await operator.look() == []
    operator.space = Space(free=4_900_000_000, total=100 * GIGABYTE)
    assert await operator.look() == [], "it was not better for long"
    operator.space = Space(free=8 * GIGABYTE, total=100 * GIGABYTE)
    assert await operator.look() == []
    operator.space = Space(free=LEAST_FREE - 1, total=GIGABYTE)
    assert len(await operator.look()) == 1


# Platforms


@pytest.mark.fault(41)
async def test_a_platform_that_is_down_for_over_five_minutes_is_told_and_when_it_is_back(operator):
    assert await operator.look() == []
    operator.up["discord"] = False
    assert await operator.look() == []
    operator.books.now += timedelta(minutes=5)
    assert await operator.look() == []
    operator.books.now += timedelta(seconds=1)
    assert await operator.look() == [("platform_down", {"platform": "discord", "minutes": "5"})]
    operator.restart()
    operator.books.now += timedelta(minutes=10)
    assert await operator.look() == []
    operator.up["discord"] = True
    assert await operator.look() == [("platform_back", {"platform": "discord", "minutes": "15"})]


async def test_a_short_outage_is_not_worth_a_word(operator):
    for _ in range(5):
        operator.up["telegram"] = False
        assert await operator.look() == []
        operator.books.now += timedelta(minutes=4)
        assert await operator.look() == []
        operator.up["telegram"] = True
        assert await operator.look() == []


# The books


async def test_wrong_books_are_told_once_and_again_when_they_were_right_in_between(operator, monkeypatch):
    found = []

    async def an_hour(seconds):
        if not hours:
            raise asyncio.CancelledError
        found[:] = hours.pop(0)

    monkeypatch.setattr(chores, "check", lambda connection: list(found))
    monkeypatch.setattr(chores.asyncio, "sleep", an_hour)
    hours = [["1 pot"], ["1 pot"], ["2 pots"], [], ["2 pots"]]
    with pytest.raises(asyncio.CancelledError):
        await chores.hourly(operator.database, operator.books.policy, alerts=operator, clock=lambda: NOW)
    assert [facts["problem"] for _, facts in operator.told] == ["1 pot", "2 pots", "2 pots"]


# The digest

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 09:00 in Berlin


@pytest.mark.parametrize(
    ("sent", "now", "due"),
    [
        ("2026-W47", MONDAY - timedelta(seconds=1), None),
        ("2026-W47", MONDAY, "2026-W48"),
        ("2026-W48", MONDAY, None),
        ("2026-W48", MONDAY + timedelta(days=6), None),
        ("2026-W47", MONDAY + timedelta(days=2), "2026-W48"),
        (None, MONDAY, "2026-W48"),
        (None, MONDAY + timedelta(days=2), None),
        # The summer's Monday begins an hour earlier in UTC; the year's last days are of a week of the next one.
        ("2026-W30", datetime(2026, 7, 27, 7, 0, tzinfo=UTC), "2026-W31"),
        ("2026-W30", datetime(2026, 7, 27, 6, 59, tzinfo=UTC), None),
        ("2026-W53", datetime(2027, 1, 1, 12, tzinfo=UTC), None),
        ("2026-W53", datetime(2027, 1, 4, 8, tzinfo=UTC), "2027-W01"),
    ],
)
def test_the_digest_is_due_on_monday_at_nine_in_the_reports_time_zone(sent, now, due):
    assert digest_due(sent, now, BERLIN) == due


async def live(operator, monkeypatch, *, minutes, digest):
    """So many minutes of a process that sends the digest."""
    left = minutes

    async def a_minute(seconds):
        nonlocal left
        if not left:
            raise asyncio.CancelledError
        left -= 1
        operator.books.now += timedelta(seconds=seconds)

    with monkeypatch.context() as patched:
        patched.setattr(chores.asyncio, "sleep", a_minute)
        with pytest.raises(asyncio.CancelledError):
            await chores.weekly(operator.database, digest, zone=BERLIN, clock=lambda: operator.books.now)


async def test_the_digest_is_sent_once_a_week_however_often_the_bot_is_started(operator, monkeypatch):
    sent = []

    async def digest():
        sent.append(operator.books.now)

    operator.books.now = MONDAY - timedelta(minutes=3)
    for _ in range(3):
        await live(operator, monkeypatch, minutes=5, digest=digest)
    assert sent == [MONDAY]
    operator.books.now = MONDAY + timedelta(days=8)
    await live(operator, monkeypatch, minutes=1, digest=digest)
    assert sent == [MONDAY, MONDAY + timedelta(days=8)], "late, since the bot was not there"


async def test_a_digest_whose_figures_cannot_be_read_is_sent_later_and_one_that_fails_is_not_repeated(
    operator, monkeypatch
):
    tries = []

    async def locked():
        tries.append("locked")
        if len(tries) < 3:
            raise DatabaseUnavailable("locked")

    operator.books.now = MONDAY
    await live(operator, monkeypatch, minutes=5, digest=locked)
    assert tries == ["locked"] * 3

    async def broken():
        tries.append("broken")
        raise RuntimeError("half of the admins have it")

    operator.books.now = MONDAY + timedelta(days=7)
    await live(operator, monkeypatch, minutes=5, digest=broken)
    assert tries[3:] == ["broken"]


# What they read


@pytest.mark.parametrize(
    ("event", "facts", "expected"),
    [
        (
            "budget",
            {"period": "month", "share": "80", "spent": "800", "limit": "1000"},
            "80 % of this month's budget are used: 800 of 1,000.",
        ),
        (
            "budget",
            {"period": "day", "share": "50", "spent": "5", "limit": "10"},
            "50 % of today's budget are used: 5 of 10.",
        ),
        (
            "budget",
            {"period": "day", "share": "100", "spent": "10", "limit": "10"},
            "Today's budget is used up: 10 of 10.",
        ),
        (
            "budget",
            {"period": "month", "share": "100", "spent": "9", "limit": "9"},
            "This month's budget is used up: 9 of 9. `/budget` changes it.",
        ),
        ("many_uncertain", {"uncertain": "3", "searches": "40"}, "today 3 of 40"),
        ("disk_nearly_full", {"megabytes": "150"}, "150 MB are free"),
        ("platform_down", {"platform": "discord", "minutes": "5"}, "Nothing has come in from Discord for"),
        ("platform_back", {"platform": "telegram", "minutes": "12"}, "Telegram is back. It was down for"),
        ("something new", {}, "Something happened: something new"),
    ],
)
def test_an_alert_says_in_words_what_is_the_matter(event, facts, expected):
    said = " ".join(line.text for line in alert_card(event, facts, words("en")).lines)
    assert expected in said
    assert "{" not in said


async def test_an_admin_is_told_in_their_own_language_and_in_english_while_that_cannot_be_read(operator):
    admin = telegram(9)
    operator.books.do(people.prefer, admin, "Olga", NOW, pepper=PEPPER, language="de")
    german = await alert_for(admin, "search_is_back", {}, operator.database)
    assert german == alert_card("search_is_back", {}, words("de")) != alert_card("search_is_back", {}, words("en"))

    async def locked(*_):
        raise DatabaseUnavailable("locked")

    operator.database.read = locked
    english = await alert_for(admin, "cannot_write", {}, operator.database)
    assert english == alert_card("cannot_write", {}, words("en"))
