"""Telegram's flood limits: each chat waits for itself, and nobody for another chat's 429.

Messages and edits keep their order within a chat. Signs (a typing action, a reaction) are let go when there
is no room for them. Calls that are not limited (getFile, answerCallbackQuery …) never wait for the others.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

#: What a call of the Bot API gives back.
Result = bool | dict[str, Any] | list[dict[str, Any]]
Call = Callable[..., Coroutine[Any, Any, Result]]

#: Bot FAQ: "avoid sending more than one message per second" in a chat; "short bursts" are allowed.
CHAT_LIMIT: Final = (3, 3.0)
#: Bot FAQ: "not be able to send more than 20 messages per minute" to one group; edits count as well.
GROUP_LIMIT: Final = (20, 60.0)
#: Bot FAQ: "about 30 messages per second" over all chats.
OVERALL_LIMIT: Final = (30, 1.0)
#: Calls that may wait in one chat; one more is refused with RetryAfter.
MAX_WAITING: Final = 50
#: How often one call is made in all when Telegram answers 429.
ATTEMPTS: Final = 4
#: Seconds a call waits for a chat that Telegram paused; a longer pause is the caller's to wait for.
MAX_PAUSE: Final = 60.0
#: Seconds between two looks for chats that can be forgotten.
PRUNE_EVERY: Final = 60.0

#: Calls that put a message into a chat or change one.
MESSAGE_CALLS: Final = ("send", "edit", "copy", "forward")
#: Calls that nobody misses.
SIGNS: Final = frozenset({"sendChatAction", "setMessageReaction"})

log = structlog.get_logger(__name__)


def retry_seconds(error: RetryAfter) -> float:
    """How long Telegram asks to wait, in seconds, whichever of its two types python-telegram-bot uses."""
    after = error.retry_after
    return float(after) if isinstance(after, int | float) else after.total_seconds()


class _Window:
    """At most ``limit`` events in any ``seconds``."""

    __slots__ = ("_limit", "_seconds", "_times")

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=limit)

    def wait(self, now: float) -> float:
        """Seconds until there is room for one more."""
        if len(self._times) < self._limit:
            return 0.0
        return max(0.0, self._times[0] + self._seconds - now)

    def take(self, now: float) -> None:
        self._times.append(now)

    def idle(self, now: float) -> bool:
        return not self._times or self._times[-1] + self._seconds <= now


class _Chat:
    """What a chat may take, and who waits for it, first come, first served."""

    __slots__ = ("lock", "paused_until", "waiting", "windows")

    def __init__(self, *, group: bool) -> None:
        self.windows = [_Window(*CHAT_LIMIT)] + ([_Window(*GROUP_LIMIT)] if group else [])
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.paused_until = 0.0

    def wait(self, now: float) -> float:
        return max(self.paused_until - now, *(window.wait(now) for window in self.windows), 0.0)

    def idle(self, now: float) -> bool:
        return not self.waiting and self.paused_until <= now and all(w.idle(now) for w in self.windows)


class Flood(BaseRateLimiter[None]):
    """The rate limiter that an ExtBot asks before every call but getUpdates."""

    __slots__ = ("_chats", "_clock", "_overall", "_overall_lock", "_pruned", "_sleep")

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._chats: dict[str, _Chat] = {}
        self._overall = _Window(*OVERALL_LIMIT)
        self._overall_lock = asyncio.Lock()
        self._pruned = clock()

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close: what waits is cancelled by those who wait for it."""

    async def process_request(
        self,
        callback: Call,
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: None,
    ) -> Result:
        """Make the call when there is room for it, again after a 429 while that makes sense.

        A sign that finds no room is answered True without a call. Raises RetryAfter where the chat has too
        many calls waiting, is paused for over MAX_PAUSE seconds, or Telegram refused ATTEMPTS times; anything
        else that the call raises goes through.
        """

        async def call() -> Result:
            return await callback(*args, **kwargs)

        if not (endpoint in SIGNS or endpoint.startswith(MESSAGE_CALLS)):
            return await self._unlimited(call)
        chat = self._chat(str(data.get("chat_id", "")))
        if endpoint in SIGNS:
            return await self._sign(chat, call)
        if chat.waiting >= MAX_WAITING:
            raise RetryAfter(math.ceil(max(1.0, chat.wait(self._clock()))))
        chat.waiting += 1
        try:
            async with chat.lock:
                return await self._message(chat, call)
        finally:
            chat.waiting -= 1

    async def _unlimited(self, call: Callable[[], Awaitable[Result]]) -> Result:
        attempt = 1
        while True:
            try:
                return await call()
            except RetryAfter as error:
                if attempt == ATTEMPTS or retry_seconds(error) > MAX_PAUSE:
                    raise
                attempt += 1
                await self._sleep(retry_seconds(error))

    async def _sign(self, chat: _Chat, call: Callable[[], Awaitable[Result]]) -> Result:
        now = self._clock()
        if chat.waiting or self._overall_lock.locked() or chat.wait(now) or self._overall.wait(now):
            return True
        self._overall.take(now)
        try:
            return await call()
        except RetryAfter as error:
            self._pause(chat, error)
            return True

    async def _message(self, chat: _Chat, call: Callable[[], Awaitable[Result]]) -> Result:
        """Make one call while no other of this chat is under way."""
        attempt = 1
        while True:
            await self._room(chat)
            try:
                return await call()
            except RetryAfter as error:
                self._pause(chat, error)
                if attempt == ATTEMPTS:
                    raise
                attempt += 1

    async def _room(self, chat: _Chat) -> None:
        """Wait for the chat's turn, then for the bot's, and take both. Raises RetryAfter for a long pause."""
        pause = chat.paused_until - self._clock()
        if pause > MAX_PAUSE:
            raise RetryAfter(math.ceil(pause))
        while wait := chat.wait(self._clock()):
            await self._sleep(wait)
        # Held while sleeping, so that chats are served in the order they came.
        async with self._overall_lock:
            while wait := self._overall.wait(self._clock()):
                await self._sleep(wait)
            now = self._clock()
            self._overall.take(now)
            for window in chat.windows:
                window.take(now)

    def _pause(self, chat: _Chat, error: RetryAfter) -> None:
        seconds = retry_seconds(error)
        chat.paused_until = max(chat.paused_until, self._clock() + seconds)
        log.warning("telegram_flood", seconds=seconds, waiting=chat.waiting)

    def _chat(self, name: str) -> _Chat:
        now = self._clock()
        if now - self._pruned >= PRUNE_EVERY:
            self._pruned = now
            self._chats = {key: chat for key, chat in self._chats.items() if not chat.idle(now)}
        if (chat := self._chats.get(name)) is None:
            # Bot API: the ids of groups and channels are negative, or are @names.
            chat = self._chats[name] = _Chat(group=name.startswith(("-", "@")))
        return chat
