"""What the operator allows to be spent is spent, and not one credit more, however many ask at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from core import admission, settling
from core.budgets import BudgetExceeded, spent_now
from core.check import check
from core.clock import next_day, next_month
from core.ledger import NoCredit
from core.model import BudgetSpent, Limit
from core.tables import spending
from tests.builders import (
    NO_WAIT,
    NOW,
    PEPPER,
    Books,
    books,
    in_memory,
    limits,
    photo,
    policy,
    process,
)


def memory(**changes):
    return Books(in_memory(), policy=policy(limits=limits(**changes)))


def spent(bank, chat=None, person=1):
    """Answer one photo for a credit."""
    return bank.search(photo(person, chat=chat, sent_at=bank.now))


def refusal(bank, chat=None, person=1):
    """What a photo is told at once, and what its hold would be told."""
    accepted = bank.accept(photo(person, chat=chat, sent_at=bank.now))
    assert isinstance(accepted.outcome, BudgetSpent)
    return accepted.outcome.limit, accepted.outcome.until


# One after the other


@pytest.mark.parametrize(
    ("name", "limit", "until"),
    [("month", Limit.MONTH, datetime(2026, 12, 1, tzinfo=UTC)), ("day", Limit.DAY, datetime(2026, 11, 25, tzinfo=UTC))],
)
def test_the_budget_is_spent_exactly_and_comes_back_when_it_is_said(name, limit, until):
    bank = memory(**{name: 2})
    spent(bank, person=1)
    spent(bank, person=2)
    assert refusal(bank, person=3) == (limit, until)
    bank.now = until - timedelta(seconds=1)
    assert refusal(bank, person=3) == (limit, until)
    bank.now = until
    spent(bank, person=3)


def test_the_month_is_told_before_the_day():
    bank = memory(month=1, day=1)
    spent(bank)
    assert refusal(bank)[0] is Limit.MONTH


@pytest.mark.parametrize("name", ["month", "day", "chat_day", "new_account"])
def test_zero_allows_nothing(name):
    bank = memory(**{name: 0})
    assert isinstance(bank.accept(photo(1, chat="-100")).outcome, BudgetSpent)


@pytest.mark.parametrize("name", ["month", "day", "chat_day", "new_account"])
def test_the_hold_decides_also_when_the_first_look_let_it_pass(name):
    bank = memory()
    waiting = [bank.accept(photo(1, chat="-100")).search for _ in range(3)]
    bank.policy = policy(limits=limits(**{name: 2}))
    for search in waiting[:2]:
        bank.ask(search)
    balance = bank.balance(waiting[2].person)
    with pytest.raises(BudgetExceeded):
        bank.ask(waiting[2])
    assert bank.balance(waiting[2].person) == balance, "nothing is held of what was refused"
    assert bank.do(spent_now, NOW) == (2, 2), "and nothing is counted"
    assert bank.do(check) == []


def test_no_limit_is_no_limit():
    bank = Books(in_memory(), policy=policy(allowance=60))
    for _ in range(50):
        spent(bank, chat="-100")
    assert bank.do(spent_now, NOW) == (50, 50)


def test_a_groups_limit_is_its_own_and_no_private_chats():
    bank = memory(chat_day=1)
    spent(bank, chat="-100")
    assert refusal(bank, chat="-100") == (Limit.CHAT, next_day(NOW))
    assert refusal(bank, chat="-100", person=2) == (Limit.CHAT, next_day(NOW))
    spent(bank, chat="-200")
    for _ in range(3):
        spent(bank)
    bank.now = next_day(NOW)
    spent(bank, chat="-100")


def test_a_group_of_the_same_number_on_another_platform_is_another_group():
    bank = memory(chat_day=1)
    spent(bank, chat="100")
    other = photo(1, chat="100", platform="discord")
    bank.search(other)


def test_a_new_account_has_a_limit_of_its_own_for_24_hours():
    bank = memory(new_account=2)
    spent(bank)
    spent(bank)
    assert refusal(bank) == (Limit.NEW_ACCOUNT, NOW + timedelta(hours=24))
    spent(bank, person=2)
    bank.now = NOW + timedelta(hours=24) - timedelta(milliseconds=1)
    assert refusal(bank)[0] is Limit.NEW_ACCOUNT
    bank.now = NOW + timedelta(hours=24)
    spent(bank)


def test_what_came_back_for_certain_counts_no_more_and_what_may_be_paid_does():
    bank = memory(month=2, day=2, chat_day=2, new_account=2)
    group = {"chat": "-100"}
    refused = bank.accept(photo(1, **group)).search
    bank.refuse(refused, bank.ask(refused))
    put_back = bank.accept(photo(1, **group)).search
    bank.put_back(put_back, bank.ask(put_back))
    assert bank.do(spent_now, NOW) == (0, 0)
    lost = bank.accept(photo(1, **group)).search
    bank.ask(lost)
    bank.lose(lost)
    assert bank.do(spent_now, NOW) == (1, 1)
    bank.ask(put_back)
    assert bank.do(spent_now, NOW) == (2, 2), "an open hold counts"
    assert refusal(bank, **group)[0] is Limit.MONTH
    assert bank.do(check) == []


@pytest.mark.fault(26)
def test_what_comes_back_in_the_new_month_comes_back_to_the_old_months_budget():
    bank = memory(month=5, day=5)
    bank.now = next_month(NOW) - timedelta(minutes=1)
    search = bank.accept(photo(1, sent_at=bank.now)).search
    hold = bank.ask(search)
    old, bank.now = bank.now, next_month(NOW) + timedelta(minutes=1)
    bank.refuse(search, hold)
    assert bank.do(spent_now, old) == (0, 0)
    assert bank.do(spent_now, bank.now) == (0, 0)
    assert bank.do(check) == []


# All at once


def at_once(url, count, bank, queries):
    """Accept the photos one after the other, then ask for all of them at once, over connections of four processes."""
    waiting = [bank.accept(query).search for query in queries]
    with ExitStack() as stack:
        engines = [stack.enter_context(books(url, policy=bank.policy)) for _ in range(4)]
        # Warm connections: the race is about the holds.
        for other in engines:
            other.do(spent_now, NOW)

        def ask(numbered):
            number, search = numbered
            try:
                engines[number % len(engines)].ask(search)
            except BudgetExceeded as exceeded:
                return exceeded.limit
            except NoCredit:
                return "no credit"
            return "asked"

        with ThreadPoolExecutor(count) as threads:
            return Counter(threads.map(ask, enumerate(waiting)))


@pytest.mark.parametrize(
    ("name", "limit"), [("day", Limit.DAY), ("chat_day", Limit.CHAT), ("new_account", Limit.NEW_ACCOUNT)]
)
def test_of_20_at_once_exactly_the_budget_is_asked(database_url, name, limit):
    with books(database_url, policy=policy(limits=limits(**{name: 7}))) as bank:
        same = name == "new_account"
        queries = [photo(1 if same else number, chat="-100") for number in range(20)]
        assert at_once(database_url, 20, bank, queries) == {"asked": 7, limit: 13}
        assert bank.do(spent_now, NOW) == (7, 7)
        assert bank.do(check) == []


@pytest.mark.fault(25)
def test_at_the_edge_of_the_budget_50_at_once_spend_exactly_the_rest(database_url):
    with books(database_url, policy=policy(limits=limits(month=10))) as bank:
        for _ in range(7):
            spent(bank)
        assert at_once(database_url, 50, bank, [photo(number) for number in range(50)]) == {
            "asked": 3,
            Limit.MONTH: 47,
        }
        assert bank.do(spent_now, NOW) == (10, 10)
        assert bank.do(check) == []


def test_20_photos_of_one_person_at_once_are_as_many_as_their_credits(database_url):
    with books(database_url, policy=policy(allowance=6)) as bank:
        queries = [photo(1) for _ in range(20)]
        assert at_once(database_url, 20, bank, queries) == {"asked": 6, "no credit": 14}
        assert bank.balance(1) == 0
        assert bank.do(check) == []


def test_giving_back_and_asking_at_once_ends_in_exact_counts(database_url):
    """A give-back and a hold touch the same counts: neither waits for the other in a circle."""
    with books(database_url, policy=policy(allowance=100, limits=limits(chat_day=1000))) as bank:
        held = []
        for _ in range(10):
            search = bank.accept(photo(1, chat="-100")).search
            held.append((search, bank.ask(search)))
        waiting = [bank.accept(photo(2, chat="-100")).search for _ in range(10)]
        with ThreadPoolExecutor(4) as threads:
            both = [
                work
                for pair, search in zip(held, waiting, strict=True)
                for work in (threads.submit(bank.refuse, *pair), threads.submit(bank.ask, search))
            ]
            for work in both:
                work.result()
        assert bank.do(spent_now, NOW) == (10, 10)
        assert bank.do(check) == []


def test_giving_back_waits_for_the_month_before_it_touches_the_day(postgres_database):
    """A hold counts the month first: in any other order the two could wait for each other in a circle."""
    of = select(spending).where(spending.c.scope == "all").with_for_update(nowait=True)
    waiting = text("select count(*) from pg_locks where not granted")
    with books(postgres_database) as bank, books(postgres_database) as other, ThreadPoolExecutor(1) as thread:
        search = bank.accept(photo(1)).search
        hold = bank.ask(search)
        with other.engine.connect() as connection:
            connection.execute(of.where(spending.c.period == "2026-11"))
            giving_back = thread.submit(bank.refuse, search, hold)
            give_up = time.monotonic() + 10
            while not other.do(lambda watch: watch.scalar(waiting)):
                assert time.monotonic() < give_up, "it waits for the month"
                time.sleep(0.01)
            assert other.do(lambda watch: watch.execute(of.where(spending.c.period == "2026-11-24")).all())
            connection.rollback()
        giving_back.result()
        assert bank.do(spent_now, NOW) == (0, 0)


ASK_FOR_THE_LAST_CREDIT = """
import sys
from tests.builders import Books, photo, policy
from core.database import Database
from core.ledger import NoCredit
url, number = sys.argv[1:]
bank = Books(Database(url).writing, policy=policy(allowance=1))
search = bank.accept(photo(1, event=f"telegram:1:{number}", file=number)).search
print("ready", flush=True)
sys.stdin.readline()
try:
    hold = bank.ask(search)
except NoCredit:
    print("NoCredit", flush=True)
else:
    bank.answer(search, hold)
    print("answered", flush=True)
"""


@pytest.mark.fault(24)
def test_the_last_credit_asked_for_by_four_processes_at_once_is_one_answer(sqlite_database):
    with books(sqlite_database, policy=policy(allowance=1)) as bank, ExitStack() as stack:
        others = [stack.enter_context(process(ASK_FOR_THE_LAST_CREDIT, sqlite_database, str(n))) for n in range(4)]
        assert [other.stdout.readline() for other in others] == ["ready\n"] * 4
        for other in others:
            other.stdin.write("go\n")
            other.stdin.flush()
        said = Counter(other.stdout.readline().strip() for other in others)
        assert said == {"answered": 1, "NoCredit": 3}
        assert bank.balance(1) == 0
        assert bank.do(check) == []


# Denial of wallet


@pytest.mark.threat(15)
def test_1000_new_accounts_with_5_photos_each_spend_exactly_what_the_operator_allows():
    """400 a month, 250 a day, 2 for a new account: 250 on the first day, 150 on the second."""
    rules = policy(limits=limits(month=400, day=250, new_account=2))
    bank = Books(in_memory(), policy=rules)
    told = Counter()

    def five_photos(connection, person):
        for _ in range(5):
            query = replace(photo(person), sent_at=bank.now)
            accepted = admission.accept(connection, query, NO_WAIT, policy=rules, pepper=PEPPER, now=bank.now)
            if accepted.outcome is not None:
                assert isinstance(accepted.outcome, BudgetSpent)
                told[accepted.outcome.limit] += 1
                continue
            settling.ask(connection, accepted.search, policy=rules, now=bank.now)

    days = []
    for person in range(1000):
        if person == 500:
            days.append(bank.do(spent_now, bank.now))
            bank.now = next_day(NOW)
        bank.do(five_photos, person)
    days.append(bank.do(spent_now, bank.now))
    assert days == [(250, 250), (400, 150)]
    assert sum(told.values()) == 5000 - 400
    assert set(told) == {Limit.NEW_ACCOUNT, Limit.DAY, Limit.MONTH}
    assert bank.do(check) == []


def test_the_figures_of_a_month_and_a_day_are_apart():
    bank = memory()
    spent(bank)
    bank.now = next_day(NOW)
    spent(bank)
    assert bank.do(spent_now, bank.now) == (2, 1)
    assert bank.do(spent_now, next_month(bank.now)) == (0, 0)


def test_somebody_who_was_met_long_ago_is_not_new():
    bank = memory(new_account=0)
    bank.now = NOW - timedelta(hours=24)
    assert isinstance(bank.accept(photo(1, sent_at=bank.now)).outcome, BudgetSpent)
    bank.now = NOW
    assert bank.accept(photo(1)).outcome is None
    assert isinstance(bank.accept(photo(2)).outcome, BudgetSpent)
