"""Pictures of products come from the operator's host alone and never stand in an answer's way."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bots import product_images
from bots.cards import Picture
from bots.collage import GAP, LARGE, SMALL, collage
from bots.product_images import MAX_BYTES, ProductImages, picture_address

RED, GREEN, BLUE, YELLOW, BLACK = (220, 20, 20), (20, 160, 20), (20, 20, 220), (220, 220, 20), (0, 0, 0)
GREY_CARD = (224, 228, 232)


def picture(key: str = "bags/1.jpg", *, bucket: str = "shop", product_id: str = "1729384756102938475") -> Picture:
    return Picture(number=1, bucket=bucket, key=key, product_id=product_id, name="Bag")


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (600, 600), kind: str = "JPEG") -> bytes:
    return encoded(Image.new("RGB", size, colour), kind)


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def shop(handler: Handler) -> AsyncIterator[str]:
    """A server of pictures on this machine; yields its root."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def images(template: str | None) -> AsyncIterator[ProductImages]:
    made = ProductImages(template)
    try:
        yield made
    finally:
        await made.aclose()


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[str]]]:
    """A port of this machine that nobody should connect to; yields it and the list of who did."""
    visitors: list[str] = []

    async def visited(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], visitors


# Fetching


async def test_pictures_come_in_the_order_of_the_products():
    async def serve(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.Response(body=plain(RED)) if "2.jpg" not in request.path else web.Response(status=404)

    asked: list[str] = []
    async with shop(serve) as root, images(root + "/pictures/{bucket}/{key}") as made:
        got = await made.fetch([picture("a/1.jpg"), picture("a/2.jpg"), picture("", bucket=""), picture("a/3.jpg")])
    assert [data is not None for data in got] == [True, False, False, True]
    assert sorted(asked) == ["/pictures/shop/a/1.jpg", "/pictures/shop/a/2.jpg", "/pictures/shop/a/3.jpg"]


async def test_a_template_of_product_ids_needs_no_key():
    async def serve(request: web.BaseRequest) -> web.Response:
        assert request.path == "/p/1729384756102938475"
        return web.Response(body=plain(RED))

    async with shop(serve) as root, images(root + "/p/{product_id}") as made:
        assert await made.fetch([picture("", bucket="")]) == [plain(RED)]


async def test_without_an_address_there_are_no_pictures():
    async with images(None) as made:
        assert not made.enabled
        assert await made.fetch([picture(), picture()]) == [None, None]
        assert await made.fetch([]) == []


async def test_turning_back_a_page_fetches_nothing_again():
    async def serve(_: web.BaseRequest) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response(body=plain(RED))

    requests = 0
    async with shop(serve) as root, images(root + "/{key}") as made:
        first = await made.fetch([picture("1"), picture("2")])
        assert await made.fetch([picture("2"), picture("1")]) == first[::-1]
    assert requests == 2


async def test_the_memory_for_pictures_is_bounded_and_keeps_the_latest(monkeypatch):
    async def serve(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.Response(body=plain(RED))

    asked: list[str] = []
    monkeypatch.setattr(product_images, "CACHE_BYTES", 2 * len(plain(RED)))
    async with shop(serve) as root, images(root + "/{key}") as made:
        for key in ("1", "2", "1", "3", "1", "2"):
            await made.fetch([picture(key)])
    assert asked == ["/1", "/2", "/3", "/2"]


async def test_at_most_five_are_fetched_at_once():
    async def serve(_: web.BaseRequest) -> web.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return web.Response(body=plain(RED))

    running = most = 0
    async with shop(serve) as root, images(root + "/{key}") as made:
        got = await asyncio.gather(*(made.fetch([picture(f"{n}-{m}") for m in range(5)]) for n in range(3)))
    assert all(data for page in got for data in page)
    assert most == 5


async def drip(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"\xff\xd8\xff")
    for _ in range(100):
        await asyncio.sleep(0.05)
        await response.write(b"x")
    return response


async def endless(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"\xff\xd8\xff")
    while True:
        await response.write(bytes(256 * 1024))


async def one_byte_too_many(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"\xff\xd8\xff" + bytes(MAX_BYTES - 2))
    return response


async def announced(_: web.BaseRequest) -> web.Response:
    return web.Response(body=b"\xff\xd8\xff" + bytes(MAX_BYTES))


async def html(_: web.BaseRequest) -> web.Response:
    return web.Response(text="<html>sign in</html>", content_type="text/html")


async def packed(_: web.BaseRequest) -> web.Response:
    return web.Response(body=gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})


async def hangs_up(request: web.BaseRequest) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def fails(_: web.BaseRequest) -> web.Response:
    return web.Response(status=500, body=plain(RED))


@pytest.mark.parametrize("behaviour", [drip, endless, one_byte_too_many, announced, html, packed, hangs_up, fails])
async def test_whatever_a_server_does_costs_only_the_picture(monkeypatch, behaviour):
    if behaviour in (drip, endless):
        monkeypatch.setattr(product_images, "SECONDS", 0.3)
    async with shop(behaviour) as root, images(root + "/{key}") as made:
        assert await made.fetch([picture()]) == [None]


async def test_a_slow_server_delays_an_answer_once_and_not_for_every_picture(monkeypatch):
    monkeypatch.setattr(product_images, "SECONDS", 0.3)
    async with shop(drip) as root, images(root + "/{key}") as made, asyncio.timeout(0.8):
        assert await made.fetch([picture(str(n)) for n in range(15)]) == [None] * 15


async def test_a_server_that_is_not_there_costs_only_the_picture():
    async with listening() as (port, _):
        pass
    async with images(f"http://127.0.0.1:{port}/{{key}}") as made:
        assert await made.fetch([picture(), picture("2")]) == [None, None]


# Where it never goes


@pytest.mark.threat(5)
async def test_a_redirect_is_not_followed():
    async with listening() as (port, visitors):

        async def elsewhere(_: web.BaseRequest) -> web.Response:
            return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{port}/secret"})

        async with shop(elsewhere) as root, images(root + "/{key}") as made:
            assert await made.fetch([picture()]) == [None]
        assert visitors == []


HOSTILE_TEMPLATES = [
    "http://images.example:{port}/{{key}}",
    "http://127.0.0.1.images.example:{port}/{{key}}",
    "http://127.1:{port}/{{key}}",
    "http://2130706433:{port}/{{key}}",
    "http://0.0.0.0:{port}/{{key}}",
    "https://169.254.169.254:{port}/{{key}}",
    "https://[::]:{port}/{{key}}",
    "https://{{bucket}}:{port}/{{key}}",
    "https://{{bucket}}.images.example:{port}/{{key}}",
    "https://{{key}}",
    "https://images.example:{{product_id}}/{{key}}",
    "https://user:secret@127.0.0.1:{port}/{{key}}",
    "https://images.example@127.0.0.1:{port}/{{key}}",
    "https://images.example\\@127.0.0.1:{port}/{{key}}",
    "https://127.0.0.1%2f@images.example:{port}/{{key}}",
    "https://127。0。0。1:{port}/{{key}}",
    "https://127.0.0.1:{port}/../{{key}}",
    "https://127.0.0.1:{port}/{{key}}#x",
    "https://127.0.0.1:{port}/{{key.__class__}}",
    "https://127.0.0.1:{port}/{{key!r}}",
    "https://127.0.0.1:{port}/{{url}}",
    "https://127.0.0.1:{port}/{{key",
    "https://127.0.0.1:{port}/same.jpg",
    "https://127.0.0.1:{port}/{{key}} HTTP/1.1",
    "https://127.0.0.1:{port}/{{key}}\r\nX: y",
    "https://127.0.0.1:99999/{{key}}",
    "file:///etc/{{key}}",
    "ftp://127.0.0.1:{port}/{{key}}",
    "gopher://127.0.0.1:{port}/{{key}}",
    "javascript:{{key}}",
    "//127.0.0.1:{port}/{{key}}",
    "{{key}}",
    "tos://{{bucket}}/{{key}}",
]


@pytest.mark.threat(5)
@pytest.mark.parametrize("template", HOSTILE_TEMPLATES)
async def test_a_template_that_could_lead_elsewhere_is_refused_and_nobody_is_connected_to(template):
    async with listening() as (port, visitors):
        with pytest.raises(ValueError, match=r"^PRODUCT_PICTURE_URL "):
            ProductImages(template.format(port=port))
        assert visitors == []


HOSTILE_PICTURES = [
    picture("../../etc/passwd"),
    picture("a/../../b"),
    picture("a/./b"),
    picture("/etc/passwd"),
    picture("a//b"),
    picture("//127.0.0.1/x"),
    picture("..\\..\\x"),
    picture("a\r\nHost: x"),
    picture("a b"),
    picture("a\x00b"),
    picture("a\u202eb"),
    picture("\ud800"),
    picture("k" * 501),
    picture(bucket=".."),
    picture(bucket="a..b"),
    picture(bucket="a/b"),
    picture(bucket="127.0.0.1:80@x"),
    picture(bucket="x#"),
    picture(bucket="x?"),
    picture(bucket=""),
    picture(key=""),
    picture(product_id="1/2"),
    picture(product_id=""),
]


@pytest.mark.threat(5)
@pytest.mark.parametrize("hostile", HOSTILE_PICTURES)
async def test_an_answer_cannot_send_us_elsewhere(hostile):
    async with listening() as (port, visitors):
        async with images(f"http://127.0.0.1:{port}/{{bucket}}/{{key}}?id={{product_id}}") as made:
            assert await made.fetch([hostile]) == [None]
        assert visitors == []


def leads_to(monkeypatch: pytest.MonkeyPatch, address: str, port: int) -> None:
    """Every name is resolved to ``address``, whatever the machine of the test can resolve."""
    found = (
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
        if ":" in address
        else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
    )
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [found])


@pytest.mark.threat(5)
@pytest.mark.parametrize(
    "host", ["inside.example", "2130706433", "0x7f000001", "127.1", "localhost.", "LOCALHOST.example"]
)
async def test_a_name_that_leads_to_this_machine_is_not_followed(monkeypatch, host):
    async with listening() as (port, visitors):
        leads_to(monkeypatch, "127.0.0.1", port)
        async with images(f"https://{host}:{port}/{{key}}") as made:
            assert await made.fetch([picture()]) == [None]
        assert visitors == []


@pytest.mark.threat(5)
@pytest.mark.parametrize(
    "address",
    ["10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0", "::1", "fd00::1", "fe80::1"],
)
async def test_a_name_that_leads_into_a_private_network_is_not_resolved(monkeypatch, address):
    leads_to(monkeypatch, address, 443)
    resolver = product_images._Resolver("images.example")
    with pytest.raises(OSError, match="no address that may be reached"):
        await resolver.resolve("images.example", 443)


async def test_a_name_that_leads_to_the_open_internet_is_resolved(monkeypatch):
    leads_to(monkeypatch, "93.184.215.14", 443)
    resolver = product_images._Resolver("Images.example")
    assert [answer["host"] for answer in await resolver.resolve("images.example", 443)] == ["93.184.215.14"]


@pytest.mark.threat(5)
@given(st.text(), st.text(), st.text())
def test_every_address_that_is_built_is_at_the_operators_host(bucket, key, product_id):
    hostile = Picture(number=1, bucket=bucket, key=key, product_id=product_id, name="")
    for template in (
        "https://images.example/{bucket}/{key}",
        "https://images.example/?k={key}&p={product_id}",
    ):
        address = picture_address(template, hostile)
        if address is not None:
            assert address.startswith("https://images.example/")
            assert address.isascii()
            assert "/.." not in address
            assert "#" not in address


def test_a_key_is_escaped_where_it_stands():
    odd = picture("bags/ä&b?c#d%2e.jpg")
    assert picture_address("https://i.example/{bucket}/{key}", odd) == (
        "https://i.example/shop/bags/%C3%A4%26b%3Fc%23d%252e.jpg"
    )
    assert picture_address("https://i.example/?k={key}", odd) == (
        "https://i.example/?k=bags%2F%C3%A4%26b%3Fc%23d%252e.jpg"
    )


async def test_localhost_may_serve_pictures_to_the_sandbox():
    async def serve(_: web.BaseRequest) -> web.Response:
        return web.Response(body=plain(RED))

    async with shop(serve) as root, images(root.replace("127.0.0.1", "localhost") + "/{key}") as made:
        assert await made.fetch([picture()]) == [plain(RED)]


# The collage


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    image = Image.open(BytesIO(data))
    assert image.format == "JPEG"
    return image


def is_near(seen: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(a - b) < 12 for a, b in zip(seen, wanted, strict=True))


#: A point in the lower right of each of the five tiles, away from numbers.
POINTS = [(500, 500), (780, 230), (1060, 230), (780, 510), (1060, 510)]


def test_five_products_are_one_large_and_four_small_squares():
    colours = [RED, GREEN, BLUE, YELLOW, BLACK]
    image = opened(collage([plain(colour) for colour in colours], 1))
    assert image.size == (1080, 536) == (LARGE + GAP + SMALL + GAP + SMALL, LARGE)
    assert all(is_near(image.getpixel(at), colour) for at, colour in zip(POINTS, colours, strict=True))


@pytest.mark.parametrize(("count", "size"), [(1, (536, 536)), (2, (1080, 536)), (3, (808, 536)), (4, (1080, 536))])
def test_fewer_products_fill_the_picture_too(count, size):
    colours = [RED, GREEN, BLUE, YELLOW][:count]
    image = opened(collage([plain(colour) for colour in colours], 6))
    assert image.size == size
    sample = image.resize((60, 30))
    tiles = {
        colour for colour in colours for x in range(60) for y in range(30) if is_near(sample.getpixel((x, y)), colour)
    }
    assert tiles == set(colours)
    edge = image.getpixel((size[0] - 10, size[1] - 10))
    assert is_near(edge, colours[-1])


def test_more_than_five_are_refused():
    with pytest.raises(ValueError, match="one to five"):
        collage([plain(RED)] * 6, 1)


def test_a_missing_picture_is_a_quiet_grey_card():
    image = opened(collage([plain(RED), None, plain(BLUE), b"<svg/>", plain(BLACK)], 1))
    seen = [is_near(image.getpixel(at), GREY_CARD) for at in POINTS]
    assert seen == [False, True, False, True, False]


def test_without_any_picture_there_is_no_collage():
    assert collage([None, None, b"", b"not a picture"], 1) is None


def test_every_tile_has_the_number_of_its_line():
    first, sixth = (opened(collage([plain(RED)] * 5, number)) for number in (1, 6))
    again = opened(collage([plain(RED)] * 5, 1))
    assert first.tobytes() == again.tobytes()
    for left, top in ((0, 0), (544, 0), (816, 0), (544, 272), (816, 272)):
        corner = (left + 12, top + 12, left + 76, top + 76)
        assert first.crop(corner).tobytes() != sixth.crop(corner).tobytes()
        lightest, darkest = first.crop(corner).convert("L").getextrema()[::-1]
        assert lightest - darkest > 180, "white on dark is read on any picture"


def test_the_middle_of_a_wide_picture_is_shown():
    wide = Image.new("RGB", (1800, 600), RED)
    wide.paste(BLUE, (600, 0, 1200, 600))
    image = opened(collage([encoded(wide)], 1))
    assert is_near(image.getpixel((20, 500)), BLUE)
    assert is_near(image.getpixel((515, 500)), BLUE)


def test_transparent_pictures_stand_on_white():
    clear = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    for kind in ("PNG", "WEBP"):
        assert is_near(opened(collage([encoded(clear, kind)], 1)).getpixel((400, 400)), (255, 255, 255))


def test_a_turned_picture_is_shown_upright():
    lying = Image.new("RGB", (600, 600), RED)
    lying.paste(BLUE, (0, 0, 300, 600))
    exif = Image.Exif()
    exif[0x0112] = 6
    image = opened(collage([encoded(lying, exif=exif)], 1))
    assert is_near(image.getpixel((300, 150)), BLUE)
    assert is_near(image.getpixel((300, 450)), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "CMYK", "I;16", "RGBA"])
def test_every_kind_of_pixels_is_shown(mode):
    if mode == "CMYK":
        data = encoded(Image.new(mode, (300, 300)))
    elif mode == "PA":
        data = encoded(Image.new("P", (300, 300)), "PNG", transparency=0)
    else:
        data = encoded(Image.new(mode, (300, 300)), "PNG")
    assert opened(collage([data], 1)).size == (536, 536)


@pytest.mark.threat(1)
def test_a_picture_of_too_many_pixels_is_never_decoded(monkeypatch):
    bomb = encoded(Image.new("1", (5100, 5000)), "PNG")
    monkeypatch.setattr(Image.Image, "crop", lambda *_: pytest.fail("it was decoded"))
    assert collage([bomb], 1) is None


@pytest.mark.threat(2)
@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "ICO"])
def test_formats_that_no_shop_has_are_not_opened(kind):
    assert collage([encoded(Image.new("RGB", (100, 100), RED), kind)], 1) is None


@pytest.mark.threat(2)
@settings(max_examples=60)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.integers(0, 2000),
    st.binary(min_size=1, max_size=30),
    st.booleans(),
)
def test_damaged_pictures_never_break_an_answer(kind, at, junk, cut):
    data = encoded(Image.linear_gradient("L").resize((90, 90)).convert("RGB"), kind)
    at %= len(data)
    damaged = data[:at] + junk + (b"" if cut else data[at + len(junk) :])
    image = collage([plain(RED), damaged], 1)
    assert opened(image).size == (1080, 536)
