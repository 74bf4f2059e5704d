"""The usage report as tables for a terminal."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.figures import Figures, Usage
from core.regions import market
from core.statement import Entry
from core.texts import clean

#: People and markets that the table names; JSON and CSV have them all.
_PEOPLE, _MARKETS = 25, 6
#: Characters of a name or a reason.
_NAME, _REASON = 30, 60
_REFUSED = {
    "no_credits": "no credits left",
    "budget_spent": "budget spent",
    "members_only": "not a member",
    "blocked": "blocked",
    "unreadable": "unusable photo",
    "busy": "too many waiting",
    "paused": "searching paused",
    "unavailable": "endpoint unavailable",
    "stale": "sent too long ago",
    "expired": "expired",
}
_KINDS = {"grant": "given", "adjust": "adjusted", "hold": "asked", "capture": "searched", "release": "given back"}


def print_table(figures: Usage, zone: ZoneInfo, console: Console) -> None:
    """For a reader: the figures beside those of the period before, then who and where."""
    first, last = figures.period.days(zone)
    console.print(_figures(figures, f"{first:%-d %b %Y} to {last:%-d %b %Y}"))
    for table in (_people(figures), _markets(figures), _account(figures, zone)):
        if table.row_count:
            console.print(table)
    console.print("\n".join(_sentences(figures)), markup=False, highlight=False, soft_wrap=True)


def _figures(figures: Usage, title: str) -> Table:
    table = Table(title=title)
    table.add_column("")
    table.add_column("now", justify="right")
    table.add_column("before", justify="right")

    def add(what: str, name: str) -> None:
        table.add_row(what, str(getattr(figures, name)), str(getattr(figures.before, name)))

    add("searches", "searches")
    add("answered", "answered")
    add("  with nothing found", "nothing_found")
    add("  free", "from_cache")
    for kind in sorted(figures.refused.keys() | figures.before.refused.keys()):
        now, before = (these.refused.get(kind, 0) for these in (figures, figures.before))
        table.add_row(_REFUSED.get(kind, kind), str(now), str(before))
    add("no answer from the endpoint", "lost")
    table.add_section()
    add("credits used", "captured")
    add("possibly used", "uncertain")
    add("given back", "released")
    table.add_section()
    add("people", "active")
    add("  new", "new")
    table.add_row("called useful", _votes(figures), _votes(figures.before))
    return table


def _votes(figures: Figures) -> str:
    share = figures.useful_share
    return "–" if share is None else f"{figures.useful} of {figures.useful + figures.not_useful} ({share:.0%})"


def _people(figures: Usage) -> Table:
    more = len(figures.people) - _PEOPLE
    table = Table(caption=f"and {more} more: --json or --csv has everybody" if more > 0 else None)
    for heading in ("person", "name", "searches", "credits used", "balance"):
        table.add_column(heading, justify="left" if heading in ("person", "name") else "right")
    for person in figures.people[:_PEOPLE]:
        counts = (person.searches, person.captured, person.balance)
        table.add_row(person.person, Text(clean(person.name, _NAME)), *map(str, counts))
    return table


def _markets(figures: Usage) -> Table:
    table = Table()
    for heading in ("market", "searches", "called useful"):
        table.add_column(heading, justify="left" if heading == "market" else "right")
    for row in figures.markets[:_MARKETS]:
        known = market(row.market)
        share, of = row.useful_share, row.useful + row.not_useful
        votes = "–" if share is None else f"{row.useful} of {of} ({share:.0%})"
        table.add_row(known.name if known else row.market or "any market", str(row.searches), votes)
    return table


def _account(figures: Usage, zone: ZoneInfo) -> Table:
    """One person's last entries."""
    table = Table()
    for heading in ("when", "credits", "what", "reason"):
        table.add_column(heading, justify="right" if heading == "credits" else "left")
    for entry in figures.account.entries if figures.account else ():
        when = f"{entry.at.astimezone(zone):%-d %b %H:%M}"
        table.add_row(when, f"{entry.amount:+}", _what(entry), Text(clean(entry.reason or "", _REASON)))
    return table


def _what(entry: Entry) -> str:
    return "given back, possibly used" if entry.uncertain else _KINDS.get(entry.kind, entry.kind)


def _sentences(figures: Usage) -> Iterator[str]:
    yield (
        f"{figures.searches} searches, {figures.answered} answered, {figures.from_cache} of them free. "
        f"Credits: {figures.captured} used, {figures.uncertain} possibly used, {figures.released} given back."
    )
    if (account := figures.account) is not None:
        free = "" if account.allowance is None else f" (this month's free credits: {account.allowance})"
        yield f"{account.person} has {account.balance} credits{free}."
    if (budget := figures.budget) is None:
        return
    if budget.month_limit is not None:
        yield f"This month's budget: {budget.month_used} of {budget.month_limit} used, {budget.month_left} left."
    if budget.day_limit is not None:
        yield f"Today's budget: {budget.day_used} of {budget.day_limit} used, {budget.day_left} left."
    if budget.ends_on is not None and budget.month_left:
        yield f"At this pace the month's budget ends on {budget.ends_on:%-d %B}."
