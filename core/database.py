"""Engines and transactions, SQLite and PostgreSQL.

A domain function is plain and synchronous and takes a Connection; ``await database.run(function, …)`` runs one inside
one transaction on a writer thread. A function without ``await`` cannot wait for the network inside a transaction.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import ConnectionPoolEntry

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds that a transaction may wait for its turn and for the database's lock.
DEADLINE = 5.0
#: PostgreSQL: sessions that write at the same time. SQLite has one writer, whatever we wish.
POSTGRES_WRITERS = 4
READERS = 2


class DatabaseUnavailable(Exception):
    """The database cannot be written or read just now: locked, full, or gone. Nothing of the transaction happened."""


class Database:
    """Two engines: one that writes, in transactions, and one for reading that never takes the write lock."""

    def __init__(self, url: str, *, writer: Executor | None = None, reader: Executor | None = None) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        writers = 1 if self.is_sqlite else POSTGRES_WRITERS
        if self.is_sqlite:
            create_private(sqlite_path(self.url))
        # PostgreSQL: one more, for the lock of the active process.
        self.writing = _engine(self.url, size=writers + 1, begin="BEGIN IMMEDIATE")
        self.reading = _engine(self.url, size=READERS, begin="BEGIN", read_only=True)
        self._writer = writer or ThreadPoolExecutor(writers, thread_name_prefix="database")
        self._reader = reader or ThreadPoolExecutor(READERS, thread_name_prefix="reading")

    async def run(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function`` in one transaction and return what it returns; an exception of it rolls back.

        Never abandoned: a cancelled caller waits for the transaction's end, then the cancellation goes on.
        Raises DatabaseUnavailable when it did not get its turn and the lock within DEADLINE.
        """
        return await _hand_in(self._writer, lambda: transact(self.writing, function, *args, **kwargs))

    async def read(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only reads; it sees what was committed when it began."""
        return await _hand_in(self._reader, lambda: transact(self.reading, function, *args, **kwargs))

    def probe(self) -> None:
        """Take the write lock once and give it back. Raises DatabaseUnavailable."""
        transact(self.writing, lambda connection: connection.exec_driver_sql("select 1").all())

    async def erase_traces(self) -> None:
        """After deleting what must not remain: empty SQLite's write-ahead log into the file.

        Raises DatabaseUnavailable when somebody reads an older state all the while.
        """
        if self.is_sqlite:
            await _hand_in(self._writer, self._checkpoint)

    def _checkpoint(self) -> None:
        connection = self.writing.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, *_ = cursor.fetchone() or (True,)
        finally:
            connection.close()
        if busy:
            raise DatabaseUnavailable("its log cannot be emptied while somebody reads an older state")

    def close(self) -> None:
        """Wait for what runs, then close every connection."""
        self._writer.shutdown(wait=True)
        self._reader.shutdown(wait=True)
        self.writing.dispose()
        self.reading.dispose()


def transact(
    engine: Engine, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a domain function in one transaction, in this thread. Raises DatabaseUnavailable."""
    try:
        with engine.begin() as connection:
            return function(connection, *args, **kwargs)
    except OperationalError as error:
        raise DatabaseUnavailable(_reason(error)) from error
    except NoConnectionFree as error:
        raise DatabaseUnavailable("all connections are in use") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable(_reason(error)) from error
        raise


async def _hand_in(executor: Executor, work: Callable[[], T]) -> T:
    handed_in = time.monotonic()

    def start() -> T:
        if time.monotonic() - handed_in > DEADLINE:
            raise DatabaseUnavailable("the database is too slow: a transaction waited over 5 s for its turn")
        return work()

    future = asyncio.get_running_loop().run_in_executor(executor, start)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                continue  # cancelled again: the transaction still has to end first
        future.cancelled() or future.exception()  # looked at, so that asyncio does not report it as lost
        raise


def insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, in the connection's dialect, and whose result knows its ``rowcount``."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """The same by the dialect's name, for statements that are built once: that costs more than to run one."""
    row = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    # SQLAlchemy, "preserve_rowcount": else an INSERT that returns its new key (PostgreSQL) has none.
    return row.execution_options(preserve_rowcount=True)


def one_at_a_time(connection: Connection, name: str) -> None:
    """Keep transactions that give the same name apart until this one ends; SQLite has one writer anyway.

    For what is read before it is written, where there is no row yet to lock.
    """
    if connection.dialect.name == "postgresql":
        # Two numbers: a space of their own beside the lock of the active process, which is one.
        connection.execute(text("select pg_advisory_xact_lock(1, hashtext(:name))"), {"name": name})


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite address. Raises ValueError for a database in memory: a second engine would not see it."""
    if not url.database or url.database == ":memory:":
        raise ValueError("DATABASE_URL must name a file: sqlite:///snapshop.db")
    return Path(url.database)


def sqlite_file(address: str) -> Path | None:
    """The file that DATABASE_URL names; None where it names a server. Raises ValueError."""
    url = make_url(address)
    return sqlite_path(url) if url.get_backend_name() == "sqlite" else None


def create_private(path: Path) -> None:
    """Create the file with mode 0600 before SQLite does with 0644; ``-wal`` and ``-shm`` follow it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o600)


def _engine(url: URL, *, size: int, begin: str, read_only: bool = False) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _postgres(url, size=size, read_only=read_only)
    engine = create_engine(
        url, pool_size=size, max_overflow=0, pool_timeout=DEADLINE, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver's own transactions let a SELECT run outside of them: four processes overdrew.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={DEADLINE * 1000:.0f}")
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        else:
            cursor.execute("PRAGMA journal_mode=WAL")
            # FULL lost no acknowledged commit in 300 simulated power cuts; NORMAL did.
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres(url: URL, *, size: int, read_only: bool) -> Engine:
    # One snapshot for a whole report or proof: between two statements of it others commit.
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if read_only else {}
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=DEADLINE,
        connect_args={"connect_timeout": int(DEADLINE)},
        execution_options=options,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {DEADLINE * 1000:.0f}")
        cursor.close()
        connection.commit()

    return engine


def _reason(error: DBAPIError) -> str:
    # Only the driver's own words: SQLAlchemy's text repeats the statement and its values.
    return str(error.orig).splitlines()[0] if error.orig else type(error).__name__
