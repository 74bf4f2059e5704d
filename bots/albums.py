"""Several photos sent together are one question: when the last of them has come."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

#: Seconds without another photo after which an album counts as complete: no platform says how many there are.
QUIET = 1.0
#: Albums remembered; one is complete long before so many others have begun.
_KEPT = 1000


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
