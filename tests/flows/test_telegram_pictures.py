"""Where product pictures are configured, an answer is a picture of its products, drawn and uploaded once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flows.world import World, labels, living, said


@pytest.fixture
async def pictured(tmp_path: Path) -> AsyncIterator[World]:
    async with living(tmp_path, pictures=True) as world:
        yield world


def uploads(world):
    return sum(len(call.files) for call in world.telegram.calls)


async def test_an_answer_shows_the_products(pictured):
    pictured.send()
    answer = await pictured.see("Closest products")
    assert (answer["photo"][-1]["width"], answer["photo"][-1]["height"]) == (1080, 536)
    assert "1 credit · 19 left" in said(answer)


async def test_turning_back_to_a_page_uploads_nothing(pictured):
    pictured.send()
    first = await pictured.see("1. ")
    pictured.press(first, "›")
    second = await pictured.see("6. ")
    assert uploads(pictured) == 2
    assert second["photo"] != first["photo"]
    pictured.press(second, "‹")
    again = await pictured.see("1. ")
    pictured.press(again, "›")
    await pictured.see("6. ")
    assert uploads(pictured) == 2
    assert again["photo"] == first["photo"]


async def test_a_searching_message_becomes_a_picture(pictured):
    pictured.be_impatient()
    pictured.endpoint.behave("slow", times=1, seconds=0.8)
    pictured.send()
    searching = await pictured.see("Searching…")
    answer = await pictured.see("Closest products")
    assert answer["message_id"] == searching["message_id"]
    assert "photo" in answer


async def test_the_list_of_markets_stands_under_the_picture_and_the_next_answer_replaces_it(pictured):
    pictured.send()
    answer = await pictured.see("Closest products")
    pictured.press(answer, "Other market")
    markets = await pictured.see("Where shall I look")
    assert (markets["message_id"], markets["photo"]) == (answer["message_id"], answer["photo"])
    pictured.press(markets, "United Kingdom")
    british = await pictured.see("🇬🇧 United Kingdom")
    assert british["message_id"] == answer["message_id"]
    assert british["photo"] != answer["photo"]
    await pictured.idle()
    assert len(pictured.said_in()) == 1


async def test_an_answer_without_pictures_never_stands_under_those_of_another(pictured):
    pictured.send()
    answer = await pictured.see("Closest products")
    pictured.press(answer, "Other market")
    markets = await pictured.see("Where shall I look")
    pictured.endpoint.behave("none", times=1)
    pictured.press(markets, "United Kingdom")
    nothing = await pictured.see("Nothing found")
    assert "photo" not in nothing
    await pictured.idle()
    assert pictured.said_in() == [said(nothing)]
    pictured.press(nothing, "Other market")
    pictured.press(await pictured.see("Where shall I look"), "United States")
    assert "photo" in await pictured.see("🇺🇸 United States")
    assert len(pictured.said_in()) == 1


async def test_without_any_picture_to_be_had_the_answer_is_a_text(pictured):
    pictured.endpoint.shop.by_picture.clear()
    pictured.send()
    answer = await pictured.see("Closest products")
    assert "photo" not in answer
    assert answer["link_preview_options"]["show_above_text"] is True


async def test_a_picture_that_telegram_refuses_costs_the_picture_and_not_the_answer(pictured):
    pictured.telegram.faults.fail("sendPhoto", 400, "Bad Request: IMAGE_PROCESS_FAILED")
    pictured.send()
    answer = await pictured.see("Closest products")
    assert "photo" not in answer
    assert "1–5 of 24" in labels(answer)


async def test_the_pictures_are_there_after_a_restart(pictured):
    pictured.send()
    answer = await pictured.see("Closest products")
    await pictured.restart()
    pictured.press(answer, "›")
    assert "photo" in await pictured.see("6. ")
    assert pictured.charged == 1
