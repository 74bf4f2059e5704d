"""The buttons under an answer: pages, markets, words, trying again; whose they are, and how long they work."""

import csv
import io
from datetime import timedelta

import pytest

from core import forgetting
from tests.flows.world import ANN, BEN, GROUP, labels, living, said


async def answered(world, person=ANN, chat=None, **what):
    world.send(person, chat, **what)
    answer = await world.see("Closest products", chat or person)
    await world.idle()
    return answer


async def test_pages_turn_in_the_same_message_and_cost_nothing(world):
    answer = await answered(world)
    world.press(answer, "›")
    second = await world.see("6. ")
    assert second["message_id"] == answer["message_id"]
    assert {"‹", "6–10 of 24", "›"} < set(labels(second))
    world.press(second, "‹")
    await world.see("1. ")
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (19, 1, 1)


async def test_the_press_is_answered_before_the_message_changes(world):
    answer = await answered(world)
    world.press(answer, "›")
    await world.see("6. ")
    methods = [call.method for call in world.telegram.calls if call.method.startswith(("answer", "edit"))]
    assert methods == ["answerCallbackQuery", "editMessageText"]


async def test_the_number_of_pages_is_only_a_label(world):
    answer = await answered(world)
    press = world.press(answer, "1–5 of 24")
    assert await world.alert(press) == ""
    assert world.telegram.counts["editMessageText"] == 0


async def test_pages_turn_after_a_restart(world):
    answer = await answered(world)
    await world.restart()
    world.press(answer, "›")
    assert "19 left" in said(await world.see("6. "))


async def test_another_market_is_searched_in_the_same_message(world):
    answer = await answered(world)
    world.press(answer, "Other market · 1 credit")
    markets = await world.see("Where shall I look for this photo?")
    assert markets["message_id"] == answer["message_id"]
    assert "✓ 🌐 Any market" in labels(markets)
    world.press(markets, "United Kingdom")
    british = await world.see("🇬🇧 United Kingdom")
    assert "1 credit · 18 left" in said(british)
    assert british["message_id"] == answer["message_id"]
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (18, 2, 1)


async def test_a_market_whose_answer_is_stored_is_free_and_says_so(world):
    answer = await answered(world, caption="#GB")
    world.press(answer, "Other market")
    world.press(await world.see("Where shall I look"), "United States")
    american = await world.see("18 left")
    world.press(american, "Other market")
    markets = await world.see("Where shall I look")
    assert "🇬🇧 United Kingdom · free" in labels(markets)
    world.press(markets, "United Kingdom · free")
    await world.see("free: asked before · 18 left")
    assert world.charged == 2


async def test_back_from_the_markets_to_the_answer(world):
    answer = await answered(world)
    world.press(answer, "Other market")
    world.press(await world.see("Where shall I look"), "Back")
    assert said(await world.see("Closest products")) == said(answer).replace(said(answer).split("\n")[-2] + "\n", "")
    assert (world.charged, len(world.said_in())) == (1, 1)


async def test_search_afresh_asks_again_for_one_credit(world):
    sent = world.send()
    await world.see("19 left")
    forwarded = world.telegram.forward(ANN, ANN, ANN, sent["message_id"])
    free = await world.see("free: asked before", after=forwarded)
    world.press(free, "Search afresh · 1 credit")
    await world.see("1 credit · 18 left")
    assert (await world.balance(), world.charged, len(world.said_in())) == (18, 2, 2)


async def test_words_in_reply_to_an_answer_offer_a_search_with_them(world):
    answer = await answered(world)
    words = world.write("dark  red <b>", reply_to=answer["message_id"])
    offer = await world.see("with these words?")
    assert offer["reply_to_message"]["message_id"] == words["message_id"]
    assert labels(offer) == ["Search again with “dark red <b>” · 1 credit", "Containing “dark red <b>” · free"]
    assert world.charged == 1
    await world.restart()
    world.telegram.delete(ANN, words["message_id"])
    world.press(offer, "Search again with")
    found = await world.see("“dark red <b>”")
    assert found["message_id"] == offer["message_id"]
    assert "1 credit · 18 left" in said(found)
    assert world.endpoint.log[-1].product_name == "dark red <b>"


async def test_an_answer_can_be_narrowed_to_a_word_for_free_and_shown_whole_again(world):
    answer = await answered(world)
    world.write("TOTE", reply_to=answer["message_id"])
    offer = await world.see("with these words?")
    world.press(offer, "Containing “TOTE”")
    part = await world.see("with “TOTE” in the name")
    assert part["message_id"] == offer["message_id"]
    lines = [line for line in said(part).splitlines() if line[:1].isdigit() and ". " in line]
    assert lines
    assert all("tote" in line.lower() for line in lines)
    world.press(part, "‹ All 30")
    assert (await world.see("any market\n1. ", after=answer))["message_id"] == part["message_id"]
    assert (await world.balance(), world.charged) == (19, 1)


async def test_one_market_of_an_answer_and_the_listings_of_one_thing_are_free_to_see(world):
    answer = await answered(world)
    world.press(answer, "Only one market")
    lists = await world.see("one market only; it is free")
    world.press(lists, "🇺🇸 United States ·")
    only = await world.see("only 🇺🇸 United States")
    assert only["message_id"] == answer["message_id"]
    assert "🇬🇧" not in said(only)
    world.press(only, "‹ All 30")
    world.press(await world.see("any market\n1. "), "1 · 3 listings ▸")
    listings = await world.see("listings of one item")
    assert sum(line[:1].isdigit() and ". " in line for line in said(listings).splitlines()) == 3
    assert (await world.balance(), world.charged) == (19, 1)


async def test_the_whole_answer_comes_as_a_file_that_a_spreadsheet_opens(world):
    answer = await answered(world)
    await world.restart()
    world.press(answer, "All 30 as a file")
    sent = await world.see("snapshop-", look=lambda message: message.get("document", {}).get("file_name", ""))
    assert sent["reply_to_message"]["message_id"] == answer["message_id"]
    rows = list(csv.reader(io.StringIO(world.telegram.files[sent["document"]["file_id"]].data.decode("utf-8-sig"))))
    assert rows[0] == ["Rank", "Product id", "Name", "Market", "Link"]
    assert [row[0] for row in rows[1:]] == [str(rank) for rank in range(1, 31)]
    assert world.charged == 1


async def test_in_a_group_the_file_is_the_askers(world):
    answer = await answered(world, ANN, GROUP, caption="/find")
    press = world.press(answer, "All 30 as a file", BEN)
    assert "somebody else's" in await world.alert(press)
    assert world.telegram.counts["sendDocument"] == 0


async def test_words_written_from_right_to_left_are_searched_as_they_were_written(world):
    answer = await answered(world)
    world.write("حقيبة حمراء", reply_to=answer["message_id"])
    world.press(await world.see("with these words?"), "Search again with")
    await world.see("18 left")
    assert world.endpoint.log[-1].product_name == "حقيبة حمراء"


@pytest.mark.threat(12)
async def test_a_forged_press_for_words_where_no_words_were_offered_buys_nothing(world):
    answer = await answered(world)
    forged = world.data(answer, "Other market").replace("1m", "1w")
    press = world.telegram.press(ANN, ANN, answer["message_id"], forged)
    assert "expired" in await world.alert(press)
    await world.idle()
    assert (await world.balance(), world.charged) == (19, 1)


async def test_try_again_after_an_answer_that_was_lost(world):
    world.endpoint.behave("reset-after", times=1)
    world.send()
    lost = await world.see("The answer was lost on the way. You were not charged.")
    assert await world.balance() == 20
    world.press(lost, "Try again · 1 credit")
    found = await world.see("Closest products")
    assert found["message_id"] == lost["message_id"]
    assert "19 left" in said(found)


async def test_pressing_twice_in_a_hurry_costs_one_credit(world):
    answer = await answered(world)
    world.press(answer, "Other market")
    markets = await world.see("Where shall I look")
    for _ in range(3):
        world.press(markets, "Indonesia")
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (18, 2, 1)


@pytest.mark.fault(11)
async def test_a_press_delivered_again_costs_one_credit(world):
    answer = await answered(world)
    world.press(answer, "Other market")
    world.press(await world.see("Where shall I look"), "Indonesia")
    await world.see("18 left")
    await world.idle()
    world.telegram.redeliver(times=3)
    await world.idle()
    await world.restart()
    world.telegram.redeliver(times=3)
    await world.idle()
    assert (await world.balance(), world.charged) == (18, 2)


@pytest.mark.threat(12)
async def test_only_the_asker_turns_pages_in_a_group(world):
    answer = await answered(world, ANN, GROUP, caption="/find")
    before = world.said_in(GROUP)
    for label in ("›", "Other market"):
        press = world.press(answer, label, BEN)
        assert await world.alert(press) == "This answer is somebody else's. Reply /find to the photo for your own."
    await world.idle()
    assert world.said_in(GROUP) == before
    world.press(answer, "›", ANN)
    await world.see("6. ", GROUP)


@pytest.mark.threat(12)
async def test_whoever_presses_a_paid_button_pays_and_gets_a_message_of_their_own(world):
    sent = world.send(ANN, GROUP, caption="/find")
    answer = await world.see("Closest products", GROUP)
    world.press(answer, "Other market", ANN)
    markets = await world.see("Where shall I look", GROUP)
    world.press(markets, "United Kingdom", BEN)
    bens = await world.see("🇬🇧 United Kingdom", GROUP)
    await world.idle()
    assert bens["message_id"] != answer["message_id"]
    assert bens["reply_to_message"]["message_id"] == sent["message_id"]
    assert (await world.balance(ANN), await world.balance(BEN)) == (19, 19)
    assert "Where shall I look" in " ".join(world.said_in(GROUP))


@pytest.mark.threat(12)
@pytest.mark.parametrize(
    "data", ["", "1", "1p", "1pAAAAAAAAAAAAAAAA:0", "2pAAAAAAAAAAAAAAAA:0", "1i:US", "x" * 64, "1x"]
)
async def test_a_forged_button_is_expired_and_does_nothing(world, data):
    answer = await answered(world)
    press = world.telegram.press(ANN, ANN, answer["message_id"], data)
    assert await world.alert(press) == "This answer has expired. Send the photo again."
    await world.idle()
    assert (await world.balance(), world.charged) == (19, 1)


@pytest.mark.threat(12)
async def test_a_button_of_another_chat_does_nothing_here(world):
    answer = await answered(world)
    elsewhere = await answered(world, BEN, GROUP, caption="/find")
    for label in ("›", "Other market"):
        press = world.telegram.press(BEN, GROUP, elsewhere["message_id"], world.data(answer, label))
        assert await world.alert(press) == "This answer has expired. Send the photo again."
    forged = world.data(answer, "Other market").replace("1m", "1f")
    press = world.telegram.press(BEN, GROUP, elsewhere["message_id"], forged)
    assert "expired" in await world.alert(press)
    await world.idle()
    assert (await world.balance(ANN), world.charged) == (19, 1)


@pytest.mark.threat(12)
async def test_a_market_that_there_is_not_is_not_searched(world):
    answer = await answered(world)
    forged = world.data(answer, "Other market").replace("1m", "1i") + "XX"
    press = world.telegram.press(ANN, ANN, answer["message_id"], forged)
    assert "expired" in await world.alert(press)
    assert world.charged == 1


@pytest.mark.threat(13)
async def test_old_buttons_have_expired_after_forget(world):
    answer = await answered(world)
    world.write("/forget")
    world.press(await world.see("Shall I erase"), "Yes, forget me")
    await world.see("Done. Nothing here points to you any more.")
    for label in ("›", "Other market"):
        press = world.press(answer, label)
        assert await world.alert(press) == "This answer has expired. Send the photo again."
    world.write("red", reply_to=answer["message_id"])
    await world.see("This answer has expired.", after=answer)
    assert world.charged == 1


@pytest.mark.threat(13)
async def test_old_buttons_have_expired_after_the_retention(world):
    answer = await answered(world)
    world.now_is = timedelta(days=91)
    await world.database.run(forgetting.prune, world.core.policy.retention, world.now())
    press = world.press(answer, "›")
    assert await world.alert(press) == "This answer has expired. Send the photo again."


async def test_a_refusal_is_told_in_an_alert_and_the_answer_stays(tmp_path):

    async with living(tmp_path, monthly_allowance=1) as world:
        answer = await answered(world)
        world.press(answer, "Other market")
        markets = await world.see("Where shall I look")
        press = world.press(markets, "United Kingdom")
        assert (await world.alert(press)).startswith("You have no credits left, so this was not searched.")
        await world.idle()
        assert world.said_in() == [said(markets)]


async def test_a_press_that_is_too_old_to_be_answered_still_turns_the_page(world):
    answer = await answered(world)
    world.telegram.faults.fail(
        "answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )
    world.press(answer, "›")
    await world.see("6. ")


async def test_a_message_too_old_to_be_handed_out_still_turns_its_pages(world):
    answer = await answered(world)
    old = {"chat": answer["chat"], "message_id": answer["message_id"], "date": 0}
    user = world.telegram.people[ANN].user
    data = world.data(answer, "›")
    about = {"id": "77", "from": user, "message": old, "chat_instance": "1", "data": data}
    world.telegram.inject({"callback_query": about})
    await world.see("6. ")
