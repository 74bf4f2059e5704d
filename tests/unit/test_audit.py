"""/audit: the last things that admins did, with who and from what to what, in words."""

from datetime import timedelta

import pytest

from bots.cards import Press
from core.audit import REASON_LIMIT, last
from tests.builders import NOW, telegram
from tests.unit.test_commands import ADMIN, asker, in_group, opened


@pytest.fixture
def bot(sqlite_database):
    with opened(sqlite_database) as opened_bot:
        yield opened_bot


async def test_everything_that_admins_do_is_kept_and_said_in_words(bot):
    for command in (
        "/grant telegram:1 5 for the `raffle`",
        "/take telegram:1 2",
        "/block telegram:2 spam",
        "/unblock telegram:2",
        "/pause moving house",
        "/resume",
        "/gift 10 x20 until 31 Dec",
        "/budget month 50",
        "/limit chat none",
        "/reconcile 3 2026-10",
    ):
        await bot.admin(command)
    chief = in_group(telegram(7), chat_admin=True)
    for press, argument in ((Press.CHAT_LIMIT, "10"), (Press.REGION_ALL, "GB"), (Press.LANGUAGE_ALL, "en")):
        await bot.press(press, argument, asker(telegram(7), chat=chief.chat, private=False, chat_admin=True))
    bot.books.now += timedelta(days=1)
    assert (await bot.admin("/audit 50")).splitlines() == [
        "What admins did",
        "24 Nov, 12:00 UTC · `telegram:7` · language of `telegram:-100`: not set → en",
        "24 Nov, 12:00 UTC · `telegram:7` · market of `telegram:-100`: not set → GB",
        "24 Nov, 12:00 UTC · `telegram:7` · daily limit of `telegram:-100`: not set → 10",
        "24 Nov, 12:00 UTC · `telegram:9` · books of 2026-10 reconciled: 0 → 3",
        "24 Nov, 12:00 UTC · `telegram:9` · Credits a day in one chat: no limit → no limit",
        "24 Nov, 12:00 UTC · `telegram:9` · Credits a month: 1,000 → 50",
        "24 Nov, 12:00 UTC · `telegram:9` · gift codes made: 20 × 10 (2026-12-31)",
        "24 Nov, 12:00 UTC · `telegram:9` · searching let go on",
        "24 Nov, 12:00 UTC · `telegram:9` · searching paused (moving house)",
        "24 Nov, 12:00 UTC · `telegram:9` · `telegram:2` unblocked",
        "24 Nov, 12:00 UTC · `telegram:9` · `telegram:2` blocked (spam)",
        "24 Nov, 12:00 UTC · `telegram:9` · credits taken from `telegram:1`: 25 → 23",
        "24 Nov, 12:00 UTC · `telegram:9` · credits given to `telegram:1`: 20 → 25 (for the ’raffle’)",
    ]


async def test_ten_are_shown_if_no_number_is_said_and_fifty_at_most(bot):
    assert await bot.admin("/audit") == "No admin has done anything yet."
    for _ in range(60):
        await bot.admin("/grant telegram:1 1")
    assert len((await bot.admin("/audit")).splitlines()) == 1 + 10
    assert len((await bot.admin("/audit 3")).splitlines()) == 1 + 3
    assert len((await bot.admin("/audit 1000")).splitlines()) == 1 + 50
    newest = (await bot.admin("/audit 1")).splitlines()[1]
    assert newest.endswith("79 → 80")
    for wrong in ("0", "all", "-1"):
        assert (await bot.admin(f"/audit {wrong}")).startswith("Write it like this: `/audit 20`")


@pytest.mark.threat(14)
async def test_only_admins_read_it_in_private_and_what_was_refused_is_not_in_it(bot):
    for command in ("/audit", "/grant telegram:1 5", "/gift 5", "/budget day 5", "/reconcile 5", "/block telegram:2"):
        assert await bot.says(command) == "This is for the admins of this bot."
        assert "in a private chat" in await bot.says(command, in_group(ADMIN))
    assert bot.books.do(last, 10) == []


@pytest.mark.threat(21)
async def test_an_admin_who_was_forgotten_has_no_name_in_it(bot):
    await bot.says("/credits", asker(ADMIN))
    await bot.admin("/grant telegram:1 5")
    await bot.press(Press.FORGET, who=asker(ADMIN))
    assert "`forgotten` · credits given to `telegram:1`: 20 → 25" in await bot.admin("/audit")


async def test_a_reason_is_kept_in_one_clean_line_of_200_characters(bot):
    await bot.admin("/grant telegram:1 5 \u202e" + "long " * 100)
    (action,) = bot.books.do(last, 1)
    assert action.reason.startswith("long long")
    assert len(action.reason) <= REASON_LIMIT == 200
    assert (action.at, action.by) == (NOW, str(ADMIN))


async def test_it_works_on_postgresql_as_well(postgres_database):
    with opened(postgres_database) as bot:
        await bot.admin("/budget day 5")
        assert "Credits a day: no limit → 5" in await bot.admin("/audit")
