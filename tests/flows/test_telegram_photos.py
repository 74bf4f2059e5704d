"""A person sends something to the bot in private, and sees what comes of it."""

import io
from datetime import timedelta

import pillow_heif
import pytest
from PIL import Image

from tests.flows.world import ANN, BEN, labels, said
from tests.telegram_lab.faults import Fault

MEGABYTE = 1024 * 1024


def picture(kind: str, size: tuple[int, int] = (300, 200)) -> bytes:
    """A picture with something in it."""
    stream = io.BytesIO()
    image = Image.effect_mandelbrot(size, (-2, -1, 1, 1), 60).convert("RGB")
    if kind == "HEIC":
        pillow_heif.from_pillow(image).save(stream)
    else:
        image.save(stream, kind)
    return stream.getvalue()


async def test_a_photo_gets_the_closest_products_for_one_credit(world):
    sent = world.send()
    answer = await world.see("Closest products")
    assert answer["reply_to_message"]["message_id"] == sent["message_id"]
    assert "1 credit · 19 left · back to 20" in said(answer)
    assert labels(answer) == [
        "1 · 3 listings ▸",
        *(f"{number} · 2 listings ▸" for number in (2, 3, 4, 5)),
        "1–5 of 24",
        "›",
        *("👍", "👎"),
        "All 30 as a file",
        "Only one market …",
        "🌍 Other market · 1 credit",
    ]
    assert answer["link_preview_options"]["show_above_text"] is True
    await world.idle()
    assert (await world.balance(), world.charged) == (19, 1)
    assert len(world.said_in()) == 1


async def test_the_first_answer_ever_carries_a_line_of_help(world):
    world.send()
    assert "/help" in said(await world.see("Closest products"))
    world.send(product="wrist-watch")
    assert "/help" not in said(await world.see("18 left"))


async def test_words_under_the_photo_steer_the_search_and_a_market_is_for_this_once(world):
    world.send(caption="#gb  Brown\nleather")
    answer = await world.see("Closest products")
    assert "🇬🇧 United Kingdom · “Brown leather”" in said(answer)
    assert (world.endpoint.log[0].region, world.endpoint.log[0].product_name) == ("GB", "Brown leather")
    world.send(product="wrist-watch")
    assert "any market" in said(await world.see("18 left"))


async def test_a_photo_is_fetched_in_the_smallest_size_that_is_enough(world):
    world.send()
    await world.see("Closest products")
    fetched = [call.params["file_id"] for call in world.telegram.calls if call.method == "getFile"]
    sizes = world.telegram.messages(ANN)[0]["photo"]
    assert [size["height"] for size in sizes if size["file_id"] in fetched] == [800]


@pytest.mark.parametrize(("kind", "name", "mime"), [("PNG", "bag.png", "image/png"), ("HEIC", "IMG_1.HEIC", "")])
async def test_a_picture_sent_as_a_file_is_a_photo(world, kind, name, mime):
    data = picture(kind)
    world.telegram.send_document(ANN, ANN, data, "brown", name=name, mime=mime or "application/octet-stream")
    assert "“brown”" in said(await world.see("Closest products"))


@pytest.mark.fault(38)
async def test_a_file_over_20_mb_is_refused_without_a_download(world):
    world.telegram.send_document(ANN, ANN, picture("JPEG"), size=25 * MEGABYTE)
    await world.see("This file is too large for me. Send it as a photo, or under 20 MB. You were not charged.")
    assert (world.telegram.counts["getFile"], world.telegram.counts["download"]) == (0, 0)
    assert (await world.balance(), world.charged) == (20, 0)


async def test_a_file_that_is_no_picture_is_told_kindly(world):
    world.telegram.send_document(ANN, ANN, b"%PDF-1.7 not a picture", name="bag.jpg", mime="image/jpeg")
    answer = await world.see("You were not charged.")
    assert "picture" in said(answer)
    assert (await world.balance(), world.charged) == (20, 0)


@pytest.mark.parametrize("kind", ["sticker", "animation", "video"])
async def test_a_sticker_a_gif_and_a_video_are_asked_for_as_a_photo(world, kind):
    world.telegram.send_media(ANN, ANN, kind, b"moving")
    await world.see("Send it as a photo.")
    await world.idle()
    assert len(world.said_in()) == 1
    assert world.charged == 0


async def test_a_document_of_another_kind_is_asked_for_as_a_photo(world):
    world.telegram.send_document(ANN, ANN, b"PK", name="bag.zip", mime="application/zip")
    await world.see("Send it as a photo.")


@pytest.mark.fault(13)
async def test_a_forwarded_photo_is_answered_from_memory_without_a_download(world):
    sent = world.send()
    await world.see("19 left")
    downloads = world.telegram.counts["download"]
    forwarded = world.telegram.forward(ANN, ANN, ANN, sent["message_id"])
    answer = await world.see("free: asked before", after=forwarded)
    assert answer["reply_to_message"]["message_id"] == forwarded["message_id"]
    assert "Search afresh · 1 credit" in labels(answer)
    assert world.telegram.counts["download"] == downloads
    assert (await world.balance(), world.charged) == (19, 1)


async def test_another_person_asking_the_same_pays_nothing(world):
    world.send(ANN)
    await world.see("19 left", ANN)
    world.send(BEN)
    await world.see("free: asked before · 20 left", BEN)
    assert world.charged == 1


@pytest.mark.fault(13)
async def test_an_edited_caption_is_not_searched_again(world):
    sent = world.send(caption="bag")
    await world.see("19 left")
    world.telegram.allowed_updates = []  # as if an older bot had asked for edits as well
    world.telegram.edit(ANN, sent["message_id"], "red bag")
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (19, 1, 1)


@pytest.mark.fault(11)
async def test_a_photo_delivered_again_and_again_costs_one_credit_and_gets_one_answer(world):
    world.send()
    await world.see("Closest products")
    await world.idle()
    world.telegram.redeliver(times=5)
    await world.idle()
    await world.restart()
    world.telegram.redeliver(times=5)
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (19, 1, 1)


async def test_a_photo_from_while_the_bot_was_away_is_not_searched_unasked(world):
    await world.stop()
    world.telegram.clock = lambda: world.now().timestamp()
    world.now_is = timedelta(hours=-2)
    world.send()
    world.now_is = timedelta()
    await world.start()
    answer = await world.see("You sent this while I was away.")
    assert world.charged == 0
    world.press(answer, "Search now · 1 credit")
    await world.see("1 credit · 19 left")
    assert len(world.said_in()) == 1


@pytest.mark.fault(38)
async def test_a_download_that_breaks_is_tried_once_more(world):
    world.telegram.faults.add(Fault(method="download", drop=True))
    world.send()
    await world.see("19 left")
    assert world.telegram.counts["download"] == 2


@pytest.mark.fault(38)
async def test_a_download_that_stalls_is_given_up_and_costs_nothing(world):
    world.app.platform.photos._deadline = 0.4
    world.telegram.faults.add(Fault(method="download", delay=30, times=2))
    world.send()
    answer = await world.see("I could not fetch the photo. Try again, or send it again. You were not charged.")
    assert (await world.balance(), world.charged) == (20, 0)
    world.app.platform.photos._deadline = 20.0
    world.press(answer, "Try again · 1 credit")
    await world.see("Closest products")
    assert len(world.said_in()) == 1


@pytest.mark.fault(38)
async def test_a_file_that_telegram_has_lost_is_told_and_costs_nothing(world):
    await world.stop()
    sent = world.send()
    for size in sent["photo"]:
        world.telegram.files.expire(size["file_id"])
    await world.start()
    await world.see("I could not fetch the photo.")
    assert world.telegram.counts["getFile"] == 2
    assert (await world.balance(), world.charged) == (20, 0)


async def test_a_text_gets_one_sentence_and_not_a_flood_of_them(world):
    for text in ("hello", "how are you", "??"):
        world.write(text)
    await world.see("Send me a photo of a product")
    await world.idle()
    assert len(world.said_in()) == 1


async def test_a_quoted_photo_from_another_chat_is_searched_with_the_words(world):
    elsewhere = -100_777
    world.telegram.group(elsewhere, "Shop talk", [ANN])
    post = world.send(ANN, elsewhere)
    world.write("brown", quote=(elsewhere, post["message_id"]))
    assert "“brown”" in said(await world.see("Closest products"))
