"""`snapshop usage`: the report's figures as a table, as JSON, as a file for spreadsheets, as a picture."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from bots.printing import print_json
from bots.usage_file import usage_csv
from bots.usage_table import print_table
from core.budgets import Limits
from core.charts import draw
from core.figures import Scope, Usage
from core.model import Identity
from core.periods import Period
from core.policy import Policy
from core.regions import find_market
from core.settings import Settings
from core.usage import days, usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for."""

    period: Period
    scope: Scope
    limits: Limits
    zone: ZoneInfo
    now: datetime

    @classmethod
    def read(cls, settings: Settings, *, period: str, person: str, chat: str, market: str, now: datetime) -> "Wish":
        """From what the options say; empty ones name nothing. Raises ValueError, with a sentence."""
        zone = settings.report_timezone
        return cls(
            period=Period.parse(period, now.astimezone(zone).date(), zone),
            scope=_scope(person, chat, market),
            limits=Policy.from_settings(settings).limits,
            zone=zone,
            now=now,
        )


#: Runs a domain function on the database.
OnDatabase = Callable[[Callable[..., Any]], Any]


def report(
    wish: Wish, on_database: OnDatabase, *, as_json: bool = False, csv: Path | None = None, png: Path | None = None
) -> None:
    """Write the files that are asked for, and to stdout JSON, or a table where nothing else is asked for.

    Raises NobodyThere for a person who was never here, and OSError.
    """
    if csv is not None:
        rows = on_database(
            lambda connection: days(connection, wish.period, wish.zone, by_person=True, scope=wish.scope)
        )
        csv.write_bytes(usage_csv(rows))
    if csv is not None and png is None and not as_json:
        return
    figures: Usage = on_database(
        lambda connection: usage(connection, wish.period, wish.zone, wish.now, scope=wish.scope, limits=wish.limits)
    )
    if png is not None:
        png.write_bytes(draw(figures, wish.zone, wish.now).png)
    if as_json:
        print_json(_facts(figures))
    elif csv is None and png is None:
        print_table(figures, wish.zone, Console())


def _facts(figures: Usage) -> dict[str, Any]:
    facts = asdict(figures)
    if figures.budget is not None:
        facts["budget"] |= {"month_left": figures.budget.month_left, "day_left": figures.budget.day_left}
    return facts


def _scope(person: str, chat: str, place: str) -> Scope:
    code = find_market(place) if place else None
    if place and code is None:
        raise ValueError(f"{place[:60]!r} is no market: write a code like US or GB, or any")
    return Scope(
        market=code,
        chat=_identity(chat, "a chat: write it as telegram:-100123 or discord:456") if chat else None,
        person=_identity(person, "a person: write it as telegram:123 or discord:456") if person else None,
    )


def _identity(text: str, what: str) -> Identity:
    platform, colon, user = text.strip().partition(":")
    if platform.lower() == "cli" and colon and user:
        return Identity(platform="cli", user=user)  # who searched with `snapshop find`
    try:
        return Identity.parse(text)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not {what}") from None
