"""Credits: what is given, held, spent and given back, and in which order."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from core import ledger, people
from core.check import check
from core.clock import next_month
from core.ledger import NoCredit
from core.statement import history
from core.tables import entries
from tests.builders import NOW, PEPPER, Books, books, in_memory, photo, policy, telegram

TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def bank():
    """Books without an allowance: a person has what the test gives."""
    return Books(in_memory(), policy=policy(allowance=0))


def person(bank, user=1):
    return bank.do(people.meet, telegram(user), "", bank.now, pepper=PEPPER).id


def give(bank, who, amount, ends_on=None, event=None):
    return bank.do(ledger.grant, who, amount, ends_on=ends_on, event=event, reason=None, by="telegram:9", now=bank.now)


def pots(bank, who):
    return [(pot.ends_on, pot.amount) for pot in bank.do(ledger.pots, who, bank.now)]


def test_the_balance_is_what_was_given(bank):
    who = person(bank)
    assert bank.balance(who) == 0
    give(bank, who, 3)
    give(bank, who, 4, TOMORROW)
    assert bank.balance(who) == 7


def test_credits_end_at_the_moment_they_end(bank):
    who = person(bank)
    give(bank, who, 3)
    give(bank, who, 4, TOMORROW)
    bank.now = TOMORROW - timedelta(milliseconds=1)
    assert bank.balance(who) == 7
    bank.now = TOMORROW
    assert bank.balance(who) == 3
    assert pots(bank, who) == [(None, 3)]


def test_what_ends_soonest_is_used_first_and_what_never_ends_last(bank):
    who = person(bank)
    give(bank, who, 1)
    give(bank, who, 1, TOMORROW + timedelta(days=1))
    give(bank, who, 1, TOMORROW)
    used = []
    for _ in range(3):
        search = bank.accept(photo(1)).search
        hold = bank.ask(search)
        used.append(bank.do(lambda c, h=hold: c.scalar(select(entries.c.ends_on).where(entries.c.id == h.id))))
        bank.answer(search, hold)
    assert used == [TOMORROW, TOMORROW + timedelta(days=1), None]


def test_nothing_is_held_of_an_empty_account(bank):
    who = person(bank)
    with pytest.raises(NoCredit):
        bank.do(ledger.hold, who, "a-search", bank.now)
    give(bank, who, 1, TOMORROW)
    bank.now = TOMORROW
    with pytest.raises(NoCredit):
        bank.do(ledger.hold, who, "a-search", bank.now)
    assert bank.balance(who) == 0


def test_a_hold_says_what_is_left(bank):
    who = person(bank)
    give(bank, who, 2)
    give(bank, who, 2, TOMORROW)
    assert bank.do(ledger.hold, who, "a-search", bank.now).balance == 3
    assert bank.balance(who) == 3


@pytest.mark.parametrize("second", ["capture", "release"])
@pytest.mark.parametrize("first", ["capture", "release"])
def test_a_hold_is_resolved_once(bank, first, second):
    who = person(bank)
    give(bank, who, 2)
    hold = bank.do(ledger.hold, who, "a-search", bank.now).id
    resolve = {
        "capture": lambda: bank.do(ledger.capture, hold, bank.now),
        "release": lambda: bank.do(ledger.release, hold, bank.now, uncertain=False),
    }
    resolve[first]()
    before = bank.balance(who)
    with pytest.raises(IntegrityError):
        resolve[second]()
    assert bank.balance(who) == before == (1 if first == "capture" else 2)


def test_what_is_given_back_goes_to_the_pot_it_came_from(bank):
    who = person(bank)
    give(bank, who, 1, TOMORROW)
    give(bank, who, 1)
    hold = bank.do(ledger.hold, who, "a-search", bank.now)
    bank.do(ledger.release, hold.id, bank.now, uncertain=False)
    assert pots(bank, who) == [(TOMORROW, 1), (None, 1)]


@pytest.mark.parametrize("uncertain", [False, True])
def test_a_release_says_whether_it_is_certain(bank, uncertain):
    who = person(bank)
    give(bank, who, 1)
    hold = bank.do(ledger.hold, who, "a-search", bank.now).id
    assert bank.do(ledger.resolution, hold) is None
    bank.do(ledger.release, hold, bank.now, uncertain=uncertain)
    assert bank.do(ledger.resolution, hold) == ("release", uncertain)
    assert bank.balance(who) == 1


def test_only_a_hold_can_be_resolved(bank):
    who = person(bank)
    give(bank, who, 5)
    grant = bank.do(lambda c: c.scalar(select(entries.c.id)))
    bank.do(ledger.release, grant, bank.now, uncertain=False)
    assert bank.balance(who) == 5


@pytest.mark.fault(11)
def test_the_same_grant_delivered_twice_is_one_grant(bank):
    who = person(bank)
    assert give(bank, who, 5, event="telegram:9:77")
    assert not give(bank, who, 5, event="telegram:9:77")
    assert bank.balance(who) == 5


def test_grants_without_an_event_are_grants_of_their_own(bank):
    who = person(bank)
    assert give(bank, who, 5)
    assert give(bank, who, 5)
    assert bank.balance(who) == 10


@pytest.mark.parametrize("amount", [0, -1])
def test_less_than_one_credit_is_neither_given_nor_taken(bank, amount):
    who = person(bank)
    with pytest.raises(ValueError, match="at least one credit"):
        give(bank, who, amount)
    with pytest.raises(ValueError, match="at least one credit"):
        bank.do(ledger.take, who, amount, event=None, reason=None, by="telegram:9", now=bank.now)


def test_credits_are_taken_from_what_ends_soonest_and_never_below_zero(bank):
    who = person(bank)
    give(bank, who, 2, TOMORROW)
    give(bank, who, 3)
    take = {"event": "telegram:9:78", "reason": None, "by": "telegram:9", "now": bank.now}
    assert bank.do(ledger.take, who, 4, **take) == 4
    assert pots(bank, who) == [(None, 1)]
    assert bank.do(ledger.take, who, 4, **take) == 0, "the same event takes once"
    assert bank.balance(who) == 1
    assert bank.do(ledger.take, who, 4, **take | {"event": None}) == 1
    assert bank.balance(who) == 0


def test_a_held_credit_cannot_be_taken(bank):
    who = person(bank)
    give(bank, who, 1)
    hold = bank.do(ledger.hold, who, "a-search", bank.now)
    assert bank.do(ledger.take, who, 1, event=None, reason=None, by="telegram:9", now=bank.now) == 0
    bank.do(ledger.capture, hold.id, bank.now)
    assert bank.balance(who) == 0


def test_the_database_refuses_a_capture_without_its_hold(bank):
    who = person(bank)
    orphan = insert(entries).values(person_id=who, kind="capture", amount=0, at=bank.now)
    with pytest.raises(IntegrityError):
        bank.do(lambda connection: connection.execute(orphan))


# The month's allowance


def test_the_allowance_comes_once_a_month_and_ends_with_it(bank):
    who = person(bank)
    assert bank.do(ledger.give_allowance, who, 20, bank.now)
    assert not bank.do(ledger.give_allowance, who, 20, bank.now + timedelta(days=5))
    assert bank.balance(who) == 20
    bank.now = datetime(2026, 12, 1, tzinfo=UTC)
    assert bank.balance(who) == 0
    assert bank.do(ledger.give_allowance, who, 20, bank.now)
    assert bank.balance(who) == 20


@pytest.mark.fault(26)
@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2028-02-29T23:59:59+00:00", "2028-03-01"),
        ("2028-02-28T12:00:00+00:00", "2028-03-01"),
        ("2027-02-28T23:59:59+00:00", "2027-03-01"),
        ("2026-12-31T23:59:59+00:00", "2027-01-01"),
        # Still the 30th in UTC, wherever the person is.
        ("2026-12-01T03:00:00+05:00", "2026-12-01"),
    ],
)
def test_an_allowance_ends_with_its_month_in_utc_also_in_a_leap_year(bank, moment, ends):
    now = datetime.fromisoformat(moment)
    who = person(bank)
    bank.do(ledger.give_allowance, who, 20, now)
    assert bank.do(ledger.pots, who, now)[0].ends_on == datetime.fromisoformat(f"{ends}T00:00:00+00:00")


@pytest.mark.fault(26)
@pytest.mark.parametrize("last_day", [datetime(2026, 11, 30, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)])
@pytest.mark.parametrize("ending", ["answered", "refused", "lost"])
def test_a_month_that_ends_while_a_photo_is_asked_is_the_month_that_pays(last_day, ending):
    bank = Books(in_memory(), policy=policy(allowance=3), now=last_day + timedelta(hours=23, minutes=59))
    search = bank.accept(photo(1, sent_at=bank.now)).search
    hold = bank.ask(search)
    new_month = next_month(bank.now)
    bank.now = new_month + timedelta(minutes=1)
    match ending:
        case "answered":
            bank.answer(search, hold)
        case "refused":
            bank.refuse(search, hold)
        case "lost":
            bank.lose(search)
    assert bank.balance(search.person) == 0, "what is left of the old month ended with it"
    bank.accept(photo(1, sent_at=bank.now))
    bank.accept(photo(1, sent_at=bank.now))
    assert bank.balance(search.person) == 3, "one renewal, untouched by the old month's photo"
    old = ledger.balance
    left = {"answered": 2, "refused": 3, "lost": 3}[ending]
    assert bank.do(old, search.person, new_month - timedelta(seconds=1)) - 3 == left
    assert bank.do(check) == []


@pytest.mark.fault(26)
def test_a_photo_that_waits_into_the_new_month_is_paid_by_the_new_months_allowance():
    bank = Books(in_memory(), policy=policy(allowance=2), now=datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC))
    search = bank.accept(photo(1, sent_at=bank.now)).search
    give(bank, search.person, 5)
    bank.now += timedelta(seconds=20)
    bank.answer(search, bank.ask(search))
    assert pots(bank, search.person) == [(datetime(2027, 1, 1, tzinfo=UTC), 1), (None, 5)]
    bank.accept(photo(1, sent_at=bank.now))
    assert bank.balance(search.person) == 6, "one renewal"
    assert bank.do(check) == []


def test_a_clock_that_jumps_back_and_forth_renews_nothing_twice(bank):
    who = person(bank)
    day = timedelta(days=1)
    for moment in (NOW, NOW + day, NOW - timedelta(hours=1), NOW, NOW + 10 * day, NOW, NOW + 10 * day):
        bank.do(ledger.give_allowance, who, 20, moment)
    bank.now = NOW + 10 * day
    assert bank.balance(who) == 20


# What a person reads of it


def lines(bank, who, limit=10):
    return [(entry.kind, entry.amount, entry.uncertain) for entry in bank.do(history, who, limit=limit)]


def test_a_history_has_a_paid_search_in_one_line_and_a_returned_one_in_two(bank):
    who = person(bank)
    give(bank, who, 3)
    paid, back = (bank.do(ledger.hold, who, f"search-{number}", bank.now).id for number in (1, 2))
    bank.do(ledger.capture, paid, bank.now)
    bank.do(ledger.release, back, bank.now, uncertain=True)
    assert lines(bank, who) == [("release", 1, True), ("capture", -1, False), ("hold", -1, False), ("grant", 3, False)]
    assert lines(bank, who, limit=1) == [("release", 1, True)]
    assert sum(amount for _, amount, _ in lines(bank, who)) == bank.balance(who)


def test_an_allowance_of_nothing_is_not_in_the_history(bank):
    who = person(bank)
    bank.do(ledger.give_allowance, who, 0, bank.now)
    assert lines(bank, who) == []


def test_one_persons_credits_are_nobody_elses(database_url):
    with books(database_url, policy=policy(allowance=0)) as bank:
        one, other = person(bank, 1), person(bank, 2)
        give(bank, one, 2, TOMORROW)
        hold = bank.do(ledger.hold, one, "a-search", bank.now)
        assert (bank.balance(one), bank.balance(other)) == (1, 0)
        bank.do(ledger.release, hold.id, bank.now, uncertain=False)
        assert (bank.balance(one), bank.balance(other)) == (2, 0)
        with pytest.raises(NoCredit):
            bank.do(ledger.hold, other, "b-search", bank.now)
