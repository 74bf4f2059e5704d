"""What admins set for everybody while the bot runs holds at once, exactly, and after a restart."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import admin, chats, facts, limits
from core.audit import By
from core.budgets import BudgetExceeded, Limits, in_force, spent_now
from core.check import check
from core.clock import next_day
from core.forecast import budget
from core.model import BudgetSpent, Limit
from core.settings import load_settings, worst_case
from core.tables import LIMITS
from tests.builders import NOW, Books, books, photo, policy
from tests.builders import limits as limits_of
from tests.unit.test_commands import ADMIN, asker, in_group, opened

GROUP = "-100"
FIELDS = ("month", "day", "chat_day", "new_account")


@pytest.fixture
def bot(sqlite_database):
    with opened(sqlite_database) as opened_bot:
        yield opened_bot


def by():
    return By(admin="telegram:9", event=None, at=NOW)


def refused(bank, person=1, chat=None):
    """Which limit a photo meets; None: it is answered for a credit."""
    accepted = bank.accept(photo(person, chat=chat, sent_at=bank.now))
    if accepted.outcome is None:
        bank.answer(accepted.search, bank.ask(accepted.search))
        return None
    assert isinstance(accepted.outcome, BudgetSpent)
    return accepted.outcome.limit


async def test_what_holds_is_said_with_what_is_used(bot):
    bot.books.search(photo(1))
    assert await bot.admin("/budget") == await bot.admin("/limit")
    assert (await bot.admin("/budget")).splitlines() == [
        "What may be spent",
        "Credits a month: 1,000 · 1 used",
        "Credits a day: no limit · 1 used",
        "Credits a day in one chat: no limit",
        "Credits of a new account in its first 24 hours: 10",
        "/budget and /limit change them: `/budget day 50`, `/limit new none`.",
    ]


async def test_a_changed_limit_says_from_what_to_what_and_that_env_does_not_count(bot):
    assert (await bot.admin("/budget month 50")).splitlines() == [
        "Credits a month: 1,000 → 50",
        "This holds from now on, also after a restart.",
    ]
    assert (await bot.admin("/limit chat 5")).startswith("Credits a day in one chat: no limit → 5\n")
    said = await bot.admin("/limit")
    assert "Credits a month: 50 · 0 used (set by an admin; `MONTHLY_BUDGET=1000` does not count)" in said
    assert "Credits a day in one chat: 5 (set by an admin; `CHAT_DAILY_LIMIT=none` does not count)" in said
    assert (await bot.admin("/budget month default")).startswith("Credits a month: 50 → 1,000\n")
    assert (await bot.admin("/limit chat default")).startswith("Credits a day in one chat: 5 → no limit\n")
    assert "does not count" not in await bot.admin("/limit")
    assert bot.books.do(facts.get, LIMITS) is None


@pytest.mark.parametrize(
    ("command", "limit", "chat"),
    [
        ("/budget month 2", Limit.MONTH, None),
        ("/budget day 2", Limit.DAY, None),
        ("/limit chat 2", Limit.CHAT, GROUP),
        ("/limit new 2", Limit.NEW_ACCOUNT, None),
    ],
)
async def test_a_new_limit_holds_at_once_and_goes_at_once(bot, command, limit, chat):
    assert refused(bot.books, chat=chat) is None
    await bot.admin(command)
    assert refused(bot.books, chat=chat) is None
    assert refused(bot.books, chat=chat) is limit
    await bot.admin(" ".join((*command.split()[:2], "none")))
    assert refused(bot.books, chat=chat) is None
    assert bot.books.do(check) == []


async def test_a_photo_that_waits_meets_the_limit_that_holds_when_its_turn_comes(bot):
    waiting = [bot.books.accept(photo(1)).search for _ in range(3)]
    bot.books.ask(waiting[0])
    await bot.admin("/budget day 2")
    bot.books.ask(waiting[1])
    balance = bot.books.balance(waiting[2].person)
    with pytest.raises(BudgetExceeded):
        bot.books.ask(waiting[2])
    assert (bot.books.balance(waiting[2].person), bot.books.do(spent_now, NOW)) == (balance, (2, 2))


async def test_a_budget_below_what_is_spent_stops_everybody(bot):
    for _ in range(3):
        assert refused(bot.books) is None
    await bot.admin("/budget day 1")
    assert refused(bot.books, person=2) is Limit.DAY
    bot.books.now = next_day(NOW)
    assert refused(bot.books, person=2) is None


async def test_a_limit_outlives_a_restart_and_what_env_says(sqlite_database):
    with opened(sqlite_database) as bot:
        await bot.admin("/budget day 1")
    with opened(sqlite_database, daily_budget=500) as bot:
        assert refused(bot.books) is None
        assert refused(bot.books) is Limit.DAY
        assert "Credits a day: 1 · 1 used (set by an admin; `DAILY_BUDGET=500` does not count)" in await bot.admin(
            "/budget"
        )


async def test_what_the_report_and_the_worst_case_say_is_what_holds(bot):
    await bot.admin("/budget month 300")
    await bot.admin("/budget day 20")
    known = bot.books.do(budget, bot.policy.limits, NOW)
    assert (known.month_limit, known.day_limit) == (300, 20)
    held = bot.books.do(limits.settings_in_force, bot.settings)
    assert (
        worst_case(held) == "Anyone who finds this bot can search; at most 300 credits this month and 20 credits a day."
    )


@pytest.mark.parametrize(
    "command",
    ["/budget year 5", "/budget day", "/budget day five", "/budget day -5", "/budget day 5 please", "/budget chat 5"],
)
async def test_what_was_misunderstood_is_said_with_how_to_write_it_and_nothing_changes(bot, command):
    assert (await bot.admin(command)).startswith("Write it like this: `/budget day 50`")
    assert bot.books.do(facts.get, LIMITS) is None


async def test_a_limit_has_room_in_the_database(bot):
    assert await bot.admin("/limit new 2000000001") == "The number of credits must be from 0 to 2,000,000,000."
    assert await bot.admin("/limit new " + "9" * 300) == "The number of credits must be from 0 to 2,000,000,000."
    assert (await bot.admin("/limit day 5")).startswith("Write it like this: `/limit chat 50`")
    assert bot.books.do(facts.get, LIMITS) is None


@pytest.mark.fault(11)
async def test_the_same_command_delivered_twice_acts_once_and_reads_the_same(bot):
    message = asker(ADMIN)
    first = await bot.says("/budget day 5", message)
    await bot.admin("/budget day 7")
    assert await bot.says("/budget day 5", message) == first
    assert bot.books.do(in_force, bot.policy.limits).day == 7


@pytest.mark.threat(14)
async def test_only_admins_change_limits_and_only_in_private(bot):
    for command in ("/budget", "/budget day 5", "/limit chat 5"):
        assert await bot.says(command) == "This is for the admins of this bot."
        assert await bot.says(command, in_group(chat_admin=True)) == "This is for the admins of this bot."
        assert "in a private chat" in await bot.says(command, in_group(ADMIN))
    assert bot.books.do(facts.get, LIMITS) is None


@given(
    st.builds(Limits, **dict.fromkeys(FIELDS, st.none() | st.integers(0, 2_000_000_000))),
    st.dictionaries(st.sampled_from(FIELDS), st.none() | st.integers(0, 2_000_000_000)),
)
def test_what_was_set_stands_in_place_of_the_settings_and_nothing_else_changes(settings, changed):
    held = settings.overridden(json.dumps(changed) if changed else None)
    for name in FIELDS:
        assert getattr(held, name) == changed.get(name, getattr(settings, name))


# A chat's own limit


@pytest.mark.parametrize(
    ("operators", "chats_own", "holds"), [(None, 3, 3), (5, 3, 3), (3, 5, 3), (3, None, 3), (0, 10, 0), (None, 0, 0)]
)
def test_a_chats_own_limit_lowers_the_operators_and_never_lifts_it(sqlite_database, operators, chats_own, holds):
    rules = policy(limits=limits_of(chat_day=operators))
    with books(sqlite_database, policy=rules) as bank:
        bank.do(admin.set_chat_limit, by(), "telegram", GROUP, chats_own)
        for _ in range(holds):
            assert refused(bank, chat=GROUP) is None
        assert refused(bank, chat=GROUP) is Limit.CHAT
        assert refused(bank, chat="-200") is (None if operators is None or operators > 0 else Limit.CHAT)
        assert refused(bank) is None, "a private chat is no group"


def test_the_hold_meets_a_chats_own_limit_as_well(sqlite_database):
    with books(sqlite_database) as bank:
        waiting = [bank.accept(photo(1, chat=GROUP)).search for _ in range(2)]
        bank.do(admin.set_chat_limit, by(), "telegram", GROUP, 1)
        bank.ask(waiting[0])
        with pytest.raises(BudgetExceeded) as met:
            bank.ask(waiting[1])
        assert met.value.limit is Limit.CHAT


def test_a_chats_limit_is_of_its_platform(sqlite_database):
    with books(sqlite_database) as bank:
        bank.do(admin.set_chat_limit, by(), "telegram", "100", 0)
        bank.search(photo(1, chat="100", platform="discord"))
        assert refused(bank, chat="100") is Limit.CHAT


def test_limits_are_exact_however_many_ask_at_once(database_url):
    with books(database_url) as bank:
        bank.do(limits.change, by(), "month", 7, limits=bank.policy.limits)
        bank.do(admin.set_chat_limit, by(), "telegram", GROUP, 5)
        waiting = [bank.accept(photo(person, chat=GROUP if person % 2 else None)).search for person in range(1, 25)]
        assert sum(_holds(bank, waiting)) == 7
        assert bank.do(spent_now, NOW) == (7, 7)
        assert bank.do(check) == []
        bank.do(limits.change, by(), "month", None, limits=bank.policy.limits)
        in_group_now = bank.do(chats.find, "telegram", GROUP)
        assert in_group_now.daily_limit == 5
        _holds(bank, [search for search in waiting if search.group])
        with pytest.raises(BudgetExceeded):
            bank.ask(bank.accept(photo(99, chat=GROUP)).search)


def _holds(bank: Books, waiting):
    def ask(search):
        try:
            bank.ask(search)
        except Exception:  # noqa: BLE001  # refused by a limit, or held before
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(ask, waiting))


def test_two_admins_who_change_different_limits_at_once_both_do(database_url):
    with books(database_url) as bank:
        own = load_settings(None)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda name: bank.do(limits.change, by(), name, 3, limits=bank.policy.limits), FIELDS))
        held = bank.do(in_force, bank.policy.limits)
        assert [getattr(held, name) for name in FIELDS] == [3, 3, 3, 3]
        assert bank.do(limits.settings_in_force, own).new_account_limit == 3
