"""How long the usage report takes over many searches: ``python -m tests.benchmarks.report [SEARCHES]``.

Fills a SQLite file with a made-up past of three months (a million searches if not said), as the core would have written
it, and times the report of the last month, of everything and of its parts, the CSV's rows, and the picture.
"""

import argparse
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.charts import draw
from core.check import check
from core.clock import next_month
from core.database import Database, transact
from core.figures import EVERYTHING, Scope
from core.model import Identity
from core.periods import Period
from core.usage import days, usage
from tests.builders import limits, migrated

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAYS = 90
MARKETS = ("US", "GB", "ID", "TH", "VN", "MY", "PH", None)
#: How searches end, what that charges, and how often of a hundred.
ENDS = (("found", "paid"), ("found", "stored"), ("nothing", "paid"), ("unreadable", "nothing"), ("lost", "nothing"))
WEIGHTS = (70, 20, 5, 4, 1)
UTC_ZONE = ZoneInfo("UTC")


def fill(file: Path, number: int, people: int) -> None:
    """Write the past in three passes: people, searches with their credits, what counts against the budget."""
    chance = random.Random(1)
    begin = int((NOW - timedelta(days=DAYS)).timestamp() * 1000)
    step = DAYS * 86_400_000 / number
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript("pragma synchronous=off; pragma foreign_keys=off; begin")
    for who in range(1, people + 1):
        connection.execute("insert into people (id, name, created_at) values (?, ?, ?)", (who, f"Person {who}", begin))
        connection.execute("insert into identities values ('telegram', ?, ?)", (str(who), who))
    entries, rows, ballots = [], [], []
    spent: Counter[str] = Counter()
    entry = 0
    # Everybody gets an allowance each month, which ends with it.
    ends = {month: next_month(datetime(2026, month, 1, tzinfo=UTC)) for month in range(9, 12)}
    ends_on = {month: int(moment.timestamp() * 1000) for month, moment in ends.items()}
    for who in range(1, people + 1):
        for month in ends:
            entry += 1
            event = f"allowance:{who}:2026-{month:02}"
            entries.append((entry, who, "grant", number, ends_on[month], event, None, None, 0, begin))
    for n in range(number):
        at = begin + int(n * step)
        who, market, search = int(people * chance.random() ** 2) + 1, chance.choice(MARKETS), f"{n:016d}"
        outcome, charge = chance.choices(ENDS, WEIGHTS)[0]
        place, private = (str(who), True) if chance.random() < 0.75 else (f"-{who % 9 + 1}", False)
        row = (search, f"e{n}", who, "telegram", place, private, f"p{n}", f"f{n}", market, outcome, charge)
        rows.append((*row, f"{n:064d}", f"{n:064d}", at, at, at + 2000))
        if charge == "paid" or outcome == "lost":
            entry += 2
            moment = datetime.fromtimestamp(at / 1000, UTC)
            pot = ends_on[moment.month]
            kind, amount, maybe = ("capture", 0, 0) if charge == "paid" else ("release", 1, 1)
            entries.append((entry - 1, who, "hold", -1, pot, None, None, search, 0, at))
            entries.append((entry, who, kind, amount, pot, None, entry - 1, search, maybe, at + 2000))
            day = moment.date().isoformat()
            spent.update((day, day[:7]))
        if outcome == "found" and chance.random() < 0.1:
            ballots.append((search, who, chance.random() < 0.7))
    connection.executemany(
        "insert into searches (id, event, person_id, platform, chat, private, photo, file, region, outcome, charge, "
        "digest, answer_key, sent_at, received_at, settled_at, language, fresh, state, attempts) "
        f"values ({','.join('?' * 16)}, 'en', 0, 'replied', 0)",
        rows,
    )
    connection.executemany(
        "insert into entries (id, person_id, kind, amount, ends_on, event, hold_id, search, uncertain, at) "
        f"values ({','.join('?' * 10)})",
        entries,
    )
    connection.executemany("insert into votes values (?, ?, ?)", ballots)
    connection.executemany("insert into spending values (?, 'all', ?)", spent.items())
    connection.execute("commit")
    connection.close()


def timed(what: str, work: Callable[[], object]) -> None:
    """Print the shorter of two runs: the first may read from the disk what the second finds in memory."""
    runs = []
    for _ in range(2):
        begin, cpu = time.perf_counter(), time.process_time()
        work()
        runs.append((time.perf_counter() - begin, time.process_time() - cpu))
    seconds, cpu = min(runs)
    print(f"{what:<40} {seconds:6.2f} s, of the CPU {cpu:5.2f} s", flush=True)  # noqa: T201  # what it is for


def measure(database: Database) -> None:
    """All reports that people ask for."""
    budgets = limits(month=1_000_000)

    def report(period: Period, scope: Scope = EVERYTHING) -> Callable[[], object]:
        return lambda: transact(database.reading, usage, period, UTC_ZONE, NOW, scope=scope, limits=budgets)

    today, month = (Period.parse(said, NOW.date(), UTC_ZONE) for said in ("today", "month"))
    everything = Period.of_days(date(2026, 9, 1), NOW.date(), UTC_ZONE)
    timed("usage today", report(today))
    timed("usage of the month (a third of them)", report(month))
    timed("usage of everything", report(everything))
    timed("usage of the month in one market", report(month, Scope(market="US")))
    timed("usage of the month in one chat", report(month, Scope(chat=Identity(platform="telegram", user="-3"))))
    timed("usage of the month of one person", report(month, Scope(person=Identity(platform="telegram", user="3"))))
    timed("rows of the month's CSV", lambda: transact(database.reading, days, month, UTC_ZONE, by_person=True))
    drawn = transact(database.reading, usage, month, UTC_ZONE, NOW, limits=budgets)
    timed("picture", lambda: draw(drawn, UTC_ZONE, NOW))


def main() -> None:
    """Fill, measure, and throw away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("searches", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--check", action="store_true", help="prove the books of it as well")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="snapshop-report-") as folder:
        file = Path(folder) / "snapshop.db"
        database = migrated(f"sqlite:///{file}")
        begin = time.perf_counter()
        fill(file, wish.searches, wish.people)
        size = file.stat().st_size / 1e6
        print(f"{wish.searches} searches, {size:.0f} MB, filled in {time.perf_counter() - begin:.0f} s")  # noqa: T201
        measure(database)
        if wish.check:
            print(transact(database.reading, check) or "The books are right.")  # noqa: T201
        database.close()


if __name__ == "__main__":
    main()
