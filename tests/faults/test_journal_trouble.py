"""The database cannot be written for a while: what people are told, and that nothing is lost."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.process import ADMIN, living, said, until

#: Seconds. Processes start here, and a busy machine takes its time over that.
pytestmark = pytest.mark.timeout(150)

ANN, BEN = 11, 22
#: Seconds, longer than the 5 s that a transaction waits.
LOCKED = 8.0


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program has the database for itself."""
    other = sqlite3.connect(database, isolation_level=None, timeout=5)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


@pytest.mark.fault(30)
async def test_a_photo_that_cannot_be_written_down_is_told_so_and_answered_as_soon_as_it_can(tmp_path):
    async with living(tmp_path, KEYAPI_RATE="1000") as world:
        world.send(BEN, 1)
        await world.see(BEN, "1 credit · 19 left")
        # Ben's next one is being asked when the lock comes: its answer is kept, and shown afterwards.
        world.endpoint.behave("slow", 1, seconds=1.5)
        world.send(BEN, 2)
        await until(lambda: world.endpoint.requests == 2, "the endpoint is asked")
        with locked(tmp_path / "snapshop.db"):
            world.send(ANN, 3)
            await asyncio.sleep(LOCKED)
            told = [said(message) for message in world.told(ANN)]
            assert told == ["I cannot take photos just now. You were not charged. Your message is not lost."]
            assert world.endpoint.requests == 2
        await world.see(ANN, "1 credit · 19 left", seconds=20)
        await world.see(BEN, "1 credit · 18 left", seconds=20)
        assert (world.endpoint.charged, world.usage.captured, world.usage.uncertain) == (3, 3, 0)
        assert len(world.told(ADMIN)) == 1
        assert "The database cannot be written: no photos are taken until it can." in said(world.told(ADMIN)[0])
        assert len(world.told(ANN)) == 2
