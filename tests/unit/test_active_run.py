"""One `snapshop run` works on a database; a second is refused (SQLite) or stands by (PostgreSQL)."""

import asyncio
import stat

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bots.runtime import run
from core import active_run
from core.active_run import AlreadyRunning, LockLost, active
from core.database import Database, DatabaseUnavailable
from core.settings import load_settings
from tests.builders import process

BE_ACTIVE = """
import asyncio, sys
from core.active_run import active
from core.database import Database

async def main():
    async with active(Database(sys.argv[1])):
        print("active", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """Looks every 50 ms instead of every two seconds."""
    monkeypatch.setattr(active_run, "_LOOK", 0.05)


@pytest.fixture
def pair(postgres_database):
    both = Database(postgres_database), Database(postgres_database)
    yield both
    for database in both:
        database.close()


async def test_a_second_process_on_sqlite_is_refused_at_once_and_takes_over_after_kill_9(sqlite_database, tmp_path):
    database = Database(sqlite_database)
    with process(BE_ACTIVE, sqlite_database) as first:
        assert first.stdout.readline() == "active\n"
        with pytest.raises(AlreadyRunning, match="stop that one first"):
            async with asyncio.timeout(1), active(database):
                pytest.fail("two were active")
        with process(BE_ACTIVE, sqlite_database) as second:
            assert second.stdout.readline() == ""
            assert second.wait(10) != 0
        first.kill()
        first.wait()
        async with asyncio.timeout(1), active(database):
            pass
    assert stat.S_IMODE((tmp_path / "snapshop.db.lock").stat().st_mode) == 0o600
    database.close()


async def test_on_sqlite_the_place_is_free_again_when_the_bot_ends_also_by_an_error(sqlite_database):
    database = Database(sqlite_database)
    with pytest.raises(LookupError):
        async with active(database):
            raise LookupError
    async with active(database) as lost:
        assert not lost.done()
    database.close()


async def test_other_databases_have_actives_of_their_own(tmp_path):
    one, other = Database(f"sqlite:///{tmp_path}/one.db"), Database(f"sqlite:///{tmp_path}/other.db")
    async with active(one), active(other):
        pass
    one.close()
    other.close()


async def test_a_second_process_on_postgresql_stands_by_and_takes_over(pair):
    first, second = pair
    is_active, may_end = asyncio.Event(), asyncio.Event()

    async def stand_by():
        async with active(second):
            is_active.set()
            await may_end.wait()

    async with active(first) as lost:
        standing_by = asyncio.create_task(stand_by())
        await asyncio.sleep(0.3)
        assert not is_active.is_set()
        assert not lost.done()
        await first.read(lambda connection: connection.execute(text("select 1")))
    async with asyncio.timeout(5):
        await is_active.wait()
    may_end.set()
    await standing_by


async def test_who_stands_by_can_be_stopped(pair):
    first, second = pair
    async with active(first):

        async def stand_by():
            async with active(second):
                pytest.fail("two were active")

        task = asyncio.create_task(stand_by())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(5), active(second):
        pass


async def test_a_process_that_loses_its_lock_is_told_and_the_next_one_is_active(pair):
    first, second = pair
    async with active(first) as lost:
        with second.writing.begin() as connection:
            ended = connection.scalars(
                text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
            ).all()
        assert ended == [True]
        async with asyncio.timeout(5):
            with pytest.raises(LockLost, match="this one stops"):
                await lost
        async with asyncio.timeout(5), active(second) as kept:
            assert not kept.done()


async def test_a_process_killed_on_postgresql_leaves_its_place(pair, postgres_database):
    with process(BE_ACTIVE, postgres_database) as first:
        assert first.stdout.readline() == "active\n"
        first.kill()
        first.wait()
        async with asyncio.timeout(10), active(pair[0]):
            pass


async def test_a_server_that_is_not_there_is_said_in_one_sentence(postgres_database, tmp_path):
    gone = make_url(postgres_database).update_query_dict({"host": str(tmp_path)})
    database = Database(gone.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnavailable):
        async with active(database):
            pytest.fail("nobody can be active there")
    database.close()


async def test_a_standby_that_is_told_to_stop_ends(postgres_database):
    settings = load_settings(
        None,
        telegram_bot_token="1234567890:AAnobody-asks-Telegram-in-this-test-00",
        keyapi_key="sk_live_nobody",
        database_url=postgres_database,
    )
    first, stop = Database(postgres_database), asyncio.Event()
    async with active(first):
        standby = asyncio.create_task(run(settings, stop=stop))
        done, _ = await asyncio.wait([standby], timeout=2)
        assert not done
        stop.set()
        async with asyncio.timeout(10):
            await standby
    first.close()
