"""The proof of the books: silent when they are right, and a sentence for whatever was done to them."""

import pytest
from sqlalchemy import text

from core.budgets import BudgetExceeded
from core.check import check
from tests.builders import Books, books, in_memory, limits, photo, policy


def a_history(bank):
    """Every way in which a search can stand: answered, refused, lost, asked, waiting, refused at once, free."""
    named = {}
    for name in ("answered", "refused", "lost", "asked"):
        search = bank.accept(photo(1, chat="-100", file=name)).search
        hold = bank.ask(search)
        named[name] = {"search": search.id, "hold": hold.id, "person": search.person}
        match name:
            case "answered":
                bank.answer(search, hold)
            case "refused":
                bank.refuse(search, hold)
            case "lost":
                bank.lose(search)
    named["waiting"] = {"search": bank.accept(photo(1)).search.id}
    named["free"] = {"search": bank.accept(photo(2, file="answered", chat="-100")).search.id}
    return named


@pytest.fixture
def bank():
    return Books(in_memory(), policy=policy(allowance=10))


def tamper(bank, statement, **values):
    done = bank.do(lambda connection: connection.execute(text(statement), values).rowcount)
    assert done > 0, "something was tampered with"


def test_right_books_are_passed_in_silence(database_url):
    with books(database_url) as bank:
        assert bank.do(check) == []
        a_history(bank)
        assert bank.do(check) == []


TAMPERING = {
    "a grant made smaller than what was used of it": (
        "update entries set amount = 1 where kind = 'grant' and person_id = :person",
        "answered",
        "1 pots of credits are below zero.",
    ),
    "a hold of another pot": (
        "update entries set ends_on = null where id = :hold or hold_id = :hold",
        "answered",
        "1 pots of credits are below zero.",
    ),
    "a capture taken away": (
        "delete from entries where hold_id = :hold",
        "answered",
        "1 holds are open although nothing is being asked for them.",
    ),
    "a release taken away": (
        "delete from entries where hold_id = :hold",
        "refused",
        "1 holds are open although nothing is being asked for them.",
    ),
    "a hold for no search": (
        "insert into entries (person_id, kind, amount, at) select person_id, kind, -1, 0 from entries where id = :hold",
        "asked",
        "1 holds are open although nothing is being asked for them.",
    ),
    "a search that is asked without a hold": (
        "update searches set state = 'asked' where id = :search",
        "waiting",
        "1 searches are being asked without one open hold.",
    ),
    "a search set back to waiting while it is asked": (
        "update searches set state = 'received' where id = :search",
        "asked",
        "1 holds are open although nothing is being asked for them.",
    ),
    "a capture that takes a second credit": (
        "update entries set amount = -1 where hold_id = :hold",
        "answered",
        "1 captures or releases do not fit the hold that they resolve.",
    ),
    "a release of two credits": (
        "update entries set amount = 2 where hold_id = :hold",
        "refused",
        "1 captures or releases do not fit the hold that they resolve.",
    ),
    "a release into a pot that never ends": (
        "update entries set ends_on = null where hold_id = :hold",
        "lost",
        "1 captures or releases do not fit the hold that they resolve.",
    ),
    "a release to somebody else": (
        "update entries set person_id = (select max(id) from people) where hold_id = :hold",
        "lost",
        "1 captures or releases do not fit the hold that they resolve.",
    ),
    "a hold of nothing": (
        "update entries set amount = 0 where id = :hold",
        "asked",
        "1 holds do not take one credit, or grants give less than none.",
    ),
    "a grant of less than nothing": (
        "update entries set amount = -1, ends_on = null where kind = 'grant' and person_id = :person",
        "asked",
        "1 holds do not take one credit, or grants give less than none.",
    ),
    "a capture made a release": (
        "update entries set kind = 'release', amount = 1 where hold_id = :hold",
        "answered",
        "1 searches were answered for a credit without one capture, or captured otherwise.",
    ),
    "a loss made a capture": (
        "update entries set kind = 'capture', amount = 0, uncertain = false where hold_id = :hold",
        "lost",
        "1 searches were answered for a credit without one capture, or captured otherwise.",
    ),
    "a paid answer called free": (
        "update searches set charge = 'stored' where id = :search",
        "answered",
        "1 searches were answered for a credit without one capture, or captured otherwise.",
    ),
    "a free answer called paid": (
        "update searches set charge = 'paid' where id = :search",
        "free",
        "1 searches were answered for a credit without one capture, or captured otherwise.",
    ),
    "an uncertain release called certain": (
        "update entries set uncertain = false where hold_id = :hold",
        "lost",
        "2026-11: 3 credits count against the budget, 2 were spent.",
    ),
    "a certain release called uncertain": (
        "update entries set uncertain = true where hold_id = :hold",
        "refused",
        "2026-11-24: 3 credits count against the budget, 4 were spent.",
    ),
    "a count set back": (
        "update spending set spent = 0 where period = '2026-11' and scope = 'all'",
        "answered",
        "2026-11: 0 credits count against the budget, 3 were spent.",
    ),
    "a count taken away": (
        "delete from spending where period = '2026-11-24' and scope = 'all'",
        "answered",
        "2026-11-24: 0 credits count against the budget, 3 were spent.",
    ),
    "a count of a day on which nothing was spent": (
        "insert into spending (period, scope, spent) values ('2026-11-23', 'all', 1)",
        "answered",
        "2026-11-23: 1 credits count against the budget, 0 were spent.",
    ),
    "a hold moved to another day": (
        "update entries set at = at - 86400000 where id = :hold",
        "answered",
        "2026-11-23: 0 credits count against the budget, 1 were spent.",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_what_was_tampered_with_is_found(bank, what):
    statement, name, sentence = TAMPERING[what]
    tamper_with = a_history(bank)[name]
    wanted = {key: value for key, value in tamper_with.items() if f":{key}" in statement}
    tamper(bank, statement, **wanted)
    assert sentence in bank.do(check)


def test_what_was_tampered_with_is_found_on_postgresql_as_well(postgres_database):
    with books(postgres_database, policy=policy(allowance=10)) as bank:
        history = a_history(bank)
        for statement, name, sentence in TAMPERING.values():
            wanted = {key: value for key, value in history[name].items() if f":{key}" in statement}
            with bank.engine.connect() as connection:
                connection.execute(text(statement), wanted)
                assert sentence in check(connection)
                connection.rollback()
        assert bank.do(check) == []


def test_a_refused_hold_leaves_nothing_to_find(bank):
    search = bank.accept(photo(1)).search
    bank.policy = policy(allowance=10, limits=limits(day=0))
    with pytest.raises(BudgetExceeded):
        bank.ask(search)
    assert bank.do(check) == []
