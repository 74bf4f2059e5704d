"""The report's picture: the size that was promised, the colours of what happened, and the numbers that it shows."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageColor

from core import charts
from core.charts import Chart, draw
from core.figures import DayUsage, Figures, Usage
from core.forecast import Budget
from core.periods import Period
from tests.builders import ROOT

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOTHING = dict.fromkeys(Figures.__dataclass_fields__, 0) | {"refused": {}}


def day(number: int, used: int, uncertain: int = 0, free: int = 0, month: int = 11) -> DayUsage:
    counts = {"searches": used + uncertain + free, "captured": used, "uncertain": uncertain, "from_cache": free}
    return DayUsage(day=date(2026, month, number), person="", **counts)


def drawn(said: str, *days: DayUsage, daily: float | None = None, month: int | None = None) -> Chart:
    budget = Budget(month_limit=month, month_used=0, day_limit=None, day_used=0, ends_on=None, daily=daily)
    usage = Usage(
        **NOTHING,
        period=Period.parse(said, NOW.date(), UTC_ZONE),
        before=Figures(**NOTHING),
        people=(),
        markets=(),
        days=days,
        budget=budget,
        account=None,
    )
    return draw(usage, UTC_ZONE, NOW)


def pixels(chart: Chart) -> Counter[tuple[int, ...]]:
    with Image.open(BytesIO(chart.png)) as picture:
        assert (picture.format, picture.size) == ("PNG", (1080, 640))
        colours = picture.convert("RGB").getcolors(charts.WIDTH * charts.HEIGHT)
    assert colours is not None
    return Counter({colour: number for number, colour in colours})


def share(chart: Chart, colour: str) -> int:
    return pixels(chart)[ImageColor.getrgb(colour)]


def test_used_possibly_used_and_free_credits_are_drawn_in_their_proportion():
    chart = drawn("7d", day(20, 30, 10, 20), day(22, 30, 10, 20))
    used, uncertain, free = (share(chart, colour) for colour in (charts.USED, charts.UNCERTAIN, charts.FREE))
    assert used > uncertain > 0
    assert used / uncertain == pytest.approx(3, rel=0.05)
    assert free / uncertain == pytest.approx(2, rel=0.05)


def test_the_numbers_that_stand_in_for_the_picture_are_those_of_the_days():
    chart = drawn("month", day(2, 5, 1, 3), day(9, 7, 2, 1), day(20, 8), daily=9)
    assert (chart.first, chart.last, chart.monthly) == (date(2026, 11, 1), date(2026, 11, 24), False)
    assert (chart.used, chart.uncertain, chart.free) == (20, 3, 4)
    assert (chart.most, chart.most_on, chart.line) == (9, date(2026, 11, 9), 9)


def test_the_budgets_line_is_left_out_where_it_would_flatten_everything():
    near, far = (drawn("7d", day(20, 30), daily=daily) for daily in (33.3, 1000))
    assert (near.line, far.line) == (33.3, None)
    assert share(near, "#dc2626") > 0
    assert share(far, "#dc2626") == 0


def test_a_long_period_is_drawn_by_months():
    chart = drawn("2026-05-10..2026-11-20", day(3, 4, month=10), day(9, 5, month=10), day(1, 7), month=10)
    assert (chart.monthly, chart.used, chart.most, chart.most_on) == (True, 16, 9, date(2026, 10, 1))
    assert chart.line == 10


@pytest.mark.parametrize("said", ["today", "month", "2027-01", "3660d"])
def test_a_period_in_which_nothing_happened_is_drawn_as_well(said):
    chart = drawn(said)
    assert (chart.used, chart.most, chart.most_on, chart.line) == (0, 0, None, None)
    assert share(chart, charts.USED) == 0


def test_every_column_has_its_colour_at_any_length():
    days = [
        DayUsage(day=date(2026, 9, 1) + timedelta(n), person="", searches=1, captured=1, uncertain=0, from_cache=0)
        for n in range(85)
    ]
    assert share(drawn("2026-09-01..2026-11-24", *days), charts.USED) > 100_000


def test_matplotlib_is_imported_only_when_something_is_drawn():
    code = "import sys, core.charts, bots.usage_cli; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
