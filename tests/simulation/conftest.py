"""A real database for a world in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database import Database
from tests.simulation.virtual_time import InlineExecutor
from tests.simulation.world import open_file


@pytest.fixture
def executor() -> InlineExecutor:
    return InlineExecutor()


@pytest.fixture
def database(tmp_path: Path, executor: InlineExecutor) -> Iterator[Database]:
    opened = open_file(tmp_path / "snapshop.db", executor)
    yield opened
    opened.close()
