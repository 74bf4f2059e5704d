"""Who is next: fair between people, at the endpoint's pace, and how long a new photo would wait.

A ticket is drawn when a photo is accepted and used when the photo is ready. Whoever has most photos waiting makes
nobody else wait: people take turns, one photo each.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from core.admission import Place

#: How much the newest search counts in the average duration of a search.
_NEWEST = 0.2


class Closed(Exception):
    """The process is stopping: nothing new is asked."""


class Overdue(Exception):
    """No turn came in time."""


class Pacing(Protocol):
    """The part of the endpoint's pace that turns need."""

    def wait(self) -> float:
        """Seconds until the next request may go."""
        ...

    def take(self) -> None:
        """Count one request."""
        ...


class Turns:
    """The queue before the endpoint."""

    def __init__(
        self, pace: Pacing, *, rate: float, concurrency: int, clock: Callable[[], float] | None = None
    ) -> None:
        self._pace = pace
        self._rate = rate
        self._free = concurrency
        self._concurrency = concurrency
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        #: Tickets drawn and not yet given back, by person.
        self._drawn: Counter[str] = Counter()
        #: Ready tickets by person, in the order in which people get their next turn.
        self._ready: OrderedDict[str, deque[asyncio.Future[bool]]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        #: Seconds that a search takes at the endpoint, as it has been lately.
        self._duration = 0.0

    @property
    def waiting(self) -> int:
        """Photos that wait: being fetched, or for their turn."""
        return self._drawn.total()

    def place(self, person: str) -> Place:
        """The place that this person's next photo would get.

        Under round robin, somebody else's photo goes first only if it is in the same round or an earlier one.
        """
        own = self._drawn[person]
        before = own + sum(min(drawn, own + 1) for other, drawn in self._drawn.items() if other != person)
        return Place(waiting=own, before=before, seconds=self._seconds(before))

    def ticket(self, person: str) -> "Ticket":
        """Draw a ticket. It must be given back, whatever happens."""
        place = self.place(person)
        self._drawn[person] += 1
        return Ticket(self, person, place)

    def _seconds(self, before: int) -> float:
        """Until ``before`` searches have begun, at the pace, and enough have ended that the next one may begin."""
        ends = max(0, before + 1 - self._free)
        return max(before / self._rate + self._pace.wait(), ends * self._duration / self._concurrency)

    def give_back(self, person: str) -> None:
        self._drawn[person] -= 1
        if self._drawn[person] <= 0:
            del self._drawn[person]

    @asynccontextmanager
    async def turn(self, person: str, until: float | None) -> AsyncIterator[None]:
        if self._closed:
            raise Closed
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._ready.setdefault(person, deque()).append(turn)
        self._dispatch()
        try:
            async with asyncio.timeout_at(until):
                holds_place = await turn
        except (asyncio.CancelledError, TimeoutError) as end:
            if turn.done() and not turn.cancelled() and turn.result():
                self._free += 1  # its turn had just come
            else:
                self._withdraw(person, turn)
            self._dispatch()
            if isinstance(end, TimeoutError):
                raise Overdue from None
            raise
        began = self._clock()
        try:
            yield
        finally:
            if holds_place:
                took = self._clock() - began
                self._duration = took * _NEWEST + self._duration * (1 - _NEWEST) if self._duration else took
                self._free += 1
                self._dispatch()

    def _withdraw(self, person: str, turn: "asyncio.Future[bool]") -> None:
        tickets = self._ready.get(person)
        if tickets and turn in tickets:
            tickets.remove(turn)
            if not tickets:
                del self._ready[person]

    def _dispatch(self) -> None:
        """Give turns while there are any to give; look again when the pace allows the next."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._free and self._ready and not self._closed:
            if (wait := self._pace.wait()) > 0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._dispatch)
                return
            person, tickets = next(iter(self._ready.items()))
            turn = tickets.popleft()
            if tickets:
                self._ready.move_to_end(person)
            else:
                del self._ready[person]
            if not turn.done():
                self._pace.take()
                self._free -= 1
                turn.set_result(True)

    def let_all_go(self) -> None:
        """The endpoint cannot be asked: whoever waits is let through at once, to find that out and say so."""
        while self._ready:
            _, tickets = self._ready.popitem()
            for turn in tickets:
                if not turn.done():
                    turn.set_result(False)

    def close(self) -> None:
        """Give no more turns: the process is stopping. Who asks for one from now on gets Closed."""
        self._closed = True


class Ticket:
    """One photo's claim to a turn."""

    def __init__(self, turns: Turns, person: str, place: Place) -> None:
        self._turns = turns
        self._person = person
        self._drawn = True
        #: The place it got when it was drawn.
        self.place = place

    @asynccontextmanager
    async def turn(self, *, until: float | None = None) -> AsyncIterator[None]:
        """Wait for the turn, and hold it: ``async with ticket.turn():``. From then on it makes nobody wait.

        ``until`` is the loop time to which it is waited for. Raises Overdue then, and Closed when the process is
        stopping.
        """
        async with self._turns.turn(self._person, until):
            self.give_back()
            yield

    def give_back(self) -> None:
        """It no longer counts before anybody else; may be called twice."""
        if self._drawn:
            self._drawn = False
            self._turns.give_back(self._person)
