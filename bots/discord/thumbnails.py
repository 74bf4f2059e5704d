"""Small pictures to stand beside lines of a card: made once, of untrusted bytes, in threads."""

import asyncio
from collections import OrderedDict
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from bots.cards import Card, Picture
from bots.collage import MAX_PIXELS
from bots.product_images import ProductImages
from core.photo_files import open_photo

#: Pixels of the longer side: of a product's picture, and of the photo that was searched with.
SIDE: Final = 256
PHOTO_SIDE: Final = 800
_QUALITY: Final = 80
#: Pictures drawn at the same time: each takes a core.
_DRAWING: Final = 2
#: Thumbnails remembered, of about 10 kB each: turning pages back draws nothing.
_KEPT: Final = 2000

#: Where a product's picture is: bucket, key, product id.
_Name = tuple[str, str, str]


def thumbnail(data: bytes, side: int = SIDE) -> bytes | None:
    """A JPEG at most ``side`` px wide and high, upright, on white, without metadata; None for what is no such picture.

    Takes milliseconds and more: call it in a thread.
    """
    try:
        file = open_photo(data)
        return _jpeg(_within(file.image, side)) if file.weight <= MAX_PIXELS else None
    except Exception:  # noqa: BLE001 - decoders raise anything on hostile bytes: it costs a picture, not the answer
        return None


def _within(image: Image.Image, side: int) -> Image.Image:
    see_through = image.has_transparency_data
    if see_through or image.mode not in ("RGB", "L", "CMYK"):  # palettes and rarer kinds cannot be resampled
        image = image.convert("RGBA" if see_through else "RGB")
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    image = ImageOps.exif_transpose(image)
    if see_through:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    image.info.clear()  # comments and profiles of the file, some of which Pillow would write again
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


class Thumbnails:
    """Thumbnails of products, and of photos."""

    def __init__(self, images: ProductImages) -> None:
        self._images = images
        self._ready: OrderedDict[_Name, bytes] = OrderedDict()
        self._drawing = asyncio.Semaphore(_DRAWING)

    async def of(self, card: Card) -> list[bytes | None]:
        """Those of ``card.pictures``, in their order; None where there is none to be had. Never raises."""
        if not self._images.enabled:
            return []
        wanted = [picture for picture in card.pictures if _name(picture) not in self._ready]
        fetched = await self._images.fetch(wanted)
        drawn = await asyncio.gather(*(self.small(data, SIDE) if data else _nothing() for data in fetched))
        made = {_name(picture): data for picture, data in zip(wanted, drawn, strict=True)}
        shown = [made.get(_name(picture)) or self._known(picture) for picture in card.pictures]
        self._keep(made)
        return shown

    async def small(self, data: bytes, side: int = PHOTO_SIDE) -> bytes | None:
        """`thumbnail` in a thread, two at a time."""
        async with self._drawing:
            return await asyncio.to_thread(thumbnail, data, side)

    def _known(self, picture: Picture) -> bytes | None:
        name = _name(picture)
        if name in self._ready:
            self._ready.move_to_end(name)
        return self._ready.get(name)

    def _keep(self, made: dict[_Name, bytes | None]) -> None:
        self._ready |= {name: data for name, data in made.items() if data}
        while len(self._ready) > _KEPT:
            self._ready.popitem(last=False)


def _name(picture: Picture) -> _Name:
    return picture.bucket, picture.key, picture.product_id


async def _nothing() -> None:
    """No picture was fetched, so none is drawn."""
