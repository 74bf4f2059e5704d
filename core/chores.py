"""What runs by the clock: retention, and the proof of the books."""

import asyncio

import structlog

from core.adapter import Alerts
from core.check import check
from core.clock import Clock
from core.database import Database, DatabaseUnavailable
from core.forgetting import prune
from core.policy import Policy

log = structlog.get_logger(__name__)

_HOUR = 3600.0


async def hourly(database: Database, policy: Policy, *, alerts: Alerts, clock: Clock) -> None:
    """At start and every hour, until cancelled: blank what is too old, and prove the books."""
    while True:
        try:
            blanked, dropped = await database.run(prune, policy.retention, clock())
            if blanked or dropped:
                log.info("retention", searches=blanked, answers=dropped)
            problems = await database.read(check)
            for problem in problems:
                log.error("the books do not add up", problem=problem)
            if problems:
                await alerts.tell_admins("check_failed", {"problem": problems[0]})
        except DatabaseUnavailable as error:
            log.warning("chores have to wait", error=str(error))
        await asyncio.sleep(_HOUR)
