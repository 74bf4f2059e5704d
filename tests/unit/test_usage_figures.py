"""The whole report, of everything and of parts: every figure equals a count in plain Python over the rows."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from bots.usage_file import COLUMNS, usage_csv
from core import searches, votes
from core.budgets import EVERYWHERE
from core.check import check
from core.figures import EVERYTHING, Scope
from core.forecast import budget
from core.model import ANY_MARKET, Identity, Problem, Unreadable
from core.periods import Period
from core.searches import State
from core.tables import entries, identities, people, spending
from core.tables import searches as journal
from core.tables import votes as ballots
from core.usage import NobodyThere, days, usage
from tests.builders import NOW, PEPPER, Books, books, in_memory, limits, photo, policy, telegram

ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Pago_Pago")]
#: A change of clocks in Berlin, and a month's end.
BEGIN = datetime(2027, 3, 26, 20, 0, tzinfo=UTC)
GROUP = Identity(platform="telegram", user="-100")


@dataclass(frozen=True)
class Event:
    """One photo: whose, when (minutes after BEGIN), where, in which market, what became of it, and what two people
    thought of it.
    """

    who: int
    minute: int
    fate: str
    in_group: bool
    market: str
    votes: tuple[bool | None, bool | None]


a_vote = st.sampled_from([None, None, True, False])
events = st.lists(
    st.builds(
        Event,
        who=st.integers(1, 4),
        minute=st.integers(0, 7 * 24 * 60),
        fate=st.sampled_from(["paid", "empty", "stored", "refused", "twice", "lost", "open", "waiting", "unreadable"]),
        in_group=st.booleans(),
        market=st.sampled_from(["US", "GB", ANY_MARKET]),
        votes=st.tuples(a_vote, a_vote),
    ),
    min_size=3,
    max_size=20,
)
scopes = st.sampled_from(
    [
        EVERYTHING,
        EVERYTHING,
        Scope(market="US"),
        Scope(market=ANY_MARKET),
        Scope(chat=GROUP),
        Scope(person=telegram(1)),
        Scope(person=telegram(2)),
        Scope(person=telegram(2), market="GB", chat=GROUP),
    ]
)


def live(bank: Books, event: Event) -> None:
    """Let it happen, through the core's own transactions."""
    bank.now = BEGIN + timedelta(minutes=event.minute)
    changes: dict[str, Any] = {"region": event.market, "sent_at": bank.now}
    if event.fate == "stored":
        changes["file"] = "the-file"
    search = bank.accept(photo(event.who, chat=GROUP.user if event.in_group else None, **changes)).search
    if event.fate == "unreadable":
        broken = Unreadable(search=search.id, problem=Problem.BROKEN)
        bank.do(searches.settle, search.id, State.RECEIVED, broken, bank.now)
    elif event.fate not in ("stored", "waiting"):
        pay(bank, search, event.fate)
    for number, useful in enumerate(event.votes):
        if useful is not None:
            voter = telegram(event.who if number == 0 else 7)
            counts = bank.do(votes.vote, search.id, voter, useful=useful, pepper=PEPPER, now=bank.now)
            assert counts == (bank.row(search).outcome == "found")


def pay(bank: Books, search: searches.Search, fate: str) -> None:
    hold = bank.ask(search)
    bank.now += timedelta(minutes=50)
    match fate:
        case "paid":
            bank.answer(search, hold)
        case "empty":
            bank.answer(search, hold, ())
        case "refused":
            bank.refuse(search, hold)
        case "twice":
            bank.put_back(search, hold)
            bank.answer(search, bank.ask(search))
        case "lost":
            bank.lose(search)


class Rows:
    """All rows as they are, and counts over them that know nothing of SQL."""

    def __init__(self, bank: Books) -> None:
        def read(connection: Any, table: Any) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

        self.journal, self.entries, self.votes, self.people, self.identities = (
            bank.do(read, table) for table in (journal, entries, ballots, people, identities)
        )
        self.into = {row["id"]: row["merged_into"] for row in self.people}
        self.search = {row["id"]: row for row in self.journal}

    def keeper(self, person: int) -> int:
        while self.into[person]:
            person = self.into[person]
        return person

    def called(self, person: int) -> str:
        own = [row for row in self.identities if row["person_id"] == person]
        theirs = own or [row for row in self.identities if self.keeper(row["person_id"]) == person]
        return min(f"{row['platform']}:{row['user']}" for row in theirs)

    def fits(self, row: dict[str, Any], scope: Scope) -> bool:
        """Whether a search belongs to what the report is about."""
        if scope.market is not None and (row["region"] or ANY_MARKET) != scope.market:
            return False
        if scope.chat is not None and (row["platform"], row["chat"]) != (scope.chat.platform, scope.chat.user):
            return False
        if scope.person is None:
            return True
        (who,) = (one["person_id"] for one in self.identities if one["user"] == scope.person.user)
        return self.keeper(row["person_id"]) == self.keeper(who)

    def searched(self, period: Period, scope: Scope) -> list[dict[str, Any]]:
        return [
            row for row in self.journal if period.since <= row["received_at"] < period.until and self.fits(row, scope)
        ]

    def held(self, period: Period, scope: Scope) -> list[tuple[dict[str, Any], str]]:
        """The holds of a period, and what became of each."""
        ended = {row["hold_id"]: row for row in self.entries if row["hold_id"]}

        def fate(hold: dict[str, Any]) -> str:
            end = ended.get(hold["id"])
            if end is None:
                return "open"
            if end["kind"] == "capture":
                return "captured"
            return "uncertain" if end["uncertain"] else "released"

        return [
            (row, fate(row))
            for row in self.entries
            if row["kind"] == "hold"
            and period.since <= row["at"] < period.until
            and self.fits(self.search[row["search"]], scope)
        ]

    def figures(self, period: Period, scope: Scope) -> dict[str, Any]:
        rows = self.searched(period, scope)
        ended = Counter(row["outcome"] for row in rows)
        credits_ = Counter(fate for _, fate in self.held(period, scope))
        own = {row["id"] for row in rows}
        useful = Counter(row["useful"] for row in self.votes if row["search"] in own)
        active = {self.keeper(row["person_id"]) for row in rows}
        before = {self.keeper(row["person_id"]) for row in self.journal if row["received_at"] < period.since}
        return {
            "searches": len(rows),
            "answered": ended["found"] + ended["nothing"],
            "nothing_found": ended["nothing"],
            "refused": {kind: ended[kind] for kind in ("unavailable", "unreadable", "no_credits") if ended[kind]},
            "lost": ended["lost"],
            "from_cache": sum(row["charge"] == "stored" for row in rows),
            **{name: credits_[name] for name in ("captured", "released", "uncertain", "open")},
            "active": len(active),
            "new": len(active - before),
            "useful": useful[True],
            "not_useful": useful[False],
        }

    def by_day(self, period: Period, scope: Scope, zone: ZoneInfo) -> dict[tuple[date, str], list[int]]:
        """Of a day and a person: searches, captured, uncertain, from cache."""
        counts: dict[tuple[date, str], list[int]] = {}
        for row in self.searched(period, scope):
            key = row["received_at"].astimezone(zone).date(), self.called(self.keeper(row["person_id"]))
            count = counts.setdefault(key, [0, 0, 0, 0])
            count[0] += 1
            count[3] += row["charge"] == "stored"
        for row, fate in self.held(period, scope):
            key = row["at"].astimezone(zone).date(), self.called(self.keeper(row["person_id"]))
            count = counts.setdefault(key, [0, 0, 0, 0])
            count[1] += fate == "captured"
            count[2] += fate == "uncertain"
        return {key: count for key, count in counts.items() if any(count[:3])}


@given(events, scopes, st.sampled_from(ZONES), st.integers(0, 5), st.integers(1, 7), st.booleans())
#: A failing history is told as it was found: making it shorter takes minutes.
@settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_every_figure_of_everything_and_of_a_part_equals_a_count_by_hand(happened, scope, zone, first, length, linked):
    bank = Books(in_memory(), policy=policy(allowance=12, cache=timedelta(days=30)), now=BEGIN - timedelta(days=2))
    bank.search(photo(1, file="the-file", region="US", sent_at=bank.now))
    bank.accept(photo(2, region="GB", sent_at=bank.now))
    for event in sorted(happened, key=lambda event: event.minute):
        live(bank, event)
    if linked:
        link(bank)
    rows = Rows(bank)
    begins = BEGIN.date() + timedelta(days=first)
    period = Period.of_days(begins, begins + timedelta(days=length - 1), zone)
    now = BEGIN + timedelta(days=8)

    figures = bank.do(usage, period, zone, now, scope=scope, limits=limits(month=50))

    counted = rows.figures(period, scope)
    assert {name: getattr(figures, name) for name in counted} == counted
    earlier = rows.figures(period.before(zone, now), scope)
    assert {name: getattr(figures.before, name) for name in earlier} == earlier
    each_day = rows.by_day(period, scope, zone)
    assert {
        (row["day"], row["person"]): [int(row[name]) for name in ("searches", "captured", "uncertain", "from_cache")]
        for row in read_csv(usage_csv(bank.do(days, period, zone, by_person=True, scope=scope)))
    } == {(day.isoformat(), person): count for (day, person), count in each_day.items()}
    everyone = {(one.day, one.searches, one.captured, one.uncertain, one.from_cache) for one in figures.days}
    assert everyone == {(day, *count) for day, count in merged_days(each_day).items()}
    told = {one.person: [one.searches, one.captured, one.uncertain] for one in figures.people if one.searches}
    of_people: dict[str, list[int]] = {}
    for (_, person), count in each_day.items():
        of_people[person] = [a + b for a, b in zip(of_people.get(person, [0, 0, 0]), count[:3], strict=True)]
    assert told == {person: count for person, count in of_people.items() if count[0]}
    own = {row["id"]: row["region"] for row in rows.searched(period, scope)}
    useful = Counter((own[row["search"]], row["useful"]) for row in rows.votes if row["search"] in own)
    assert {one.market: (one.searches, one.useful, one.not_useful) for one in figures.markets} == {
        market: (number, useful[market, True], useful[market, False])
        for market, number in Counter(own.values()).items()
    }
    if scope.person is not None:
        assert figures.account is not None
        who = next(row["person_id"] for row in rows.identities if row["user"] == scope.person.user)
        amounts = [
            row["amount"]
            for row in rows.entries
            if rows.keeper(row["person_id"]) == rows.keeper(who) and (not row["ends_on"] or row["ends_on"] > now)
        ]
        assert figures.account.balance == sum(amounts)
    assert (figures.budget is None) == (scope != EVERYTHING)
    assert bank.do(check) == []


def merged_days(each: dict[tuple[date, str], list[int]]) -> dict[date, list[int]]:
    together: dict[date, list[int]] = {}
    for (day, _), count in each.items():
        together[day] = [a + b for a, b in zip(together.get(day, [0] * 4), count, strict=True)]
    return together


def link(bank: Books) -> None:
    """Person 2 becomes part of person 1, as /link leaves it."""

    def do(connection: Any) -> None:
        numbers = {row.user: row.person_id for row in connection.execute(select(identities))}
        connection.execute(update(people).where(people.c.id == numbers["2"]).values(merged_into=numbers["1"]))
        connection.execute(update(identities).where(identities.c.user == "2").values(person_id=numbers["1"]))

    bank.do(do)


def read_csv(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))


UTC_ZONE = ZoneInfo("UTC")


def test_the_parts_and_the_forecast_are_the_same_on_both_databases(database_url):
    with books(database_url) as bank:
        found = bank.search(photo(1, name="Ann", chat="-100", region="US"))
        lost = bank.accept(photo(2, chat="-100", region="GB")).search
        bank.ask(lost)
        bank.lose(lost)
        assert bank.do(votes.vote, found.id, telegram(2), useful=True, pepper=PEPPER, now=NOW)
        period = Period.parse("month", NOW.date(), UTC_ZONE)
        whole = bank.do(usage, period, UTC_ZONE, NOW, limits=limits(month=10, day=5))
        assert (whole.active, whole.new, whole.useful, whole.lost, whole.uncertain) == (2, 2, 1, 1, 1)
        assert whole.budget is not None
        assert (whole.budget.month_left, whole.budget.day_left, whole.budget.ends_on) == (8, 3, date(2026, 11, 28))
        group = bank.do(usage, period, UTC_ZONE, NOW, scope=Scope(chat=GROUP, market="US"))
        assert (group.searches, group.captured, [one.market for one in group.markets]) == (1, 1, ["US"])
        ann = bank.do(usage, period, UTC_ZONE, NOW, scope=Scope(person=telegram(1)))
        assert ann.account is not None
        assert (ann.account.name, ann.account.balance, ann.account.allowance) == ("Ann", 19, 20)
        assert [(entry.kind, entry.amount, entry.reason) for entry in ann.account.entries] == [
            ("capture", -1, None),
            ("grant", 20, "allowance"),
        ]
        with pytest.raises(NobodyThere, match="telegram:99 has never been here"):
            bank.do(usage, period, UTC_ZONE, NOW, scope=Scope(person=telegram(99)))


def test_the_file_begins_with_what_programs_count_on_and_runs_no_formula():
    bank = Books(in_memory())
    bank.search(photo(1, name="=cmd|' /C calc'!A0"))
    file = usage_csv(bank.do(days, Period.parse("today", NOW.date(), UTC_ZONE), UTC_ZONE, by_person=True))
    assert COLUMNS[:4] == ("day", "person", "searches", "captured")
    (row,) = read_csv(file)
    assert row == dict(
        zip(COLUMNS, ("2026-11-24", "telegram:1", "1", "1", "0", "0", "'=cmd|' /C calc'!A0"), strict=True)
    )


# The forecast


def spent(bank: Books, by_day: dict[date, int]) -> None:
    """So many credits on these days, as the transactions of holds count them."""

    def write(connection: Any) -> None:
        months = Counter[str]()
        for day, number in by_day.items():
            months[day.isoformat()[:7]] += number
            connection.execute(spending.insert().values(period=day.isoformat(), scope=EVERYWHERE, spent=number))
        for month, number in months.items():
            connection.execute(spending.insert().values(period=month, scope=EVERYWHERE, spent=number))

    bank.do(write)


def daily(number: int, first: date, last: date) -> dict[date, int]:
    return {first + timedelta(days=n): number for n in range((last - first).days + 1)}


NOVEMBER = date(2026, 11, 1)
YESTERDAY = NOW.date() - timedelta(days=1)


@pytest.mark.parametrize(
    ("by_day", "allowed", "ends"),
    [
        # 40 a day (half of it today at noon), 940 used: 60 are left for a day and a half.
        (daily(40, NOVEMBER, YESTERDAY) | {NOW.date(): 20}, {"month": 1000}, date(2026, 11, 26)),
        (daily(40, NOVEMBER, YESTERDAY) | {NOW.date(): 20}, {"month": 1300}, None),
        # Only the last week counts as the pace.
        (
            daily(1, NOVEMBER, date(2026, 11, 16)) | daily(40, date(2026, 11, 17), YESTERDAY),
            {"month": 400},
            date(2026, 11, 27),
        ),
        # The bot is two days old: the days before it do not make it look slower.
        ({YESTERDAY: 60, NOW.date(): 30}, {"month": 150}, date(2026, 11, 25)),
        # The day's budget bounds the pace.
        (daily(40, NOVEMBER, YESTERDAY), {"month": 1000, "day": 10}, None),
        # It is spent.
        (daily(50, NOVEMBER, YESTERDAY), {"month": 1000}, date(2026, 11, 24)),
        (daily(50, NOVEMBER, YESTERDAY), {}, None),
        ({}, {"month": 1000}, None),
        ({}, {"month": 0}, date(2026, 11, 24)),
    ],
)
def test_the_day_is_named_on_which_the_months_budget_ends_at_this_pace(by_day, allowed, ends):
    bank = Books(in_memory())
    spent(bank, by_day)
    assert bank.do(budget, limits(**allowed), NOW).ends_on == ends


def test_a_budget_tells_what_is_used_and_left_and_what_a_day_may_cost():
    bank = Books(in_memory())
    spent(bank, {YESTERDAY: 7, NOW.date(): 5})
    told = bank.do(budget, limits(month=300, day=4), NOW)
    assert (told.month_used, told.month_left, told.day_used, told.day_left, told.daily) == (12, 288, 5, 0, 4)
    told = bank.do(budget, limits(month=300), NOW)
    assert (told.day_left, told.daily) == (None, 10)
