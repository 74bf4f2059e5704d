"""/reconcile: the provider's dashboard against the books; the difference is booked once, and the books stay right."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bots.arguments import Misunderstood
from bots.reconcile_commands import read_count
from core import ledger, people
from core.audit import By
from core.check import check
from core.people import OPERATOR
from core.reconcile import reconcile
from core.tables import entries
from tests.builders import NOW, PEPPER, Books, in_memory, photo, policy
from tests.unit.test_commands import ADMIN, ENGLISH, asker, opened

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def bot(sqlite_database):
    with opened(sqlite_database, new_account_limit="none") as opened_bot:
        yield opened_bot


def used(bank, captured, uncertain=0, open_=0):
    for _ in range(captured):
        bank.search(photo(1, sent_at=bank.now))
    for _ in range(uncertain):
        lost = bank.accept(photo(1, sent_at=bank.now)).search
        bank.ask(lost)
        bank.lose(lost)
    for _ in range(open_):
        bank.ask(bank.accept(photo(1, sent_at=bank.now)).search)


def operators(bank):
    """What the operator's account says of reconciliations."""
    operator = bank.do(people.find, OPERATOR).id
    query = select(entries.c.kind, entries.c.amount, entries.c.reason, entries.c.by, entries.c.ends_on)
    return bank.do(
        lambda connection: [tuple(row) for row in connection.execute(query.where(entries.c.person_id == operator))]
    )


async def test_books_that_agree_book_nothing(bot):
    used(bot.books, 3)
    assert (await bot.admin("/reconcile 3")).splitlines() == [
        "2026-11",
        "The dashboard says 3; the books have 3 used and 0 possibly used.",
        "They agree: nothing is booked.",
        "Unexplained: 0",
    ]
    assert operators(bot.books) == []


async def test_what_the_dashboard_has_more_is_booked_on_the_operators_account_with_what_explains_it(bot):
    used(bot.books, 5, uncertain=2, open_=1)
    assert (await bot.admin("/reconcile 10 our test key")).splitlines() == [
        "2026-11",
        "The dashboard says 10; the books have 5 used and 2 possibly used.",
        "3 credits more are booked on the operator's account.",
        "Of 2 possibly used, 2 were used, if the dashboard is right.",
        "Being asked just now: 1",
        "Unexplained: 2",
    ]
    assert operators(bot.books) == [
        ("grant", 3, "our test key", str(ADMIN), DECEMBER),
        ("adjust", -3, "our test key", str(ADMIN), DECEMBER),
    ]
    assert bot.books.do(check) == []
    assert bot.books.balance(bot.books.do(people.find, OPERATOR).id) == 0


async def test_what_was_possibly_used_and_was_not_is_booked_back(bot):
    used(bot.books, 5, uncertain=3)
    assert (await bot.admin("/reconcile 6")).splitlines()[2:] == [
        "2 credits less are booked on the operator's account.",
        "Of 3 possibly used, 1 were used, if the dashboard is right.",
        "Unexplained: 0",
    ]
    assert bot.books.do(check) == []


async def test_a_dashboard_that_lags_behind_is_said_so(bot):
    used(bot.books, 5)
    assert (await bot.admin("/reconcile 3")).splitlines()[2:] == [
        "2 credits less are booked on the operator's account.",
        "The dashboard has 2 fewer than were answered: look again later.",
    ]
    assert "2 credits more are booked" in await bot.admin("/reconcile 5")
    assert bot.books.do(check) == []


async def test_what_was_booked_before_is_in_the_books(bot):
    used(bot.books, 5)
    await bot.admin("/reconcile 8")
    assert "They agree: nothing is booked." in await bot.admin("/reconcile 8")
    assert "1 credit more is booked" in await bot.admin("/reconcile 9")
    assert sum(amount for kind, amount, *_ in operators(bot.books) if kind == "adjust") == -4


async def test_each_month_has_its_own_books(bot):
    bot.books.now = NOW - timedelta(days=40)
    used(bot.books, 2)
    bot.books.now = NOW
    used(bot.books, 1)
    assert "the books have 2 used" in await bot.admin("/reconcile 4 2026-10 the old key")
    assert "the books have 1 used" in await bot.admin("/reconcile 1")
    assert operators(bot.books)[-1] == ("adjust", -2, "the old key", str(ADMIN), NOVEMBER)


@pytest.mark.fault(11)
async def test_the_same_message_delivered_twice_books_once_and_reads_the_same(bot):
    used(bot.books, 1)
    message = asker(ADMIN)
    said = [await bot.says("/reconcile 5", message) for _ in range(2)]
    assert said[0] == said[1]
    assert "4 credits more" in said[0]
    assert len(operators(bot.books)) == 2


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "/reconcile",
            "Write it like this: `/reconcile 812 2026-10`: what the provider's dashboard says of that month.",
        ),
        (
            "/reconcile -1",
            "Write it like this: `/reconcile 812 2026-10`: what the provider's dashboard says of that month.",
        ),
        ("/reconcile 5 2026-13", "2026-13 is no month: write it like 2026-10."),
        ("/reconcile 5 2026-12", "2026-12 has not begun yet."),
        ("/reconcile 2000000001", "The number of credits must be from 0 to 2,000,000,000."),
    ],
)
async def test_what_was_misunderstood_is_said_and_nothing_is_booked(bot, command, said):
    assert await bot.admin(command) == said
    assert bot.books.do(people.find, OPERATOR) is None


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,12}( 20[0-9]{2}-[01][0-9])?( .{1,20})?", fullmatch=True))
def test_whatever_an_admin_types_is_understood_or_answered_kindly(typed):
    try:
        count = read_count(" ".join(typed.split()), NOW, ENGLISH)
    except Misunderstood as sentence:
        assert str(sentence)
    else:
        assert 0 <= count.credits <= 2_000_000_000
        assert count.month <= NOW
        assert (count.month.day, count.month.hour) == (1, 0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), min_size=1, max_size=4))
@settings(max_examples=25)
def test_however_often_it_is_done_the_books_are_right_and_equal_to_what_was_said_last(steps):
    bank = Books(in_memory(), policy=policy(allowance=100))
    for n, (searches, counted) in enumerate(steps):
        used(bank, searches // 2, uncertain=searches % 2)
        by = By(admin="telegram:9", event=str(n), at=bank.now)
        done = bank.do(reconcile, by, counted, NOVEMBER, reason=None, pepper=PEPPER)
        operator = bank.do(people.find, OPERATOR).id
        booked = -bank.do(ledger.adjusted, operator, DECEMBER)
        assert done.captured + done.uncertain + booked == counted
        assert done.captured + done.of_uncertain + done.of_open + done.unexplained == counted
        assert bank.balance(operator) >= 0
        assert bank.do(check) == []


async def test_it_works_on_postgresql_as_well(postgres_database):
    with opened(postgres_database) as bot:
        used(bot.books, 2)
        assert "3 credits more are booked" in await bot.admin("/reconcile 5")
        assert bot.books.do(check) == []
