"""What admins do is done at once, once for an event, and kept with who did it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import admin, chats, facts, people
from core.admin import By, Change
from core.check import check
from core.standing import PAUSED
from core.statement import history
from core.tables import admin_actions, entries
from tests.builders import NOW, PEPPER, Books, books, in_memory, photo, telegram

ADMIN = "telegram:9"


@pytest.fixture
def bank():
    return Books(in_memory())


def by(event=None):
    return By(admin=ADMIN, event=event, at=NOW)


def grant(bank, amount, event=None, ends_on=None, reason=None, person=1):
    rules = {"policy": bank.policy, "pepper": PEPPER}
    return bank.do(admin.grant, by(event), telegram(person), amount, ends_on=ends_on, reason=reason, **rules)


def take(bank, amount, event=None):
    rules = {"policy": bank.policy, "pepper": PEPPER}
    return bank.do(admin.take, by(event), telegram(1), amount, reason=None, **rules)


def journal(bank):
    table = admin_actions.c
    query = select(table.by, table.action, table.target, table.before, table.after, table.reason, table.at)
    return [tuple(row) for row in bank.do(lambda connection: connection.execute(query.order_by(table.id)).all())]


def test_a_grant_says_from_what_to_what_and_is_kept(bank):
    assert grant(bank, 5, event="telegram:9:1", reason="for the raffle") == Change(before="20", after="25")
    assert journal(bank) == [(ADMIN, "grant", "telegram:1", "20", "25", "for the raffle", NOW)]
    entry = bank.do(history, 1, limit=1)[0]
    assert (entry.kind, entry.amount, entry.by, entry.reason, entry.ends_on) == (
        "grant",
        5,
        ADMIN,
        "for the raffle",
        None,
    )


def test_a_grant_to_somebody_who_was_never_seen_waits_for_them(bank):
    grant(bank, 5, person=77)
    assert bank.accept(photo(77)).balance == 25


def test_a_grant_with_an_end_ends(bank):
    grant(bank, 5, ends_on=NOW + timedelta(days=1))
    assert bank.balance(1) == 25
    bank.now = NOW + timedelta(days=1)
    assert bank.balance(1) == 20


def test_credits_are_taken_down_to_nothing_and_not_below(bank):
    assert take(bank, 5) == Change(before="20", after="15")
    assert take(bank, 100) == Change(before="15", after="0")
    assert take(bank, 1) == Change(before="0", after="0")
    assert bank.balance(1) == 0
    assert bank.do(check) == []


@pytest.mark.fault(11)
def test_the_same_command_delivered_twice_acts_once_and_answers_the_same(bank):
    for command, event in ((grant, "telegram:9:1"), (take, "telegram:9:2")):
        first = command(bank, 5, event)
        again = command(bank, 5, event)
        assert first == again
    assert bank.balance(1) == 20
    assert len(journal(bank)) == 2


@pytest.mark.fault(11)
def test_the_same_grant_delivered_ten_times_at_once_is_one_grant_and_ten_same_answers(database_url):
    with books(database_url) as bank:
        with ThreadPoolExecutor(10) as threads:
            said = Counter(
                (change.before, change.after)
                for change in threads.map(lambda _: grant(bank, 5, event="telegram:9:1"), range(10))
            )
        assert said == {("20", "25"): 10}
        assert bank.balance(1) == 25
        assert len(journal(bank)) == 1


@pytest.mark.fault(11)
def test_the_same_block_and_the_same_pause_act_once_also_when_something_else_came_between(bank):
    def block(event, *, blocked):
        return bank.do(admin.block_person, by(event), telegram(1), blocked=blocked, reason="spam", pepper=PEPPER)

    def pause(event, *, paused):
        return bank.do(admin.pause, by(event), paused=paused, reason=None)

    assert block("1", blocked=True) == Change(before="open", after="blocked")
    assert block("2", blocked=False) == Change(before="blocked", after="open")
    assert block("1", blocked=True) == Change(before="open", after="blocked")
    assert not bank.do(people.find, telegram(1)).blocked
    assert pause("3", paused=True) == Change(before="searching", after="paused")
    assert pause("4", paused=True) == Change(before="paused", after="paused")
    assert pause("5", paused=False) == Change(before="paused", after="searching")
    assert pause("3", paused=True) == Change(before="searching", after="paused")
    assert bank.do(facts.get, PAUSED) is None
    assert [row[1] for row in journal(bank)] == ["block", "unblock", "pause", "pause", "resume"]


def test_somebody_who_was_never_seen_can_be_blocked(bank):
    bank.do(admin.block_person, by(), telegram(77), blocked=True, reason=None, pepper=PEPPER)
    assert bank.do(people.find, telegram(77)).blocked


def test_a_chat_is_blocked_and_opened(bank):
    def block(*, blocked):
        return bank.do(admin.block_chat, by(), "telegram", "-100", blocked=blocked, reason=None)

    assert block(blocked=True) == Change(before="open", after="blocked")
    assert bank.do(chats.find, "telegram", "-100").blocked
    assert block(blocked=False) == Change(before="blocked", after="open")
    assert not bank.do(chats.find, "telegram", "-100").blocked
    assert [row[1:3] for row in journal(bank)] == [("block", "telegram:-100"), ("unblock", "telegram:-100")]


def test_a_pause_outlives_a_restart(sqlite_database):
    with books(sqlite_database) as bank:
        bank.do(admin.pause, by(), paused=True, reason=None)
    with books(sqlite_database) as bank:
        assert bank.do(facts.get, PAUSED) == NOW.isoformat()


def test_commands_without_an_event_act_each_time(bank):
    grant(bank, 5)
    assert grant(bank, 5) == Change(before="25", after="30")
    kinds = bank.do(lambda connection: connection.scalars(select(entries.c.kind)).all())
    assert kinds == ["grant"] * 3
