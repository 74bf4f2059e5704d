"""A search and its credit move together, or neither does; and what that costs the database."""

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from core import admin, answers, searches, settling
from core.admin import By
from core.budgets import BudgetExceeded, spent_now
from core.check import check
from core.ledger import NoCredit
from core.model import Blocked, Charge, Found, Lost, Paused
from core.recall import recall
from core.searches import State
from core.settling import Halted, Superseded
from core.views import View
from tests.builders import MATCHES, NOW, PEPPER, Books, books, digest_of, in_memory, limits, photo, policy, telegram


@pytest.fixture
def bank():
    return Books(in_memory(), policy=policy(limits=limits(month=100, chat_day=50)))


def asked(bank, **changes):
    search = bank.accept(photo(1, chat="-100", **changes)).search
    return search, bank.ask(search)


def stands(bank, search):
    row = bank.row(search)
    return row.state, row.outcome, row.charge, bank.balance(search.person)


def test_an_answer_costs_one_credit_and_is_told_again_from_the_journal(bank):
    search, hold = asked(bank)
    assert stands(bank, search) == (State.ASKED, None, None, 19)
    outcome = bank.answer(search, hold)
    assert stands(bank, search) == (State.SETTLED, "found", Charge.PAID, 19)
    told = bank.do(recall, bank.row(search), policy=bank.policy, now=NOW)
    assert told == outcome
    assert isinstance(told, Found)
    assert told.matches == MATCHES
    assert bank.do(recall, bank.row(search), policy=bank.policy, now=NOW, view=View(page=1)).view == View(page=1)


def test_a_refusal_costs_nothing(bank):
    search, hold = asked(bank)
    bank.refuse(search, hold)
    assert stands(bank, search) == (State.SETTLED, "unavailable", Charge.NOTHING, 20)
    assert bank.do(spent_now, NOW) == (0, 0)


@pytest.mark.parametrize(("halt", "told"), [("pause", Paused), ("block person", Blocked), ("block chat", Blocked)])
def test_what_an_admin_stops_while_a_photo_waits_is_not_asked_for_it(bank, halt, told):
    search = bank.accept(photo(1, chat="-100")).search
    by = By(admin="telegram:9", event=None, at=NOW)
    match halt:
        case "pause":
            bank.do(admin.pause, by, paused=True, reason=None)
        case "block person":
            bank.do(admin.block_person, by, telegram(1), blocked=True, reason=None, pepper=PEPPER)
        case _:
            bank.do(admin.block_chat, by, "telegram", "-100", blocked=True, reason=None)
    with pytest.raises(Halted) as halted:
        bank.ask(search)
    assert halted.value.outcome == told(search=search.id)
    assert stands(bank, search) == (State.RECEIVED, None, None, 20)
    assert bank.do(spent_now, NOW) == (0, 0)


def test_what_is_asked_later_waits_again_and_holds_again(bank):
    search, hold = asked(bank)
    bank.put_back(search, hold)
    assert stands(bank, search) == (State.RECEIVED, None, None, 20)
    second = bank.ask(search)
    assert second.id != hold.id
    bank.answer(search, second)
    assert stands(bank, search) == (State.SETTLED, "found", Charge.PAID, 19)


def test_what_was_lost_costs_the_person_nothing_and_may_cost_the_operator(bank):
    search, _ = asked(bank)
    assert bank.lose(search)
    assert stands(bank, search) == (State.SETTLED, "lost", Charge.NOTHING, 20)
    assert bank.do(spent_now, NOW) == (1, 1)
    assert isinstance(bank.do(recall, bank.row(search), policy=bank.policy, now=NOW), Lost)


@pytest.mark.parametrize("ending", ["answer", "refuse", "put_back"])
def test_a_step_handed_in_again_after_a_lost_connection_is_done_once(bank, ending):
    search, hold = asked(bank)
    getattr(bank, ending)(search, hold)
    once = stands(bank, search), bank.do(spent_now, NOW)
    getattr(bank, ending)(search, hold)
    assert (stands(bank, search), bank.do(spent_now, NOW)) == once
    assert bank.do(check) == []


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("answer", "refuse"),
        ("answer", "put_back"),
        ("refuse", "answer"),
        ("put_back", "answer"),
        ("lose", "answer"),
        ("lose", "refuse"),
        ("lose", "put_back"),
    ],
)
def test_a_search_ends_once(bank, first, later):
    search, hold = asked(bank)
    bank.lose(search) if first == "lose" else getattr(bank, first)(search, hold)
    once = stands(bank, search), bank.do(spent_now, NOW)
    with pytest.raises(Superseded):
        getattr(bank, later)(search, hold)
    assert not bank.lose(search)
    assert (stands(bank, search), bank.do(spent_now, NOW)) == once
    assert bank.do(check) == []


def test_a_search_is_asked_once(bank):
    search, _ = asked(bank)
    with pytest.raises(Superseded):
        bank.ask(search)
    assert stands(bank, search) == (State.ASKED, None, None, 19), "the second hold is rolled back"
    assert bank.do(check) == []


def test_a_search_that_was_forgotten_meanwhile_is_not_asked(bank):
    search = bank.accept(photo(1)).search
    bank.do(searches.move, search.id, State.RECEIVED, State.REPLIED)
    with pytest.raises(Superseded):
        bank.ask(search)
    assert bank.balance(search.person) == 20


@pytest.mark.parametrize(
    ("later", "error"), [(policy(allowance=0), NoCredit), (policy(limits=limits(day=0)), BudgetExceeded)]
)
def test_a_refused_hold_leaves_the_search_waiting(bank, later, error):
    bank.policy = policy(allowance=1)
    search, other = (bank.accept(photo(1)).search for _ in range(2))
    bank.ask(other)
    bank.policy, bank.now = later, NOW + timedelta(days=10)  # a new month: its allowance is there, and rolled back
    with pytest.raises(error):
        bank.ask(search)
    assert bank.row(search).state is State.RECEIVED
    assert bank.balance(search.person) == 0
    assert bank.do(spent_now, bank.now) == (0, 0)


def test_what_a_dead_process_left_on_a_platform_where_nobody_waits_is_ended(bank):
    waiting = bank.accept(photo(1, platform="cli")).search
    held = bank.accept(photo(1, platform="cli")).search
    bank.ask(held)
    elsewhere = bank.accept(photo(1)).search
    later = NOW + timedelta(seconds=1)
    assert bank.do(settling.abandon, "cli", later, policy=bank.policy, now=later) == 2
    assert [bank.row(search).outcome for search in (waiting, held, elsewhere)] == ["unavailable", "lost", None]
    assert [bank.row(search).state for search in (waiting, held, elsewhere)] == [
        State.REPLIED,
        State.REPLIED,
        State.RECEIVED,
    ]
    assert bank.balance(waiting.person) == 20
    assert bank.do(check) == []


# What it costs


@contextmanager
def counted(engine):
    """Counts statements (without BEGIN, COMMIT and a connection's settings) and transactions."""
    counts = Counter()

    def statement(connection, cursor, text, *rest):
        if not text.startswith(("BEGIN", "PRAGMA", "SET")):
            counts["statements"] += 1

    def commit(connection):
        counts["transactions"] += 1

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield counts
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)


def test_a_known_persons_photo_takes_4_write_transactions_and_at_most_12_statements(database_url):
    """11 on SQLite; 12 on PostgreSQL, where the hold locks the person's row."""
    rules = policy(limits=limits(month=1000, day=100, chat_day=50, new_account=10))
    with books(database_url, policy=rules) as bank:
        bank.search(photo(1, chat="-100"))
        bank.now = NOW + timedelta(days=1)
        query = photo(1, chat="-100", file="the-file", sent_at=bank.now)
        with counted(bank.engine) as writes:
            search = bank.accept(query).search
            hold = bank.ask(search)
            bank.answer(search, hold)
            bank.do(searches.replied, search.id, "900")
        with counted(bank.engine) as reads:
            key = answers.question_key(digest_of(search), search.region, search.hint)
            bank.do(answers.read_fresh, key, bank.now)
        statements = writes["statements"] + reads["statements"]
        expected = 11 if bank.engine.dialect.name == "sqlite" else 12
        assert (writes["transactions"], statements) == (4, expected), f"{dict(writes)} and {dict(reads)}"
        assert statements <= 12


def test_a_stored_answer_takes_2_write_transactions(database_url):
    with books(database_url) as bank:
        bank.search(photo(1, file="the-file"))
        with counted(bank.engine) as writes:
            search = bank.accept(photo(1, file="the-file")).search
            bank.do(searches.replied, search.id, "900")
        assert (writes["transactions"], writes["statements"]) == (2, 4)
