"""Thumbnails on Discord: small, upright, without anything of the file but its pixels; never in an answer's way."""

from io import BytesIO

import pytest
from aiohttp import web
from PIL import Image

from bots.cards import Card, Picture, Tone
from bots.discord.thumbnails import PHOTO_SIDE, SIDE, Thumbnails, thumbnail
from tests.unit.test_product_images import BLUE, RED, encoded, images, plain, shop


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    with Image.open(BytesIO(data)) as image:
        image.load()
        return image


def colour(image: Image.Image, x: float, y: float) -> tuple[bool, ...]:
    """Which of red, green and blue are there, at a place from 0 to 1."""
    return tuple(level > 128 for level in image.getpixel((int(x * (image.width - 1)), int(y * (image.height - 1)))))


def card(*keys: str) -> Card:
    pictures = tuple(
        Picture(number=n, bucket="shop" if key else "", key=key, product_id=key, name="Bag")
        for n, key in enumerate(keys, start=1)
    )
    return Card(tone=Tone.ANSWER, pictures=pictures)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1000, 1000), (2000, 300), (300, 2000), (120, 160)])
def test_a_picture_of_any_shape_becomes_a_small_jpeg_and_is_never_enlarged(kind, size):
    small = opened(thumbnail(plain(RED, size, kind)))
    longer = min(SIDE, max(size))
    assert (small.format, max(small.size)) == ("JPEG", longer)
    assert abs(small.width / small.height - size[0] / size[1]) < 0.6
    assert colour(small, 0.5, 0.5) == (True, False, False)


@pytest.mark.threat(3)
def test_a_picture_is_turned_upright_and_says_nothing_of_where_it_was_taken():
    taken = Image.new("RGB", (400, 200), RED)
    taken.paste(BLUE, (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at home"
    data = encoded(taken, exif=exif, comment=b"at home", icc_profile=b"at home")
    small = opened(thumbnail(data))
    assert b"at home" in data
    assert b"at home" not in thumbnail(data)
    assert not small.getexif()
    assert small.width < small.height
    assert [colour(small, 0.5, y) for y in (0.1, 0.9)] == [(False, False, True), (True, False, False)]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_see_through_is_white(mode):
    see_through = Image.new("RGBA", (300, 300), (0, 0, 0, 0)).convert(mode)
    data = encoded(see_through, "PNG", **({"transparency": see_through.getpixel((0, 0))} if mode == "P" else {}))
    assert colour(opened(thumbnail(data)), 0.5, 0.5) == (True, True, True)


@pytest.mark.threat(2)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        plain(RED)[:400],
        encoded(Image.new("RGB", (300, 300), RED), "BMP"),
        b"<svg xmlns='http://www.w3.org/2000/svg' width='500' height='500'></svg>",
        b"\xff\xd8\xff" + b"\0" * 500,
    ],
)
def test_what_is_no_picture_costs_the_picture_only(data):
    assert thumbnail(data) is None


@pytest.mark.threat(1)
def test_a_picture_of_too_many_pixels_is_not_decoded():
    assert thumbnail(encoded(Image.new("1", (6000, 6000)), "PNG")) is None


async def test_pictures_are_drawn_once_in_the_order_of_the_card():
    asked: list[str] = []
    kept = {"/red": plain(RED), "/blue": plain(BLUE), "/odd": b"\xff\xd8\xff odd"}

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(body=kept.get(request.path), status=200 if request.path in kept else 404)

    async with shop(serve) as root, images(f"{root}/{{key}}") as products:
        thumbnails = Thumbnails(products)
        red, gone, odd, none, blue = await thumbnails.of(card("red", "gone", "odd", "", "blue"))
        assert (gone, odd, none) == (None, None, None)
        assert [colour(opened(data), 0.5, 0.5)[0] for data in (red, blue)] == [True, False]
        again = await thumbnails.of(card("blue", "red"))
        assert again[0] is blue
        assert again[1] is red
        assert sorted(asked) == ["/blue", "/gone", "/odd", "/red"]


async def test_without_an_address_for_pictures_there_are_none():
    async with images(None) as products:
        assert await Thumbnails(products).of(card("red")) == []


async def test_the_photo_beside_an_answer_is_larger():
    async with images(None) as products:
        assert opened(await Thumbnails(products).small(plain(RED, (3000, 1500)))).size == (PHOTO_SIDE, 400)
