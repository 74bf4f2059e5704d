"""An event loop whose time passes only while everybody waits: an hour takes milliseconds, the same way each time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlock(BaseException):
    """Everybody waits for something that nobody will bring."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer instead of sleeping. Without sockets and threads."""

    def __init__(self) -> None:
        self._now = 0.0
        self._steps = 0
        self._at_step: tuple[int, Callable[[], object]] | None = None
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += seconds

    def call_at_step(self, steps: int, callback: Callable[[], object]) -> None:
        """Call back before the ``steps``-th turn of the loop from now: between any two things that happen."""
        self._at_step = (self._steps + steps, callback)

    def _run_once(self) -> None:
        self._steps += 1
        if self._at_step and self._at_step[0] == self._steps:
            self.call_soon(self._at_step[1])
        super()._run_once()  # type: ignore[misc] - asyncio's own name for a turn; typeshed leaves it out

    def _write_to_self(self) -> None:
        """There is no other thread that would have to wake this one."""


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock
        self._loop.pass_time(timeout)
        return []


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time, which begins at 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


class Died(BaseException):
    """The process was killed: nothing it does reaches anybody any more."""


class InlineExecutor(Executor):
    """Runs what it is given at once, in the caller's thread; ``after`` each piece of work, if that is set.

    While ``dead`` nothing is run: the process is gone.
    """

    def __init__(self) -> None:
        self.dead = False
        self.after: Callable[[], None] | None = None

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        future: Future[T] = Future()
        self.work(future, lambda: fn(*args, **kwargs))
        return future

    def work(self, future: "Future[T]", fn: Callable[[], T]) -> None:
        try:
            if self.dead:
                raise Died
            result = fn()
            if self.after:
                self.after()
            future.set_result(result)
        except BaseException as error:  # noqa: BLE001 -- the future carries it to whoever waits, Died too
            future.set_exception(error)


class SlowExecutor(InlineExecutor):
    """Runs one piece of work after the other, each ``delay()`` virtual seconds after it could have begun."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """As new, for another loop."""
        self.dead = False
        self.after = None
        self.delay: Callable[[], float] = lambda: 0.0
        self._free_at = 0.0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        loop = asyncio.get_running_loop()
        future: Future[T] = Future()
        self._free_at = max(self._free_at, loop.time()) + self.delay()
        loop.call_at(self._free_at, self.work, future, lambda: fn(*args, **kwargs))
        return future
