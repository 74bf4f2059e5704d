"""The world that flows happen in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flows.world import World, living


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Telegram, the endpoint, and a running bot; afterwards the books are right and every request was well-formed."""
    async with living(tmp_path) as world:
        yield world
