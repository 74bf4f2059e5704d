"""/settings: a chat's own admins choose market, language and daily limit for everyone there; nobody else does."""

import pytest

from bots.button_data import button_data, read_button
from bots.cards import Action, Press
from bots.discord.layout import sheet_of
from bots.presses import FOR_CHATS
from bots.telegram.layout import keyboard
from core import chats
from core.audit import last
from core.model import BudgetSpent, Limit
from tests.builders import photo
from tests.unit.test_commands import ADMIN, PERSON, asker, in_group, opened, text_of

GROUP = "-100"


@pytest.fixture
def bot(sqlite_database):
    with opened(sqlite_database, chat_daily_limit=60) as opened_bot:
        yield opened_bot


def chief(who=PERSON, **changes):
    return in_group(who, chat_admin=True, **changes)


def held(bot):
    return bot.books.do(chats.find, "telegram", GROUP)


def buttons(card):
    """What is pressed in Telegram."""
    return [key.text for row in keyboard(card).inline_keyboard for key in row]


async def test_one_message_says_what_holds_here_and_opens_each_list(bot):
    card = await bot.commands.run("settings", chief(), "")
    assert (card.heading, [line.text for line in card.lines]) == (
        "Settings for everyone here",
        ["Pick what to change. Whoever chose their own market or language keeps it."],
    )
    assert buttons(card) == [
        "Market: any market",
        "Language: Everyone's own",
        "Everyone here together: 60 credits a day",
    ]
    menus = [item for item in sheet_of(card).view.walk_children() if hasattr(item, "options")]
    assert [menu.placeholder for menu in menus] == buttons(card), "in Discord they are menus"


@pytest.mark.parametrize(
    ("opened_list", "first", "others"),
    [
        ("market", "✓ As the operator set it: any market", ["🇬🇧 United Kingdom", "🇺🇸 United States"]),
        ("language", "✓ Everyone's own", ["Deutsch", "English"]),
        ("limit", "✓ As the operator set it: 60 credits a day", ["10 credits a day", "50 credits a day"]),
    ],
)
async def test_a_list_opens_in_place_with_a_way_back(bot, opened_list, first, others):
    card = await bot.commands.press(Press.SETTINGS, opened_list, chief())
    shown = buttons(card)
    assert shown[0] == first
    assert set(others) < set(shown)
    assert shown[-1] == "‹ Back"
    back = await bot.commands.press(Press.SETTINGS, "", chief())
    assert text_of(back) == text_of(await bot.commands.run("settings", chief(), ""))


async def test_no_limit_is_offered_that_the_operator_does_not_allow(bot):
    said = await bot.press(Press.SETTINGS, "limit", chief())
    assert "50 credits a day" in said
    assert "100 credits a day" not in said


async def test_what_is_chosen_holds_for_everyone_and_is_said_with_the_rest(bot):
    said = await bot.press(Press.CHAT_LIMIT, "10", chief())
    assert "Everyone here together may now spend: 10 credits a day.\n" in said
    assert "✓ 10 credits a day" in said
    said = await bot.press(Press.LANGUAGE_ALL, "de", chief())
    assert "I speak Deutsch here, unless someone chose their own." in said
    await bot.press(Press.REGION_ALL, "GB", chief())
    assert (held(bot).daily_limit, held(bot).language, held(bot).region) == (10, "de", "GB")
    for n in range(10):
        bot.books.search(photo(n % 2 + 1, chat=GROUP))
    refused = bot.books.accept(photo(3, chat=GROUP)).outcome
    assert isinstance(refused, BudgetSpent)
    assert refused.limit is Limit.CHAT


async def test_what_was_chosen_is_taken_back(bot):
    for press, argument in ((Press.CHAT_LIMIT, "10"), (Press.LANGUAGE_ALL, "de"), (Press.REGION_ALL, "GB")):
        await bot.press(press, argument, chief(language="en"))
    for press, argument in ((Press.CHAT_LIMIT, "none"), (Press.LANGUAGE_ALL, ""), (Press.REGION_ALL, "")):
        await bot.press(press, argument, chief(language="en"))
    assert held(bot) == chats.Chat()
    assert "I speak everyone's own language here." in await bot.press(Press.LANGUAGE_ALL, "", chief(language="en"))


async def test_a_lower_limit_of_the_operators_is_what_is_said(bot):
    await bot.press(Press.CHAT_LIMIT, "50", chief())
    await bot.admin("/limit chat 20")
    assert "Everyone here together: 20 credits a day" in buttons(await bot.commands.run("settings", chief(), ""))


@pytest.mark.threat(14)
@pytest.mark.parametrize("press", [Press.SETTINGS, Press.CHAT_LIMIT, Press.REGION_ALL, Press.LANGUAGE_ALL])
async def test_who_does_not_administer_the_chat_changes_nothing_there(bot, press):
    arguments = {Press.CHAT_LIMIT: "10", Press.REGION_ALL: "GB", Press.LANGUAGE_ALL: "de"}
    for who in (in_group(), in_group(ADMIN), asker(chat_admin=True)):
        said = await bot.press(press, arguments.get(press, ""), who)
        assert said.startswith(("Only admins of this chat can", "Send me /settings in a group"))
    assert held(bot) == chats.Chat()
    assert bot.books.do(last, 10) == []
    assert press in FOR_CHATS, "who presses is asked of the platform each time"


async def test_settings_are_of_a_group(bot):
    assert await bot.says("/settings") == "Send me /settings in a group or a server: it is about everyone there."
    assert await bot.says("/settings", in_group()) == "Only admins of this chat can change its settings."


@pytest.mark.threat(12)
@pytest.mark.parametrize("argument", ["7", "999999", "0"])
async def test_a_limit_that_is_not_offered_is_not_set(bot, argument):
    said = await bot.press(Press.CHAT_LIMIT, argument, chief())
    assert said.startswith("Everyone here together: 60 credits a day\n")
    assert held(bot).daily_limit is None


@pytest.mark.fault(11)
async def test_the_same_press_delivered_twice_is_kept_once(bot):
    press = chief()
    await bot.press(Press.CHAT_LIMIT, "10", press)
    await bot.press(Press.CHAT_LIMIT, "20", chief())
    await bot.press(Press.CHAT_LIMIT, "10", press)
    assert held(bot).daily_limit == 20
    assert [(action.before, action.after) for action in bot.books.do(last, 10)] == [("10", "20"), ("", "10")]


def test_buttons_of_settings_are_read_as_they_are_written():
    for argument in ("", "market", "language", "limit"):
        data = button_data(Action("", Press.SETTINGS, argument=argument))
        assert (read_button(data).name, read_button(data).argument) == (Press.SETTINGS, argument)
    assert read_button("1s:everything") is None


async def test_another_group_has_settings_of_its_own(bot):
    await bot.press(Press.CHAT_LIMIT, "10", chief())
    elsewhere = asker(chat="-200", private=False, chat_admin=True)
    assert "Everyone here together: 60 credits a day" in buttons(await bot.commands.run("settings", elsewhere, ""))
