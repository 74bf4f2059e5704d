"""What goes wrong on demand between the bot and Telegram."""

import asyncio
import time
from dataclasses import dataclass, field

from bots.sandbox.telegram_rules import ApiError, Json

FOREVER = float("inf")


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with the next `times` calls, or until a moment of the monotonic clock."""

    method: str | None = None  #: None: every method; "download": the bytes of a file
    chat: int | None = None  #: None: in every chat
    times: float = 1
    until: float = FOREVER
    error: ApiError | None = None
    delay: float = 0.0  #: seconds before the call, or in the middle of a download
    drop: bool = False  #: perform, then cut the connection before the answer

    async def strike(self) -> None:
        """Wait and refuse, as far as this fault does; raises its ApiError."""
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error


@dataclass(slots=True)
class Faults:
    """The faults that wait for their calls; a call meets at most one of them, the oldest first."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Anything that a Fault can say."""
        self.waiting.append(fault)

    def fail(self, method: str, status: int, description: str, parameters: Json | None = None) -> None:
        """The next call is refused with this answer and not performed."""
        self.add(Fault(method=method, error=ApiError(status, description, parameters)))

    def flood(self, chat: int, retry_after: int, *, times: float | None = None) -> None:
        """429 in one chat: for so many calls, or (None) until `retry_after` seconds have passed."""
        error = ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})
        until = time.monotonic() + retry_after if times is None else FOREVER
        self.add(Fault(chat=chat, times=times or FOREVER, until=until, error=error))

    def next(self, method: str, chat: int | None) -> Fault | None:
        """The fault that this call meets, used up by it."""
        self.waiting = [f for f in self.waiting if f.times > 0 and f.until > time.monotonic()]
        for fault in self.waiting:
            if fault.method in (None, method) and fault.chat in (None, chat):
                fault.times -= 1
                return fault
        return None
