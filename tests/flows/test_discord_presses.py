"""Buttons and menus under answers: free ones show, paid ones search and charge whoever presses."""

import pytest

from core.searches import new_id
from tests.flows.discord_stage import Stage, stage
from tests.flows.world import photo


@pytest.fixture
async def discord(tmp_path):
    """Discord, the endpoint, and a running bot."""
    async with stage(tmp_path) as world:
        yield world


async def ask(discord: Stage):
    """A photo of Ann's in the channel, and its answer."""
    await discord.say(photos=[photo()])
    return discord.answer()


async def test_the_asker_turns_the_pages_in_place_for_free(discord: Stage):
    answer = await ask(discord)
    await discord.press(answer, "More ›")
    turned = discord.answer()
    assert turned.id == answer.id
    assert "**6. [" in turned.text
    assert turned.labels[0] == "‹ Back"
    assert (discord.charged, len(discord.seen())) == (1, 1)


async def test_somebody_else_gets_a_copy_of_their_own_and_the_answer_stays(discord: Stage):
    answer = await ask(discord)
    copy = discord.told(await discord.press(answer, "More ›", discord.ben))
    assert copy.alone
    assert "**6. [" in copy.text
    assert " left" not in copy.text  # what the asker has left is the asker's to read
    assert discord.seen() == [answer]
    further = discord.told(await discord.press(copy, "More ›", discord.ben))
    assert (further.id, discord.charged) == (copy.id, 1)
    assert "**11. [" in further.text


async def test_the_asker_picks_another_market_in_place_and_pays(discord: Stage):
    answer = await ask(discord)
    await discord.press(answer, "Thailand")
    assert discord.answer().id == answer.id
    assert "🇹🇭 Thailand · 1 credit · 18 left" in discord.answer().text
    assert (await discord.balance(), discord.charged, len(discord.seen())) == (18, 2, 1)


async def test_somebody_else_picks_another_market_for_themselves_and_pays(discord: Stage):
    answer = await ask(discord)
    copy = discord.told(await discord.press(answer, "Thailand", discord.ben))
    assert copy.alone
    assert "🇹🇭 Thailand · 1 credit · 19 left" in copy.text
    assert discord.seen() == [answer]
    assert (await discord.balance(discord.ann), await discord.balance(discord.ben)) == (19, 19)
    await discord.press(copy, "Japan", discord.ben)
    assert (await discord.balance(discord.ben), discord.seen()) == (18, [answer])


async def test_one_market_only_and_the_listings_of_one_item_are_free(discord: Stage):
    answer = await ask(discord)
    await discord.press(answer, "United Kingdom · ")
    assert "only 🇬🇧 United Kingdom" in discord.answer().text
    await discord.press(discord.answer(), "‹ All 30")
    await discord.press(discord.answer(), "1. ")
    assert "listings of one item" in discord.answer().text
    assert (discord.charged, len(discord.seen())) == (1, 1)


async def test_a_word_is_asked_for_and_what_contains_it_is_shown_for_free(discord: Stage):
    answer = await ask(discord)
    form = await discord.press(answer, "Containing a word …")
    assert form.modal["title"] == "Containing a word …"
    shown = await discord.ann.submit_modal(form, {"word": "  leather\u202e  "})
    assert shown.acknowledged
    assert "with “leather” in the name" in discord.answer().text
    assert (discord.answer().id, discord.charged) == (answer.id, 1)


async def test_somebody_elses_word_is_shown_to_them_alone(discord: Stage):
    answer = await ask(discord)
    form = await discord.press(answer, "Containing a word …", discord.ben)
    copy = discord.told(await discord.ben.submit_modal(form, {"word": "leather"}))
    assert copy.alone
    assert "with “leather” in the name" in copy.text
    assert discord.seen() == [answer]


async def test_the_whole_answer_comes_as_a_file_for_whoever_asks_and_to_nobody_else(discord: Stage):
    answer = await ask(discord)
    for person in (discord.ann, discord.ben):
        told = discord.told(await discord.press(answer, "All 30 as a file", person))
        assert told.alone
        assert told.files[0].endswith(".csv")
    assert discord.seen() == [answer]


async def test_a_search_that_failed_is_tried_again_in_place(discord: Stage):
    discord.endpoint.behave("500", times=1)
    await discord.say(photos=[photo()])
    lost = discord.answer()
    assert "You were not charged." in lost.text
    await discord.press(lost, "Try again · 1 credit")
    assert discord.answer().id == lost.id
    assert "Closest products" in discord.answer().text
    assert await discord.balance() == 19


async def test_a_refusal_is_told_alone_and_leaves_the_answer(tmp_path):
    async with stage(tmp_path, monthly_allowance=1) as world:
        answer = await ask(world)
        told = world.told(await world.press(answer, "Thailand"))
        assert told.alone
        assert "You have no credits left, so this was not searched." in told.text
        assert (world.seen(), world.charged) == ([answer], 1)


@pytest.mark.fault(11)
async def test_a_press_delivered_twice_is_paid_once(discord: Stage):
    answer = await ask(discord)
    await discord.press(answer, "Thailand")
    press = next(
        payload for _, name, payload in reversed(discord.env.backend.transcript) if name == "INTERACTION_CREATE"
    )
    discord.env.backend.emit("INTERACTION_CREATE", press)
    await discord.env.settle()
    assert (await discord.balance(), discord.charged) == (18, 2)


async def test_everything_works_after_a_restart(discord: Stage):
    answer = await ask(discord)
    form = await discord.press(answer, "Containing a word …")
    await discord.restart()
    await discord.ann.submit_modal(form, {"word": "leather"})
    assert "with “leather” in the name" in discord.answer().text
    await discord.press(discord.answer(), "‹ All 30")
    await discord.press(discord.answer(), "More ›")
    assert "**6. [" in discord.answer().text
    await discord.press(discord.answer(), "Thailand")
    assert "🇹🇭 Thailand" in discord.answer().text
    assert discord.told(await discord.press(discord.answer(), "as a file")).files
    assert ([seen.id for seen in discord.seen()], discord.charged) == ([answer.id], 2)


async def test_the_answer_of_a_command_keeps_its_photo_from_page_to_page_and_after_a_restart(discord: Stage):
    answer = discord.told(await discord.find())
    await discord.press(answer, "More ›")
    assert discord.answer().files == ("photo.jpg",)
    await discord.restart()
    await discord.press(discord.answer(), "More ›")
    assert discord.answer().files == ("photo.jpg",)
    assert discord.answer().id == answer.id


@pytest.mark.threat(12)
async def test_forged_and_foreign_buttons_lead_nowhere(discord: Stage):
    answer = await ask(discord)
    own = next(value for value in answer.options.values() if value.startswith("1i"))
    elsewhere = discord.home.create_text_channel("elsewhere")
    await discord.say("hello", channel=elsewhere)
    for data in (
        own,
        f"1i{new_id()}:TH",
        "1i" + own[2:18] + ":XX",
        "2" + own[1:],
        "1a" + own[2:18] + ":",
        "1z:",
        own + "x",
    ):
        place = elsewhere if data == own else discord.channel
        forged = discord.forge(discord.answer(place), f"snap:b:0:{data}")
        result = await discord.ben.click(forged, custom_id=f"snap:b:0:{data}")
        assert result.acknowledged
        told = discord.told(result)
        assert told.alone
        assert told.text == "This answer has expired. Send the photo again."
    assert discord.charged == 1


@pytest.mark.threat(13)
async def test_a_button_after_forget_says_that_the_answer_has_expired(discord: Stage):
    answer = discord.told(await discord.find(discord.ann.user))
    asked = discord.told(await discord.slash("forget", discord.ann.user))
    await discord.press(asked, "Yes, forget me", discord.ann.user)
    told = discord.told(await discord.press(answer, "More ›", discord.ann.user))
    assert told.text == "This answer has expired. Send the photo again."
