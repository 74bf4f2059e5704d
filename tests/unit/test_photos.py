"""Whatever people send becomes a small clean JPEG, or a kind refusal."""

import asyncio
import hashlib
import io
import random
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from core import photos
from core.model import Problem
from core.photos import LARGEST_JPEG, Decoders, Photo, UnreadablePhoto, prepare, smaller

pillow_heif.register_heif_opener()

ROOT = Path(__file__).parents[2]

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 30)
CORNERS = (RED, GREEN, BLUE, YELLOW)


def quarters(width: int, height: int) -> Image.Image:
    """Red above left, green above right, blue below left, yellow below right."""
    image = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2, height), fill=BLUE)
    draw.rectangle((width // 2, height // 2, width, height), fill=YELLOW)
    return image


def file(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def seen(photo: Photo) -> Image.Image:
    image = Image.open(io.BytesIO(photo.jpeg))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    assert image.size == (photo.width, photo.height)
    image.load()
    return image


def corners(image: Image.Image) -> list[Any]:
    """The colours in the middle of the four quarters, each as the nearest of CORNERS."""
    places = [
        (x, y) for y in (image.height // 4, 3 * image.height // 4) for x in (image.width // 4, 3 * image.width // 4)
    ]

    def nearest(place: tuple[int, int]) -> tuple[int, int, int]:
        pixel = image.getpixel(place)
        assert isinstance(pixel, tuple)
        return min(CORNERS, key=lambda colour: sum(abs(a - b) for a, b in zip(colour, pixel, strict=True)))

    return [nearest(place) for place in places]


def problem(data: bytes) -> Problem:
    with pytest.raises(UnreadablePhoto) as caught:
        prepare(data)
    return caught.value.problem


# What is sent.


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ((1280, 960), (640, 480)),
        ((4000, 3000), (1000, 750)),
        ((3120, 4160), (780, 1040)),
        ((1000, 1000), (1000, 1000)),
        ((640, 480), (640, 480)),
        ((1100, 1100), (800, 800)),
        ((5000, 3000), (800, 480)),
        ((300, 200), (300, 200)),
        ((1279, 959), (640, 480)),
        ((1278, 961), (800, 602)),
    ],
)
def test_a_jpeg_is_scaled_into_the_band_without_resampling_or_else_down_to_800(
    size: tuple[int, int], sent: tuple[int, int]
) -> None:
    photo = prepare(file(quarters(*size)))
    assert (photo.width, photo.height) == sent
    assert corners(seen(photo)) == list(CORNERS)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("JPEG", {"mode": "CMYK"}),
        ("PNG", {}),
        ("PNG", {"mode": "P"}),
        ("PNG", {"mode": "RGBA"}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("AVIF", {"speed": 10}),
        ("HEIF", {}),
        ("MPO", {"save_all": True, "append_images": [Image.new("RGB", (200, 200))]}),
    ],
)
def test_every_format_that_phones_and_pages_have_is_read(kind: str, options: dict[str, Any]) -> None:
    mode = options.pop("mode", "RGB")
    photo = prepare(file(quarters(900, 700).convert(mode), kind, **options))
    assert corners(seen(photo)) == list(CORNERS)
    assert (photo.width, photo.height) == ((900, 700) if kind in ("JPEG", "MPO") else (800, 622))


@pytest.mark.parametrize("size", [(2000, 1700), (1000, 850)])
def test_transparent_parts_are_white_whatever_hides_behind_them(size: tuple[int, int]) -> None:
    hidden = Image.new("RGBA", size, (0, 0, 0, 0))
    hidden.paste(quarters(size[0] // 2, size[1]), (0, 0))
    for data in (file(hidden, "PNG"), file(hidden, "WEBP", lossless=True, exact=True), file(hidden, "GIF")):
        image = seen(prepare(data))
        pixel = image.getpixel((image.width - 20, image.height // 2))
        assert isinstance(pixel, tuple)
        assert min(pixel) > 245


def test_grey_of_16_bits_keeps_its_levels() -> None:
    for width in (400, 2400):
        levels = [at * 65535 // (width - 1) for at in range(width)]
        grey = Image.frombytes("I;16", (width, 300), struct.pack(f"<{width}H", *levels) * 300)
        image = seen(prepare(file(grey, "PNG"))).convert("L")
        middle = image.getpixel((image.width // 2, image.height // 2))
        assert isinstance(middle, int)
        assert abs(middle - 128) < 4


def test_only_the_first_frame_of_an_animation_counts() -> None:
    frames = [quarters(300, 300), Image.new("RGB", (300, 300), BLUE), Image.new("RGB", (300, 300), GREEN)]
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        photo = prepare(file(frames[0], kind, save_all=True, append_images=frames[1:], duration=50))
        assert corners(seen(photo)) == list(CORNERS), kind


UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_however_the_camera_was_held(kind: str, orientation: int) -> None:
    undo = UNDO[orientation]
    stored = quarters(400, 300) if undo is None else quarters(400, 300).transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = prepare(file(stored, kind, exif=exif.tobytes()))
    assert corners(seen(photo)) == list(CORNERS)
    assert (photo.width, photo.height) == (400, 300)


SECRET = b"51.5007N-0.1246W"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF"])
@pytest.mark.threat(3)
def test_nothing_but_pixels_leaves(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 2.5)
    options: dict[str, Any] = {
        "exif": exif.tobytes(),
        "xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
        "icc_profile": SECRET * 20,
        "comment": SECRET,
    }
    if kind in ("AVIF", "HEIF"):
        del options["icc_profile"]  # These encoders look into it.
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Location", SECRET.decode())
    data = file(quarters(300, 300), kind, **options)
    thumbnail = file(quarters(64, 64))
    if kind == "JPEG":
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 8) + b"Exif\0\0" + thumbnail + data[2:]
    assert SECRET in data
    photo = prepare(data)
    assert SECRET not in photo.jpeg
    assert thumbnail[100:200] not in photo.jpeg
    assert set(Image.open(io.BytesIO(photo.jpeg)).info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
    }
    assert not Image.open(io.BytesIO(photo.jpeg)).getexif()
    bare = prepare(file(quarters(300, 300), kind))
    assert photo.digest == bare.digest, "the same pixels are the same question"


def test_the_same_photo_has_the_same_digest_and_another_has_not() -> None:
    data = file(quarters(1280, 960))
    first, again, other = prepare(data), prepare(data), prepare(file(quarters(1280, 950)))
    assert first == again
    assert first.digest == hashlib.sha256(first.jpeg).hexdigest() != other.digest


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


@pytest.mark.parametrize(("kind", "size"), [("JPEG", (1040, 1040)), ("PNG", (1040, 1040)), ("JPEG", (3000, 3000))])
def test_a_photo_fits_through_an_ordinary_proxy_however_rich_it_is(kind: str, size: tuple[int, int]) -> None:
    data = file(noise(*size), kind, **({"quality": 95} if kind == "JPEG" else {}))
    assert len(data) > LARGEST_JPEG
    photo = prepare(data)
    assert len(photo.jpeg) <= LARGEST_JPEG
    assert max(seen(photo).size) >= 640


def test_a_photo_that_is_still_too_large_gets_smaller_until_that_makes_no_sense() -> None:
    steps = [prepare(file(noise(1000, 700)))]
    while (next_one := smaller(steps[-1])) is not None:
        steps.append(next_one)
    assert [max(seen(step).size) for step in steps] == [1000, 800, 640, 480, 320]
    assert [len(step.jpeg) for step in steps] == sorted((len(step.jpeg) for step in steps), reverse=True)
    assert all(step.digest == hashlib.sha256(step.jpeg).hexdigest() for step in steps)


@pytest.mark.parametrize("size", [(20_000, 120), (120, 20_000), (8000, 100), (101, 1999)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_strip_of_a_picture_is_still_a_picture_that_the_endpoint_takes(size: tuple[int, int], kind: str) -> None:
    image = seen(prepare(file(quarters(*size), kind)))
    assert 100 <= min(image.size) <= max(image.size) <= 1040


# What is refused.


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (200, 30, 90)])
def test_one_colour_is_nothing_to_look_for(colour: tuple[int, int, int]) -> None:
    plain = Image.new("RGB", (900, 900), colour)
    rng = random.Random(3)
    grain = Image.frombytes("L", (900, 900), bytes(rng.randrange(7) for _ in range(900)) * 900).convert("RGB")
    grainy = Image.blend(plain, grain, 0.02)
    for data in (
        file(plain),
        file(plain, "PNG"),
        file(plain, "GIF"),
        file(grainy, quality=40),
        file(grainy, "WEBP"),
    ):
        assert problem(data) is Problem.BLANK
    assert problem(file(Image.new("RGBA", (300, 300), (*colour, 0)), "PNG")) is Problem.BLANK


def test_a_pale_thing_on_white_is_something_to_look_for() -> None:
    pale = Image.new("RGB", (900, 900), (255, 255, 255))
    ImageDraw.Draw(pale).ellipse((300, 300, 500, 500), fill=(240, 238, 236))
    assert prepare(file(pale)).width == 900


def test_a_photo_of_99_pixels_is_too_small_and_one_of_100_is_not() -> None:
    assert problem(file(quarters(99, 500))) is Problem.TOO_SMALL
    assert problem(file(quarters(500, 99), "PNG")) is Problem.TOO_SMALL
    assert prepare(file(quarters(100, 100))).width == 100


def test_more_than_20_mb_are_not_even_looked_at() -> None:
    assert problem(file(quarters(300, 300)) + bytes(20 * 1024 * 1024)) is Problem.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>', Problem.UNSUPPORTED),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg></svg>', Problem.UNSUPPORTED),
        (b"%PDF-1.7\n%\xe2\xe3", Problem.UNSUPPORTED),
        (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", Problem.UNSUPPORTED),
        (b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ", Problem.UNSUPPORTED),
        (b"\x1aE\xdf\xa3\x01\0\0\0webm", Problem.UNSUPPORTED),
        (b"RIFF\x24\0\0\0AVI LIST", Problem.UNSUPPORTED),
        (file(quarters(120, 120), "TIFF"), Problem.UNSUPPORTED),
        (file(quarters(120, 120), "BMP"), Problem.UNSUPPORTED),
        (file(quarters(120, 120), "ICO", sizes=[(64, 64)]), Problem.UNSUPPORTED),
        (file(quarters(120, 120), "JPEG2000"), Problem.UNSUPPORTED),
        (file(quarters(120, 120), "EPS"), Problem.NOT_A_PICTURE),
        (file(quarters(120, 120), "PPM"), Problem.NOT_A_PICTURE),
        (file(quarters(120, 120), "PDF"), Problem.UNSUPPORTED),
        (b"", Problem.NOT_A_PICTURE),
        (b"hello", Problem.NOT_A_PICTURE),
        (b"<html><svg></svg></html>", Problem.NOT_A_PICTURE),
        (b"PK\x03\x04", Problem.NOT_A_PICTURE),
        (b"RIFF\x24\0\0\0WAVEfmt ", Problem.NOT_A_PICTURE),
        (b"\xff\xd8\xff", Problem.BROKEN),
        (b"\x89PNG\r\n\x1a\n", Problem.BROKEN),
        (b"GIF89a/*\0=1;alert(1)", Problem.BROKEN),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Problem.BROKEN),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", Problem.BROKEN),
    ],
)
@pytest.mark.threat(2)
def test_what_is_no_photo_is_refused_by_its_bytes(data: bytes, found: Problem) -> None:
    assert problem(data) is found


@pytest.mark.threat(2)
def test_a_picture_that_is_also_something_else_leaves_as_a_picture_only() -> None:
    tail = b"PK\x03\x04<script>alert(1)</script><?php system($_GET[0]); ?>"
    for kind in ("JPEG", "PNG", "GIF"):
        photo = prepare(file(quarters(300, 300), kind) + tail)
        assert b"script" not in photo.jpeg
    assert problem(b"%PDF-1.4\n" + file(quarters(300, 300))) is Problem.UNSUPPORTED
    assert problem(b"\x89PNG\r\n\x1a\n" + file(quarters(300, 300))) is Problem.BROKEN
    assert problem(b"\xff\xd8\xff" + file(quarters(300, 300), "PNG")) is Problem.BROKEN


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_half_a_file_is_broken_not_half_a_photo(kind: str) -> None:
    data = file(noise(150, 150), kind)
    assert problem(data[: len(data) // 2]) is Problem.BROKEN


# Bombs. Their sizes are announced in a few bytes.


def png(width: int, height: int) -> bytes:
    """An RGBA PNG of zeros. Made of one compressed block of 50 rows, many times."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = bytes(50 * (1 + 4 * width))
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = deflate.compress(rows) + deflate.flush(zlib.Z_FULL_FLUSH)
    adler = struct.pack(">HH", len(rows) * (height // 50) % 65_521, 1)  # of zeros only
    data = b"\x78\xda" + block * (height // 50) + b"\x03\0" + adler
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def webp(width: int, height: int) -> bytes:
    """A lossless WebP of one colour in 34 bytes: each of its five Huffman codes has one symbol of no bits."""
    fields = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (0, 1), (0, 3), (0, 3)]
    for symbol in (40, 80, 120, 255, 0):
        fields += [(1, 1), (0, 1), (1, 1), (symbol, 8)]
    bits, length = 0, 0
    for value, size in fields:
        bits, length = bits | value << length, length + size
    data = bits.to_bytes(-(-length // 16) * 2, "little")
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBPVP8L" + struct.pack("<I", len(data)) + data


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of one colour whose further frames change one pixel each."""
    first = file(Image.new("P", (width, height)), "GIF")
    pixel = b"\x21\xf9\x04\0\0\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return first[:-1] + pixel * (frames - 1) + b";"


def announced(data: bytes, at: int, size: bytes) -> bytes:
    """A file that announces another size than it has."""
    return data[:at] + size + data[at + len(size) :]


def test_the_bombs_are_pictures() -> None:
    for data in (png(200, 150), webp(200, 150)):
        assert problem(data) is Problem.BLANK
        assert Image.open(io.BytesIO(data)).size == (200, 150)


BASELINE = file(quarters(400, 400))
PROGRESSIVE = file(quarters(400, 400), progressive=True)


@pytest.mark.parametrize(
    "data",
    [
        png(13_000, 13_000),
        png(8000, 6300),
        webp(5000, 4801),
        webp(16_384, 16_384),
        announced(gif(200, 200, 1), 6, struct.pack("<HH", 65_535, 65_535)),
        announced(gif(200, 200, 1), 6, struct.pack("<HH", 7072, 7072)),
        announced(BASELINE, BASELINE.index(b"\xff\xc0") + 5, struct.pack(">HH", 65_000, 65_000)),
        announced(BASELINE, BASELINE.index(b"\xff\xc0") + 5, struct.pack(">HH", 10_001, 11_000)),
        announced(PROGRESSIVE, PROGRESSIVE.index(b"\xff\xc2") + 5, struct.pack(">HH", 7072, 7072)),
    ],
    ids=[
        "png 169 MP",
        "png 50 MP",
        "webp 24 MP",
        "webp 268 MP",
        "gif 4 GP",
        "gif 50 MP",
        "jpeg 4 GP",
        "jpeg 110 MP",
        "progressive 50 MP",
    ],
)
@pytest.mark.threat(1)
def test_too_many_pixels_are_refused_before_they_are_decoded(data: bytes) -> None:
    began = time.process_time()
    assert problem(data) is Problem.TOO_MANY_PIXELS
    assert time.process_time() - began < 0.1


@pytest.mark.threat(1)
def test_a_jpeg_of_many_scans_is_refused() -> None:
    last_scan = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]
    assert prepare(PROGRESSIVE[:-2] + last_scan * 2 + b"\xff\xd9").width == 400
    assert problem(PROGRESSIVE[:-2] + last_scan * 200 + b"\xff\xd9") is Problem.BROKEN


BOMB = """
import resource, sys, time
from core.photos import UnreadablePhoto, prepare
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
for name in sys.argv[1:]:
    data = open(name, "rb").read()
    began = time.process_time()
    try:
        prepare(data)
        end = "read"
    except UnreadablePhoto as refusal:
        end = refusal.problem.value
    print(end, time.process_time() - began)
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="bounds and reads the memory of a child as Linux does")
@pytest.mark.threat(1)
def test_bombs_cost_less_than_400_mib_and_a_second_each(tmp_path: Path) -> None:
    """In a child with 1 GiB: bombs, and the largest pictures that are let through, which may take longer."""
    bombs = {
        "645 MiB in a PNG": (png(13_000, 13_000), "too_many_pixels"),
        "108 MP in a WebP": (webp(10_392, 10_392), "too_many_pixels"),
        "40,000 frames in a GIF": (gif(300, 300, 40_000), "blank"),
        "the largest PNG": (png(7000, 7000), "blank"),
        "the largest WebP": (webp(6000, 4000), "blank"),
        "the largest GIF": (gif(7000, 7000, 100), "blank"),
    }
    names: list[Path] = []
    for number, (data, _) in enumerate(bombs.values()):
        assert len(data) < 4_000_000
        names.append(tmp_path / str(number))
        names[-1].write_bytes(data)
    command = [sys.executable, "-c", BOMB, *map(str, names)]
    child = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    *lines, peak = child.stdout.splitlines()
    ends = dict(zip(bombs, (line.split() for line in lines), strict=True))
    assert {bomb: end for bomb, (end, _) in ends.items()} == {bomb: end for bomb, (_, end) in bombs.items()}
    slow = {bomb for bomb, (_, seconds) in ends.items() if float(seconds) >= 1}
    assert not {bomb for bomb in slow if not bomb.startswith("the largest")}
    assert int(peak) < 400 * 1024


def test_the_heic_library_is_loaded_with_the_first_heic() -> None:
    script = (
        "import sys; from core.photos import prepare; data = sys.stdin.buffer.read();"
        "before = 'pillow_heif' in sys.modules; print(before, prepare(data).width, 'pillow_heif' in sys.modules)"
    )
    for kind, loaded in (("JPEG", "False"), ("HEIF", "True")):
        child = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            input=file(quarters(200, 200), kind),
            check=True,
            capture_output=True,
        )
        assert child.stdout.split() == [b"False", b"200", loaded.encode()]


SAMPLES = [
    file(quarters(120, 110)),
    file(quarters(120, 110), progressive=True),
    file(quarters(120, 110), "PNG"),
    file(quarters(120, 110).convert("P"), "PNG", transparency=0),
    file(quarters(120, 110), "GIF", save_all=True, append_images=[quarters(120, 110).rotate(90)]),
    file(quarters(120, 110), "WEBP"),
    file(quarters(120, 110), "WEBP", lossless=True),
    file(quarters(120, 110), "AVIF", speed=10),
    file(quarters(120, 110), "HEIF"),
]


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=6)), max_size=6),
    st.floats(0, 1),
    st.booleans(),
)
@settings(max_examples=300)
@pytest.mark.threat(2)
def test_a_damaged_file_is_a_photo_or_a_refusal_and_never_a_traceback(
    sample: bytes, damage: list[tuple[float, bytes]], kept: float, cut: bool
) -> None:
    data = bytearray(sample)
    for place, splinter in damage:
        # Squared: most of what decoders believe stands at the beginning.
        at = int(place**2 * len(data))
        data[at : at + len(splinter)] = splinter
    try:
        photo = prepare(bytes(data[: int(kept * len(data))] if cut else data))
    except UnreadablePhoto as refusal:
        assert refusal.problem in Problem
    else:
        assert min(seen(photo).size) >= 100


# Two at a time.


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what other threads do."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - threads set no asyncio.Event
            await asyncio.sleep(0.005)


class Watch:
    """Sees what is decoded at once, and lets a test hold it; the decoding itself is the real one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        #: Widths of what is decoded now, as of each start.
        self.together: list[list[int]] = []
        self.now: list[int] = []
        self.gate = threading.Event()
        self._lock = threading.Lock()
        self._decode = photos._prepare
        monkeypatch.setattr(photos, "_prepare", self._watched)

    def _watched(self, file: Any) -> Photo:
        width = file.image.width
        with self._lock:
            self.now.append(width)
            self.together.append(sorted(self.now))
        try:
            assert self.gate.wait(20)
            return self._decode(file)
        finally:
            with self._lock:
                self.now.remove(width)

    async def started(self, count: int) -> None:
        await until(lambda: len(self.together) >= count)


async def test_photos_are_prepared_two_at_a_time_first_come_first_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, decoders = Watch(monkeypatch), Decoders()
    waiting = [asyncio.create_task(decoders.prepare(file(quarters(200 + at, 200)))) for at in range(6)]
    await watch.started(2)
    await asyncio.sleep(0.05)
    assert watch.together[1:] == [[200, 201]]
    watch.gate.set()
    assert [photo.width for photo in await asyncio.gather(*waiting)] == [200 + at for at in range(6)]
    assert max(len(widths) for widths in watch.together) == 2
    decoders.close()


async def test_one_larger_than_the_bound_runs_alone_and_is_not_overtaken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, decoders = Watch(monkeypatch), Decoders(pixels=100_000)
    small, large = file(quarters(200, 200), "PNG"), file(quarters(900, 900), "PNG")
    waiting = [asyncio.create_task(decoders.prepare(data)) for data in (small, large, small, small)]
    await until(decoders._room._turn.locked)  # until the large one waits for room
    await asyncio.sleep(0.05)
    assert watch.together == [[200]]
    watch.gate.set()
    await asyncio.gather(*waiting)
    assert watch.together[:2] == [[200], [900]]
    assert not any(900 in widths for widths in watch.together[2:])
    decoders.close()


async def test_a_cancelled_photo_keeps_its_room_until_its_thread_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, decoders = Watch(monkeypatch), Decoders(pixels=100_000)
    large = file(quarters(500, 500), "PNG")
    running, in_a_thread, waiting, last = (asyncio.create_task(decoders.prepare(large)) for _ in range(4))
    await watch.started(1)
    await until(decoders._room._turn.locked)  # until the second one waits for room
    cancelled = (running, in_a_thread, waiting)
    for task in cancelled:
        task.cancel()
    await asyncio.wait(cancelled)
    assert all(task.cancelled() for task in cancelled)
    await asyncio.sleep(0.05)
    assert watch.now == [500]
    watch.gate.set()
    assert (await last).width == 500
    assert watch.together == [[500]] * 3, "the one that waited was never decoded"
    decoders.close()


async def test_a_refusal_comes_through_and_leaves_the_room_free() -> None:
    decoders = Decoders(pixels=10_000)
    broken = file(quarters(300, 300), "PNG")[:-300]
    for _ in range(5):
        with pytest.raises(UnreadablePhoto):
            await decoders.prepare(broken)
    async with asyncio.timeout(20):
        assert (await decoders.prepare(file(quarters(300, 300), "PNG"))).width == 300
    decoders.close()


async def test_closing_lets_go_of_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, decoders = Watch(monkeypatch), Decoders(threads=1)
    running, waiting = (asyncio.create_task(decoders.prepare(file(quarters(200, 200)))) for _ in range(2))
    await watch.started(1)
    decoders.close()
    watch.gate.set()
    assert (await running).width == 200
    with pytest.raises(asyncio.CancelledError):
        await waiting
