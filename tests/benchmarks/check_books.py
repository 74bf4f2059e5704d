"""How long `snapshop check` takes over a million entries: `python -m tests.benchmarks.check_books [ENTRIES]`.

Fills a SQLite file of its own in bulk, with a history in which everything occurs, and proves its books.
"""

import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import migrations
from core.check import check
from core.clock import day_of, month_of, next_month
from core.database import Database, transact

PEOPLE = 2_000
DAYS = 90
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START = datetime(2026, 9, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def fill(file: Path, entries: int, *, seed: int = 1) -> None:
    """Write so many entries, and the searches that they belong to, into a migrated file."""
    chance = random.Random(seed)
    connection = sqlite3.connect(file)
    connection.executescript("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF;")
    created = milliseconds(_START)
    connection.executemany(
        "insert into people (id, name, created_at) values (?, ?, ?)",
        ((number, f"Person {number}", created) for number in range(1, PEOPLE + 1)),
    )
    spent: Counter[str] = Counter()
    rows: list[tuple[Any, ...]] = []
    searches: list[tuple[Any, ...]] = []
    columns = "id, person_id, kind, amount, ends_on, event, hold_id, search, uncertain, at"
    insert_entries = f"insert into entries ({columns}) values ({', '.join('?' * 10)})"
    insert_searches = (
        "insert into searches (id, event, person_id, platform, chat, private, photo, language, state, outcome, charge,"
        " sent_at, received_at, settled_at) values (?, ?, ?, 'telegram', ?, 1, ?, 'en', 'replied', ?, ?, ?, ?, ?)"
    )
    for number, row in enumerate(history(chance, entries, spent, searches), start=1):
        rows.append(row)
        if number % 50_000 == 0:
            connection.executemany(insert_entries, rows)
            connection.executemany(insert_searches, searches)
            rows.clear()
            searches.clear()
    connection.executemany(insert_entries, rows)
    connection.executemany(insert_searches, searches)
    connection.executemany("insert into spending (period, scope, spent) values (?, 'all', ?)", spent.items())
    connection.commit()
    connection.close()


def history(
    chance: random.Random, entries: int, spent: Counter[str], searches: list[tuple[Any, ...]]
) -> Iterator[tuple[Any, ...]]:
    """Entries in the order of their ids; counts what was spent, and writes down the searches."""
    identifier = 0
    known: set[tuple[int, str]] = set()
    step = timedelta(days=DAYS) / (entries / 2)
    moment = _START
    while identifier < entries - 3:
        moment += step
        person = chance.randint(1, PEOPLE)
        ends, at = milliseconds(next_month(moment)), milliseconds(moment)
        if (person, month_of(moment)) not in known:
            known.add((person, month_of(moment)))
            identifier += 1
            event = f"allowance:{person}:{month_of(moment)}"
            yield identifier, person, "grant", entries, ends, event, None, None, False, at
        fate = chance.choices(("answered", "free", "refused", "lost"), (70, 20, 7, 3))[0]
        search = f"{len(known):04x}{at:012x}"
        outcome, charge = {
            "answered": ("found", "paid"),
            "free": ("found", "stored"),
            "refused": ("unavailable", "nothing"),
            "lost": ("lost", "nothing"),
        }[fate]
        searches.append((search, f"e{search}", person, str(person), "photo", outcome, charge, at, at, at))
        if fate == "free":
            continue
        held = identifier = identifier + 1
        yield held, person, "hold", -1, ends, None, None, search, False, at
        identifier += 1
        if fate == "answered":
            yield identifier, person, "capture", 0, ends, None, held, search, False, at
        else:
            yield identifier, person, "release", 1, ends, None, held, search, fate == "lost", at
        if fate != "refused":
            spent[month_of(moment)] += 1
            spent[day_of(moment)] += 1


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="snapshop-books-") as folder:
        file = Path(folder) / "snapshop.db"
        database = Database(f"sqlite:///{file}")
        migrations.upgrade(database.writing)
        began = time.perf_counter()
        fill(file, entries)
        took, size = time.perf_counter() - began, file.stat().st_size >> 20
        sys.stdout.write(f"{entries} entries, {size} MiB, written in {took:.1f} s\n")
        began = time.perf_counter()
        problems = transact(database.reading, check)
        sys.stdout.write(f"{time.perf_counter() - began:.1f} s to check: {problems or 'the books are right'}\n")
        database.close()


if __name__ == "__main__":
    main()
