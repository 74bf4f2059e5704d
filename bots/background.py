"""What needs the network and nobody waits for: done beside the handlers, so that a slow chat holds up nobody."""

import asyncio
from collections.abc import Awaitable
from typing import Final

import structlog

#: Seconds that what is under way has when the bot stops.
_FAREWELL: Final = 2.0

log = structlog.get_logger(__name__)


class Background:
    """Work under way. What fails with one of ``expected`` is one line in the log, anything else a traceback."""

    def __init__(self, *expected: type[Exception]) -> None:
        self._expected = expected
        self._tasks: set[asyncio.Task[None]] = set()

    def later(self, work: Awaitable[object]) -> None:
        """Do it in the background."""
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
        except self._expected as error:
            log.info("reply_not_sent", error=type(error).__name__)
        except Exception:
            log.exception("reply_failed")
