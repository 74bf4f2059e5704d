"""The paid step: a turn, a hold, one request to the endpoint, and the settlement. Every credit passes through here."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from core import searches, settling
from core.adapter import Alerts
from core.answers import question_key
from core.budgets import BudgetExceeded
from core.clock import Clock
from core.database import Database
from core.inflight import Ending, Place
from core.jobs import Job
from core.keyapi.client import KeyApi
from core.keyapi.errors import AccessDenied, NoAnswer, RateLimited, SearchFailed, TooLarge
from core.keyapi.pacing import Breaker, BreakerState, Pace
from core.ledger import Hold, NoCredit
from core.meter import UNMETERED, Meter
from core.model import (
    BudgetSpent,
    Busy,
    Charge,
    Lost,
    Match,
    NoCredits,
    Outcome,
    Problem,
    Unavailable,
    Unreadable,
    Wait,
)
from core.outcomes import answer_of
from core.photos import Photo, smaller
from core.policy import Policy
from core.searches import State
from core.settling import Halted, Superseded
from core.turns import Overdue, Turns

log = structlog.get_logger(__name__)

#: Seconds before the one new attempt that follows the first 429, where there is no Retry-After.
_FIRST_RETRY = 2.0
#: A transaction that must happen, tried until the database can be written.
Insist = Callable[..., Any]


class Asking:
    """Asks the endpoint for one search at a time of each caller, as turns, breaker and credits allow."""

    def __init__(
        self,
        database: Database,
        endpoint: KeyApi,
        turns: Turns,
        *,
        pace: Pace,
        breaker: Breaker,
        policy: Policy,
        alerts: Alerts,
        insist: Insist,
        clock: Clock,
        timeout: float,
        meter: Meter = UNMETERED,
    ) -> None:
        self._database = database
        self._endpoint = endpoint
        self._turns = turns
        self._pace = pace
        self._breaker = breaker
        self._policy = policy
        self._alerts = alerts
        self._insist = insist
        self._clock = clock
        self._timeout = timeout
        self._meter = meter

    async def ask(self, job: Job, photo: Photo, place: Place) -> Outcome:
        """Ask until there is an outcome; each request is an attempt with its own turn and its own hold.

        A new attempt follows only where the last one was certainly not charged: after a 429, and once after a 413.
        """
        too_fast, too_large = 0, False
        while True:
            if (refusal := self._not_now(job)) is not None:
                return await self._settle(job, refusal)
            began = _loop_time()
            try:
                async with job.ticket.turn(until=self._give_up(job)):
                    self._meter.waited(_loop_time() - began)
                    reply = await self._attempt(job, photo, place)
            except Overdue:
                return await self._settle(job, self._busy(job))
            if isinstance(reply, RateLimited | TooLarge):
                job.committed = False
            match reply:
                case RateLimited():
                    too_fast += 1
                    self._slow_down(reply, first=too_fast == 1)
                case TooLarge():
                    reduced = None if too_large else smaller(photo)
                    if reduced is None:
                        outcome = Unreadable(search=job.search.id, problem=Problem.TOO_LARGE)
                        return await self._settle(job, outcome)
                    too_large = True
                    # Its digest stays that of the photo that was sent to us: the question is the same one.
                    photo = replace(reduced, digest=photo.digest)
                case _:
                    return reply

    def _not_now(self, job: Job) -> Unavailable | Busy | None:
        """Why a turn is not even waited for: nobody may ask, or not before this search has waited too long."""
        if self._breaker.state is BreakerState.PROBING or self._breaker.retry_in() > 0:
            return self._unavailable(job)
        give_up = self._give_up(job)
        if give_up is not None and _loop_time() + self._pace.wait() > give_up:
            return self._busy(job)
        return None

    def _give_up(self, job: Job) -> float | None:
        """When a search has waited long enough for a turn; None for what an earlier process accepted: never."""
        return None if job.resumed else job.since + self._policy.queue_wait.total_seconds() + self._timeout

    def _busy(self, job: Job) -> Busy:
        return Busy(search=job.search.id, wait=Wait.QUEUE, seconds=self._pace.wait())

    async def _attempt(self, job: Job, photo: Photo, place: Place) -> Outcome | RateLimited | TooLarge:
        """Hold, request, settle. RateLimited or TooLarge: the hold is back and the search as before."""
        if not self._breaker.permit():
            return await self._settle(job, self._unavailable(job))
        access = _Access(self._breaker)
        if access.is_probe:
            self._turns.let_all_go()  # one asks, and nobody waits for what comes of it
        try:
            return await self._asked(job, photo, place, access)
        finally:
            access.undecided()

    async def _asked(self, job: Job, photo: Photo, place: Place, access: "_Access") -> Outcome | RateLimited | TooLarge:
        search = job.search
        job.committed = True
        try:
            hold = await self._database.run(settling.ask, search, policy=self._policy, now=self._clock())
        except NoCredit:
            nothing = self._policy.receipt(Charge.NOTHING, 0, self._clock())
            return await self._settle(job, NoCredits(search=search.id, receipt=nothing))
        except BudgetExceeded as error:
            nothing = self._policy.receipt(Charge.NOTHING, job.balance, self._clock())
            spent = BudgetSpent(search=search.id, limit=error.limit, until=error.until, receipt=nothing)
            return await self._settle(job, spent)
        except Halted as halted:
            return await self._settle(job, halted.outcome)
        except Exception:
            job.committed = False  # nothing was held
            raise
        job.balance = hold.balance
        place.end(Ending.UNCERTAIN)  # until it is known better, however this ends
        began = _loop_time()
        try:
            matches = await self._request(job, photo)
        except SearchFailed as error:
            self._meter.asked(_loop_time() - began, error)
            return await self._failed(job, hold, error, place, access)
        self._meter.asked(_loop_time() - began, None)
        return await self._answered(job, hold, photo, matches, place, access)

    async def _request(self, job: Job, photo: Photo) -> tuple[Match, ...]:
        """One request, in a task of its own: a stopping process cuts it off and still settles. Raises SearchFailed."""
        search = job.search
        request = asyncio.create_task(self._endpoint.search(photo.jpeg, hint=search.hint, region=search.region))
        job.cut_off = request.cancel
        try:
            return await asyncio.shield(request)
        except SearchFailed:
            raise
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if request.cancelled() and this and not this.cancelling():
                raise NoAnswer("the bot stopped before an answer came") from None
            request.cancel()
            raise
        except Exception as error:
            log.exception("asking the endpoint failed in an unknown way", search=search.id)
            raise NoAnswer(type(error).__name__) from error

    async def _answered(
        self, job: Job, hold: Hold, photo: Photo, matches: tuple[Match, ...], place: Place, access: "_Access"
    ) -> Outcome:
        search, now = job.search, self._clock()
        is_back = access.passed()
        self._pace.succeeded()
        paid = self._policy.receipt(Charge.PAID, hold.balance, now)
        outcome = answer_of(search.id, matches, search.region, search.hint, paid)
        key = question_key(photo.digest, search.region, search.hint)
        await self._insist(
            settling.answered,
            search,
            hold,
            outcome,
            matches,
            digest=photo.digest,
            key=key,
            policy=self._policy,
            now=now,
        )
        place.end(Ending.ANSWERED)
        log.info("answered", search=search.id, matches=len(matches), region=search.region)
        if is_back:
            await self._alerts.tell_admins("search_is_back", {})
        return outcome

    async def _failed(
        self, job: Job, hold: Hold, error: SearchFailed, place: Place, access: "_Access"
    ) -> Outcome | RateLimited | TooLarge:
        search, now = job.search, self._clock()
        log.warning("not answered", search=search.id, error=str(error), perhaps_charged=error.perhaps_charged)
        returned = self._policy.receipt(Charge.NOTHING, hold.balance + 1, now)
        if error.perhaps_charged:
            lost = Lost(search=search.id, receipt=returned)
            await self._insist(settling.lost, search, lost, now)
            return lost
        is_news = False
        if isinstance(error, AccessDenied):
            is_news = access.denied()
            self._turns.let_all_go()
        if isinstance(error, RateLimited | TooLarge):
            await self._insist(settling.back, search, hold, now)
            place.reopen()
            return error
        outcome = Unavailable(search=search.id, receipt=returned)
        await self._insist(settling.refused, search, hold, outcome, now)
        place.reopen()
        if isinstance(error, AccessDenied) and is_news:
            await self._alerts.tell_admins("search_denied", {"kind": error.kind, "detail": error.detail})
        return outcome

    def _slow_down(self, error: RateLimited, *, first: bool) -> None:
        """After a 429 nobody asks for a while: shortly for the first new attempt, longer when that is refused too."""
        wait = error.retry_after
        if wait is None and first:
            wait = _FIRST_RETRY + random.random()  # noqa: S311  # jitter, not a secret
        if first and wait is not None and wait <= self._timeout:
            self._pace.pause(wait)
        else:
            self._pace.cool_down(error.retry_after or None)  # "after 0 s" was just tried

    async def _settle(self, job: Job, outcome: Outcome) -> Outcome:
        if not await self._insist(searches.settle, job.search.id, State.RECEIVED, outcome, self._clock()):
            raise Superseded
        return outcome

    def _unavailable(self, job: Job) -> Unavailable:
        nothing = self._policy.receipt(Charge.NOTHING, job.balance, self._clock())
        return Unavailable(search=job.search.id, receipt=nothing)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class _Access:
    """The breaker as one request may move it. While searching is stopped only the probe's word counts.

    An answer to a request that left before the stop says nothing about access now: the last credit's answer often
    comes after the next request's denial.
    """

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self.is_probe = breaker.state is BreakerState.PROBING

    def passed(self) -> bool:
        """A real answer came; True when searching goes on because of it."""
        return self.is_probe and self._breaker.passed()

    def denied(self) -> bool:
        """The endpoint said 401, 402 or 403; True when searching stops because of it."""
        is_straggler = self._breaker.state is BreakerState.PROBING and not self.is_probe
        return not is_straggler and self._breaker.denied()

    def undecided(self) -> None:
        """The request is over: a probe that said nothing about access leaves room for the next one."""
        if self.is_probe:
            self._breaker.undecided()
