"""Several photos sent together are one question: when the last of them has come."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from core.model import Found, NothingFound, Origin, Outcome
from core.service import Service

#: Seconds without another photo after which an album counts as complete: no platform says how many there are.
QUIET = 1.0
#: How often an album's answer is brought up to date by the one who shows it, when photos come all the while.
_LATECOMERS = 5
#: Albums remembered; one is complete long before so many others have begun.
_KEPT = 1000

log = structlog.get_logger(__name__)


class Albums:
    """When a photo of each album was last seen, in this process."""

    def __init__(self, *, quiet: float = QUIET, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet = quiet
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()

    def seen(self, album: str) -> None:
        """Another photo of this album has come."""
        self._seen[album] = self._clock()
        self._seen.move_to_end(album)
        while len(self._seen) > _KEPT:
            self._seen.popitem(last=False)

    def complete(self, album: str) -> None:
        """No other photo of it will come: nobody waits for one any more."""
        if album in self._seen:
            self._seen[album] = self._clock() - self._quiet

    def __contains__(self, album: str) -> bool:
        """Whether a photo of this album was seen before."""
        return album in self._seen

    async def gathered(self, album: str) -> None:
        """Wait until no photo of this album has come for a while; an album of an earlier process is complete."""
        while (wait := self._left(album)) > 0:  # noqa: ASYNC110 -- for a time that moves, not for an event
            await asyncio.sleep(wait)

    def _left(self, album: str) -> float:
        """Seconds until it counts as complete."""
        return self._seen[album] + self._quiet - self._clock() if album in self._seen else 0.0


class AlbumAnswers:
    """Shows the answer to an album's first photo, with a button for the others: once they have come."""

    def __init__(self, albums: Albums, service: Service) -> None:
        self._albums = albums
        self._service = service

    async def show(
        self, origin: Origin, answer: Found | NothingFound, show: Callable[[Origin, Outcome], Awaitable[str]]
    ) -> str:
        """Show it by ``show``, which returns the message's id and raises what the platform raises."""
        album = origin.album
        assert album is not None, "the caller looked"
        await self._albums.gathered(album)
        offered = await self._service.offered(album)
        message = await show(origin, replace(answer, offered=offered))
        try:
            # Photos may have come while it was being sent, and before the journal knows that it was.
            for _ in range(_LATECOMERS):
                if await self._service.offered(album) == offered:
                    break
                await self._albums.gathered(album)
                offered = await self._service.offered(album)
                message = await show(replace(origin, answer=message), replace(answer, offered=offered))
        except Exception as error:  # noqa: BLE001  # whatever a platform raises, the answer is there: only a number is old
            log.info("album_not_updated", search=answer.search, error=type(error).__name__)
        return message
