"""Updates by long polling, none lost.

Telegram keeps an update for 24 hours until a later ``offset`` confirms it (Bot API: getUpdates): it is our
inbox. So the offset moves only after the handlers' commits, and python-telegram-bot's own Updater, which
confirms before any handler runs, is not used.
"""

import asyncio
import random
import time
import warnings
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import structlog
from telegram import Bot
from telegram.error import Conflict, EndPointNotFound, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.warnings import PTBUserWarning

from bots.telegram.flood import retry_seconds
from bots.telegram.updates import Dispatcher, Handle, Hook, call_hook, read_update, update_id

#: Bot API: getUpdates, limit 1-100.
BATCH: Final = 100
#: Seconds that Telegram holds a poll open when there is nothing.
POLL_TIMEOUT: Final = 30
#: Seconds on top of it until a poll counts as lost.
POLL_GRACE: Final = 10.0
#: Seconds for the poll that confirms the last updates at the end.
CONFIRM_TIMEOUT: Final = 3.0
#: The first and the longest pause, in seconds, when a poll failed or nothing can be committed.
SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
#: Seconds between polls that met another one.
CONFLICT_PAUSE: Final = 5.0
#: A process that has not polled yet gives way after so many conflicts over so many seconds.
CONFLICTS: Final = 3
CONFLICT_SECONDS: Final = 15.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class AnotherInstance(Exception):
    """Another process receives the updates of this bot: one token serves one process at a time."""


class Poller:
    """Receives updates until ``stop``; each is handled to its commit before Telegram may forget it.

    ``handle`` and ``pause_on``: see Dispatcher. ``on_pause`` is called once when nothing can be committed any
    more, ``on_conflict`` once when another process begins to poll as well; both should be quick.
    The bot must be initialized.
    """

    def __init__(
        self,
        bot: Bot,
        handle: Handle,
        *,
        allowed_updates: Sequence[str],
        pause_on: tuple[type[Exception], ...],
        on_conflict: Hook | None = None,
        on_pause: Hook | None = None,
        poll_timeout: int = POLL_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._dispatcher = Dispatcher(handle, pause_on=pause_on, on_pause=on_pause)
        self._allowed_updates = list(allowed_updates)
        self._on_conflict = on_conflict
        self._poll_timeout = poll_timeout
        self._clock = clock
        self._sleep = sleep
        self._stopping = asyncio.Event()
        #: What the next poll confirms: every update below it is done. None when Telegram knows already; it
        #: may then number its updates afresh (Bot API: Update, after a week without any).
        self._offset: int | None = None
        self._failures = 0
        self._first_conflict: float | None = None
        #: When a poll was last answered, by ``clock``; None before the first time.
        self.last_poll: float | None = None
        #: How often another process's poll was met.
        self.conflicts = 0

    @property
    def paused(self) -> bool:
        """True while nothing can be committed, so that nothing is received."""
        return self._dispatcher.paused

    def stop(self) -> None:
        """Ask ``run`` to end: no new update is begun, what is begun is finished and confirmed."""
        self._stopping.set()

    async def run(self) -> None:
        """Receive until ``stop``.

        Raises InvalidToken when Telegram does not know the token, and AnotherInstance when another process
        receives this bot's updates and this one has not received any yet. Whatever else fails is tried again.
        """
        # The method it points to stops at the first update it cannot parse.
        warnings.filterwarnings("ignore", r"Please use 'Bot\.getUpdates'", PTBUserWarning)
        while not self._stopping.is_set():
            batch = await self._poll()
            if batch:
                await self._work(batch)
        await self._confirm()

    async def _poll(self) -> list[Any]:
        """One poll; empty, after a pause, when it failed."""
        try:
            batch = await self._unless_stopped(self._get_updates(BATCH, self._poll_timeout))
        except Conflict as error:
            await self._conflict(error)
            return []
        except (InvalidToken, EndPointNotFound):
            raise InvalidToken("Telegram does not know this bot token") from None
        except RetryAfter as error:
            await self._pause(retry_seconds(error))
            return []
        except TelegramError as error:
            self._failures += 1
            delay = _backoff(self._failures)
            log.warning("poll_failed", error=type(error).__name__, seconds=round(delay, 1))
            await self._pause(delay)
            return []
        if batch is None:
            return []
        self._failures = 0
        self._offset = None
        self.last_poll = self._clock()
        return batch

    async def _get_updates(self, limit: int, seconds: int) -> list[Any]:
        arguments: dict[str, Any] = {
            "limit": limit,
            "timeout": seconds,
            "allowed_updates": self._allowed_updates,
        }
        if self._offset is not None:
            arguments["offset"] = self._offset
        batch = await self._bot.do_api_request("getUpdates", arguments, read_timeout=seconds + POLL_GRACE)
        if not isinstance(batch, list) or (batch and all(update_id(raw) is None for raw in batch)):
            raise NetworkError("An answer to getUpdates without updates")
        return batch

    async def _work(self, batch: list[Any]) -> None:
        """Bring a batch to its end, however often that has to be tried; then move the offset."""
        numbers = [number for raw in batch if (number := update_id(raw)) is not None]
        pending = [update for raw in batch if (update := read_update(raw, self._bot)) is not None]
        tries = 0
        while True:
            done = await self._dispatcher.take_all(pending, lambda: not self._stopping.is_set())
            pending = [update for update in pending if update.update_id not in done]
            self._offset = min((update.update_id for update in pending), default=max(numbers) + 1)
            if not pending or self._stopping.is_set():
                return
            tries = 1 if done else tries + 1
            await self._pause(_backoff(tries))

    async def _confirm(self) -> None:
        """Tell Telegram what is done, so that the next start begins with what is not."""
        if self._offset is None:
            return
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT):
                await self._get_updates(1, 0)
        except (TelegramError, TimeoutError) as error:
            # They come again, and are known by their event keys.
            log.info("last_updates_unconfirmed", error=type(error).__name__)

    async def _conflict(self, error: Conflict) -> None:
        self.conflicts += 1
        now = self._clock()
        if self._first_conflict is None:
            self._first_conflict = now
            log.warning("poll_conflict", error=error.message)
        if self.last_poll is None:
            if self.conflicts >= CONFLICTS and now - self._first_conflict >= CONFLICT_SECONDS:
                raise AnotherInstance(error.message) from None
        elif self._on_conflict is not None:
            hook, self._on_conflict = self._on_conflict, None
            await call_hook(hook)
        await self._pause(CONFLICT_PAUSE)

    async def _pause(self, seconds: float) -> None:
        await self._unless_stopped(self._sleep(seconds))

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result of ``work``; None when ``stop`` came first, and then it is cancelled."""
        task = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        both: tuple[asyncio.Task[Any], ...] = (task, stopping)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)


def _backoff(tries: int) -> float:
    """Seconds: 1, 2, 4 … 30, each between half and all of it, so that many do not come back together."""
    longest = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0 ** min(tries - 1, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 -- spreads load, guards nothing
