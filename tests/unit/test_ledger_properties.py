"""Whatever happens in whatever order, the books add up: checked after every step against a model of the rules."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError

from core import ledger, people
from core.budgets import BudgetExceeded
from core.check import check
from core.clock import month_of, next_month
from core.ledger import Hold, NoCredit
from core.searches import Search
from core.settling import Superseded
from core.tables import entries, metadata
from tests.builders import PEPPER, Books, in_memory, limits, migrated, photo, policy, telegram

#: A leap day, five minutes before its month ends.
BEGIN = datetime(2028, 2, 29, 23, 55, tzinfo=UTC)
ALLOWANCE = 2
#: Small enough to be reached.
MONTH, DAY = 6, 4
PEOPLE = (1, 2)

one_of_us = st.sampled_from(PEOPLE)
few = st.integers(1, 3)
lives = st.sampled_from([None, timedelta(seconds=30), timedelta(hours=1), timedelta(days=40)])
steps = st.sampled_from([timedelta(seconds=20), timedelta(minutes=5), timedelta(hours=7), timedelta(days=1), None])
endings = st.sampled_from(["answered", "refused", "put back", "lost"])


@dataclass
class Open:
    """A search that is being asked."""

    who: int
    search: Search
    hold: Hold
    pot: datetime | None


class Ledger(RuleBasedStateMachine):
    """Everything that moves credits, beside a model that keeps pots as plain numbers."""

    engine: Engine

    def __init__(self):
        super().__init__()
        rules = policy(allowance=ALLOWANCE, limits=limits(month=MONTH, day=DAY))
        self.books = Books(self.engine, policy=rules, now=BEGIN)
        self.number = {who: self.books.do(people.meet, telegram(who), "", BEGIN, pepper=PEPPER).id for who in PEOPLE}
        self.pots = {who: defaultdict(int) for who in PEOPLE}
        self.renewed = set()
        self.waiting = []
        self.open = []
        self.closed = []
        self.spent = defaultdict(int)

    def renew(self, who, month):
        if (who, month) not in self.renewed:
            self.renewed.add((who, month))
            self.pots[who][next_month(self.books.now)] += ALLOWANCE

    def usable(self, who):
        """The pots that hold something now, the one that ends soonest first."""
        now = self.books.now
        filled = [end for end, amount in self.pots[who].items() if amount and (end is None or end > now)]
        return sorted(filled, key=lambda end: end or datetime.max.replace(tzinfo=UTC))

    def balance(self, who):
        return sum(self.pots[who][end] for end in self.usable(who))

    @rule(who=one_of_us, amount=few, life=lives)
    def grant(self, who, amount, life):
        ends_on = life and self.books.now + life
        assert self.books.do(
            ledger.grant,
            self.number[who],
            amount,
            ends_on=ends_on,
            event=None,
            reason=None,
            by="telegram:9",
            now=self.books.now,
        )
        self.pots[who][ends_on] += amount

    @rule(who=one_of_us, amount=few)
    def take(self, who, amount):
        taken = self.books.do(
            ledger.take, self.number[who], amount, event=None, reason=None, by="telegram:9", now=self.books.now
        )
        assert taken == min(amount, self.balance(who))
        for end in self.usable(who):
            part = min(taken, self.pots[who][end])
            self.pots[who][end] -= part
            taken -= part

    @rule(who=one_of_us)
    def photo_arrives(self, who):
        accepted = self.books.accept(photo(who, sent_at=self.books.now))
        self.renew(who, month_of(self.books.now))
        assert accepted.balance == self.balance(who)
        if accepted.outcome is None:
            self.waiting.append((who, accepted.search))

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 9))
    def turn_comes(self, which):
        who, search = self.waiting.pop(which % len(self.waiting))
        now = self.books.now
        month, day = month_of(now), now.date().isoformat()
        renewed = set(self.renewed)
        if month_of(search.received_at) != month:
            self.renew(who, month)
        usable = self.usable(who)
        try:
            hold = self.books.ask(search)
        except NoCredit:
            assert not usable
        except BudgetExceeded:
            assert usable
            assert self.spent[month] >= MONTH or self.spent[day] >= DAY
        else:
            assert usable
            assert self.spent[month] < MONTH
            assert self.spent[day] < DAY
            self.pots[who][usable[0]] -= 1
            self.spent[month] += 1
            self.spent[day] += 1
            assert hold.balance == self.balance(who)
            self.open.append(Open(who, search, hold, usable[0]))
            return
        # The transaction rolled back, a renewal in it as well; the photo waits as before.
        for renewal in self.renewed - renewed:
            self.pots[who][next_month(now)] -= ALLOWANCE
            self.renewed.discard(renewal)
        self.waiting.append((who, search))

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9), ending=endings)
    def ends(self, which, ending):
        one = self.open.pop(which % len(self.open))
        match ending:
            case "answered":
                self.books.answer(one.search, one.hold)
            case "refused":
                self.books.refuse(one.search, one.hold)
            case "put back":
                self.books.put_back(one.search, one.hold)
                self.waiting.append((one.who, one.search))
            case "lost":
                assert self.books.lose(one.search)
        if ending != "answered":
            self.pots[one.who][one.pot] += 1
        if ending in ("refused", "put back"):
            self.spent[month_of(one.hold.at)] -= 1
            self.spent[one.hold.at.date().isoformat()] -= 1
        self.closed.append((one, ending))

    @rule(who=one_of_us, ending=endings)
    def a_photo_is_searched_at_once(self, who, ending):
        """What the rules above do one by one, so that histories have many of them."""
        self.photo_arrives(who)
        if self.waiting:
            self.turn_comes(len(self.waiting) - 1)
        if self.open:
            self.ends(len(self.open) - 1, ending)

    @precondition(lambda self: self.closed)
    @rule(which=st.integers(0, 9), again=st.sampled_from(["answered", "refused", "lost"]))
    def ends_again(self, which, again):
        """Nothing moves, whoever tries: the same step twice is done once, another one is superseded."""
        one, ending = self.closed[which % len(self.closed)]
        if ending == "put back":
            return
        if again == "lost":
            assert not self.books.lose(one.search)
            return
        step = {"answered": self.books.answer, "refused": self.books.refuse}[again]
        if again == ending:
            step(one.search, one.hold)
        else:
            with pytest.raises(Superseded):
                step(one.search, one.hold)

    @precondition(lambda self: self.closed)
    @rule(which=st.integers(0, 9))
    def is_captured_once_more(self, which):
        one, _ = self.closed[which % len(self.closed)]
        with pytest.raises(IntegrityError):
            self.books.do(ledger.capture, one.hold.id, self.books.now)

    @rule(step=steps)
    def time_passes(self, step):
        self.books.now = self.books.now + step if step else next_month(self.books.now) - timedelta(seconds=10)

    @invariant()
    def the_books_add_up(self):
        assert self.books.do(check) == []
        for who in PEOPLE:
            pots = self.books.do(ledger.pots, self.number[who], self.books.now)
            assert [(pot.ends_on, pot.amount) for pot in pots] == [
                (end, self.pots[who][end]) for end in self.usable(who)
            ]
            assert self.books.balance(self.number[who]) == self.balance(who)

    @invariant()
    def no_account_is_below_zero_now_or_whenever_a_pot_ends(self):
        for who in PEOPLE:
            for moment in [self.books.now, *(end for end in self.pots[who] if end and end > self.books.now)]:
                assert self.books.do(ledger.balance, self.number[who], moment) >= 0

    @invariant()
    def every_open_hold_is_being_asked_for(self):
        holds, resolved = self.books.do(
            lambda connection: connection.execute(
                select(func.count(), func.count(entries.c.hold_id)).where(
                    entries.c.kind.in_(("hold", "capture", "release"))
                )
            ).one()
        )
        assert holds - 2 * resolved == len(self.open)


def of(*, examples, steps):
    """How much is tried. A failing history is told as it was found: making it shorter takes minutes."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.fault(26)
def test_the_books_add_up_after_every_step_of_any_history():
    class InMemory(Ledger):
        def __init__(self):
            self.engine = in_memory()
            super().__init__()

        def teardown(self):
            self.engine.dispose()

    run_state_machine_as_test(
        InMemory,
        settings=of(examples=20, steps=25),
    )


def test_the_books_add_up_on_postgresql_as_well(postgres_database):
    database = migrated(postgres_database)

    class OnPostgres(Ledger):
        engine = database.writing

        def teardown(self):
            with self.engine.begin() as connection:
                for table in reversed(metadata.sorted_tables):
                    connection.execute(table.delete())

    try:
        run_state_machine_as_test(
            OnPostgres,
            settings=of(examples=5, steps=20),
        )
    finally:
        database.close()
