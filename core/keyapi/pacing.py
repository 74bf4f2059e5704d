"""How fast the endpoint may be asked, and when not at all. In memory, for one thread (the event loop's)."""

import time
from collections.abc import Callable
from enum import StrEnum

#: Seconds: KeyAPI documents no Retry-After for 429, so a pause of our own starts here and doubles.
_FIRST_COOL_DOWN = 5.0
_LONGEST_COOL_DOWN = 60.0
#: Seconds until a key that was denied is tried again, doubled after each denied probe.
_FIRST_PROBE = 60.0
_LONGEST_PROBE = 15 * 60.0


class Pace:
    """At most ``rate`` requests a second, evenly spaced, after ``burst`` at once (GCRA, ITU-T I.371).

    With a burst of 1 there are at most 2 x rate + 1 requests in any two seconds.
    """

    def __init__(self, rate: float, burst: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a pace needs a rate above 0 and a burst of at least 1")
        self._interval = 1 / rate
        self._tolerance = (burst - 1) * self._interval
        self._clock = clock
        #: When a request would be exactly on time (GCRA's theoretical arrival time).
        self._expected = clock()
        self._paused_until = self._expected
        self._next_cool_down = _FIRST_COOL_DOWN

    def wait(self) -> float:
        """Seconds until the next request may go; 0 for now. Ask again after having waited."""
        return max(0.0, self._due() - self._clock())

    def take(self) -> None:
        """Count one request that goes now. Raises ValueError where `wait` is not over."""
        now = self._clock()
        if now < self._due():
            raise ValueError(f"the next request may go in {self._due() - now:.3f} s")
        self._expected = max(self._expected, now) + self._interval

    def pause(self, seconds: float) -> None:
        """Nobody asks for so long; a longer pause in force stays."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def cool_down(self, retry_after: float | None) -> float:
        """The endpoint said 429: nobody asks for as long as it wishes, at most 60 s. Returns what is left.

        Where it does not say how long: 5 s, then twice as long each time until `succeeded`. Several
        refusals of requests that were on their way together count as one.
        """
        if retry_after is not None:
            self.pause(min(max(retry_after, 0.0), _LONGEST_COOL_DOWN))
        elif self._paused_until <= self._clock():
            self.pause(self._next_cool_down)
            self._next_cool_down = min(2 * self._next_cool_down, _LONGEST_COOL_DOWN)
        return max(0.0, self._paused_until - self._clock())

    def succeeded(self) -> None:
        """The endpoint answered: the next cool-down is a short one again."""
        self._next_cool_down = _FIRST_COOL_DOWN

    def _due(self) -> float:
        return max(self._expected - self._tolerance, self._paused_until)


class BreakerState(StrEnum):
    """Whether searching is possible for everybody."""

    #: Searches go through.
    CLOSED = "closed"
    #: The endpoint denied access: nobody searches.
    OPEN = "open"
    #: One person's search finds out whether access is back.
    PROBING = "probing"


class Breaker:
    """Stops searching for everybody while the endpoint denies access (401, 402, 403); one probe at a time.

    A probe is a real search of the next person, 60 s after the first denial; each denied probe doubles the
    wait, to 15 minutes. Whoever got True from `permit` says what came of it: `passed`, `denied` or
    `undecided`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state = BreakerState.CLOSED
        self._wait = _FIRST_PROBE
        self._probe_at = 0.0

    @property
    def state(self) -> BreakerState:
        """As it is now; `permit` may change it."""
        return self._state

    def permit(self) -> bool:
        """Whether this caller may ask the endpoint now; when an open breaker's wait is over, as the probe."""
        if self._state is BreakerState.OPEN and self._clock() >= self._probe_at:
            self._state = BreakerState.PROBING
            return True
        return self._state is BreakerState.CLOSED

    def denied(self) -> bool:
        """401, 402 or 403 came. True when it stops searching now and did not before: tell the admins."""
        before = self._state
        if before is BreakerState.OPEN:
            return False  # A request that was on its way with the one that opened it.
        self._wait = _FIRST_PROBE if before is BreakerState.CLOSED else min(2 * self._wait, _LONGEST_PROBE)
        self._probe_at = self._clock() + self._wait
        self._state = BreakerState.OPEN
        return before is BreakerState.CLOSED

    def passed(self) -> bool:
        """A real answer came. True when searching had been stopped: tell the admins that it goes on."""
        before, self._state = self._state, BreakerState.CLOSED
        return before is not BreakerState.CLOSED

    def undecided(self) -> None:
        """A request ended without a word about access: if it was the probe, the next caller may be one."""
        if self._state is BreakerState.PROBING:
            self._state = BreakerState.OPEN

    def probe_now(self) -> None:
        """An admin resumed searching: the next caller is the probe, without a wait."""
        if self._state is BreakerState.OPEN:
            self._probe_at = self._clock()

    def retry_in(self) -> float:
        """Seconds until a probe may go; 0 where one may go now, is on its way, or none is needed."""
        return max(0.0, self._probe_at - self._clock()) if self._state is BreakerState.OPEN else 0.0
