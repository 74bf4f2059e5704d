"""The journal: every photo is in it once, each move happens once, and every outcome can be told again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import searches
from core.model import (
    Blocked,
    BudgetSpent,
    Busy,
    Charge,
    Expired,
    Found,
    Limit,
    Lost,
    MembersOnly,
    NoCredits,
    NothingFound,
    Paused,
    Problem,
    Receipt,
    Stale,
    Unavailable,
    Unreadable,
    Wait,
)
from core.outcomes import describe, retell
from core.recall import recall
from core.searches import MAX_ATTEMPTS, State, asked_by
from tests.builders import MATCHES, NOW, Books, books, in_memory, photo, telegram


@pytest.fixture
def bank():
    return Books(in_memory())


def test_the_journal_gives_back_what_was_sent(database_url):
    with books(database_url) as bank:
        query = photo(
            1, chat="-100", thread="7", file="the-file", answer="55", hint="red bag", region="US", language="pt-BR"
        )
        search = bank.accept(query).search
        assert bank.row(search) == search
        assert search.origin == query.origin
        assert (search.hint, search.region, search.received_at) == ("red bag", "US", NOW)
        assert search.group == "telegram:-100"
        assert bank.do(searches.by_event, query.origin.event) == search
        assert bank.do(searches.find, "nothing") is None
        assert bank.do(searches.by_event, "nothing") is None


def test_a_private_chat_is_no_group(bank):
    assert bank.accept(photo(1)).search.group is None


def test_a_move_happens_once_also_when_ten_try_at_once(database_url):
    with books(database_url) as bank:
        search = bank.accept(photo(1)).search

        def move(_):
            return bank.do(searches.move, search.id, State.RECEIVED, State.ASKED)

        with ThreadPoolExecutor(10) as threads:
            assert sum(threads.map(move, range(10))) == 1
        assert bank.row(search).state is State.ASKED


@pytest.mark.parametrize("before", State)
def test_a_search_moves_only_from_where_it_stands(bank, before):
    search = bank.accept(photo(1)).search
    assert bank.do(searches.move, search.id, before, State.SETTLED) is (before is State.RECEIVED)


def test_a_person_is_told_once_and_the_message_is_remembered(bank):
    search = bank.accept(photo(1)).search
    assert not bank.do(searches.replied, search.id, "900")
    assert bank.do(searches.settle, search.id, State.RECEIVED, Blocked(search=search.id), NOW)
    bank.do(searches.shown, search.id, "899")
    assert bank.do(searches.replied, search.id, None)
    assert bank.row(search).origin.answer == "899", "the message that was there stays"
    assert not bank.do(searches.replied, search.id, "900")


def test_a_search_is_its_askers_alone(bank):
    search = bank.accept(photo(1)).search
    assert asked_by(search, telegram(1))
    assert asked_by(bank.row(search), telegram(1))
    assert not asked_by(search, telegram(11))
    assert not asked_by(search, replace(telegram(1), platform="discord"))


# After a restart


def test_what_was_left_is_taken_up_oldest_first_and_what_crashed_last(bank):
    left = []
    for minute in range(4):
        bank.now = NOW + timedelta(minutes=minute)
        left.append(bank.accept(photo(1, sent_at=bank.now)).search)
    bank.search(photo(1, sent_at=bank.now))
    bank.accept(photo(1, album="an-album"))
    offered = bank.accept(photo(1, album="an-album")).search
    bank.do(searches.attempt, left[0].id)
    bank.ask(left[1])
    bank.do(searches.settle, left[2].id, State.RECEIVED, Blocked(search=left[2].id), bank.now)
    found = bank.do(searches.unfinished, ["telegram"])
    assert [search.id for search in found[:3]] == [left[1].id, left[2].id, left[3].id]
    assert found[-1].id == left[0].id
    assert offered.id not in [search.id for search in found]
    assert bank.do(searches.unfinished, ["discord"]) == []
    assert bank.do(searches.unfinished, []) == []


@pytest.mark.fault(10)
def test_attempts_are_counted_until_the_process_ends_in_good_order(bank):
    search = bank.accept(photo(1)).search
    for number in range(MAX_ATTEMPTS):
        assert bank.row(search).attempts == number
        bank.do(searches.attempt, search.id)
    assert bank.row(search).attempts == MAX_ATTEMPTS == 3
    bank.do(searches.absolve)
    assert bank.row(search).attempts == 0
    bank.ask(search)
    bank.do(searches.attempt, search.id)
    assert bank.row(search).attempts == 0, "only a photo that waits is tried"


# Told again

receipts = st.builds(
    Receipt,
    charge=st.sampled_from(Charge),
    balance=st.integers(0, 10**6),
    allowance=st.integers(0, 10**6),
    renews_on=st.dates(),
)
NOTHING = Receipt(charge=Charge.NOTHING, balance=3, allowance=20, renews_on=date(2026, 12, 1))
moments = st.integers(0, 10**10).map(lambda second: datetime.fromtimestamp(second, UTC))
ID = "a-search"
outcomes = st.one_of(
    st.builds(
        Found, search=st.just(ID), matches=st.just(MATCHES), region=st.just("US"), hint=st.just("bag"), receipt=receipts
    ),
    st.builds(NothingFound, search=st.just(ID), region=st.just("US"), hint=st.just("bag"), receipt=receipts),
    st.builds(NoCredits, search=st.just(ID), receipt=receipts),
    st.builds(BudgetSpent, search=st.just(ID), limit=st.sampled_from(Limit), until=moments, receipt=receipts),
    st.builds(MembersOnly, search=st.just(ID)),
    st.builds(Blocked, search=st.just(ID)),
    st.builds(Unreadable, search=st.just(ID), problem=st.sampled_from(Problem)),
    st.builds(Busy, search=st.just(ID), wait=st.sampled_from(Wait), seconds=st.integers(0, 10**6).map(float)),
    st.builds(Paused, search=st.just(ID)),
    st.builds(Lost, search=st.just(ID), receipt=receipts),
    st.builds(Unavailable, search=st.just(ID), receipt=receipts),
    st.builds(Stale, search=st.just(ID)),
    st.builds(Expired, search=st.just(ID)),
)


@given(outcomes)
def test_every_outcome_can_be_told_again_from_what_the_journal_keeps(outcome):
    kind, detail, charge = describe(outcome)
    assert len(kind) <= 16
    assert charge is (outcome.receipt.charge if isinstance(outcome, Found | NothingFound) else Charge.NOTHING)
    receipt = getattr(outcome, "receipt", NOTHING)
    assert retell(kind, detail, search=ID, region="US", hint="bag", matches=MATCHES, receipt=receipt) == outcome


def test_an_answer_that_is_gone_has_expired():
    again = {"search": ID, "region": None, "hint": None, "receipt": NOTHING}
    assert retell("found", None, matches=None, **again) == Expired(search=ID)
    assert retell(None, None, matches=None, **again) == Expired(search=ID)


def test_an_album_told_again_says_how_many_photos_wait(bank):
    first = bank.search(photo(1, album="an-album"))
    for _ in range(2):
        bank.accept(photo(1, album="an-album"))
    told = bank.do(recall, bank.row(first), policy=bank.policy, now=NOW)
    assert isinstance(told, Found)
    assert told.offered == 2
