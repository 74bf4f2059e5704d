"""Commands: what a person reads, what the ledger says afterwards, and who may do what."""

import itertools
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.admin_commands import Misunderstood, read_grant, read_take
from bots.cards import Press
from bots.commands import Commands
from bots.context import Asker, Context
from bots.wording import words as words_of
from core import chats, people
from core.check import check
from core.keyapi.pacing import Breaker, BreakerState
from core.model import Identity
from core.policy import Policy
from core.settings import load_settings
from core.statement import history
from core.tables import admin_actions
from tests.builders import NOW, PEPPER, Books, migrated, photo, telegram

ADMIN, PERSON = telegram(9), telegram(1)
ENGLISH = words_of("en")
_events = itertools.count(1)


def asker(who=PERSON, **changes):
    usual = Asker(identity=who, name="Ann", chat=who.user, private=True, event=f"telegram:{who.user}:{next(_events)}")
    return replace(usual, **changes)


def in_group(who=PERSON, **changes):
    return asker(who, chat="-100", private=False, **changes)


class Bot:
    """The commands on a real database, at a time that the test sets."""

    def __init__(self, database, **settings):
        self.settings = load_settings(None, admins=str(ADMIN), **settings)
        self.policy = Policy.from_settings(self.settings)
        self.books = Books(database.writing, policy=self.policy)
        self.breaker = Breaker()
        self.commands = Commands(
            Context(
                database=database,
                breaker=self.breaker,
                settings=self.settings,
                policy=self.policy,
                pepper=PEPPER,
                clock=lambda: self.books.now,
            )
        )

    async def says(self, command, who=None):
        """What is read after a command: heading, lines and the labels of buttons, one a line."""
        name, _, arguments = command.removeprefix("/").partition(" ")
        return text_of(await self.commands.run(name, who or asker(), arguments))

    async def admin(self, command, **changes):
        return await self.says(command, asker(ADMIN, **changes))

    async def press(self, press, argument="", who=None):
        return text_of(await self.commands.press(press, argument, who or asker()))

    def balance(self, who=PERSON):
        person = self.books.do(people.find, who)
        return self.books.balance(person.id) if person else None


def text_of(card):
    if card is None:
        return None
    labels = [("✓ " if option.chosen else "") + option.label for choice in card.choices for option in choice.options]
    labels += [action.label for row in card.rows for action in row]
    return "\n".join([*([card.heading] if card.heading else []), *(line.text for line in card.lines), *labels])


@contextmanager
def opened(url, **settings):
    database = migrated(url)
    try:
        yield Bot(database, **settings)
    finally:
        database.close()


@pytest.fixture
def bot(sqlite_database):
    with opened(sqlite_database) as opened_bot:
        yield opened_bot


# For everybody


async def test_start_fits_a_phone_and_says_what_it_costs(bot):
    said = await bot.says("/start")
    assert said.startswith("Photo in, products out\nSend me a photo of a thing")
    assert "A search costs 1 credit; you get 20 each month." in said
    assert len(said.splitlines()) <= 6
    assert "reply /find to a photo" in await bot.says("/start", in_group())


async def test_a_start_link_sets_the_market(bot):
    assert "Your searches now look in 🇬🇧 United Kingdom." in await bot.says("/start region-GB")
    assert bot.books.do(people.find, PERSON).region == "GB"
    assert "Which market" in await bot.says("/start region-Atlantis")
    assert bot.books.do(people.find, PERSON).region == "GB"


async def test_a_bot_without_an_admin_says_how_to_become_one(sqlite_database):
    with opened(sqlite_database) as bot:
        bot.commands.context = replace(bot.commands.context, settings=load_settings(None))
        assert "write `ADMINS=telegram:1` into its .env" in await bot.says("/start")
        said = await bot.says("/grant telegram:1 1000")
        assert said.startswith("This bot has no admin yet.")
        assert "`ADMINS=telegram:1`" in said
        assert bot.balance() is None


async def test_help_lists_the_commands_and_the_admins_own_only_to_them(bot):
    said = await bot.says("/help")
    for name in ("/region", "/credits", "/language", "/privacy", "/forget", "/id", "/find"):
        assert name in said
    assert "/grant" not in said
    assert "/grant" in await bot.admin("/help")


async def test_there_is_nothing_of_another_name(bot):
    assert await bot.says("/nonsense") is None
    assert await bot.press(Press.PAGE) is None
    assert "Send me a photo" in await bot.says("/START")


async def test_find_without_a_photo_says_how_it_is_meant(bot):
    assert await bot.says("/find") == (
        "Send /find as a reply to a photo, or write it under a photo of yours. Nothing was charged."
    )


async def test_credits_say_a_number_a_date_and_what_happened_in_words(bot):
    assert await bot.says("/credits") == "You have 20 credits.\n24 Nov · +20 · monthly allowance"
    bot.books.search(photo(1))
    lost = bot.books.accept(photo(1)).search
    bot.books.ask(lost)
    bot.books.lose(lost)
    await bot.admin("/grant telegram:1 3 for the `raffle`")
    await bot.admin("/take telegram:1 4")
    assert (await bot.says("/credits")).splitlines() == [
        "You have 18 credits.",
        "Back to 20 on 1 Dec.",
        "24 Nov · −4 · taken by an admin",
        "24 Nov · +3 · given by an admin: for the ’raffle’",
        "24 Nov · +1 · given back: no answer came",
        "24 Nov · −1 · search under way or given back",
        "24 Nov · −1 · search",
        "24 Nov · +20 · monthly allowance",
    ]


async def test_credits_in_a_group_show_no_history(bot):
    bot.books.search(photo(1))
    assert await bot.says("/credits", in_group()) == "You have 19 credits.\nBack to 20 on 1 Dec."


async def test_one_credit_is_one(sqlite_database):
    with opened(sqlite_database, monthly_allowance=1) as bot:
        assert (await bot.says("/credits")).startswith("You have 1 credit.\n")


async def test_the_list_of_markets_marks_the_one_in_use(bot):
    said = await bot.says("/region")
    assert said.startswith("Which market shall I look in?\nNow: 🌐 any market.")
    assert "✓ 🌐 any market" in said
    assert await bot.press(Press.REGION, "GB") == "Your searches now look in 🇬🇧 United Kingdom."
    assert "✓ 🇬🇧 United Kingdom" in await bot.says("/region")


@pytest.mark.parametrize("typed", ["GB", "uk", "United Kingdom", "  united   kingdom "])
async def test_a_market_can_be_typed(bot, typed):
    assert await bot.says(f"/region {typed}") == "Your searches now look in 🇬🇧 United Kingdom."


async def test_a_market_nobody_knows_is_said_with_the_list(bot):
    said = await bot.says("/region `Atlantis`\u202e" + "x" * 100)
    assert said.startswith("I do not know the market “’Atlantis’xxx")
    assert "\u202e" not in said
    assert "🇺🇸 United States" in said


async def test_only_a_chats_admins_set_the_market_for_everyone(bot):
    assert "For everyone here" not in await bot.says("/region US", in_group())
    assert "For everyone here: 🇺🇸 United States" in await bot.says("/region US", in_group(chat_admin=True))
    refused = "Only admins of this chat can set its market."
    assert await bot.press(Press.REGION_ALL, "US", in_group()) == refused
    assert await bot.press(Press.REGION_ALL, "US", asker(chat_admin=True)) == refused
    assert await bot.press(Press.REGION_ALL, "Atlantis", in_group(chat_admin=True)) == refused
    assert bot.books.do(chats.find, "telegram", "-100").region is None
    said = await bot.press(Press.REGION_ALL, "US", in_group(chat_admin=True))
    assert "\nSearches here now look in 🇺🇸 United States, unless someone chose their own.\n" in said
    assert bot.books.do(chats.find, "telegram", "-100").region == "US"


async def test_ones_own_market_and_the_groups_are_both_told_where_they_differ(bot):
    await bot.press(Press.REGION_ALL, "US", in_group(chat_admin=True))
    assert "Now: 🇺🇸 United States." in await bot.says("/region", in_group(telegram(2)))
    await bot.press(Press.REGION, "GB")
    said = await bot.says("/region", in_group())
    assert "Now: 🇬🇧 United Kingdom.\nEveryone here: 🇺🇸 United States." in said


async def test_a_language_is_chosen_and_taken_back(bot):
    assert "Which language shall I speak?\n" in await bot.says("/language")
    assert await bot.press(Press.LANGUAGE, "en") == "I speak English with you now."
    assert bot.books.do(people.find, PERSON).language == "en"
    assert await bot.says("/language english") == "I speak English with you now."
    assert await bot.press(Press.LANGUAGE, "") == "I speak English with you now."
    assert bot.books.do(people.find, PERSON).language is None
    assert (await bot.says("/language klingon")).startswith("I do not speak that language yet. I speak: ")


async def test_privacy_says_how_long_things_are_kept(sqlite_database):
    with opened(sqlite_database, retention_days=30) as bot:
        assert "for 30 days" in await bot.says("/privacy")


async def test_an_id_is_what_an_operator_writes_down(bot):
    assert await bot.says("/id") == "You are `telegram:1`."
    assert await bot.says("/id", in_group()) == "You are `telegram:1`.\nThis chat is `telegram:-100`."


# /forget


@pytest.mark.threat(21)
async def test_forget_asks_once_and_then_nothing_points_to_the_person(bot, tmp_path):
    bot.books.search(photo("77053318849", name="Zebulon", hint="unicorn lamp"))
    who = asker(telegram("77053318849"))
    said = await bot.says("/forget", who)
    assert "Your credits go with it." in said
    assert said.endswith("Yes, forget me")
    assert bot.books.do(people.find, who.identity) is not None, "not before it is confirmed"
    for _ in range(2):
        assert await bot.press(Press.FORGET, who=who) == "Done. Nothing here points to you any more."
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for trace in (b"77053318849", b"Zebulon", b"unicorn"):
        assert trace not in left
    assert await bot.says("/credits", who) == "You have 0 credits.\nBack to 20 on 1 Dec."


async def test_forget_is_for_private_chats(bot):
    bot.books.search(photo(1))
    assert await bot.says("/forget", in_group()) == "Send me /forget in a private chat."
    assert await bot.press(Press.FORGET, who=in_group()) == "Send me /forget in a private chat."
    assert bot.books.do(people.find, PERSON) is not None


# Rights


ADMIN_ONLY = ["/grant telegram:1 5", "/take telegram:1 5", "/block telegram:2", "/unblock telegram:2", "/pause"]


@pytest.mark.threat(14)
@pytest.mark.parametrize("command", [*ADMIN_ONLY, "/resume", "/usage"])
async def test_admins_are_known_by_their_number_and_nobody_else_acts(bot, command):
    strangers = [
        asker(PERSON, name="telegram:9"),
        asker(Identity(platform="discord", user="9")),
        asker(telegram("09")),
        asker(PERSON, chat_admin=True),
        asker(PERSON, replied=ADMIN),
    ]
    for stranger in strangers:
        assert await bot.says(command, stranger) == "This is for the admins of this bot."
    assert bot.balance() is None
    assert bot.books.do(people.find, telegram(2)) is None


@pytest.mark.threat(14)
@pytest.mark.parametrize("command", [*ADMIN_ONLY, "/resume", "/usage"])
async def test_what_is_about_other_people_is_for_private_chats(bot, command):
    name = command.split()[0]
    said = await bot.says(command, in_group(ADMIN))
    assert said == f"Send me {name} in a private chat: it is about other people."
    assert bot.balance() is None


# /grant and /take


async def test_a_grant_is_done_at_once_and_says_from_what_to_what(bot):
    assert await bot.admin("/grant telegram:1 5") == "`telegram:1`: 20 → 25 credits."
    assert bot.balance() == 25
    assert await bot.admin("/take telegram:1 10 by mistake") == "`telegram:1`: 25 → 15 credits."
    assert await bot.admin("/take telegram:1 1000") == "`telegram:1`: 15 → 0 credits."
    assert bot.balance() == 0
    assert bot.books.do(check) == []


async def test_a_grant_until_a_day_can_be_used_on_that_day(bot):
    said = await bot.admin("/grant telegram:1 5 until 2026-11-26 for the raffle")
    assert said == "`telegram:1`: 20 → 25 credits.\nThey can be used until 26 Nov."
    entry = bot.books.do(history, 1, limit=1)[0]
    assert (entry.ends_on, entry.reason) == (datetime(2026, 11, 27, tzinfo=UTC), "for the raffle")
    bot.books.now = datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC)
    assert bot.balance() == 25
    bot.books.now += timedelta(seconds=1)
    assert bot.balance() == 20


async def test_in_reply_to_somebody_their_number_is_not_needed(bot):
    assert await bot.admin("/grant 5 well done", replied=telegram(2)) == "`telegram:2`: 20 → 25 credits."
    assert await bot.admin("/grant telegram:3 5", replied=telegram(2)) == "`telegram:3`: 20 → 25 credits."


@pytest.mark.fault(11)
async def test_the_same_message_delivered_twice_grants_once_and_reads_the_same(bot):
    message = asker(ADMIN)
    said = [await bot.says("/grant telegram:1 5", message) for _ in range(2)]
    assert said == ["`telegram:1`: 20 → 25 credits."] * 2
    assert bot.balance() == 25
    message = asker(ADMIN)
    for _ in range(2):
        assert await bot.says("/take telegram:1 5", message) == "`telegram:1`: 25 → 20 credits."
    assert bot.balance() == 20


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/grant", "Write it like this: `/grant telegram:123 10 until 2026-12-31 for the raffle`"),
        ("/take", "Write it like this: `/take telegram:123 10 given by mistake`"),
        ("/grant 5", "Write it like this: `/grant telegram:123 10 until 2026-12-31 for the raffle`"),
        ("/grant telegram:1", "Write it like this: `/grant telegram:123 10 until 2026-12-31 for the raffle`"),
        ("/grant telegram:1 lots", "Write it like this: `/grant telegram:123 10 until 2026-12-31 for the raffle`"),
        ("/take telegram:1", "Write it like this: `/take telegram:123 10 given by mistake`"),
        (
            "/grant @ann 5",
            (
                "Names change hands, so I go by numbers: reply to a message of theirs that you forwarded to me, "
                "or write `telegram:123`, as /id shows it to them."
            ),
        ),
        ("/grant telegram:ann 5", "I do not know “telegram:ann”: write a person as `telegram:123`, as /id shows it."),
        ("/grant telegrm:1 5", "I do not know “telegrm:1”: write a person as `telegram:123`, as /id shows it."),
        ("/grant telegram:-100 5", "`telegram:-100` is a chat: credits belong to people."),
        ("/grant telegram:1 0", "The number of credits must be from 1 to 1,000,000."),
        ("/grant telegram:1 1000001", "The number of credits must be from 1 to 1,000,000."),
        ("/grant telegram:1 " + "9" * 200, "The number of credits must be from 1 to 1,000,000."),
        ("/grant telegram:1 5 until 2026-11-23", "2026-11-23 is over already."),
        ("/grant telegram:1 5 until 2026-13-01", "2026-13-01 is no date: write it like 2026-12-31."),
        ("/grant telegram:1 5 until 9999-12-31", "9999-12-31 is no date: write it like 2026-12-31."),
        ("/block", "I do not know “…”: write a person as `telegram:123`, as /id shows it."),
        ("/block ann", "I do not know “ann”: write a person as `telegram:123`, as /id shows it."),
        ("/block telegram:9", "An admin cannot be blocked: take them out of ADMINS first."),
    ],
)
async def test_what_was_misunderstood_is_said_with_how_to_write_it_and_nothing_is_done(bot, command, said):
    assert await bot.admin(command) == said
    assert bot.balance() is None
    assert not bot.books.do(admin_actions_of)


def admin_actions_of(connection):
    return connection.execute(admin_actions.select()).all()


async def test_a_grant_of_today_can_still_be_used_today(bot):
    assert "They can be used until 24 Nov." in await bot.admin("/grant telegram:1 5 until 2026-11-24")


@given(st.text(max_size=60) | st.from_regex(r"telegram:[0-9]{1,3} [0-9]{1,8}( until \S{1,12})?.{0,20}", fullmatch=True))
@settings(max_examples=100)
def test_whatever_an_admin_types_is_understood_or_answered_kindly(typed):
    arguments = " ".join(typed.split())
    for read in (lambda: read_grant(arguments, None, NOW, ENGLISH), lambda: read_take(arguments, None, ENGLISH)):
        try:
            transfer = read()
        except Misunderstood as sentence:
            assert str(sentence)
        else:
            assert 1 <= transfer.amount <= 1_000_000
            assert transfer.until is None or transfer.until > NOW
            assert transfer.reason is None or 0 < len(transfer.reason) <= 200


# /block, /pause


async def test_a_blocked_person_is_told_so_until_they_are_let_in_again(bot):
    assert await bot.admin("/block telegram:1 sends spam") == "`telegram:1`: open → blocked."
    assert await bot.admin("/block telegram:1") == "`telegram:1`: blocked → blocked."
    assert bot.books.do(people.find, PERSON).blocked
    assert await bot.admin("/unblock telegram:1") == "`telegram:1`: blocked → open."
    assert not bot.books.do(people.find, PERSON).blocked


async def test_a_block_in_reply_keeps_its_whole_reason(bot):
    assert await bot.admin("/block spam: every day", replied=telegram(2)) == "`telegram:2`: open → blocked."
    assert await bot.admin("/block telegram:3 spam", replied=telegram(2)) == "`telegram:3`: open → blocked."
    assert [row.reason for row in bot.books.do(admin_actions_of)] == ["spam: every day", "spam"]


async def test_a_group_can_be_blocked(bot):
    assert await bot.admin("/block telegram:-100") == "`telegram:-100`: open → blocked."
    assert bot.books.do(chats.find, "telegram", "-100").blocked
    assert await bot.admin("/unblock telegram:-100") == "`telegram:-100`: blocked → open."


async def test_searching_is_paused_for_everybody_and_let_go_on(bot):
    assert await bot.admin("/pause moving house") == "Searching is paused for everybody. /resume lets it go on."
    assert await bot.admin("/pause") == "Searching is paused already. /resume lets it go on."
    assert bot.books.accept(photo(1)).outcome is not None
    assert await bot.admin("/resume") == "Searching goes on: the next photo is searched."
    assert bot.books.accept(photo(1)).outcome is None


async def test_resume_lets_the_next_photo_try_the_endpoint_at_once(bot):
    bot.breaker.denied()
    assert bot.breaker.state is not BreakerState.CLOSED
    assert bot.breaker.retry_in() > 0
    await bot.admin("/resume")
    assert bot.breaker.retry_in() == 0


async def test_commands_work_on_postgresql_as_well(postgres_database):
    with opened(postgres_database) as bot:
        bot.books.search(photo(1, name="Ann"))
        assert await bot.admin("/grant telegram:1 5 until 2026-12-24 raffle") == (
            "`telegram:1`: 19 → 24 credits.\nThey can be used until 24 Dec."
        )
        assert (await bot.says("/credits")).startswith("You have 24 credits.\n24 Nov · +5")
        assert "🟩\N{NO-BREAK SPACE}used 1 · " in await bot.admin("/usage")
        assert await bot.press(Press.REGION, "GB") == "Your searches now look in 🇬🇧 United Kingdom."
        assert await bot.press(Press.FORGET) == "Done. Nothing here points to you any more."
        assert bot.books.do(people.find, PERSON) is None
