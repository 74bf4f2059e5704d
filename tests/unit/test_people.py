"""Who is asking: met once, known again, and known again after /forget only as far as must be."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core import forgetting, ledger, people
from core.clock import next_month
from core.model import Identity
from core.standing import credits_of
from core.tables import people as table
from tests.builders import NOW, PEPPER, Books, books, in_memory, policy, telegram


@pytest.fixture
def bank():
    return Books(in_memory())


def meet(bank, user=1, name="", platform="telegram"):
    return bank.do(people.meet, Identity(platform=platform, user=str(user)), name, bank.now, pepper=PEPPER)


def credits_left(bank, user=1):
    return bank.do(credits_of, telegram(user), "", policy=bank.policy, pepper=PEPPER, now=bank.now)[1]


def test_a_person_is_met_once(bank):
    first = meet(bank, name="Ann")
    bank.now += timedelta(days=1)
    again = meet(bank)
    assert (again.id, again.name, again.created_at) == (first.id, "Ann", NOW)
    assert not again.blocked


def test_the_same_number_on_another_platform_is_somebody_else(bank):
    assert meet(bank, 1).id != meet(bank, 1, platform="discord").id


def test_a_new_name_is_taken_over_and_no_name_keeps_the_old_one(bank):
    meet(bank, name="Ann")
    meet(bank, name="Anna")
    assert bank.do(people.find, telegram(1)).name == "Anna"
    meet(bank, name="")
    assert bank.do(people.find, telegram(1)).name == "Anna"


def test_nobody_is_written_down_by_a_look(bank):
    assert bank.do(people.find, telegram(1)) is None
    assert bank.do(lambda connection: connection.scalar(select(func.count()).select_from(table))) == 0


def test_somebody_met_by_ten_at_once_is_one_person(database_url):
    with books(database_url) as bank:
        with ThreadPoolExecutor(10) as threads:
            met = list(threads.map(lambda _: meet(bank, name="Ann").id, range(10)))
        assert len(set(met)) == 1
        assert bank.do(lambda connection: connection.scalar(select(func.count()).select_from(table))) == 1


def test_preferences_are_kept_until_they_are_taken_back(bank):
    for values in ({"region": "GB"}, {"language": "de"}):
        bank.do(people.prefer, telegram(1), "Ann", NOW, pepper=PEPPER, **values)
    person = bank.do(people.find, telegram(1))
    assert (person.region, person.language, person.name) == ("GB", "de", "Ann")
    bank.do(people.prefer, telegram(1), "", NOW, pepper=PEPPER, language=None)
    person = bank.do(people.find, telegram(1))
    assert (person.region, person.language) == ("GB", None)


def test_an_identity_can_be_read_back_until_forget(bank):
    person = meet(bank)
    assert bank.do(people.identity_of, person.id) == telegram(1)
    bank.do(forgetting.forget, person.id, NOW, pepper=PEPPER)
    assert bank.do(people.identity_of, person.id) is None


def test_a_pseudonym_needs_the_key():
    one = people.pseudonym(telegram(1), PEPPER)
    assert one == people.pseudonym(telegram(1), PEPPER)
    assert one != people.pseudonym(telegram(2), PEPPER)
    assert one != people.pseudonym(telegram(1), b"another key")
    assert one[:1] != "1" or len(one) == 64


# After /forget


@pytest.mark.threat(21)
def test_forgetting_gives_no_second_allowance_this_month_and_one_the_next(bank):
    bank.policy = policy(allowance=5)
    assert credits_left(bank) == 5
    for _ in range(2):
        bank.do(forgetting.forget, meet(bank).id, bank.now, pepper=PEPPER)
        assert credits_left(bank) == 0
    bank.now = next_month(NOW)
    assert credits_left(bank) == 5


def test_who_never_had_the_allowance_gets_it_after_forgetting(bank):
    bank.do(forgetting.forget, meet(bank).id, NOW, pepper=PEPPER)
    assert credits_left(bank) == 20


@pytest.mark.threat(21)
def test_a_block_survives_forgetting_until_an_admin_lifts_it(bank):
    for _ in range(2):
        person = meet(bank)
        bank.do(people.set_blocked, person.id, NOW)
        bank.do(forgetting.forget, person.id, NOW, pepper=PEPPER)
        assert meet(bank).blocked
    bank.now = NOW + timedelta(days=400)
    bank.do(forgetting.prune, timedelta(days=90), bank.now)
    assert meet(bank).blocked, "however much later"
    bank.do(people.set_blocked, meet(bank).id, None)
    bank.do(forgetting.forget, meet(bank).id, bank.now, pepper=PEPPER)
    assert not meet(bank).blocked, "what was lifted is not remembered"


def test_credits_given_by_an_admin_go_with_forgetting(bank):
    person = meet(bank)
    bank.do(ledger.grant, person.id, 50, ends_on=None, event=None, reason=None, by="telegram:9", now=NOW)
    bank.do(forgetting.forget, person.id, NOW, pepper=PEPPER)
    assert credits_left(bank) == 20
    assert meet(bank).id != person.id
