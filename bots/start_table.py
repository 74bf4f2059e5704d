"""What is told once at the start: what runs, where people find it, and what it can cost at most."""

from collections.abc import Mapping
from importlib.metadata import version

import structlog
from rich.console import Console

from core import budgets, people
from core.clock import Clock
from core.database import Database
from core.limits import settings_in_force
from core.settings import Settings, worst_case

log = structlog.get_logger(__name__)


async def tell_start(settings: Settings, database: Database, addresses: Mapping[str, str], *, clock: Clock) -> None:
    """A table on stderr for people, one line of the log for machines. Raises DatabaseUnavailable.

    ``addresses`` are where people find the bot on each platform; empty for one that is not reached yet.
    """
    settings = await database.read(settings_in_force, settings)
    known = await database.read(people.count)
    month, today = await database.read(budgets.spent_now, clock())
    if settings.log_format == "json":
        log.info(
            "started",
            version=version("snapshop"),
            platforms=sorted(addresses),
            database=_place(database),
            people=known,
            credits_today=today,
            credits_this_month=month,
            worst_case=worst_case(settings),
        )
        return
    rows = {platform.title(): address or "not reached yet: it is tried on" for platform, address in addresses.items()}
    rows |= {
        "Database": _place(database),
        "People": str(known),
        "Credits": f"{today} used today, {_of(month, settings.monthly_budget)} this month",
        "At most": worst_case(settings),
    }
    console = Console(stderr=True, highlight=False)
    console.print(f"Snapshop {version('snapshop')}", style="bold")
    for name, value in rows.items():
        # Not wrapped, however narrow the window: an address that is cut cannot be opened.
        console.print(f"  {name:<10}{value}", markup=False, soft_wrap=True)


def _of(spent: int, budget: int | None) -> str:
    return f"{spent}" if budget is None else f"{spent} of {budget}"


def _place(database: Database) -> str:
    """Where the database is, without user and password."""
    if database.is_sqlite:
        return f"SQLite, {database.url.database}"
    return f"PostgreSQL, {database.url.host or 'this machine'}/{database.url.database or ''}"
