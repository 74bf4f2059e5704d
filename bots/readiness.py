"""Whether the bot can do its work just now: `/readyz`, for whoever watches it."""

import asyncio
import time
from collections.abc import Callable, Mapping

from core import facts
from core.clock import Clock
from core.database import Database, DatabaseUnavailable
from core.keyapi.pacing import Breaker, BreakerState

#: Seconds for which an answer about the database stands: whoever asks more often costs it nothing.
_FRESH = 5.0
#: The fact that is written to see that facts can be written.
_FACT = "last_ready"
_ENDPOINT = {BreakerState.CLOSED: "up", BreakerState.OPEN: "denied", BreakerState.PROBING: "probing"}


class Readiness:
    """Looks at the database, the endpoint's state and the platforms."""

    def __init__(
        self,
        database: Database,
        breaker: Breaker,
        health: Callable[[], Mapping[str, bool]],
        *,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._breaker = breaker
        self._health = health
        self._clock = clock
        self._monotonic = monotonic
        self._looking = asyncio.Lock()
        self._looked_at: float | None = None
        self._is_up = False

    async def look(self) -> tuple[bool, dict[str, str]]:
        """Ready or not, and how each part is.

        An endpoint that denies access is told and does not count: no restart and no other process would mend it, and
        people are answered all the same.
        """
        parts = {"database": await self._database_is_up(), **self._health()}
        told = {name: "up" if is_up else "down" for name, is_up in parts.items()}
        return all(parts.values()), told | {"endpoint": _ENDPOINT[self._breaker.state]}

    async def _database_is_up(self) -> bool:
        async with self._looking:
            if self._looked_at is None or self._monotonic() - self._looked_at >= _FRESH:
                self._is_up = await self._write_and_read()
                self._looked_at = self._monotonic()
        return self._is_up

    async def _write_and_read(self) -> bool:
        now = self._clock().isoformat()
        try:
            await self._database.run(facts.put, _FACT, now)
            return await self._database.read(facts.get, _FACT) == now
        except DatabaseUnavailable:
            return False
