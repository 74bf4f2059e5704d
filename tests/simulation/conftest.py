"""A real database for a world in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database import Database
from tests.simulation.checker import Books
from tests.simulation.virtual_time import InlineExecutor
from tests.simulation.world import World, open_file


@pytest.fixture
def executor() -> InlineExecutor:
    return InlineExecutor()


@pytest.fixture
def database(tmp_path: Path, executor: InlineExecutor) -> Iterator[Database]:
    opened = open_file(tmp_path / "snapshop.db", executor)
    yield opened
    opened.close()


@pytest.fixture
def world(database: Database, executor: InlineExecutor) -> World:
    return World(database, executor)


@pytest.fixture
def books(database: Database, tmp_path: Path) -> Iterator[Books]:
    opened = Books(tmp_path / "snapshop.db")
    yield opened
    opened.close()
