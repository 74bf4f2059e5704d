"""What a photo is told in its first transaction: refusals in their order, answers that are free, places in a queue."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from core import admin, admission, chats, ledger, people, searches
from core.admin import By
from core.admission import MAX_WAITING, STALE_AFTER, NotEnough, Place, again
from core.check import check
from core.model import (
    ANY_MARKET,
    Blocked,
    BudgetSpent,
    Busy,
    Charge,
    Found,
    MembersOnly,
    NoCredits,
    NothingFound,
    Paused,
    Problem,
    Stale,
    Unreadable,
    Wait,
)
from core.photo_files import LARGEST_FILE
from core.searches import State
from core.tables import entries
from core.tables import searches as journal
from tests.builders import MATCHES, NO_WAIT, NOW, PEPPER, Books, books, in_memory, limits, photo, policy, telegram

BY = By(admin="telegram:9", event=None, at=NOW)


@pytest.fixture
def bank():
    return Books(in_memory())


def rows(bank):
    return bank.do(lambda connection: connection.scalar(select(func.count()).select_from(journal)))


def prefer(bank, person, region):
    bank.do(people.prefer, telegram(person), "", NOW, pepper=PEPPER, region=region)


# The same event


@pytest.mark.fault(11)
def test_a_photo_delivered_twice_is_one_search(bank):
    query = photo(1)
    first = bank.accept(query)
    assert (first.outcome, first.duplicate) == (None, False)
    second = bank.accept(query)
    assert second.duplicate
    assert second.search.id == first.search.id
    assert second.outcome is None
    assert rows(bank) == 1


@pytest.mark.fault(11)
def test_a_photo_delivered_ten_times_at_once_is_one_search(database_url):
    with books(database_url) as bank:
        query = photo(1)
        with ThreadPoolExecutor(10) as threads:
            accepted = list(threads.map(bank.accept, [query] * 10))
        assert Counter(one.duplicate for one in accepted) == {False: 1, True: 9}
        assert len({one.search.id for one in accepted}) == 1
        assert bank.balance(accepted[0].search.person) == 20, "met once, one allowance"


def test_two_first_photos_at_once_meet_one_person_who_has_their_allowance(database_url):
    with books(database_url) as bank:
        with ThreadPoolExecutor(4) as threads:
            accepted = list(threads.map(bank.accept, [photo(1) for _ in range(4)]))
        assert [(one.outcome, one.balance) for one in accepted] == [(None, 20)] * 4
        assert len({one.search.person for one in accepted}) == 1
        assert bank.balance(accepted[0].search.person) == 20


def test_a_photo_whose_months_allowance_another_one_just_got_counts_it(postgres_database):
    """Both looked before either had given it; the second finds it given, and may spend it."""
    with books(postgres_database) as one, books(postgres_database) as other:
        one.accept(photo(1))
        one.now = other.now = NOW + timedelta(days=10)
        came_first = []

        def just_before(connection, cursor, statement, *rest):
            if statement.startswith("INSERT INTO entries") and not came_first:
                came_first.append(one.accept(photo(1, sent_at=one.now)))

        event.listen(other.engine, "before_cursor_execute", just_before)
        second = other.accept(photo(1, sent_at=one.now))
        assert [(accepted.outcome, accepted.balance) for accepted in (*came_first, second)] == [(None, 20)] * 2


@pytest.mark.fault(13)
def test_a_forwarded_photo_is_a_query_of_its_own_and_free(bank):
    bank.search(photo(1, file="the-file"))
    forwarded = bank.accept(photo(1, file="the-file"))
    assert not forwarded.duplicate
    assert isinstance(forwarded.outcome, Found)
    assert forwarded.outcome.receipt.charge is Charge.STORED
    assert forwarded.outcome.receipt.balance == 19


# Refusals, the ones that are cheapest to find out first


ORDER = (Blocked, MembersOnly, Paused, Stale, Unreadable, NoCredits, BudgetSpent, Busy)


def obstruct(bank, kind, query, place):
    """Put something in a photo's way: the query and the place as they are then."""
    if kind is Blocked:
        bank.do(admin.block_person, BY, query.person, blocked=True, reason=None, pepper=PEPPER)
    elif kind is MembersOnly:
        query = replace(query, member=False)
    elif kind is Paused:
        bank.do(admin.pause, BY, paused=True, reason=None)
    elif kind is Stale:
        query = replace(query, sent_at=NOW - timedelta(hours=2))
    elif kind is Unreadable:
        query = replace(query, size=LARGEST_FILE + 1)
    elif kind is NoCredits:
        bank.policy = replace(bank.policy, allowance=0)
    elif kind is BudgetSpent:
        bank.policy = replace(bank.policy, limits=limits(month=0))
    else:
        place = replace(place, seconds=500.0)
    return query, place


@pytest.mark.parametrize("first", range(len(ORDER)), ids=[kind.__name__ for kind in ORDER])
def test_of_several_reasons_the_first_is_told(bank, first):
    query, place = photo(1), NO_WAIT
    for kind in ORDER[first:]:
        query, place = obstruct(bank, kind, query, place)
    assert type(bank.accept(query, place).outcome) is ORDER[first]
    journaled = bank.do(searches.by_event, query.origin.event)
    assert (journaled.state, journaled.charge) == (State.SETTLED, Charge.NOTHING)


def test_a_blocked_chat_is_blocked_for_everybody_in_it(bank):
    bank.do(admin.block_chat, BY, "telegram", "-100", blocked=True, reason=None)
    assert isinstance(bank.accept(photo(1, chat="-100")).outcome, Blocked)
    assert bank.accept(photo(1)).outcome is None
    bank.do(admin.block_chat, BY, "telegram", "-100", blocked=False, reason=None)
    assert bank.accept(photo(1, chat="-100")).outcome is None


def test_a_blocked_person_is_not_even_given_stored_answers(bank):
    bank.search(photo(1, file="the-file"))
    bank.do(admin.block_person, BY, telegram(2), blocked=True, reason=None, pepper=PEPPER)
    assert isinstance(bank.accept(photo(2, file="the-file")).outcome, Blocked)


def test_a_photo_of_an_hour_ago_is_not_searched_unasked(bank):
    assert bank.accept(photo(1, sent_at=NOW - STALE_AFTER)).outcome is None
    late = NOW - STALE_AFTER - timedelta(seconds=1)
    assert isinstance(bank.accept(photo(1, sent_at=late)).outcome, Stale)
    assert bank.accept(photo(1, sent_at=late, asked_for=True)).outcome is None, "its button was pressed"


def test_a_file_that_is_too_large_is_refused_before_it_is_loaded(bank):
    assert bank.accept(photo(1, size=LARGEST_FILE)).outcome is None
    outcome = bank.accept(photo(1, size=LARGEST_FILE + 1)).outcome
    assert isinstance(outcome, Unreadable)
    assert outcome.problem is Problem.TOO_LARGE


def test_without_credits_the_receipt_says_when_there_are_some_again(bank):
    bank.policy = policy(allowance=1)
    bank.search(photo(1))
    outcome = bank.accept(photo(1)).outcome
    assert isinstance(outcome, NoCredits)
    assert (outcome.receipt.charge, outcome.receipt.balance, outcome.receipt.allowance) == (Charge.NOTHING, 0, 1)
    assert str(outcome.receipt.renews_on) == "2026-12-01"


@pytest.mark.threat(16)
def test_the_eleventh_waiting_photo_of_a_person_is_refused(bank):
    assert MAX_WAITING == 10
    assert bank.accept(photo(1), Place(waiting=9, before=9, seconds=5.0)).outcome is None
    outcome = bank.accept(photo(1), Place(waiting=10, before=10, seconds=5.0)).outcome
    assert isinstance(outcome, Busy)
    assert (outcome.wait, outcome.seconds) == (Wait.PERSON, 5.0)


def test_a_photo_that_would_wait_too_long_is_refused_with_its_wait(bank):
    assert bank.accept(photo(1), Place(waiting=0, before=240, seconds=120.0)).outcome is None
    outcome = bank.accept(photo(1), Place(waiting=0, before=241, seconds=120.5)).outcome
    assert isinstance(outcome, Busy)
    assert (outcome.wait, outcome.seconds) == (Wait.QUEUE, 120.5)


# Free answers


def test_a_file_that_was_answered_is_free_without_a_download_for_everybody(bank):
    bank.search(photo(1, file="the-file"))
    accepted = bank.accept(photo(2, file="the-file"))
    assert accepted.outcome.matches == MATCHES
    assert (accepted.outcome.receipt.charge, accepted.balance) == (Charge.STORED, 20)
    assert bank.row(accepted.search).answer_key is not None, "its pages can be turned"


def test_free_answers_need_no_credit_no_budget_and_no_place_in_the_queue(bank):
    bank.policy = policy(allowance=1)
    bank.search(photo(1, file="the-file"))
    bank.policy = policy(allowance=1, limits=limits(month=0))
    accepted = bank.accept(photo(1, file="the-file"), Place(waiting=10, before=500, seconds=900.0))
    assert isinstance(accepted.outcome, Found)
    assert accepted.outcome.receipt.balance == 0


def test_an_empty_answer_is_free_for_an_hour(bank):
    search = bank.accept(photo(1, file="the-file")).search
    bank.answer(search, bank.ask(search), ())
    bank.now += timedelta(minutes=59)
    outcome = bank.accept(photo(1, file="the-file", sent_at=bank.now)).outcome
    assert isinstance(outcome, NothingFound)
    assert outcome.receipt.charge is Charge.STORED
    bank.now += timedelta(minutes=1)
    assert bank.accept(photo(1, file="the-file", sent_at=bank.now)).outcome is None


def test_an_answer_is_free_as_long_as_the_operator_says(bank):
    bank.search(photo(1, file="the-file"))
    bank.now += bank.policy.cache - timedelta(milliseconds=1)
    assert isinstance(bank.accept(photo(1, file="the-file", sent_at=bank.now)).outcome, Found)
    bank.now += timedelta(milliseconds=1)
    assert bank.accept(photo(1, file="the-file", sent_at=bank.now)).outcome is None


@pytest.mark.parametrize(
    ("changes", "free"),
    [
        ({}, True),
        ({"hint": "RED BAG"}, True),
        ({"hint": "blue bag"}, False),
        ({"hint": None}, False),
        ({"region": "GB"}, False),
        ({"region": ANY_MARKET}, False),
        ({"fresh": True, "asked_for": True}, False),
        ({"file": "another-file"}, False),
        ({"file": None}, False),
    ],
)
def test_the_same_question_is_the_same_photo_market_and_words(bank, changes, free):
    question = {"file": "the-file", "hint": "red bag", "region": "US"}
    bank.search(photo(1, **question))
    outcome = bank.accept(photo(1, **question | changes)).outcome
    assert isinstance(outcome, Found) is free


# Markets


@pytest.mark.parametrize(
    ("caption", "own", "chat", "default", "used"),
    [
        ("US", "GB", "DE", "FR", "US"),
        (None, "GB", "DE", "FR", "GB"),
        (None, None, "DE", "FR", "DE"),
        (None, None, None, "FR", "FR"),
        (None, None, None, ANY_MARKET, None),
        (None, ANY_MARKET, "DE", "FR", None),
        (ANY_MARKET, "GB", "DE", "FR", None),
    ],
)
def test_the_market_is_the_captions_then_ones_own_then_the_chats_then_the_default(
    bank, caption, own, chat, default, used
):
    bank.policy = policy(region=default)
    prefer(bank, 1, own)
    bank.do(chats.set_region, "telegram", "-100", chat)
    accepted = bank.accept(photo(1, chat="-100", region=caption))
    assert accepted.search.region == used
    assert bank.row(accepted.search).region == used


def test_the_language_is_ones_own_then_the_chats_then_the_apps(bank):
    assert bank.accept(photo(1, chat="-100", language="fr")).search.origin.language == "fr"
    bank.do(chats.set_language, "telegram", "-100", "es")
    assert bank.accept(photo(1, chat="-100", language="fr")).search.origin.language == "es"
    bank.do(people.prefer, telegram(1), "", NOW, pepper=PEPPER, language="de")
    assert bank.accept(photo(1, chat="-100", language="fr")).search.origin.language == "de"


# Albums


def album(bank, count, person=1, **changes):
    return [bank.accept(photo(person, album="the-album", **changes)) for _ in range(count)]


def press(bank, person=1, event="telegram:press", place=NO_WAIT):
    def query(number, search):
        return again(search, event=f"{event}:{number}", person=telegram(person), name="", sent_at=bank.now, answer=None)

    return bank.do(admission.accept_offered, "the-album", query, place, policy=bank.policy, pepper=PEPPER, now=bank.now)


def test_of_an_album_the_first_is_searched_and_the_others_are_offered(bank):
    states = [one.search.state for one in album(bank, 3)]
    assert states == [State.RECEIVED, State.OFFERED, State.OFFERED]
    assert len(bank.do(searches.offered, "the-album")) == 2
    assert bank.do(searches.album_leader, "the-album").state is State.RECEIVED


def test_photos_of_an_album_that_come_at_once_have_one_first(database_url):
    with books(database_url) as bank:
        bank.accept(photo(1))
        queries = [photo(1, album="the-album") for _ in range(8)]
        with ThreadPoolExecutor(8) as threads:
            states = Counter(one.search.state for one in threads.map(bank.accept, queries))
        assert states == {State.RECEIVED: 1, State.OFFERED: 7}


def test_a_photo_of_an_album_delivered_twice_is_offered_once(bank):
    album(bank, 1)
    query = photo(1, album="the-album")
    assert not bank.accept(query).duplicate
    assert bank.accept(query).duplicate
    assert len(bank.do(searches.offered, "the-album")) == 1


def test_offered_photos_cost_nothing_until_their_button_is_pressed_once(bank):
    album(bank, 3)
    taken = press(bank)
    assert [(one.search.state, one.outcome) for one in taken] == [(State.RECEIVED, None)] * 2
    assert all(one.search.origin.album is None for one in taken)
    assert press(bank) == [], "a second delivery of the press"
    assert press(bank, event="telegram:another-press") == [], "a second press"
    assert bank.do(searches.offered, "the-album") == []


def test_a_button_pressed_twice_at_once_searches_each_photo_once(database_url):
    with books(database_url) as bank:
        album(bank, 5)
        with ThreadPoolExecutor(4) as threads:
            presses = threads.map(lambda number: press(bank, event=f"telegram:press-{number}"), range(4))
            taken = [one.search.origin.photo for one in (accepted for press in presses for accepted in press)]
        assert len(taken) == len(set(taken)) == 4


def test_whoever_presses_pays_for_an_album(bank):
    album(bank, 3, person=1)
    taken = press(bank, person=2)
    assert {one.search.asker for one in taken} == {"telegram:2"}


def test_with_too_few_credits_for_an_album_nothing_is_taken_and_nothing_changes(bank):
    bank.policy = policy(allowance=2)
    album(bank, 4)
    before = bank.do(lambda connection: connection.execute(select(journal).order_by(journal.c.id)).all())
    with pytest.raises(NotEnough) as short:
        press(bank)
    assert (short.value.balance, short.value.needed) == (2, 3)
    assert bank.do(lambda connection: connection.execute(select(journal).order_by(journal.c.id)).all()) == before
    bank.do(ledger.grant, 1, 1, ends_on=None, event=None, reason=None, by="telegram:9", now=NOW)
    assert len(press(bank)) == 3


def test_an_albums_photos_wait_one_behind_the_other(bank):
    album(bank, 5)
    taken = press(bank, place=Place(waiting=8, before=8, seconds=4.0))
    waits = [one.outcome and one.outcome.wait for one in taken]
    assert waits == [None, None, Wait.PERSON, Wait.PERSON]


def test_an_album_whose_first_photo_was_refused_still_offers_the_others(bank):
    bank.policy = policy(limits=limits(month=0))
    first, second = album(bank, 2)
    assert isinstance(first.outcome, BudgetSpent)
    assert second.search.state is State.OFFERED


# Buttons


def test_a_button_searches_the_same_photo_again_paid_by_the_presser(bank):
    search = bank.search(photo(1, chat="-100", hint="red bag", region="US", file="the-file", album="x"))
    query = again(search, event="telegram:press", person=telegram(2), name="Two", sent_at=NOW, answer=None)
    assert (query.hint, query.region, query.asked_for, query.fresh) == ("red bag", "US", True, False)
    assert query.origin.photo == search.origin.photo
    assert (query.origin.album, query.origin.event) == (None, "telegram:press")
    accepted = bank.accept(query)
    assert accepted.search.asker == "telegram:2"
    assert isinstance(accepted.outcome, Found), "free: it was asked before"
    afresh = again(search, event="telegram:2nd", person=telegram(2), name="", sent_at=NOW, answer=None, fresh=True)
    assert bank.accept(afresh).outcome is None


def test_a_search_in_any_market_is_tried_again_in_any_market(bank):
    search = bank.search(photo(1, file="the-file"))
    prefer(bank, 1, "US")
    query = again(search, event="telegram:press", person=telegram(1), name="", sent_at=NOW, answer="900")
    assert bank.accept(query).search.region is None


@pytest.mark.threat(12)
def test_ids_of_searches_cannot_be_guessed():
    ids = {searches.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(one) for one in ids} == {16}, "16 characters of 6 bits each: 96 bits"


def test_the_first_photo_of_a_person_is_known_as_such(bank):
    assert [bank.accept(photo(1)).first for _ in range(2)] == [True, False]
    assert bank.accept(photo(2)).first


def test_an_admitted_photo_moves_no_credit(bank):
    accepted = bank.accept(photo(1))
    kinds = bank.do(lambda connection: connection.scalars(select(entries.c.kind)).all())
    assert kinds == ["grant"]
    assert bank.balance(accepted.search.person) == accepted.balance == 20
    assert bank.do(check) == []
