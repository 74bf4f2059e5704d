"""What runs by the clock: retention, the proof of the books, the weekly digest."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from core import facts
from core.adapter import Alerts
from core.check import check
from core.clock import Clock
from core.database import Database, DatabaseUnavailable
from core.forgetting import prune
from core.meter import UNMETERED, Meter
from core.policy import Policy
from core.watch import News, claim

log = structlog.get_logger(__name__)

_HOUR = 3600.0
_MINUTE = 60.0
#: When the digest is due, each Monday in the report's time zone.
DIGEST_AT: Final = time(9)
#: The ISO week whose digest was sent last: ``2026-W48``.
_DIGEST = "digest"


async def hourly(database: Database, policy: Policy, *, alerts: Alerts, clock: Clock, meter: Meter = UNMETERED) -> None:
    """At start and every hour, until cancelled: blank what is too old, and prove the books."""
    while True:
        try:
            blanked, dropped = await database.run(prune, policy.retention, clock())
            if blanked or dropped:
                log.info("retention", searches=blanked, answers=dropped)
            problems = await database.read(check)
            meter.checked(len(problems))
            for problem in problems:
                log.error("the books do not add up", problem=problem)
            # Told once; again when it is another problem, or the same one after all was well.
            first = problems[0] if problems else None
            news = News(fact="alert:check", value=first, event="check_failed", facts={"problem": first or ""})
            if await database.run(claim, news) and problems:
                await alerts.tell_admins(news.event, news.facts)
        except DatabaseUnavailable as error:
            log.warning("chores have to wait", error=str(error))
        await asyncio.sleep(_HOUR)


async def weekly(database: Database, digest: Callable[[], Awaitable[None]], *, zone: ZoneInfo, clock: Clock) -> None:
    """Send the digest once a week, from Monday 09:00 in ``zone`` on, until cancelled; late after a stop, not twice."""
    while True:
        try:
            if (week := digest_due(await database.read(facts.get, _DIGEST), clock(), zone)) is not None:
                await _send(database, digest, week)
        except DatabaseUnavailable as error:
            log.warning("the digest has to wait", error=str(error))
        await asyncio.sleep(_MINUTE)


def digest_due(sent: str | None, now: datetime, zone: ZoneInfo) -> str | None:
    """The ISO week whose digest is due and was not ``sent``; None: none is.

    Where none was ever sent, the first one comes on a Monday: who installs the bot on a Thursday gets none at once.
    """
    here = now.astimezone(zone)
    monday = here.date() - timedelta(days=here.weekday())
    year, number, _ = here.isocalendar()
    week = f"{year}-W{number:02}"
    is_late = sent is None and here.date() != monday
    if week == sent or is_late or now < datetime.combine(monday, DIGEST_AT, zone):
        return None
    return week


async def _send(database: Database, digest: Callable[[], Awaitable[None]], week: str) -> None:
    """Written down first: a process that ends while it sends does not send it twice."""
    before = await database.read(facts.get, _DIGEST)
    await database.run(facts.put, _DIGEST, week)
    try:
        await digest()
    except DatabaseUnavailable:
        await database.run(facts.put, _DIGEST, before)  # nothing was sent: its figures could not be read
        raise
    except Exception:
        log.exception("the digest could not be sent")
