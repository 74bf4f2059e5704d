"""What a process holds of a search while it works on it; everything that must outlive it is in the journal."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.admission import Accepted
from core.model import Origin, Outcome
from core.searches import Search
from core.turns import Ticket


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True, kw_only=True)
class Job:
    """One search under way."""

    search: Search
    ticket: Ticket
    #: Decided already: it only has to be told.
    outcome: Outcome | None = None
    #: The person's balance when the photo was accepted.
    balance: int = 0
    #: The person's first photo.
    first: bool = False
    #: The message that shows the search now.
    answer: str | None = None
    #: Taken up after a start: its photo's decoding is counted.
    resumed: bool = False
    #: Cuts the request off, once the endpoint is being asked: for a process that has to stop.
    cut_off: Callable[[], object] | None = None
    #: When this process took it on (loop time).
    since: float = field(default_factory=_loop_time)
    #: True while it is being asked, and once it is settled: it is brought to an end, not put off.
    committed: bool = False

    @property
    def origin(self) -> Origin:
        """Where the answer goes, with the message to edit."""
        return replace(self.search.origin, answer=self.answer)

    @classmethod
    def of(cls, accepted: Accepted, ticket: Ticket) -> "Job":
        """The job of a query that was just accepted."""
        return cls(
            search=accepted.search,
            ticket=ticket,
            outcome=accepted.outcome,
            balance=accepted.balance,
            first=accepted.first,
            answer=accepted.search.origin.answer,
            committed=accepted.outcome is not None,
        )
