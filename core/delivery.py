"""Telling people: that a search is under way, and how it ended; each in one message that is edited, never doubled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import structlog

from core import chats, searches
from core.adapter import Platform, Unreachable
from core.clock import Clock
from core.database import Database, DatabaseUnavailable
from core.jobs import Job
from core.meter import UNMETERED, Meter
from core.model import Busy, Found, Outcome, Wait, Working

log = structlog.get_logger(__name__)

#: The longest pause, in seconds, between two tries to show an answer: they double to this.
_LONGEST_RETRY = 60.0
#: "You have too many photos waiting" is said to a person once in so many seconds.
_FLOOD_NOTICE = 60.0


class Delivery:
    """Shows outcomes through the platforms' messengers, and writes down in which message."""

    def __init__(
        self, database: Database, platforms: Mapping[str, Platform], *, clock: Clock, meter: Meter = UNMETERED
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._clock = clock
        self._meter = meter
        #: When each person was last told that too many of their photos wait (loop time).
        self._flood_told: dict[str, float] = {}

    @asynccontextmanager
    async def working(self, job: Job) -> AsyncIterator[None]:
        """Show a quiet sign, and a message once the search takes longer than the platform waits, or is expected to."""
        told = asyncio.Event()
        notice = asyncio.create_task(self._notice(job, told))
        try:
            yield
        finally:
            if not told.is_set():
                notice.cancel()
            # A notice on its way has to arrive first: its message becomes the answer.
            await asyncio.wait([notice])

    async def _notice(self, job: Job, told: asyncio.Event) -> None:
        place, search = job.ticket.place, job.search.id
        with suppress(Exception):
            await self._show(job, Working(search=search, quiet=True))
        patience = self._platforms[job.search.origin.platform].patience
        if place.seconds <= patience:
            await asyncio.sleep(patience)
            working = Working(search=search)
        else:
            working = Working(search=search, before=place.before, seconds=place.seconds)
        told.set()
        await self.tell_working(job, working)

    async def tell_working(self, job: Job, working: Working) -> None:
        """Show that a search goes on; never raises, since the answer is what counts."""
        try:
            message = await self._show(job, working)
            if message and message != job.answer:
                job.answer = message
                await self._database.run(searches.shown, job.search.id, message)
        except Exception as error:  # noqa: BLE001  # whatever a platform's library raises, the answer is what counts
            log.info("could not say that a search is under way", search=job.search.id, error=repr(error))

    async def show(self, job: Job, outcome: Outcome) -> None:
        """Tell the outcome, however long the platform takes to be there again, and mark the search as replied."""
        self._meter.ended(job.search.origin.platform, outcome)
        if isinstance(outcome, Found) and job.first:
            outcome = replace(outcome, first=True)
        # No chat: the person was forgotten while the search was under way.
        silent = not job.search.origin.chat or self._is_repeated_flood(job, outcome)
        message = None if silent else await self._insist_on_showing(job, outcome)
        await self.insist(searches.replied, job.search.id, message)

    async def tell(self, job: Job, outcome: Outcome) -> None:
        """Tell an outcome without marking the search as replied."""
        job.answer = await self._insist_on_showing(job, outcome) or job.answer

    async def insist(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a transaction that must happen: again and again while the database cannot be written."""
        pause = 0.2
        while True:
            try:
                return await self._database.run(function, *args, **kwargs)
            except DatabaseUnavailable as error:
                log.error("the database cannot be written; trying again", error=str(error), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _insist_on_showing(self, job: Job, outcome: Outcome) -> str | None:
        pause = 1.0
        while True:
            try:
                return await self._show(job, outcome)
            except Unreachable:
                log.info("the chat is gone: the answer is not shown", search=job.search.id)
                origin = job.search.origin
                await self.insist(chats.set_gone, origin.platform, origin.chat, self._clock())
                return None
            except Exception as error:  # noqa: BLE001  # whatever a platform's library raises, it may pass
                log.warning("could not show an answer yet", search=job.search.id, error=repr(error), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_RETRY)

    def _show(self, job: Job, outcome: Outcome | Working) -> Awaitable[str | None]:
        return self._platforms[job.search.origin.platform].messenger.show(job.origin, outcome)

    def _is_repeated_flood(self, job: Job, outcome: Outcome) -> bool:
        if not (isinstance(outcome, Busy) and outcome.wait is Wait.PERSON):
            return False
        now = asyncio.get_running_loop().time()
        self._flood_told = {who: at for who, at in self._flood_told.items() if now - at < _FLOOD_NOTICE}
        if job.search.asker in self._flood_told:
            return True
        self._flood_told[job.search.asker] = now
        return False
