"""/find and the menu “Find this product”: with photos that are handed over, wherever the bot may be used."""

import discord as discord_py
import pytest

from tests.flows.discord_stage import FIND_MENU, Stage, stage
from tests.flows.world import photo


@pytest.fixture
async def discord(tmp_path):
    """Discord, the endpoint, and a running bot."""
    async with stage(tmp_path) as world:
        yield world


async def look_up(discord: Stage, message, person=None):
    """Use the menu of a message."""
    result = await (person or discord.ann).context_menu(discord.channel, FIND_MENU, message)
    assert result.acknowledged
    return result


async def test_find_is_answered_in_its_place_beside_the_photo_for_one_credit(discord: Stage):
    result = await discord.find(words="red", market="GB")
    answer = discord.told(result)
    assert "### Closest products\n-# 🇬🇧 United Kingdom · “red” · 1 credit · 19 left" in answer.text
    assert answer.files == ("photo.jpg",)
    assert not answer.alone
    assert (await discord.balance(), discord.charged, len(discord.seen())) == (19, 1, 1)


async def test_find_works_in_private(discord: Stage):
    answer = discord.told(await discord.find(discord.ann.user))
    assert "Closest products" in answer.text
    assert discord.answer(discord.dm()).id == answer.id


async def test_a_market_may_be_typed_as_well(discord: Stage):
    for market in ("US", "united states", "🇺🇸", "#US", "🇺🇸 United States"):
        assert "🇺🇸 United States" in discord.told(await discord.find(market=market)).text
    assert discord.charged == 1


async def test_a_market_that_nobody_knows_is_asked_for_alone_and_costs_nothing(discord: Stage):
    told = discord.told(await discord.find(market="Atlantis"))
    assert "I do not know the market “Atlantis”. Pick one:" in told.text
    assert told.alone
    assert discord.charged == 0


async def test_markets_are_offered_by_name_code_and_flag(discord: Stage):
    for typed, first in (
        ("", "🌐 any market"),
        ("uni", "🇺🇸 United States"),
        ("gb", "🇬🇧 United Kingdom"),
        ("🇯🇵", "🇯🇵 Japan"),
        ("uk", "🇬🇧 United Kingdom"),
    ):
        offered = await discord.ann.autocomplete(discord.channel, "find", "market", typed)
        assert offered[0]["name"] == first
    assert await discord.ann.autocomplete(discord.channel, "find", "market", "atlantis") == []


async def test_markets_are_offered_in_the_language_that_the_person_chose(discord: Stage):
    await discord.slash("language", language="es")
    offered = await discord.ann.autocomplete(discord.channel, "find", "market", "reino")
    assert offered == [{"name": "🇬🇧 Reino Unido", "value": "GB"}]
    assert "🇬🇧" in discord.told(await discord.find(market="Reino Unido")).text


async def test_what_is_no_picture_is_told_kindly(discord: Stage):
    told = discord.told(await discord.find(photo=("list.pdf", b"%PDF-1.7 and so on")))
    assert "I cannot read this kind of picture." in told.text
    assert (await discord.balance(), discord.charged) == (20, 0)


async def test_the_menu_of_somebody_elses_photo_searches_it_and_the_one_who_asks_pays(discord: Stage):
    shown = await discord.write("look", photos=[photo()])
    answer = discord.told(await look_up(discord, shown, discord.ben))
    assert "Closest products" in answer.text
    assert answer.files == ("photo.jpg",)
    assert (await discord.balance(discord.ann), await discord.balance(discord.ben), discord.charged) == (0, 19, 1)


async def test_the_menu_of_several_photos_is_one_question(discord: Stage):
    shown = await discord.write("look", photos=[photo(), photo("teapot")])
    answer = discord.told(await look_up(discord, shown))
    await discord.press(answer, "Also the other photo · 1 credit")
    assert (await discord.balance(), discord.charged, len(discord.seen())) == (18, 2, 2)
    assert discord.answer().reply_to == shown.id


async def test_the_menu_finds_a_forwarded_photo(discord: Stage):
    elsewhere = discord.home.create_text_channel("elsewhere")
    shown = await discord.write("look", photos=[photo()], channel=elsewhere)
    forwarded = await discord.ann.forward(shown, discord.channel)
    assert "Closest products" in discord.told(await look_up(discord, forwarded)).text


async def test_the_menu_finds_the_picture_of_a_link_where_discord_keeps_its_copy(discord: Stage):
    address = discord.serve(photo())
    shown = await discord.embed({"url": "https://shop.example/bag.jpg", "proxy_url": address})
    assert "Closest products" in discord.told(await look_up(discord, shown)).text
    assert discord.downloads == [address]


@pytest.mark.threat(5)
async def test_a_picture_that_discord_does_not_serve_is_never_fetched(discord: Stage):
    own = discord.serve(photo())
    for address in (own.replace("127.0.0.1", "localhost"), f"https://evil.example/{own}", f"https://evil@{own[7:]}"):
        shown = await discord.embed({"url": own, "proxy_url": address})
        assert "I could not fetch the photo." in discord.told(await look_up(discord, shown)).text
    shown = await discord.embed({"url": own})
    assert "There is no picture in that message." in discord.told(await look_up(discord, shown)).text
    assert (discord.downloads, discord.charged) == ([], 0)


async def test_the_menu_of_a_message_without_a_picture_says_so_alone(discord: Stage):
    told = discord.told(await look_up(discord, await discord.write("hello")))
    assert told.text == "There is no picture in that message. Nothing was charged."
    assert told.alone
    assert discord.seen() == []


async def test_by_default_commands_work_where_the_bot_was_invited_and_nowhere_else(discord: Stage):
    commands = discord.env.backend.commands[None].values()
    assert all(command["integration_types"] == [0] for command in commands)
    places = {command["name"]: command["contexts"] for command in commands}
    assert places["find"] == [0, 1]
    assert places[FIND_MENU] == [0]


async def test_who_added_the_bot_to_themselves_is_answered_where_the_bot_is_not(tmp_path):
    async with stage(tmp_path, discord_user_install="on") as world:
        commands = {command["name"]: command for command in world.env.backend.commands[None].values()}
        for name in ("find", FIND_MENU, "forget"):
            assert (commands[name]["integration_types"], commands[name]["contexts"]) == ([0, 1], [0, 1, 2])
        world.by_person = True
        world.shut_out()
        shown = await world.write("look", photos=[photo(), photo("teapot")])
        answer = world.told(await look_up(world, shown))
        assert "Closest products" in answer.text
        pressed = await world.press(answer, "Also the other photo")
        assert world.told(pressed).alone
        assert "Closest products" in world.told(pressed).text
        assert (await world.balance(), world.charged) == (18, 2)


async def test_find_under_a_message_of_ours_has_a_name_in_the_languages_of_discord(discord: Stage):
    commands = {command["name"]: command for command in discord.env.backend.commands[None].values()}
    names = commands["find"]["name_localizations"]
    assert {"es-ES", "es-419", "pt-BR", "ja", "th"} <= names.keys()
    assert names["es-ES"] == names["es-419"] != "find"
    assert not {"en-US", "en-GB", "fi", "zh-CN"} & names.keys()
    assert commands[FIND_MENU]["name_localizations"]["de"] != FIND_MENU
    options = {option["name"]: option for option in commands["find"]["options"]}
    assert list(options) == ["photo", "words", "market"]
    assert options["photo"]["type"] == discord_py.AppCommandOptionType.attachment.value
    assert options["market"]["name_localizations"]["de"] != "market"
