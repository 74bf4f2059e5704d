"""Several photos at once are one question, and one credit until the person says otherwise."""

import pytest

from tests.flows.world import ANN, BEN, GROUP, labels, living, photo, said

PRODUCTS = ("leather-handbag", "wrist-watch", "teapot", "sun-hat")


def send_album(world, count, person=ANN, chat=None, caption=""):
    photos = [photo(product) for product in PRODUCTS[:count]]
    return world.telegram.send_photos(person, chat or person, photos, caption)


async def late_photo(world, first):
    """One more photo of an album, after the others."""
    album = first["media_group_id"]
    content = world.telegram.files.photo(photo("teddy-bear")) | {"media_group_id": album}
    return world.telegram.say(ANN, ANN, content)


async def test_an_album_is_searched_once_and_offers_the_other_photos(world):
    first, *_ = send_album(world, 4, caption="brown")
    answer = await world.see("Closest products")
    assert answer["reply_to_message"]["message_id"] == first["message_id"]
    assert "“brown”" in said(answer)
    assert "Also the other 3 · 3 credits" in labels(answer)
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (19, 1, 1)


async def test_the_button_searches_the_other_photos_with_the_same_words_each_in_reply_to_its_photo(world):
    photos = send_album(world, 3, caption="#US new")
    answer = await world.see("Also the other", look=labels)
    press = world.press(answer, "Also the other 2 · 2 credits")
    await world.see("17 left")
    await world.idle()
    assert await world.alert(press) == ""
    answers = [message for message in world.telegram.messages(ANN) if "Closest" in said(message)]
    replied_to = sorted(message["reply_to_message"]["message_id"] for message in answers)
    assert replied_to == [message["message_id"] for message in photos]
    assert all("🇺🇸 United States · “new”" in said(message) for message in answers)
    assert not any("Also the other" in label for message in answers for label in labels(message))
    assert (await world.balance(), world.charged) == (17, 3)


async def test_pressing_twice_or_delivering_the_press_again_searches_nothing_twice(world):
    send_album(world, 3)
    answer = await world.see("Also the other", look=labels)
    world.press(answer, "Also the other")
    world.press(answer, "Also the other")
    await world.idle()
    world.telegram.redeliver()
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (17, 3, 3)


async def test_a_latecomer_is_counted_by_the_answer_that_is_there_already(world):
    first, *_ = send_album(world, 2)
    await world.see("Also the other photo · 1 credit", look=labels)
    await world.idle()
    await late_photo(world, first)
    await world.see("Also the other 2 · 2 credits", look=labels)
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (19, 1, 1)


async def test_the_answer_waits_for_the_last_photo_and_counts_it_at_once(world):
    world.app._handlers._parts.albums._quiet = 1.0
    first = world.telegram.files.photo(photo("leather-handbag")) | {"media_group_id": "77"}
    first = world.telegram.say(ANN, ANN, first)
    await world.until(lambda: world.charged)
    await late_photo(world, first)
    await world.see("Also the other photo · 1 credit", look=labels)
    await world.idle()
    assert (len(world.said_in()), world.telegram.counts["editMessageText"]) == (1, 0)


async def test_an_album_in_a_group_needs_one_command_only(world):
    world.telegram.privacy_mode = False
    send_album(world, 3, ANN, GROUP, caption="/find")
    await world.see("Also the other 2 · 2 credits", GROUP, look=labels)
    await world.idle()
    assert (world.charged, len(world.said_in(GROUP))) == (1, 1)


async def test_too_few_credits_for_the_others_are_told_in_one_sentence(tmp_path):

    async with living(tmp_path, monthly_allowance=2) as world:
        send_album(world, 3)
        answer = await world.see("Also the other 2 · 2 credits", look=labels)
        press = world.press(answer, "Also the other")
        told = "The other 2 photos need 2 credits; you have 1. You were not charged."
        assert await world.alert(press) == told
        await world.idle()
        assert (await world.balance(), world.charged, len(world.said_in())) == (1, 1, 1)


async def test_whoever_presses_in_a_group_pays_for_the_others(world):
    world.telegram.privacy_mode = False
    send_album(world, 2, ANN, GROUP, caption="/find")
    answer = await world.see("Also the other photo", GROUP, look=labels)
    world.press(answer, "Also the other photo", BEN)
    await world.idle()
    assert (await world.balance(ANN), await world.balance(BEN), world.charged) == (19, 19, 2)
    assert len(world.said_in(GROUP)) == 2


async def test_the_button_works_after_a_restart(world):
    send_album(world, 2)
    answer = await world.see("Also the other photo", look=labels)
    await world.restart()
    world.press(answer, "Also the other photo")
    await world.see("18 left")


@pytest.mark.threat(12)
async def test_the_album_button_of_a_search_without_an_album_does_nothing(world):
    world.send()
    answer = await world.see("Closest products")
    data = world.data(answer, "Other market").replace("1m", "1a")
    press = world.telegram.press(ANN, ANN, answer["message_id"], data)
    assert "expired" in await world.alert(press)
    assert world.charged == 1
