"""The picture of an answer's page: made once, then named by Telegram's own id of it."""

import asyncio
from collections import OrderedDict
from typing import Final

from bots.cards import Card
from bots.collage import collage
from bots.product_images import ProductImages
from core.model import Found
from core.views import View

#: Pages whose file id is remembered; going back to one uploads nothing.
_KEPT: Final = 2000
#: Collages drawn at the same time: each takes a core.
_DRAWING: Final = 2

#: A search, and what of its answer is shown.
_Page = tuple[str, View]


class Pictures:
    """Collages of the products on a page."""

    def __init__(self, images: ProductImages) -> None:
        self._images = images
        self._files: OrderedDict[_Page, str] = OrderedDict()
        self._drawing = asyncio.Semaphore(_DRAWING)

    def known(self, found: Found) -> str | None:
        """The file id of this page's collage, where it was sent before."""
        return self._files.get((found.search, found.view))

    async def draw(self, card: Card) -> bytes | None:
        """A JPEG of the card's products; None where there are no pictures to be had."""
        if not card.pictures or not self._images.enabled:
            return None
        tiles = await self._images.fetch(card.pictures)
        if not any(tiles):
            return None
        async with self._drawing:
            return await asyncio.to_thread(collage, tiles, card.pictures[0].number)

    def remember(self, found: Found, file_id: str | None) -> None:
        """Telegram has this page's collage under this id now; None: it does not have one, or not any more."""
        page = (found.search, found.view)
        self._files.pop(page, None)
        if file_id is not None:
            self._files[page] = file_id
        while len(self._files) > _KEPT:
            self._files.popitem(last=False)
