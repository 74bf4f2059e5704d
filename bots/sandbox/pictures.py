"""Pictures of the catalogue's products: on the shop's white card, and as a person might photograph them."""

import io
import random
from functools import cache
from importlib import resources

from PIL import Image, ImageDraw, ImageFilter, ImageOps

CARD_SIDE = 536  # pixels
_PHOTO = (960, 1120)  # pixels, upright as a phone is held

#: What a sample photo can lie on: its dark and light colour, and how many grains it has across and down.
_BACKDROPS = {
    "wood": ("#6b4226", "#c99b6d", 6, 220),
    "cloth": ("#7f8fa6", "#a8b6ca", 240, 280),
    "wall": ("#b9b2a6", "#ece7de", 3, 3),
    "slate": ("#2f3640", "#596273", 90, 100),
}


def cutout(key: str) -> Image.Image:
    """The product alone, 256 pixels square with alpha. The key must be one of the catalogue's."""
    data = resources.files("bots.sandbox").joinpath("catalogue", f"{key}.webp").read_bytes()
    return Image.open(io.BytesIO(data)).convert("RGBA")


def on_card(product: Image.Image, side: int) -> Image.Image:
    """The product on the shop's white card, square."""
    scene = Image.new("RGB", (side, side), "#fafaf8")
    product = product.resize((side * 3 // 4, side * 3 // 4), Image.Resampling.BICUBIC)
    _lay(scene, product, (side // 8, side // 8))
    return scene


@cache
def card(key: str) -> bytes:
    """What the shop shows of a product: a JPEG of CARD_SIDE pixels square."""
    return _jpeg(on_card(cutout(key), CARD_SIDE))


def photo(key: str, backdrop: str) -> bytes:
    """The product as somebody might photograph it at home, a JPEG. The same arguments give the same bytes."""
    dice = random.Random(f"{key} {backdrop}")  # noqa: S311 - scenery, not a secret
    width, height = _PHOTO
    dark, bright, across, down = _BACKDROPS[backdrop]
    noise = Image.frombytes("L", (across, down), dice.randbytes(across * down))
    light = Image.linear_gradient("L").rotate(dice.choice((0, 90, 180))).resize(_PHOTO)
    texture = Image.blend(light, noise.resize(_PHOTO, Image.Resampling.BICUBIC), 0.3)
    scene = ImageOps.colorize(texture, dark, bright)
    if backdrop == "wood":
        pen = ImageDraw.Draw(scene)
        for seam in range(dice.randrange(150), height, 260):
            pen.line((0, seam, width, seam), fill="#54331d", width=4)
    side = round(width * dice.uniform(0.62, 0.74))
    product = cutout(key).resize((side, side), Image.Resampling.BICUBIC)
    product = product.rotate(dice.uniform(-8, 8), Image.Resampling.BICUBIC, expand=True)
    left = (width - product.width) // 2 + dice.randint(-40, 40)
    _lay(scene, product, (left, (height - product.height) // 2 + dice.randint(-60, 60)))
    return _jpeg(scene)


def _lay(scene: Image.Image, product: Image.Image, at: tuple[int, int]) -> None:
    """Put the product there with a soft shadow under it."""
    alpha = product.getchannel("A")
    shadow = Image.new("L", scene.size)
    shadow.paste(alpha.point(lambda value: value * 0.25), (at[0], at[1] + product.height // 40))
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(1, product.height // 50)))
    scene.paste("black", (0, 0), shadow)
    scene.paste(product, at, product)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
