"""👍 and 👎: one vote a person and answer, changeable, and nothing else is kept."""

from typing import Any

from sqlalchemy import select, update

from core import forgetting, people, votes
from core.tables import identities
from core.tables import people as everybody
from core.tables import votes as ballots
from tests.builders import NOW, PEPPER, Books, books, in_memory, photo, telegram


def vote(bank: Books, search: Any, person: int, *, useful: bool) -> bool:
    return bank.do(votes.vote, search.id, telegram(person), useful=useful, pepper=PEPPER, now=NOW)


def kept(bank: Books) -> list[tuple[str, bool]]:
    def read(connection: Any) -> list[tuple[str, bool]]:
        query = select(identities.c.user, ballots.c.useful).join(
            identities, identities.c.person_id == ballots.c.person_id
        )
        return sorted((row.user, row.useful) for row in connection.execute(query))

    return bank.do(read)


def test_a_person_has_one_vote_on_an_answer_and_may_change_it(database_url):
    with books(database_url) as bank:
        search = bank.search(photo(1))
        assert vote(bank, search, 1, useful=True)
        assert vote(bank, search, 1, useful=True)
        assert kept(bank) == [("1", True)]
        assert vote(bank, search, 1, useful=False)
        assert kept(bank) == [("1", False)]


def test_others_in_the_chat_vote_as_well_also_who_was_never_seen():
    bank = Books(in_memory())
    search = bank.search(photo(1, chat="-100"))
    assert vote(bank, search, 1, useful=False)
    assert vote(bank, search, 2, useful=True)
    assert kept(bank) == [("1", False), ("2", True)]


def test_only_answers_with_products_are_voted_on():
    bank = Books(in_memory())
    empty = bank.accept(photo(1)).search
    bank.answer(empty, bank.ask(empty), ())
    lost = bank.accept(photo(1)).search
    bank.ask(lost)
    bank.lose(lost)
    waiting = bank.accept(photo(1)).search
    assert not any(vote(bank, search, 2, useful=True) for search in (empty, lost, waiting))
    assert not bank.do(votes.vote, "a" * 16, telegram(2), useful=True, pepper=PEPPER, now=NOW)
    assert kept(bank) == []
    assert bank.do(people.find, telegram(2)) is None, "who could not vote is not written down"


def test_a_blocked_person_has_no_vote():
    bank = Books(in_memory())
    search = bank.search(photo(1))
    bank.do(people.set_blocked, bank.do(people.find, telegram(1)).id, NOW)
    assert not vote(bank, search, 1, useful=True)
    assert kept(bank) == []


def test_linked_people_are_one_voter():
    bank = Books(in_memory())
    search = bank.search(photo(1))
    vote(bank, search, 1, useful=True)
    vote(bank, search, 2, useful=True)
    vote(bank, search, 3, useful=True)
    keeper, absorbed = (bank.do(people.find, telegram(user)).id for user in (1, 2))

    def link(connection: Any) -> None:
        connection.execute(update(everybody).where(everybody.c.id == absorbed).values(merged_into=keeper))
        connection.execute(update(identities).where(identities.c.user == "2").values(person_id=keeper))

    bank.do(link)
    assert vote(bank, search, 2, useful=False)
    assert bank.do(lambda c: sorted(row.useful for row in c.execute(select(ballots)))) == [False, True]


def test_forget_takes_a_persons_votes_and_leaves_those_of_others():
    bank = Books(in_memory())
    search = bank.search(photo(1))
    vote(bank, search, 1, useful=True)
    vote(bank, search, 2, useful=True)
    bank.do(forgetting.forget, bank.do(people.find, telegram(1)).id, NOW, pepper=PEPPER)
    assert kept(bank) == [("2", True)]
