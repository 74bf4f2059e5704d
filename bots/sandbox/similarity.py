"""How alike two pictures of things are: colour and shape of the thing in front, with Pillow alone.

The thing is told from its background by the colours at the edge of the picture. What is left is described
twice: a histogram of its colours, which survives cuts and turns, and a small grid of colours over its box,
which tells a boot from a bag of the same red.
"""

import math
from collections import Counter
from dataclasses import dataclass
from statistics import median

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

#: What a picture scores against itself: near the 31.96 of the service's own sample.
BEST_SCORE = 36.0

_SIDE = 48  # pixels of the long side that are looked at
_GRID = 6  # cells a side of the layout
_STEP = 18  # of brightness and colour (0..255) in one bin of the histogram
_SHARPNESS = 3.0  # how fast the score falls with the distance


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What is remembered of one picture."""

    #: Square roots of the shares of colours, by bin; their scalar product is the Bhattacharyya coefficient.
    colours: dict[tuple[int, ...], float]
    #: For each cell of the thing's box: how much the thing covers, then its Y, Cb, Cr so weighed; 0..255.
    layout: bytes


def features(image: Image.Image) -> Features:
    """Describe the thing in the picture. Raises what Pillow raises for a broken picture."""
    image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
    scale = _SIDE / max(image.size)
    size = (max(8, round(image.width * scale)), max(8, round(image.height * scale)))
    small = image.convert("RGBA").resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    small = Image.alpha_composite(Image.new("RGBA", size, "white"), small).convert("RGB")
    small = Image.merge("RGB", small.convert("YCbCr").split())  # RGB in name only: Pillow can then weigh its channels
    mask = _foreground(small)
    box = mask.filter(ImageFilter.MedianFilter(3)).point(lambda weight: 255 * (weight > 96)).getbbox()
    if box is None:  # nothing in front: the picture itself
        box, mask = (0, 0, *size), Image.new("L", size, 255)
    thing = Image.composite(small, Image.new("RGB", size), mask)
    cells = [part.resize((_GRID, _GRID), Image.Resampling.BOX, box).tobytes() for part in (mask, *thing.split())]
    return Features(colours=_colours(small, mask), layout=b"".join(cells))


def score(one: Features, other: Features) -> float:
    """How alike, from near 0 (nothing in common) to BEST_SCORE (the same picture)."""
    common = sum(share * other.colours.get(cell, 0.0) for cell, share in one.colours.items())
    gaps = [abs(a - b) for a, b in zip(one.layout, other.layout, strict=True)]
    cells = _GRID * _GRID
    layout = (sum(gaps[:cells]) + 0.5 * sum(gaps[cells:])) / (255 * cells)
    distance = 0.5 * (1.0 - common) + 0.5 * layout
    return BEST_SCORE * math.exp(-_SHARPNESS * distance)


def _foreground(picture: Image.Image) -> Image.Image:
    """How much each pixel belongs to the thing in front: 0 for background, 255 for certainly not.

    The thing may touch the edge anywhere. Of two guesses at the background, one colour and a blend of the
    corners (a gradient is background too), the one that explains more of the edge wins.
    """
    width, height = picture.size
    x, y = width - 6, height - 6
    squares = [(0, 0), (x, 0), (0, y), (x, y), (x // 2, 0), (x // 2, y), (0, y // 2), (x, y // 2)]
    pieces = [tuple(ImageStat.Stat(picture.crop((a, b, a + 6, b + 6))).median) for a, b in squares]
    typical = min(pieces, key=lambda one: median(math.dist(one, other) for other in pieces))
    corners = Image.new("RGB", (2, 2))
    corners.putdata(pieces[:4])
    blend = corners.resize(picture.size, Image.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))
    edge = ImageOps.expand(Image.new("L", (width - 2, height - 2)), 1, 255)
    # Brightness changes with the light, so it weighs less than colour.
    guesses = (Image.new("RGB", picture.size, typical), blend)
    far = [ImageChops.difference(picture, guess).convert("L", (0.6, 1.5, 1.5, 0.0)) for guess in guesses]
    unexplained, best = min(((ImageStat.Stat(gaps, edge).median[0], gaps) for gaps in far), key=lambda pair: pair[0])
    threshold = 8.0 + 3.0 * min(20.0, unexplained)
    return best.point(lambda gap: max(0, min(255, round(255 * (gap / threshold - 1.0)))))


def _colours(picture: Image.Image, mask: Image.Image) -> dict[tuple[int, ...], float]:
    """The square roots of the shares of the thing's colours."""
    weights: Counter[tuple[int, ...]] = Counter()
    channels = (channel.tobytes() for channel in picture.point(lambda value: value // _STEP).split())
    for weight, *bins in zip(mask.tobytes(), *channels, strict=True):
        weights[tuple(bins)] += weight
    return {bins: math.sqrt(weight / weights.total()) for bins, weight in weights.items() if weight}
