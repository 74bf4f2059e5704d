"""THE use case: a photo comes in, the closest products go out, every credit accounted for. Read this file first."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import nullcontext

import structlog

from core import admission, answers, searches
from core.adapter import PhotoGone, Platform
from core.asking import Asking
from core.clock import Clock
from core.database import Database
from core.delivery import Delivery
from core.inflight import Ending, InFlight
from core.jobs import Job
from core.model import Charge, Identity, Lost, Outcome, PhotoQuery, Receipt, Unreadable
from core.outcomes import answer_of
from core.photos import Decoders, Photo, UnreadablePhoto
from core.policy import Policy
from core.searches import Search, State
from core.settling import Superseded
from core.turns import Turns

log = structlog.get_logger(__name__)

#: Photos that are fetched or prepared at the same time; what waits is a small JPEG, or not yet loaded.
_PREPARING = 8


class Finder:
    """Takes a query on, and brings it to its end."""

    def __init__(
        self,
        database: Database,
        asking: Asking,
        delivery: Delivery,
        turns: Turns,
        *,
        decoders: Decoders,
        platforms: Mapping[str, Platform],
        policy: Policy,
        pepper: bytes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._asking = asking
        self._delivery = delivery
        self._turns = turns
        self._decoders = decoders
        self._platforms = platforms
        self._policy = policy
        self._pepper = pepper
        self._clock = clock
        self._in_flight = InFlight()
        self._preparing = asyncio.Semaphore(_PREPARING)
        self._suspects = asyncio.Lock()

    async def accept(self, query: PhotoQuery) -> Job | None:
        """Journal the query in one transaction; None when this event was journaled before.

        When this returns, the platform may be told that the event arrived: nothing of it is lost any more.
        Raises DatabaseUnavailable: then nothing was journaled.
        """
        ticket = self._turns.ticket(str(query.person))
        try:
            accepted = await self._database.run(
                admission.accept,
                query,
                ticket.place,
                policy=self._policy,
                pepper=self._pepper,
                now=self._clock(),
            )
        except BaseException:
            ticket.give_back()
            raise
        if accepted.duplicate or accepted.outcome or accepted.search.state is State.OFFERED:
            ticket.give_back()
        return None if accepted.duplicate else Job.of(accepted, ticket)

    async def accept_offered(
        self, album: str, person: Identity, query: Callable[[int, Search], PhotoQuery]
    ) -> list[Job]:
        """Journal an album's other photos, paid by ``person``, in one transaction; ``query`` makes the n-th one's.

        Raises NotEnough (none is taken then), DatabaseUnavailable.
        """
        asker = str(person)
        accepted = await self._database.run(
            admission.accept_offered,
            album,
            query,
            self._turns.place(asker),
            policy=self._policy,
            pepper=self._pepper,
            now=self._clock(),
        )
        return [Job.of(one, self._turns.ticket(asker)) for one in accepted]

    async def find(self, job: Job) -> None:
        """Answer one photo: prepare, look it up, ask, settle, show. Each step is in the journal before the next."""
        try:
            outcome = job.outcome
            if outcome is None:
                async with self._delivery.working(job):
                    outcome = await self._answer(job)
                    job.committed = True  # settled: what is left is to tell it
            await self._delivery.show(job, outcome)
        finally:
            job.ticket.give_back()

    async def _answer(self, job: Job) -> Outcome:
        search = job.search
        try:
            photo = await self._prepare(job)
        except (PhotoGone, UnreadablePhoto) as unreadable:
            return await self._settle(job, Unreadable(search=search.id, problem=unreadable.problem))
        key = answers.question_key(photo.digest, search.region, search.hint)
        async with self._in_flight.at(key) as place:
            if place.ending is Ending.UNCERTAIN:
                return await self._settle(job, Lost(search=search.id, receipt=self._receipt(job, Charge.NOTHING)))
            if place.ending is Ending.ANSWERED:
                outcome = await self._known(job, photo, key, Charge.SHARED)
            else:
                outcome = None if search.fresh else await self._known(job, photo, key, Charge.STORED)
            if outcome is None:
                return await self._asking.ask(job, photo, place)
            place.end(Ending.ANSWERED)
            return outcome

    async def _prepare(self, job: Job) -> Photo:
        """Fetch the photo and make a small clean JPEG of it. Raises PhotoGone, UnreadablePhoto."""
        async with self._preparing:
            source = self._platforms[job.search.origin.platform].photos
            try:
                data = await source.load(job.origin)
            except PhotoGone:
                raise
            except Exception as error:
                log.warning("a photo did not arrive", search=job.search.id, error=repr(error))
                raise PhotoGone from error
            return await (self._decode_again(job, data) if job.resumed else self._decoders.prepare(data))

    async def _decode_again(self, job: Job, data: bytes) -> Photo:
        """Decode what may have ended an earlier process: a suspect alone, so that no other photo is blamed for it."""
        async with self._suspects if job.search.attempts else nullcontext():
            await self._database.run(searches.attempt, job.search.id)
            photo = await self._decoders.prepare(data)
            await self._database.run(searches.absolve, job.search.id)
            return photo

    async def _known(self, job: Job, photo: Photo, key: str, charge: Charge) -> Outcome | None:
        """Settle with the stored answer, for free; None where there is none."""
        search = job.search
        if charge is Charge.SHARED:  # given a moment ago, however short answers are kept
            matches = await self._database.read(answers.read, key)
        else:
            matches = await self._database.read(answers.read_fresh, key, self._clock())
        if matches is None:
            return None
        outcome = answer_of(search.id, matches, search.region, search.hint, self._receipt(job, charge))
        return await self._settle(job, outcome, answer_key=key, digest=photo.digest)

    async def _settle(self, job: Job, outcome: Outcome, **values: str) -> Outcome:
        settle = searches.settle
        if not await self._delivery.insist(settle, job.search.id, State.RECEIVED, outcome, self._clock(), **values):
            raise Superseded
        return outcome

    def _receipt(self, job: Job, charge: Charge) -> Receipt:
        return self._policy.receipt(charge, job.balance, self._clock())
