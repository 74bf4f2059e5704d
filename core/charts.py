"""The report's picture: credits a day, in digits and dates only, so that it needs no translation.

From below: used, possibly used, answered free; a dashed line where a day's budget ends. What the colours mean stands in
the caption. Draws for about a quarter of a second and imports matplotlib: call it in a thread.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from core.figures import Usage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Pixels. Chats show it about 400 px wide: what is written must be legible at a third of its size.
WIDTH, HEIGHT = 1080, 640
_DPI = 100
#: Points: at a third of the size still those of small print.
_TEXT = 25
#: Colours, from below: the brand's for what was used, amber for what possibly was, grey for what was free.
USED, UNCERTAIN, FREE = "#14b8a6", "#f59e0b", "#cbd5e1"
_INK, _FAINT, _LINE, _PAPER = "#334155", "#e2e8f0", "#dc2626", "#ffffff"
#: More days than this are drawn as months.
_MOST_DAYS = 92
#: Fewer columns than this stand in the middle, not stretched.
_FEWEST = 7
#: A budget that is so much higher than every column would flatten them all: it is left out.
_TOO_HIGH = 2.5
#: Matplotlib, "Frequently asked questions": not thread-safe.
_DRAWING = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The picture, and its numbers for a text that stands in for it."""

    #: WIDTH × HEIGHT pixels.
    png: bytes
    #: The days it shows.
    first: date
    last: date
    used: int
    uncertain: int
    free: int
    #: The most credits used (certainly or possibly) in one column, and the day or the month's first day of it; None:
    #: none were.
    most: int
    most_on: date | None
    #: Columns are months, not days.
    monthly: bool
    #: Where the dashed line is drawn, in credits; None: no line.
    line: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """What is drawn: a column each, in the order of time, of used, possibly used and free."""

    dates: list[date]
    used: list[int]
    uncertain: list[int]
    free: list[int]

    def spent(self) -> list[int]:
        return [used + uncertain for used, uncertain in zip(self.used, self.uncertain, strict=True)]

    def tops(self) -> list[int]:
        return [spent + free for spent, free in zip(self.spent(), self.free, strict=True)]


def draw(usage: Usage, zone: ZoneInfo, now: datetime) -> Chart:
    """Draw a period: up to today while it runs."""
    first, last = usage.period.days(zone)
    last = max(first, min(last, now.astimezone(zone).date()))
    monthly = (last - first).days >= _MOST_DAYS
    columns = _columns(usage, first, last, monthly=monthly)
    highest = max(columns.tops(), default=0)
    line = _line(usage, highest, monthly=monthly)
    spent = columns.spent()
    most = max(spent)
    return Chart(
        png=_png(columns, line, highest, monthly=monthly),
        first=first,
        last=last,
        used=sum(columns.used),
        uncertain=sum(columns.uncertain),
        free=sum(columns.free),
        most=most,
        most_on=columns.dates[spent.index(most)] if most else None,
        monthly=monthly,
        line=line,
    )


def _columns(usage: Usage, first: date, last: date, *, monthly: bool) -> _Columns:
    counts: Mapping[str, Counter[date]] = {"used": Counter(), "uncertain": Counter(), "free": Counter()}
    for day in usage.days:
        column = day.day.replace(day=1) if monthly else day.day
        counts["used"][column] += day.captured
        counts["uncertain"][column] += day.uncertain
        counts["free"][column] += day.from_cache
    dates = list(_steps(first, last, monthly=monthly))
    numbers: dict[str, Any] = {name: [counter[column] for column in dates] for name, counter in counts.items()}
    return _Columns(dates=dates, **numbers)


def _steps(first: date, last: date, *, monthly: bool) -> Iterator[date]:
    """The days, or the first days of the months."""
    day = first.replace(day=1) if monthly else first
    while day <= last:
        yield day
        day = (day + timedelta(days=31)).replace(day=1) if monthly else day + timedelta(days=1)


def _line(usage: Usage, highest: int, *, monthly: bool) -> float | None:
    """The budget of a column, unless it is so high that it says no more than "far away"."""
    if usage.budget is None:
        return None
    budget = usage.budget.month_limit if monthly else usage.budget.daily
    return budget if budget is not None and budget <= max(highest, 1) * _TOO_HIGH else None


def _png(columns: _Columns, line: float | None, highest: int, *, monthly: bool) -> bytes:
    # Imported only when drawn: it takes half a second and 30 MB, which a bot that nobody asks for a report saves.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor=_PAPER)
    # A frame by the digits beside it: "tight" boxes would make every picture another width.
    left = 0.035 + 0.02 * len(str(round(max(highest, line or 0))))
    axes = figure.add_axes((left, 0.16, 0.975 - left, 0.81))
    places = range(len(columns.dates))
    below = [0] * len(columns.dates)
    width = 0.82 if len(columns.dates) <= 31 else 1.0
    for numbers, colour in ((columns.used, USED), (columns.uncertain, UNCERTAIN), (columns.free, FREE)):
        axes.bar(places, numbers, width=width, bottom=below, color=colour, linewidth=0)
        below = [low + number for low, number in zip(below, numbers, strict=True)]
    if line is not None:
        axes.axhline(line, color=_LINE, linewidth=3, linestyle=(0, (4, 3)))
    _set_up_heights(axes, max(highest, line or 0))
    _set_up_dates(axes, columns.dates, monthly=monthly)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set(color=_INK, linewidth=2)
    axes.set_axisbelow(True)
    file = BytesIO()
    with _DRAWING:
        figure.savefig(file, format="png", pil_kwargs={"optimize": True}, metadata={"Software": None})
    return file.getvalue()


def _set_up_heights(axes: "Axes", highest: float) -> None:
    """Whole credits only, four or so lines, and room above the highest column."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415  # imported only when drawn

    axes.set_ylim(0, max(highest, 1) * 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.tick_params(axis="y", labelsize=_TEXT, colors=_INK, length=0, pad=8)
    axes.grid(axis="y", color=_FAINT, linewidth=2)


def _set_up_dates(axes: "Axes", dates: list[date], *, monthly: bool) -> None:
    """A few days by their number; the first of them, and each that begins another month, says which month it is."""
    spare = max(0, _FEWEST - len(dates)) / 2
    axes.set_xlim(-0.6 - spare, len(dates) - 0.4 + spare)
    step = max(1, -(-len(dates) // 7))
    places = list(range(0, len(dates), step))
    labels = []
    named = None
    for place in places:
        day = dates[place]
        month, column = (f"{day:%Y}", f"{day:%m}") if monthly else (f"{day:%Y-%m}", f"{day.day}")
        # Always two lines: else the first ones would not stand at the same height.
        labels.append(f"{column}\n{month if month != named else ' '}")
        named = month
    axes.set_xticks(places, labels)
    axes.tick_params(axis="x", labelsize=_TEXT, colors=_INK, length=0, pad=8)
