"""The same question at the same moment is asked once: one leads, the others wait for what becomes of it."""

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto


class Ending(Enum):
    """What a leader leaves to its followers."""

    #: Answered: the answer is stored and free for all of them.
    ANSWERED = auto()
    #: Asked, and no answer came: nobody asks again by itself.
    UNCERTAIN = auto()


class Place:
    """Somebody's place at a question: leading it, or told how it ended."""

    def __init__(self, ending: Ending | None) -> None:
        #: None: this one leads, asks and pays.
        self.ending = ending

    def end(self, ending: Ending) -> None:
        """A leader says how the question ended; one that leaves without a word hands the lead on."""
        self.ending = ending

    def reopen(self) -> None:
        """A leader takes its word back: what it asked was certainly not charged, so another may ask."""
        self.ending = None


class InFlight:
    """Questions that are being asked now, by their key."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Future[Ending | None]]] = {}

    @asynccontextmanager
    async def at(self, question: str) -> AsyncIterator[Place]:
        """Take a place at a question: at once as its leader, or as a follower once the leader has ended."""
        followers = self._waiting.get(question)
        if followers is None:
            self._waiting[question] = deque()
            place = Place(None)
        else:
            turn: Future[Ending | None] = get_running_loop().create_future()
            followers.append(turn)
            try:
                place = Place(await turn)
            except BaseException:
                self._leave(question, turn)
                raise
        if place.ending is not None:
            yield place
            return
        try:
            yield place
        finally:
            self._hand_on(question, place.ending)

    def _leave(self, question: str, turn: "Future[Ending | None]") -> None:
        followers = self._waiting.get(question)
        if followers is not None and turn in followers:
            followers.remove(turn)
        elif turn.done() and not turn.cancelled() and turn.result() is None:
            self._hand_on(question, None)  # the lead had just come here

    def _hand_on(self, question: str, ending: Ending | None) -> None:
        followers = self._waiting[question]
        while followers:
            turn = followers.popleft()
            if turn.done():
                continue
            turn.set_result(ending)
            if ending is None:
                return  # this one leads now
        del self._waiting[question]
