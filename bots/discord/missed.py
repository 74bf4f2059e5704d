"""Messages that could not be written down: kept, and tried again until they can. Discord does not bring them again."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import discord
import structlog

from core.database import DatabaseUnavailable

#: Messages kept; of what comes beyond them, and after the end of the process, ``catch_up.py`` finds most.
_KEPT: Final = 1000
#: Seconds between two tries; they double to the longest.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0

log = structlog.get_logger(__name__)


class Missed:
    """Tries them in their order by ``handle``, which raises DatabaseUnavailable as long as there is no use in more."""

    def __init__(self, handle: Callable[[discord.Message], Awaitable[None]], *, pause: float = _FIRST_PAUSE) -> None:
        """``pause`` is in seconds."""
        self._handle = handle
        self._pause = pause
        self._messages: deque[discord.Message] = deque(maxlen=_KEPT)
        self._trying: asyncio.Task[None] | None = None

    def add(self, message: discord.Message) -> None:
        """Keep a message."""
        self._messages.append(message)
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._try(), name="reply to missed messages")

    async def close(self) -> None:
        """Try no more."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)

    async def _try(self) -> None:
        pause = self._pause
        while self._messages:
            try:
                await self._handle(self._messages[0])
            except DatabaseUnavailable:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            except Exception:
                log.exception("missed_message_failed")
            self._messages.popleft()
            pause = self._pause
