"""Stored answers: the same question is paid once, and an answer says nothing about who asked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core import answers
from core.model import Match
from core.recall import free_markets
from core.tables import answers as table
from tests.builders import MATCHES, NOW, Books, books, in_memory, photo

DIGEST = "d" * 64
DAY = timedelta(days=1)

words = st.text(max_size=30)
matches = st.lists(
    st.builds(
        Match,
        id=st.text("0123456789", min_size=1, max_size=20),
        name=st.text(max_size=60),
        region=st.sampled_from([None, "US", "GB"]),
        picture=st.none() | st.tuples(words, words),
    ),
    max_size=30,
).map(tuple)

ENGINE = in_memory()


@pytest.fixture
def bank():
    return Books(in_memory())


@given(matches)
def test_an_answer_is_read_as_it_was_stored(found):
    bank = Books(ENGINE)
    bank.do(answers.store, "key", found, NOW, DAY)
    assert bank.do(answers.read, "key") == found
    assert bank.do(answers.read_fresh, "key", NOW) == found


questions = st.tuples(st.sampled_from(["a" * 64, "b" * 64]), st.sampled_from([None, "US", "GB"]), st.none() | words)


@given(questions, questions)
def test_questions_share_an_answer_only_if_photo_market_and_words_are_the_same(one, other):
    def meant(question):
        digest, region, hint = question
        return digest, region, hint.casefold() if hint else None

    assert (answers.question_key(*one) == answers.question_key(*other)) is (meant(one) == meant(other))


@pytest.mark.threat(20)
@given(st.text("abcdefghijklmnop", min_size=4, max_size=100))
def test_a_questions_name_does_not_contain_its_words(hint):
    key = answers.question_key(DIGEST, "US", hint)
    assert len(key) == 64
    assert hint not in key
    assert DIGEST not in key


@pytest.mark.threat(20)
def test_stored_answers_hold_nobody_and_no_words(bank):
    search = bank.search(photo(987654321, chat="-10055555", hint="purple lamp", name="Zoe"))
    row = bank.do(lambda connection: connection.execute(select(table)).one())
    assert set(row._fields) == {"key", "matches", "count", "stored_at", "fresh_until"}
    told = repr(tuple(row)) + repr(bank.do(answers.read, row.key))
    for private in ("987654321", "10055555", "purple", "Zoe", search.id, "telegram"):
        assert private not in told


def test_nothing_is_found_where_nothing_was_stored(database_url):
    with books(database_url) as bank:
        assert bank.do(answers.read, "key") is None
        assert bank.do(answers.read, None) is None
        assert bank.do(answers.read_fresh, "key", NOW) is None
        bank.do(answers.store, "key", MATCHES, NOW, DAY)
        assert bank.do(answers.read, "key") == MATCHES


def test_an_old_answer_is_free_no_more_but_its_pages_can_be_turned(bank):
    bank.do(answers.store, "key", MATCHES, NOW, DAY)
    assert bank.do(answers.read_fresh, "key", NOW + DAY) is None
    assert bank.do(answers.read, "key") == MATCHES


def test_a_new_answer_takes_the_place_of_an_old_one(bank):
    bank.do(answers.store, "key", MATCHES, NOW, DAY)
    bank.do(answers.store, "key", MATCHES[:1], NOW + DAY, DAY)
    assert bank.do(answers.read_fresh, "key", NOW + DAY) == MATCHES[:1]


@pytest.mark.parametrize(("cache", "fresh"), [(DAY, 60), (timedelta(minutes=10), 10)])
def test_an_empty_answer_is_fresh_for_an_hour_at_most(bank, cache, fresh):
    bank.do(answers.store, "key", (), NOW, cache)
    assert bank.do(answers.read_fresh, "key", NOW + timedelta(minutes=fresh - 1)) == ()
    assert bank.do(answers.read_fresh, "key", NOW + timedelta(minutes=fresh)) is None


def test_what_is_too_old_is_dropped(bank):
    for day in range(3):
        bank.do(answers.store, f"key-{day}", MATCHES, NOW + day * DAY, DAY)
    assert bank.do(answers.prune, NOW + DAY) == 1
    assert [bank.do(answers.read, f"key-{day}") is None for day in range(3)] == [True, False, False]


def test_markets_that_would_be_free_are_known(bank):
    search = bank.search(photo(1, file="the-file", hint="bag", region="US"))
    bank.search(photo(2, file="the-file", hint="bag", region="GB"))
    bank.search(photo(2, file="the-file", hint="lamp", region="DE"))
    bank.search(photo(2, file="another-file", hint="bag", region="FR"))
    asked = (None, "US", "GB", "DE", "FR")
    assert bank.do(free_markets, search.id, asked, NOW) == {"US", "GB"}
    assert bank.do(free_markets, search.id, asked, NOW + bank.policy.cache) == frozenset()
    assert bank.do(free_markets, "nothing", asked, NOW) == frozenset()
