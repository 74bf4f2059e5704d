"""What the chat platforms talk to: photos in, pages out; and the searches under way, from start to stop."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

import structlog

from core import ledger, searches, settling
from core.clock import Clock
from core.database import Database, DatabaseUnavailable
from core.delivery import Delivery
from core.finder import Finder
from core.jobs import Job
from core.meter import UNMETERED, Meter
from core.model import (
    Busy,
    Charge,
    Found,
    Identity,
    Lost,
    NothingFound,
    Outcome,
    PhotoQuery,
    Problem,
    Unavailable,
    Unreadable,
    Wait,
    Working,
)
from core.policy import Policy
from core.recall import free_markets, recall
from core.searches import MAX_ATTEMPTS, Search, State
from core.settling import Superseded
from core.turns import Closed, Turns
from core.views import WHOLE, View

log = structlog.get_logger(__name__)

#: Seconds that what is in flight has when the process stops; then it is uncertain and told.
GRACE = 20.0
#: Seconds to tell people afterwards; together with GRACE the exit stays within 30 s.
_FAREWELL = 5.0
#: Seconds that a task has that was told to leave everything as it is.
_LAST = 1.0


class Service:
    """Runs searches as tasks of this process."""

    def __init__(
        self,
        database: Database,
        finder: Finder,
        delivery: Delivery,
        turns: Turns,
        *,
        policy: Policy,
        clock: Clock,
        meter: Meter = UNMETERED,
    ) -> None:
        self._database = database
        self._finder = finder
        self._delivery = delivery
        self._turns = turns
        self._policy = policy
        self._clock = clock
        self._meter = meter
        self._jobs: dict[asyncio.Task[None], Job] = {}
        self._stopping = False

    async def take(self, query: PhotoQuery, *, show_refusal: bool = True) -> Job | None:
        """Journal a query and go on with it in the background; None when its event was journaled before.

        With ``show_refusal=False`` a refusal that is known at once is only returned: the caller tells it.
        Raises DatabaseUnavailable: then nothing was journaled, and the event must not be confirmed.
        """
        job = await self._finder.accept(query)
        if job is None:
            return None
        _name(job.search)
        if job.search.state is State.OFFERED:
            return job
        is_refusal = job.outcome is not None and not isinstance(job.outcome, Found | NothingFound)
        if is_refusal and not show_refusal and job.outcome is not None:
            self._meter.ended(job.search.origin.platform, job.outcome)
            await self._delivery.insist(searches.replied, job.search.id, None)
        else:
            self._start(job)
        return job

    async def take_album(self, album: str, person: Identity, query: Callable[[int, Search], PhotoQuery]) -> list[Job]:
        """Take up an album's other photos, each a search of its own. Raises NotEnough, DatabaseUnavailable."""
        jobs = await self._finder.accept_offered(album, person, query)
        for job in jobs:
            self._start(job)
        return jobs

    async def search(self, search_id: str) -> Search | None:
        """The journal's row, for a button."""
        search = await self._database.read(searches.find, search_id)
        if search is not None:
            _name(search)
        return search

    async def page(self, search: Search, view: View = WHOLE) -> Outcome:
        """The stored outcome of a search, all of it or a part; free."""
        return await self._database.read(recall, search, policy=self._policy, now=self._clock(), view=view)

    async def free_markets(self, search: Search, regions: Iterable[str | None]) -> frozenset[str | None]:
        """Which markets would answer this search's photo for free."""
        return await self._database.read(free_markets, search.id, regions, self._clock())

    async def offered(self, album: str) -> int:
        """How many photos of an album wait for their button."""
        return len(await self._database.read(searches.offered, album))

    async def show_again(self, album: str) -> None:
        """A photo of an album came late: bring the answer that was shown up to date."""
        leader = await self._database.read(searches.album_leader, album)
        if leader and leader.state is State.REPLIED and leader.origin.answer:
            job = self._job(leader)
            job.ticket.give_back()
            await self._delivery.tell(job, await self.page(leader))

    async def resume(self, platforms: Iterable[str]) -> int:
        """Take up what an earlier process left behind; returns how many searches that are.

        To be called before anything is received: what this process journals itself must not be taken up twice.
        """
        left = await self._database.read(searches.unfinished, platforms)
        for search in left:
            job = self._job(search)
            job.resumed = True
            job.balance = await self._database.read(ledger.balance, search.person, self._clock())
            job.outcome = await self._left_behind(job)
            job.committed = job.outcome is not None
            self._start(job)
        return len(left)

    async def _left_behind(self, job: Job) -> Outcome | None:
        """How an unfinished search goes on: told as it was settled, lost if it was asked, else worked as new."""
        search, now = job.search, self._clock()
        nothing = self._policy.receipt(Charge.NOTHING, job.balance, now)
        if search.state is State.SETTLED:
            return await self.page(search)
        if search.state is State.ASKED:
            lost = Lost(search=search.id, receipt=replace(nothing, balance=job.balance + 1))
            await self._database.run(settling.lost, search, lost, now)
            self._meter.lost()
            return lost
        if search.attempts >= MAX_ATTEMPTS:
            broken = Unreadable(search=search.id, problem=Problem.BROKEN)
            await self._delivery.insist(searches.settle, search.id, State.RECEIVED, broken, now)
            return broken
        return None

    def _job(self, search: Search) -> Job:
        return Job(search=search, ticket=self._turns.ticket(search.asker), answer=search.origin.answer)

    def _start(self, job: Job) -> None:
        if self._stopping and job.outcome is None:
            job.ticket.give_back()
            return  # journaled: it is taken up at the next start
        task = asyncio.create_task(self._run(job), name=f"search {job.search.id}")
        self._jobs[task] = job
        task.add_done_callback(lambda done: self._jobs.pop(done, None))

    async def _run(self, job: Job) -> None:
        _name(job.search)
        try:
            await self._finder.find(job)
        except Superseded:
            log.info("a search was ended elsewhere", search=job.search.id)
        except (Closed, asyncio.CancelledError):
            if job.committed or not self._stopping:
                raise
            await self._delivery.tell_working(job, Working(search=job.search.id, pausing=True))
        except DatabaseUnavailable as error:
            log.error("a search could not be journaled", search=job.search.id, error=str(error))
            await self._recover(job, Busy(search=job.search.id, wait=Wait.QUEUE, seconds=30))
        except Exception:
            log.exception("a search failed in an unknown way", search=job.search.id)
            nothing = self._policy.receipt(Charge.NOTHING, job.balance, self._clock())
            await self._recover(job, Unavailable(search=job.search.id, receipt=nothing))

    async def _recover(self, job: Job, outcome: Outcome) -> None:
        """End a search that cannot go on: with its stored outcome if it was asked or settled, else with this one.

        This one is told first, since the journal may be what is missing.
        """
        search, now = job.search, self._clock()
        if job.committed:
            lost = Lost(search=search.id, receipt=self._policy.receipt(Charge.NOTHING, job.balance + 1, now))
            if await self._delivery.insist(settling.lost, search, lost, now):
                self._meter.lost()
            stored = await self._delivery.insist(searches.find, search.id)
            if stored and stored.state is State.SETTLED:
                await self._delivery.show(job, await self.page(stored))
            return
        self._meter.ended(search.origin.platform, outcome)
        await self._delivery.tell(job, outcome)
        await self._delivery.insist(searches.settle, search.id, State.RECEIVED, outcome, now)
        await self._delivery.insist(searches.replied, search.id, job.answer)

    async def drain(self) -> None:
        """Stop: nothing new is asked; what is in flight has GRACE seconds, then it is uncertain and told.

        What waits stays journaled, is told that a pause comes, and is answered after the next start.
        """
        self._stopping = True
        self._turns.close()
        for task, job in self._jobs.items():
            if not job.committed:
                task.cancel()
        await self._ended(GRACE)
        for job in self._jobs.values():
            if job.cut_off:
                job.cut_off()
        await self._ended(_FAREWELL)
        for task in self._jobs:
            task.cancel()
        await self._ended(_LAST)
        try:
            await self._database.run(searches.absolve)
        except DatabaseUnavailable as error:
            log.error("what waits may be blamed for a crash that was none", error=str(error))

    async def _ended(self, seconds: float) -> None:
        """Wait until every search has ended, for so many seconds at most."""
        if self._jobs:
            await asyncio.wait(list(self._jobs), timeout=seconds)


def _name(search: Search) -> None:
    """From here on every line that this task logs names the search, whoever logs it."""
    structlog.contextvars.bind_contextvars(search=search.id)
