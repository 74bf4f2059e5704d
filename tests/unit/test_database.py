"""Transactions: whole or not at all, never abandoned, never waiting without an end."""

import asyncio
import os
import sqlite3
import stat
import threading
import time
from concurrent.futures import Executor, Future

import pytest
from sqlalchemy import select, text

import core.database
from core import facts
from core.check import check
from core.database import Database, DatabaseUnavailable, one_at_a_time
from core.database import insert as insert_into
from core.tables import facts as table
from core.tables import people
from tests.builders import NOW, Books, migrated, photo, process


@pytest.fixture
def database(database_url):
    opened = migrated(database_url)
    yield opened
    opened.close()


@pytest.fixture
def on_sqlite(sqlite_database):
    opened = migrated(sqlite_database)
    yield opened
    opened.close()


async def fact(database, name="name"):
    return await database.read(facts.get, name)


async def test_what_a_transaction_wrote_is_there_and_what_it_returns_is_returned(database):
    def write(connection, name, *, value):
        facts.put(connection, name, value)
        return value.upper()

    assert await database.run(write, "name", value="value") == "VALUE"
    assert await fact(database) == "value"


async def test_an_exception_rolls_everything_back_and_is_raised(database):
    def write(connection):
        facts.put(connection, "name", "value")
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        await database.run(write)
    assert await fact(database) is None


async def test_reading_writes_nothing(database):
    with pytest.raises(Exception, match=r"read-?only"):
        await database.read(facts.put, "name", "value")
    assert await fact(database) is None


async def test_a_report_reads_while_somebody_writes(database):
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection):
        facts.put(connection, "name", "value")
        inside.set()
        assert go_on.wait(10)

    writing = asyncio.create_task(database.run(slow))
    await asyncio.to_thread(inside.wait, 10)
    assert await fact(database) is None
    go_on.set()
    await writing
    assert await fact(database) == "value"


async def test_a_report_sees_one_moment_although_others_commit_between_its_statements(database):
    """Else the proof of the books would find them wrong on a busy PostgreSQL."""
    books = Books(database.writing)

    def looked_at_twice(connection):
        before = check(connection)
        connection.execute(select(people)).all()
        search = books.accept(photo(1)).search
        books.ask(search)
        seen = connection.execute(select(people)).all()
        return before, check(connection), seen

    assert await database.read(looked_at_twice) == ([], [], [])
    assert await database.read(check) == []


# Cancelled callers


async def test_a_cancelled_caller_waits_for_the_transactions_end(database):
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection):
        inside.set()
        assert go_on.wait(10)
        facts.put(connection, "name", "value")

    caller = asyncio.create_task(database.run(slow))
    await asyncio.to_thread(inside.wait, 10)
    for _ in range(3):
        caller.cancel()
        await asyncio.sleep(0.02)
        assert not caller.done(), "it was not abandoned, however often it was cancelled"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await fact(database) == "value"


async def test_a_caller_cancelled_in_the_queue_is_not_abandoned_either(on_sqlite):
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection):
        inside.set()
        assert go_on.wait(10)

    first = asyncio.create_task(on_sqlite.run(slow))
    await asyncio.to_thread(inside.wait, 10)
    second = asyncio.create_task(on_sqlite.run(facts.put, "name", "value"))
    await asyncio.sleep(0)
    second.cancel()
    go_on.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await fact(on_sqlite) == "value"


async def test_a_cancelled_transaction_that_fails_is_still_a_cancellation(database):
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection):
        inside.set()
        assert go_on.wait(10)
        raise LookupError("on purpose")

    caller = asyncio.create_task(database.run(slow))
    await asyncio.to_thread(inside.wait, 10)
    caller.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller


# Waits that end


@pytest.fixture
def impatient(monkeypatch):
    """Waits are over after half a second instead of five."""
    monkeypatch.setattr(core.database, "DEADLINE", 0.5)


async def test_the_deadline_counts_from_when_a_transaction_was_handed_in(impatient, on_sqlite):
    first = asyncio.create_task(on_sqlite.run(lambda connection: time.sleep(0.7)))
    await asyncio.sleep(0.05)
    with pytest.raises(DatabaseUnavailable, match="waited over"):
        await on_sqlite.run(facts.put, "name", "value")
    await first
    assert await fact(on_sqlite) is None
    await on_sqlite.run(facts.put, "name", "now it is quick again")


HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("free", flush=True)
sys.stdin.readline()
"""


@pytest.mark.fault(30)
async def test_a_database_that_another_process_has_locked_is_unavailable_until_it_is_free(impatient, sqlite_database):
    database = migrated(sqlite_database)
    try:
        with process(HOLD_THE_LOCK, str(database.url.database)) as other:
            assert other.stdout.readline() == "locked\n"
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable, match="locked"):
                await database.run(facts.put, "name", "value")
            assert 0.4 < time.monotonic() - began < 5
            with pytest.raises(DatabaseUnavailable):
                await asyncio.to_thread(database.probe)
            assert await fact(database) is None, "reading goes on"
            other.stdin.write("\n")
            other.stdin.flush()
            assert other.stdout.readline() == "free\n"
            await database.run(facts.put, "name", "value")
            database.probe()
            assert await fact(database) == "value"
    finally:
        database.close()


@pytest.mark.fault(30)
async def test_postgresql_that_is_locked_is_unavailable_as_well(impatient, postgres_database):
    database, other = migrated(postgres_database), Database(postgres_database)
    try:
        with other.writing.begin() as connection:
            connection.execute(text("lock table facts in exclusive mode"))
            with pytest.raises(DatabaseUnavailable, match="lock timeout"):
                await database.run(facts.put, "name", "value")
        await database.run(facts.put, "name", "value")
        assert await fact(database) == "value"
    finally:
        database.close()
        other.close()


async def test_a_server_that_hangs_up_makes_one_transaction_fail_and_the_next_one_work(postgres_database):
    database, other = migrated(postgres_database), Database(postgres_database)
    try:

        def hung_up(connection):
            number = connection.scalar(text("select pg_backend_pid()"))
            facts.put(connection, "name", "value")
            with other.writing.begin() as second:
                second.execute(text("select pg_terminate_backend(:number)"), {"number": number})
            facts.put(connection, "name", "more")

        with pytest.raises(DatabaseUnavailable):
            await database.run(hung_up)
        assert await fact(database) is None
        await database.run(facts.put, "name", "value")
        assert await fact(database) == "value"
    finally:
        database.close()
        other.close()


async def test_all_connections_in_use_is_unavailable_not_a_riddle(impatient, on_sqlite):
    taken = [on_sqlite.writing.connect() for _ in range(2)]
    with pytest.raises(DatabaseUnavailable, match="in use"):
        await asyncio.to_thread(on_sqlite.probe)
    for connection in taken:
        connection.close()


async def test_an_error_says_what_the_driver_said_and_nothing_of_what_was_written(on_sqlite):
    with pytest.raises(DatabaseUnavailable) as error:
        await on_sqlite.run(lambda connection: connection.execute(text("insert into nowhere values ('a secret')")))
    assert "nowhere" in str(error.value)
    assert "secret" not in str(error.value)


# Who waits for whom


def test_transactions_that_give_the_same_name_are_kept_apart(postgres_database):
    database = migrated(postgres_database)
    done = []

    def second():
        with database.writing.begin() as connection:
            one_at_a_time(connection, "the-name")
            done.append("second")

    def third():
        with database.writing.begin() as connection:
            one_at_a_time(connection, "another-name")
            done.append("third")

    try:
        with database.writing.begin() as connection:
            one_at_a_time(connection, "the-name")
            waits, passes = threading.Thread(target=second), threading.Thread(target=third)
            waits.start()
            passes.start()
            passes.join(10)
            done.append("first")
        waits.join(10)
        assert done == ["third", "first", "second"]
    finally:
        database.close()


def test_a_row_that_is_there_already_is_not_inserted_and_that_is_known(database):
    def put(connection):
        row = insert_into(connection, table).values(name="name", value="value")
        return connection.execute(row.on_conflict_do_nothing(index_elements=["name"])).rowcount

    def meet(connection):
        return connection.execute(insert_into(connection, people).values(created_at=NOW)).rowcount

    with database.writing.begin() as connection:
        assert [put(connection), put(connection)] == [1, 0]
        assert [meet(connection), meet(connection)] == [1, 1], "also where the database numbers the row"


# The file


@pytest.mark.threat(18)
def test_the_database_and_its_companions_are_the_operators_alone(tmp_path):
    path = tmp_path / "snapshop.db"
    before = os.umask(0o022)
    try:
        database = migrated(f"sqlite:///{path}")
        with database.writing.begin() as connection:
            facts.put(connection, "name", "value")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("snapshop.db", "snapshop.db-wal", "snapshop.db-shm"), 384)


@pytest.mark.threat(18)
def test_a_database_that_others_could_read_is_made_private(tmp_path):
    path = tmp_path / "snapshop.db"
    path.touch(0o644)
    Database(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused_since_a_second_engine_would_not_see_it(url):
    with pytest.raises(ValueError, match="must name a file"):
        Database(url)


def test_sqlite_loses_no_commit_keeps_no_deleted_bytes_and_knows_foreign_keys(on_sqlite):
    with on_sqlite.writing.connect() as connection:
        pragmas = {
            name: connection.scalar(text(f"pragma {name}"))
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


@pytest.mark.threat(21)
async def test_erasing_leaves_nothing_in_the_log(on_sqlite, tmp_path):
    await on_sqlite.run(facts.put, "name", "a long and telling value")
    await on_sqlite.run(facts.put, "name", None)
    log = tmp_path / "snapshop.db-wal"
    assert b"telling" in log.read_bytes()
    await on_sqlite.erase_traces()
    assert log.stat().st_size == 0
    assert b"telling" not in (tmp_path / "snapshop.db").read_bytes()


async def test_erasing_while_somebody_reads_an_older_state_is_not_said_to_be_done(impatient, sqlite_database):
    database = migrated(sqlite_database)
    try:
        reader = sqlite3.connect(str(database.url.database), isolation_level=None)
        reader.execute("begin")
        reader.execute("select * from facts").fetchall()
        await database.run(facts.put, "name", "value")
        with pytest.raises(DatabaseUnavailable, match="older state"):
            await database.erase_traces()
        reader.close()
        await database.erase_traces()
    finally:
        database.close()


# For simulations


async def test_a_simulation_runs_transactions_in_its_own_thread(sqlite_database):
    class Inline(Executor):
        def submit(self, function, /, *args, **kwargs):
            future = Future()
            future.set_result(function(*args, **kwargs))
            return future

    migrated(sqlite_database).close()
    database = Database(sqlite_database, writer=Inline(), reader=Inline())
    try:
        assert await database.run(lambda connection: threading.current_thread()) is threading.main_thread()
        assert await database.read(lambda connection: threading.current_thread()) is threading.main_thread()
    finally:
        database.close()
