"""/usage in chat: the month in one message, who may see what of it, and what its buttons carry."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select

from bots.arguments import Misunderstood
from bots.button_data import button_data, read_button
from bots.cards import Action, Press
from bots.digest import Digest
from bots.discord.layout import sheet_of, without_files
from bots.usage_question import argument_of, read_argument, read_question
from bots.wording import languages
from bots.wording import words as words_of
from core import people
from core.figures import EVERYTHING, Scope
from core.model import ANY_MARKET, Identity
from core.regions import MARKETS
from core.tables import admin_actions
from tests.builders import NOW, PEPPER, photo, telegram
from tests.unit.test_commands import ADMIN, PERSON, asker, in_group, opened, text_of

ENGLISH = words_of("en")
UTC_ZONE = ZoneInfo("UTC")
TODAY = date(2026, 11, 24)
GROUP = Identity(platform="telegram", user="-100")


@pytest.fixture
def bot(sqlite_database):
    with opened(sqlite_database, monthly_budget=100, daily_budget=10) as opened_bot:
        yield opened_bot


def a_month(bot):
    """Bob asks once in October and once last week, which is lost; Ann asks three times today, once in a group."""
    bot.books.now = NOW - timedelta(days=40)
    bot.books.search(photo(2, name="Bob `root`", sent_at=bot.books.now))
    bot.books.now = NOW - timedelta(days=3)
    lost = bot.books.accept(photo(2, sent_at=bot.books.now, region="GB")).search
    bot.books.ask(lost)
    bot.books.lose(lost)
    bot.books.now = NOW
    bot.books.search(photo(1, name="Ann", region="US", file="the-file"))
    bot.books.search(photo(1, name="Ann", region="US", chat="-100", private=False))
    bot.books.accept(photo(1, name="Ann", region="US", file="the-file"))


async def card(bot, command="", who=None):
    return await bot.commands.run("usage", who or asker(ADMIN), command)


async def test_the_month_is_one_message_in_plain_words(bot):
    a_month(bot)
    shown = await card(bot)
    assert (shown.heading, shown.facts) == ("Usage", ("1 Nov – 24 Nov",))
    used = (
        "🟩\N{NO-BREAK SPACE}used 2 · 🟧\N{NO-BREAK SPACE}possibly used 1 · given back 0 · "
        "⬜\N{NO-BREAK SPACE}answered free 1 (saved you 1)"
    )
    assert [line.text for line in shown.lines] == [
        used,
        "Budget this month: 3 of 100 used, 97 left",
        "Budget today: 2 of 10 used, 8 left",
        "At this pace the month's budget lasts.",
        "",
        "Searches 4 · nothing found 0 · refused 0 · no answer came 1",
        "People 2 · new 1",
        "🇺🇸\N{NO-BREAK SPACE}3 · 🇬🇧\N{NO-BREAK SPACE}1",
        "",
        "Before (1 Oct – 24 Oct): used 1 · searches 1 · people 1",
        "",
        "Most credits:",
        "Ann · `telegram:1` · 2",
    ]
    assert [action.label for row in shown.rows for action in row if action.chosen] == ["This month"]
    picture = Image.open(BytesIO(shown.chart))
    assert (picture.format, picture.width) == ("PNG", 1080)
    assert shown.alt == ("Credits used from 1 Nov to 24 Nov: 2, possibly used: 1, answered free: 1. Most on 24 Nov: 2.")


async def test_a_month_that_is_over_says_nothing_of_todays_budget(bot):
    a_month(bot)
    said = text_of(await card(bot, "last"))
    assert "🟩\N{NO-BREAK SPACE}used 1 · " in said
    assert "Budget this month" not in said
    assert "pace" not in said


async def test_a_budget_that_ends_too_soon_is_told_with_its_day(sqlite_database):
    with opened(sqlite_database, monthly_budget=9) as bot:
        for number in range(8):
            bot.books.now = NOW - timedelta(hours=number)
            bot.books.search(photo(1, sent_at=bot.books.now))
        bot.books.now = NOW
        said = text_of(await card(bot))
        assert "At this pace the month's budget ends on 24 Nov." in said
        assert "🟥\N{NO-BREAK SPACE}budget of a day: 0.3" in said
        bot.books.search(photo(1))
        assert "The month's budget is spent." in text_of(await card(bot))


async def test_without_budgets_that_is_what_it_says(sqlite_database):
    with opened(sqlite_database, monthly_budget="none") as bot:
        said = text_of(await card(bot))
        assert "🟩\N{NO-BREAK SPACE}used 0 · 🟧\N{NO-BREAK SPACE}possibly used 0 · given back 0 · " in said
        assert "No budget is set." in said
        assert "Most credits" not in said
        assert "Before" not in said


async def test_todays_figures_are_of_the_reports_time_zone(sqlite_database):
    with opened(sqlite_database, report_timezone="Asia/Tokyo") as bot:
        bot.books.now = datetime(2026, 11, 24, 14, 59, tzinfo=UTC)
        bot.books.search(photo(1, sent_at=bot.books.now))
        assert "🟩\N{NO-BREAK SPACE}used 1 · " in text_of(await card(bot, "today"))
        bot.books.now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
        assert "🟩\N{NO-BREAK SPACE}used 0 · " in text_of(await card(bot, "today"))


async def test_another_period_is_a_button_away_and_the_file_as_well(bot):
    a_month(bot)
    shown = await card(bot, "7d US")
    buttons = {action.label: action for row in shown.rows for action in row}
    assert list(buttons) == ["Today", "7 days", "This month", "Last month"]
    month = await bot.commands.press(Press.USAGE, buttons["This month"].argument, asker(ADMIN))
    assert month.facts == ("1 Nov – 24 Nov", "🇺🇸 United States")
    assert "🟩\N{NO-BREAK SPACE}used 2 · " in text_of(month)
    asked = shown.document.action.argument
    handed = await bot.commands.press(Press.USAGE, asked, asker(ADMIN))
    assert (handed.lines, handed.chart) == ((), None)
    assert handed.document.name == "usage-2026-11-18-2026-11-24.csv"
    assert handed.document.data == shown.document.data
    assert shown.document.data.decode("utf-8-sig").splitlines()[1].startswith("2026-11-24,telegram:1,3,2,0,1")


async def test_one_person_is_shown_with_what_is_left_and_what_happened(bot):
    a_month(bot)
    await bot.admin("/grant telegram:1 5 for the raffle")
    shown = await card(bot, "telegram:1")
    assert shown.facts == ("1 Nov – 24 Nov", "Ann · telegram:1")
    said = text_of(shown)
    assert "23 credits left · free ones this month: 20" in said
    assert "24 Nov · +5 · given by an admin: for the raffle" in said
    assert "Most credits" not in said
    assert "Budget this month" not in said
    replied = await card(bot, "today", replace(asker(ADMIN), replied=PERSON))
    assert replied.facts == ("24 Nov", "Ann · telegram:1")


async def test_a_chat_and_a_market_have_figures_of_their_own(bot):
    a_month(bot)
    assert "🟩\N{NO-BREAK SPACE}used 1 · " in text_of(await card(bot, "telegram:-100"))
    shown = await card(bot, "GB 7d")
    assert shown.facts == ("18 Nov – 24 Nov", "🇬🇧 United Kingdom")
    assert "🟩\N{NO-BREAK SPACE}used 0 · 🟧\N{NO-BREAK SPACE}possibly used 1 · " in text_of(shown)


async def test_what_is_not_understood_is_told_how_it_is_written(bot):
    assert "Names change hands" in text_of(await card(bot, "@ann"))
    assert "I do not know “soon”. Write it like this: `/usage 7d`" in text_of(await card(bot, "soon"))
    assert "Nobody of that number has ever been here: `telegram:77`." in text_of(await card(bot, "telegram:77"))
    assert "I do not know “facebook:7”" in text_of(await card(bot, "facebook:7"))


async def test_where_discord_takes_no_files_the_report_comes_without_and_a_button_hands_the_file_out(bot):
    a_month(bot)
    shown = await card(bot)
    whole, bare = sheet_of(shown), sheet_of(without_files(shown))
    assert [file.filename for file in whole.files] == ["chart.png", "usage-2026-11-01-2026-11-30.csv"]
    assert "month||csv" not in str(whole.view.to_components())
    assert bare.files == []
    assert "month||csv" in str(bare.view.to_components())
    assert "attachment://" not in str(bare.view.to_components())


# Who may see what


async def test_an_admin_of_a_group_sees_that_group_alone_and_no_numbers_of_people(bot):
    a_month(bot)
    shown = await card(bot, "", in_group(PERSON, chat_admin=True))
    said = text_of(shown)
    assert shown.facts == ("1 Nov – 24 Nov", "this chat")
    assert "🟩\N{NO-BREAK SPACE}used 1 · " in said
    assert "Ann · 1" in said
    assert "telegram:1" not in said
    assert "Budget" not in said
    assert shown.document is None
    week = next(action for row in shown.rows for action in row if action.label == "7 days")
    again = await bot.commands.press(Press.USAGE, week.argument, in_group(PERSON, chat_admin=True))
    assert again.facts == ("18 Nov – 24 Nov", "this chat")


@pytest.mark.threat(14)
@pytest.mark.parametrize("argument", ["month", "7d", "7d|telegram:1", "today||csv", "month|us", "month|telegram:-100"])
async def test_a_forged_button_shows_nothing_to_anybody_else(bot, argument):
    a_month(bot)
    strangers = [
        asker(PERSON),
        asker(PERSON, chat_admin=True),
        in_group(PERSON),
        asker(Identity(platform="discord", user="9")),
        replace(in_group(PERSON), chat="-200"),
    ]
    for stranger in strangers:
        shown = await bot.commands.press(Press.USAGE, argument, stranger)
        assert text_of(shown) == "This is for the admins of this bot."
        assert (shown.chart, shown.document) == (None, None)
    elsewhere = replace(in_group(PERSON, chat_admin=True), chat="-200")
    shown = await bot.commands.press(Press.USAGE, argument, elsewhere)
    if "|" in argument:
        assert text_of(shown) == "I show this chat's figures here, and nothing else."
        assert (shown.chart, shown.document) == (None, None)
    else:
        assert "🟩\N{NO-BREAK SPACE}used 0 · " in text_of(shown)
    assert bot.books.do(lambda connection: connection.scalar(select(func.count()).select_from(admin_actions))) == 0


@pytest.mark.threat(14)
async def test_who_is_no_admin_any_more_sees_nothing_of_an_old_report(bot):
    a_month(bot)
    shown = await card(bot)
    bot.commands.context = replace(bot.commands.context, settings=replace_admins(bot.settings))
    for row in shown.rows:
        for action in row:
            again = await bot.commands.press(Press.USAGE, action.argument, asker(ADMIN))
            assert text_of(again) == "This is for the admins of this bot."


def replace_admins(settings):
    return settings.model_copy(update={"admins": frozenset({telegram(8)})})


@pytest.mark.threat(14)
async def test_the_operator_is_sent_to_the_private_chat_for_what_is_about_others(bot):
    said = "Send me /usage in a private chat: it is about other people."
    assert text_of(await card(bot, "", in_group(ADMIN))) == said
    assert text_of(await bot.commands.press(Press.USAGE, "7d", in_group(ADMIN))) == said


# What it is asked for


@pytest.mark.parametrize(
    ("text", "written", "scope"),
    [
        ("", "month", EVERYTHING),
        ("30d", "30d", EVERYTHING),
        ("2026-10-01..2026-10-15 telegram:5", "2026-10-01..2026-10-15", Scope(person=telegram(5))),
        ("telegram:-100 last", "last", Scope(chat=GROUP)),
        ("uk", "month", Scope(market="GB")),
        ("any TODAY", "today", Scope(market=ANY_MARKET)),
        ("cli:operator", "month", Scope(person=Identity(platform="cli", user="operator"))),
    ],
)
def test_a_period_and_what_it_is_about_come_in_any_order(text, written, scope):
    asked = read_question(text, None, ENGLISH, today=TODAY, zone=UTC_ZONE)
    assert (asked.written, asked.scope) == (written, scope)


platforms = st.sampled_from(["telegram", "discord"])
scopes = st.one_of(
    st.just(EVERYTHING),
    st.builds(lambda code: Scope(market=code), st.sampled_from([ANY_MARKET, *(market.code for market in MARKETS)])),
    st.builds(
        lambda platform, number: Scope(person=Identity(platform=platform, user=str(number))),
        platforms,
        st.integers(1, 2**63 - 1),
    ),
    st.builds(
        lambda number: Scope(chat=Identity(platform="telegram", user=str(-number))), st.integers(1, 2_000_000_000_000)
    ),
)


@given(st.sampled_from(["today", "7d", "month", "last", "2026-10", "2026-10-01..2026-10-15"]), scopes, st.booleans())
def test_a_button_carries_the_whole_question(written, scope, file):
    argument = argument_of(written, scope, file=file)
    data = button_data(Action("x", Press.USAGE, argument=argument))
    assert len(data) <= 64
    asked = read_argument(read_button(data).argument, ENGLISH, today=TODAY, zone=UTC_ZONE)
    assert (asked.written, asked.scope, asked.file) == (written, scope, file)


@given(st.text(max_size=80))
def test_whatever_is_written_is_a_question_or_a_kind_sentence(text):
    for read in (
        lambda: read_question(text, None, ENGLISH, today=TODAY, zone=UTC_ZONE),
        lambda: read_argument(text, ENGLISH, today=TODAY, zone=UTC_ZONE),
    ):
        try:
            read()
        except Misunderstood as sentence:
            assert str(sentence)


# The digest


class Post:
    """What the admins of one platform are shown."""

    def __init__(self):
        self.shown = []

    async def show_admin(self, admin, card):
        self.shown.append((str(admin), card))


async def test_the_digest_is_the_month_in_short_in_each_admins_own_language(sqlite_database):
    admins = "telegram:9,telegram:10,discord:11"
    with opened(sqlite_database, monthly_budget=100) as bot:
        a_month(bot)
        bot.books.do(people.prefer, telegram(10), "Ada", NOW, pepper=PEPPER, language="de")
        context = replace(
            bot.commands.context,
            settings=bot.settings.model_copy(update={"admins": frozenset(map(Identity.parse, admins.split(",")))}),
        )
        post = Post()
        await Digest(context, {"telegram": post}).send()
        shown = dict(post.shown)
        assert list(shown) == ["telegram:10", "telegram:9"]
        english = shown["telegram:9"]
        assert english.heading == "This month so far"
        assert "🟩\N{NO-BREAK SPACE}used 2 · " in text_of(english)
        assert "Budget this month: 3 of 100 used, 97 left" in text_of(english)
        assert "Most credits" not in text_of(english)
        assert english.chart
        assert "de" in languages()
        german = {words_of("de")("This month so far"), "This month so far"}
        assert shown["telegram:10"].heading in german
