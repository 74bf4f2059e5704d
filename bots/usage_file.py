"""The usage report as a file for spreadsheets: one row a person and day."""

from collections.abc import Iterable

from bots.csv_files import csv_bytes
from core.figures import DayUsage
from core.texts import clean

#: The first four are what programs count on; new columns come at the end.
COLUMNS = ("day", "person", "searches", "captured", "uncertain", "from_cache", "name")
#: Characters of a name.
_NAME = 60


def usage_csv(days: Iterable[DayUsage]) -> bytes:
    """The file of what `core.usage.days` counted by person; ids are text, and no cell is run as a formula."""
    return csv_bytes(
        COLUMNS,
        (
            (
                day.day.isoformat(),
                day.person,
                day.searches,
                day.captured,
                day.uncertain,
                day.from_cache,
                clean(day.name, _NAME),
            )
            for day in days
        ),
    )
