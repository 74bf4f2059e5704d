"""Answers that are no search: sent beside the handlers, so that a slow chat holds up nobody's updates."""

import asyncio
from collections.abc import Awaitable
from typing import Final

import structlog
from telegram.error import TelegramError

from bots.cards import Card
from bots.telegram.posting import Place, Poster
from core.model import Unreachable

#: Seconds that what is under way has when the bot stops.
_FAREWELL: Final = 2.0

log = structlog.get_logger(__name__)


class Replies:
    """What is being sent at the moment."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, place: Place, card: Card) -> None:
        """Send a card, or edit ``place.message`` into it, in the background."""
        self.later(self.put(place, card))

    async def put(self, place: Place, card: Card) -> None:
        """Send or edit a card, at once. Raises TelegramError, Unreachable."""
        await self._poster.put(place, card)

    def later(self, work: Awaitable[object]) -> None:
        """Do something that needs the network, in the background; what fails is logged."""
        task = asyncio.create_task(self._guarded(work), name="reply in the background")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish what is under way, within 2 s."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_FAREWELL)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded(self, work: Awaitable[object]) -> None:
        try:
            await work
        except (TelegramError, Unreachable) as error:
            log.info("reply_not_sent", error=type(error).__name__)
        except Exception:
            log.exception("reply_failed")
