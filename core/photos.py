"""Untrusted bytes become a small clean JPEG and its digest."""

import asyncio
import hashlib
import io
import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageFile

from core.model import Problem
from core.photo_files import SHORTEST_SIDE, PhotoFile, UnreadablePhoto, open_photo

__all__ = ["Decoders", "Photo", "UnreadablePhoto", "prepare", "smaller"]

#: Pixels of the long side within which a JPEG that was decoded at a DCT scale is sent without resampling.
BAND = range(640, 1040 + 1)
#: Pixels of the long side to which everything else is scaled down.
LONG_SIDE = 800
QUALITY = 85
#: Bytes: an ordinary proxy takes bodies of 1 MiB, which are 786,000 bytes of picture before base64.
LARGEST_JPEG = 780_000
#: Steps down for a JPEG over LARGEST_JPEG: pixels of the long side (None: as it is) and quality.
_LADDER = ((None, 75), (LONG_SIDE, 75), (640, 75))
#: Steps down after the endpoint's 413, in pixels of the long side.
_SMALLER = (LONG_SIDE, 640, 480, 320)
#: Levels by which a channel of a one-colour picture varies once 8 x 8 pixels are averaged: traces of JPEG.
_NOISE = 8
_WHITE = (255, 255, 255)
#: EXIF, tag 0x0112: how to turn the stored picture upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A prepared photo: upright RGB JPEG without metadata, at most LARGEST_JPEG bytes."""

    jpeg: bytes
    #: SHA-256 of ``jpeg``, in hex: the same photo gives the same digest.
    digest: str
    width: int
    height: int


def prepare(data: bytes) -> Photo:
    """Make a Photo of an image file. Takes milliseconds to a second: run it in a thread, or use `Decoders`.

    The first frame, flattened on white and turned upright. Colour profiles are dropped, not applied: a phone's
    wide gamut turns a little paler, and one more parser of untrusted bytes is not needed. Raises UnreadablePhoto.
    """
    with _readable():
        return _prepare(open_photo(data))


def smaller(photo: Photo) -> Photo | None:
    """The same photo with fewer bytes, after the endpoint's 413; None when it is as small as makes sense."""
    for side in _SMALLER:
        if side < max(photo.width, photo.height):
            image = Image.open(io.BytesIO(photo.jpeg), formats=("JPEG",))
            return _photo(_within(image, side), _LADDER[0][1])
    return None


class Decoders:
    """Prepares photos in two threads, with a bound on what they have decoded at once.

    First come, first served. Who is cancelled while waiting is skipped; once its thread runs, that one runs
    to its end.
    """

    def __init__(self, *, threads: int = 2, pixels: int = 16_000_000) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decoder")
        self._room = _Room(pixels)

    async def prepare(self, data: bytes) -> Photo:
        """Like `prepare`, in a thread. Raises UnreadablePhoto."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, self._work, data)

    def close(self) -> None:
        """Cancel what waits; what runs ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, data: bytes) -> Photo:
        with _readable():
            file = open_photo(data)
            with self._room.for_(file.weight):
                return _prepare(file)


class _Room:
    """Room for so many pixels in all threads together; a picture larger than all of it gets it alone."""

    def __init__(self, pixels: int) -> None:
        self._all = self._free = pixels
        self._changed = threading.Condition()
        #: Held by the one who waits for room: the next one is served after it, however small.
        self._turn = threading.Lock()

    @contextmanager
    def for_(self, pixels: int) -> Iterator[None]:
        pixels = min(pixels, self._all)
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify()


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what decoders raise into UnreadablePhoto."""
    try:
        yield
    except UnreadablePhoto:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePhoto(Problem.TOO_MANY_PIXELS) from error
    except Exception as error:  # Odd files raise a dozen types, from OSError to SyntaxError and KeyError.
        raise UnreadablePhoto(Problem.BROKEN) from error


def _prepare(file: PhotoFile) -> Photo:
    turn = _orientation(file.image)
    image = _scaled(file.image)
    if _is_blank(image):
        raise UnreadablePhoto(Problem.BLANK)
    image = _padded(image if turn is None else image.transpose(turn))
    photo = _photo(image, QUALITY)
    for side, quality in _LADDER:
        if len(photo.jpeg) <= LARGEST_JPEG:
            break
        photo = _photo(image if side is None else _within(image.copy(), side), quality)
    return photo


def _orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - broken metadata of a sound picture fails in as many ways as broken pictures
        return None


def _scaled(image: ImageFile.ImageFile) -> Image.Image:
    """Decode, at a scale where the format can, and make it RGB of a size to send."""
    if image.has_transparency_data or image.mode not in ("RGB", "L", "CMYK"):
        return _within(_flattened(image), LONG_SIDE)
    for scale in (1, 2, 4, 8):
        # Only JPEG decodes at a scale; for the others, draft does nothing.
        if image.format in ("JPEG", "MPO") and math.ceil(max(image.size) / scale) in BAND:
            image.draft("RGB", (max(1, image.width // scale), max(1, image.height // scale)))
            return _rgb(image)
    return _rgb(_within(image, LONG_SIDE))


def _rgb(image: Image.Image) -> Image.Image:
    image.load()
    return image if image.mode == "RGB" else image.convert("RGB")


def _within(image: Image.Image, side: int) -> Image.Image:
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=1.0)
    return image


def _flattened(image: Image.Image) -> Image.Image:
    """On white, as RGB; in strips that are scaled at once, so that a large one exists only once."""
    factor = max(1, max(image.size) // LONG_SIDE)
    width, height = image.size
    flat = Image.new("RGB", (math.ceil(width / factor), math.ceil(height / factor)), _WHITE)
    rows = 64 * factor
    for top in range(0, height, rows):
        strip = _opaque(image.crop((0, top, width, min(top + rows, height))))
        flat.paste(strip.reduce(factor), (0, top // factor))
    return flat


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips 16 bits to 255 instead of scaling them.
        image.info.pop("transparency", None)
        return image.point(lambda level: level * (1 / 256)).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    flat = Image.new("RGB", image.size, _WHITE)
    flat.paste(image, mask=image)
    return flat


def _padded(image: Image.Image) -> Image.Image:
    """A strip of a picture, on white, so that its short side stays one that the endpoint takes."""
    width, height = max(image.width, SHORTEST_SIDE), max(image.height, SHORTEST_SIDE)
    if (width, height) == image.size:
        return image
    canvas = Image.new("RGB", (width, height), _WHITE)
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return canvas


def _is_blank(image: Image.Image) -> bool:
    levels = image.reduce(8).convert("RGB").getextrema()
    return all(isinstance(band, tuple) and band[1] - band[0] <= _NOISE for band in levels)


def _photo(image: Image.Image, quality: int) -> Photo:
    # Comments and profiles of the file live here, and some of them Pillow would write again.
    image.info.clear()
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=quality)
    data = jpeg.getvalue()
    return Photo(jpeg=data, digest=hashlib.sha256(data).hexdigest(), width=image.width, height=image.height)
