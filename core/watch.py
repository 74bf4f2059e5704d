"""What is worth an alert to the operator's admins: noticed by looking, told once, also over restarts.

What was told is a fact in the database, written before it is told: nobody is told twice, however the process ends.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, func, select

from core import budgets, facts
from core.adapter import Alerts
from core.budgets import Limits
from core.clock import Clock, day_of, month_of
from core.database import Database, DatabaseUnavailable
from core.periods import Period
from core.policy import Policy
from core.tables import entries, searches
from core.tables import facts as facts_table

log = structlog.get_logger(__name__)

#: Seconds between two looks.
EVERY: Final = 15.0
#: Percent of a budget that are told.
SHARES: Final = (50, 80, 100)
#: Above this share of a day's searches the endpoint leaves too many without an answer …
UNCERTAIN_SHARE: Final = 0.02
#: … where there are so many: one of three says little.
ENOUGH_SEARCHES: Final = 20
#: The disk is nearly full below so many bytes, or below this share of it.
LEAST_FREE: Final = 200_000_000
LEAST_SHARE: Final = 0.05
#: A full disk is told again only after so many times as much was free.
_RECOVERED: Final = 1.5
#: So long a platform may be down before it is told: most outages are shorter, and end by themselves.
PATIENCE: Final = timedelta(minutes=5)

#: Before the name of each fact.
_PREFIX = "alert:"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that has to be told, unless its fact says already that it was."""

    fact: str
    #: What the fact will say: of which period, since when. None: the fact goes, so that it can be told anew.
    value: str | None
    #: The sentence for admins (bots/alerts.py); empty: nothing is told.
    event: str = ""
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A disk, in bytes."""

    free: int
    total: int


class Watch:
    """Looks at budgets, answers that never came, the disk and the platforms."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        alerts: Alerts,
        clock: Clock,
        zone: ZoneInfo,
        health: Callable[[], Mapping[str, bool]],
        space: Callable[[], Space | None] = lambda: None,
    ) -> None:
        """``health`` says of each platform whether events come in; ``zone`` is that of the report's days."""
        self._database = database
        self._policy = policy
        self._alerts = alerts
        self._clock = clock
        self._zone = zone
        self._health = health
        self._space = space
        self._down: dict[str, datetime] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except (DatabaseUnavailable, OSError) as error:
                log.warning("alerts have to wait", error=str(error))
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Look once, and tell what is new. Raises DatabaseUnavailable, OSError."""
        now = self._clock()
        news = await self._database.read(noticed, self._policy.limits, self._zone, now)
        told = await self._database.read(remembered)
        news += _disk(self._space(), told)
        news += self._platforms(told, now)
        for one in news:
            if told.get(one.fact) != one.value and await self._database.run(claim, one) and one.event:
                await self._alerts.tell_admins(one.event, one.facts)

    def _platforms(self, told: Mapping[str, str], now: datetime) -> Iterator[News]:
        for name, up in self._health().items():
            fact = f"{_PREFIX}down:{name}"
            if up:
                self._down.pop(name, None)
                if fact in told:
                    minutes = _minutes(now - datetime.fromisoformat(told[fact]))
                    yield News(fact=fact, value=None, event="platform_back", facts={"platform": name, **minutes})
                continue
            since = self._down.setdefault(name, now)
            if fact not in told and now - since > PATIENCE:
                said = {"platform": name, **_minutes(now - since)}
                yield News(fact=fact, value=since.isoformat(), event="platform_down", facts=said)


def space_of(folder: Path) -> Space:
    """The disk that a folder is on. Raises OSError."""
    usage = shutil.disk_usage(folder)
    return Space(free=usage.free, total=usage.total)


def remembered(connection: Connection) -> dict[str, str]:
    """What was told, by fact. Served by the primary key."""
    table = facts_table.c
    query = select(table.name, table.value).where(table.name.startswith(_PREFIX, autoescape=True))
    return {row.name: row.value for row in connection.execute(query)}


def claim(connection: Connection, news: News) -> bool:
    """Write down that it is told now; False when it was told before."""
    if facts.get(connection, news.fact) == news.value:
        return False
    facts.put(connection, news.fact, news.value)
    return True


def noticed(connection: Connection, limits: Limits, zone: ZoneInfo, now: datetime) -> list[News]:
    """What the journal and the ledger give reason to tell, told before or not."""
    return [*_spent(connection, limits, now), *_uncertain(connection, zone, now)]


def _spent(connection: Connection, limits: Limits, now: datetime) -> Iterator[News]:
    limits = budgets.in_force(connection, limits)
    month, day = budgets.spent_now(connection, now)
    for period, name, spent, limit in (
        ("month", month_of(now), month, limits.month),
        ("day", day_of(now), day, limits.day),
    ):
        for share in SHARES:
            if limit and spent * 100 >= share * limit:
                said = {"period": period, "share": str(share), "spent": str(spent), "limit": str(limit)}
                # A budget that was changed is another one.
                yield News(fact=f"{_PREFIX}{period}:{share}", value=f"{name} {limit}", event="budget", facts=said)


def _uncertain(connection: Connection, zone: ZoneInfo, now: datetime) -> Iterator[News]:
    today = now.astimezone(zone).date()
    since = Period.of_days(today, today, zone).since
    lost = select(func.count()).where(entries.c.kind == "release", entries.c.at >= since, entries.c.uncertain)
    uncertain = connection.scalars(lost).one()
    if not uncertain:
        return
    asked = select(func.count()).where(searches.c.received_at >= since, searches.c.outcome.is_not(None))
    number = connection.scalars(asked).one()
    if number >= ENOUGH_SEARCHES and uncertain > UNCERTAIN_SHARE * number:
        said = {"uncertain": str(uncertain), "searches": str(number)}
        yield News(fact=f"{_PREFIX}uncertain", value=today.isoformat(), event="many_uncertain", facts=said)


def _disk(space: Space | None, told: Mapping[str, str]) -> Iterator[News]:
    if space is None:
        return
    fact, least = f"{_PREFIX}disk", max(LEAST_FREE, LEAST_SHARE * space.total)
    if space.free < least:
        megabytes = str(space.free // 1_000_000)
        yield News(fact=fact, value="low", event="disk_nearly_full", facts={"megabytes": megabytes})
    elif fact in told and space.free >= _RECOVERED * least:
        yield News(fact=fact, value=None, facts={})


def _minutes(duration: timedelta) -> dict[str, str]:
    return {"minutes": str(int(duration.total_seconds()) // 60)}
