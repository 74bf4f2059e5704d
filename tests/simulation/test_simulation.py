"""200 random stories with an auditor beside them: every credit is accounted for, and everybody is told once."""

import random
from pathlib import Path

import pytest

from tests.simulation.checker import Books
from tests.simulation.scenario import Story
from tests.simulation.virtual_time import SlowExecutor, run
from tests.simulation.world import open_file

SEEDS = 200
#: Stories on one database file, emptied in between.
CHUNK = 20


@pytest.mark.fault(42)
@pytest.mark.fault(25)
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_whatever_happens_every_credit_is_accounted_for_and_everybody_is_told_once(first: int, tmp_path: Path) -> None:
    executor = SlowExecutor()
    path = tmp_path / "snapshop.db"
    database = open_file(path, executor)
    books = Books(path)
    try:
        for seed in range(first, first + CHUNK):
            executor.reset()
            books.empty()
            random.seed(seed)  # the core's jitter
            story = Story(seed, database, executor, books)
            problems = run(story.play())
            assert not problems, f"seed {seed}: " + "; ".join(problems[:5])
    finally:
        books.close()
        database.close()
