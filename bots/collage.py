"""Up to five pictures of products in one: the first large, the others beside it, each with its number."""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps

#: Pixels of a picture that is decoded at all; a shop's pictures have 1 or 2 million.
MAX_PIXELS = 25_000_000
#: A square of 536 px, then squares of 264 px two by two, 8 px apart: wide enough for a phone; JPEG quality 85.
LARGE = 536
SMALL = 264
GAP = 8
QUALITY = 85
#: Decoders of untrusted bytes: nothing else is handed to Pillow.
_FORMATS = ("JPEG", "PNG", "WEBP")
#: A square this much larger than its cell is cropped, not resampled: five times cheaper, and nobody sees it.
_SLACK = 1.1
#: A badge is 64 px high: 20 points on a phone that shows the collage 340 points wide.
_BADGE = 64
_BADGE_MARGIN = 12
_SHARPER = 3
_CANVAS = (236, 239, 241)
_CARD = (224, 228, 232)
_CARD_MARK = (184, 192, 200)

#: Left, top, width, height.
_Cell = tuple[int, int, int, int]


def collage(tiles: Sequence[bytes | None], first_number: int) -> bytes | None:
    """One JPEG of one to five pictures, 1080 x 536 px for two, four and five; None where all are missing.

    The tiles are untrusted bytes; one that is missing or cannot be read becomes a grey card. Badges count
    from ``first_number``. Takes 10 ms and more: call it in a thread.
    """
    cells = _cells(len(tiles))
    drawn = [_square(tile, cell[3]) if tile else None for tile, cell in zip(tiles, cells, strict=True)]
    if not any(drawn):
        return None
    width = max(left + across for left, _, across, _ in cells)
    canvas = Image.new("RGB", (width, LARGE), _CANVAS)
    for number, (picture, cell) in enumerate(zip(drawn, cells, strict=True), start=first_number):
        left, top, across, high = cell
        canvas.paste(_widened(picture or _missing(high), across), (left, top))
        badge = _badge(number)
        canvas.paste(badge, (left + _BADGE_MARGIN, top + _BADGE_MARGIN), badge)
    out = BytesIO()
    canvas.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _cells(count: int) -> Sequence[_Cell]:
    """Where each of ``count`` tiles goes. Raises ValueError for none and for more than five."""
    right, far, below = LARGE + GAP, LARGE + GAP + SMALL + GAP, SMALL + GAP
    first: _Cell = (0, 0, LARGE, LARGE)
    match count:
        case 1:
            return [first]
        case 2:
            return [first, (right, 0, LARGE, LARGE)]
        case 3:
            return [first, (right, 0, SMALL, SMALL), (right, below, SMALL, SMALL)]
        case 4:
            return [first, (right, 0, SMALL, SMALL), (far, 0, SMALL, SMALL), (right, below, LARGE, SMALL)]
        case 5:
            top: list[_Cell] = [(right, 0, SMALL, SMALL), (far, 0, SMALL, SMALL)]
            return [first, *top, (right, below, SMALL, SMALL), (far, below, SMALL, SMALL)]
        case _:
            raise ValueError(f"a collage has one to five tiles, not {count}")


def _square(data: bytes, side: int) -> Image.Image | None:
    """The middle of a picture as a square of ``side`` px; None where the bytes are no such picture."""
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", (side, side))
            return _fitted(image, side)
    except Exception:  # noqa: BLE001 - decoders raise anything on hostile bytes: it costs a tile, not the answer
        return None


def _fitted(image: Image.Image, side: int) -> Image.Image:
    short = min(image.size)
    cut = side if side <= short <= side * _SLACK else short
    left, top = (image.width - cut) // 2, (image.height - cut) // 2
    box = (left, top, left + cut, top + cut)
    see_through = image.has_transparency_data
    square = image.crop(box)
    if square.mode != "RGB":  # Palettes and rarer kinds cannot be resampled as they are.
        square = square.convert("RGBA" if see_through else "RGB")
    if cut != side:
        square = square.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    if see_through:
        square = Image.alpha_composite(Image.new("RGBA", square.size, "white"), square.convert("RGBA"))
    return _turned(image, square.convert("RGB"))


def _turned(image: Image.Image, square: Image.Image) -> Image.Image:
    """The square as its camera meant it; small and square, turning it is cheap."""
    if image.getexif().get(0x0112, 1) == 1:
        return square
    square.info["exif"] = image.info.get("exif", b"")
    return ImageOps.exif_transpose(square)


def _widened(square: Image.Image, width: int) -> Image.Image:
    """The square in the middle of a cell of ``width`` px, its edges' colours beside it."""
    side = square.height
    if width == side:
        return square
    cell = Image.new("RGB", (width, side))
    margin = (width - side) // 2
    for edge, left in ((0, 0), (side - 1, width - margin - 1)):
        colour = square.crop((edge, 0, edge + 1, side)).resize((1, 1), Image.Resampling.BOX)
        cell.paste(colour.resize((margin + 1, side)), (left, 0))
    cell.paste(square, (margin, 0))
    return cell


@lru_cache(maxsize=4)
def _missing(side: int) -> Image.Image:
    """A grey card with the outline of a picture on it: there is a product, we have no picture of it."""
    card = Image.new("RGB", (side, side), _CARD)
    draw = ImageDraw.Draw(card)
    unit = side // 16
    draw.rounded_rectangle(
        (5 * unit, 5.5 * unit, 11 * unit, 10.5 * unit), radius=unit // 2, outline=_CARD_MARK, width=unit // 4
    )
    draw.ellipse((6 * unit, 6.3 * unit, 7 * unit, 7.3 * unit), fill=_CARD_MARK)
    hills = [(5.6, 9.9), (7.3, 7.9), (8.3, 8.9), (9.4, 7.4), (10.4, 9.9)]
    draw.polygon([(x * unit, y * unit) for x, y in hills], fill=_CARD_MARK)
    return card


@lru_cache(maxsize=64)
def _badge(number: int) -> Image.Image:
    """A number, white on dark with a white rim: readable on any picture."""
    high = _BADGE * _SHARPER
    font = ImageFont.load_default(high * 0.66)
    digits = str(number)
    wide = int(max(high, font.getlength(digits) + high * 0.55))
    badge = Image.new("RGBA", (wide, high), (255, 255, 255, 0))
    draw = ImageDraw.Draw(badge)
    rim = 3 * _SHARPER
    draw.rounded_rectangle((0, 0, wide - 1, high - 1), radius=high // 2, fill="white")
    draw.rounded_rectangle((rim, rim, wide - 1 - rim, high - 1 - rim), radius=high // 2 - rim, fill=(17, 24, 39))
    draw.text((wide / 2, high / 2), digits, font=font, fill="white", anchor="mm", stroke_width=_SHARPER)
    return badge.resize((wide // _SHARPER, _BADGE), Image.Resampling.LANCZOS)
