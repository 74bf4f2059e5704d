"""One active `run` per database: a lock that the kernel or the server frees however the process ends."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.database import Database, DatabaseUnavailable, sqlite_path

log = structlog.get_logger(__name__)

#: The advisory lock's name on PostgreSQL: "snapshop" as a number.
_LOCK = int.from_bytes(b"snapshop")
#: Seconds between two looks whether the lock is free (standby) or still ours (active).
_LOOK = 2.0


class AlreadyRunning(Exception):
    """Another `snapshop run` already works on this database: stop that one first."""


class LockLost(Exception):
    """The connection that holds the lock is gone: another process may be active now, so this one stops."""


@asynccontextmanager
async def active(database: Database) -> AsyncIterator["asyncio.Future[None]"]:
    """Be the one active process; the future that is yielded fails with LockLost when that ends.

    SQLite: raises AlreadyRunning at once. PostgreSQL: waits as a hot standby; raises DatabaseUnavailable.
    """
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if database.is_sqlite:
        with alone(sqlite_path(database.url)):
            yield lost
        return
    try:
        connection = await asyncio.to_thread(database.writing.connect)
    except DBAPIError as error:
        raise DatabaseUnavailable(str(error.orig)) from error
    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        try:
            await _stand_by(connection)
        except DBAPIError as error:
            raise DatabaseUnavailable(str(error.orig)) from error
        watch = asyncio.create_task(_watch(connection, lost))
        try:
            yield lost
        finally:
            watch.cancel()
            await asyncio.wait([watch])
    finally:
        await asyncio.to_thread(connection.invalidate)
        await asyncio.to_thread(connection.close)


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Be the one process that works on a SQLite file, until left. Raises AlreadyRunning at once, OSError."""
    path = database.with_name(database.name + ".lock")
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise AlreadyRunning((AlreadyRunning.__doc__ or "").strip()) from None
    try:
        yield
    finally:
        os.close(file)


async def _stand_by(connection: Connection) -> None:
    said = False
    while not await asyncio.to_thread(_try_lock, connection):
        if not said:
            log.info("another process is active on this database: standing by")
            said = True
        await asyncio.sleep(_LOOK)


def _try_lock(connection: Connection) -> bool:
    return bool(connection.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": _LOCK}).scalar_one())


async def _watch(connection: Connection, lost: "asyncio.Future[None]") -> None:
    while not lost.done():
        await asyncio.sleep(_LOOK)
        try:
            await asyncio.to_thread(connection.execute, text("select 1"))
        except DBAPIError as error:
            log.error("the lock's connection is gone", error=str(error.orig))
            if not lost.done():
                lost.set_exception(LockLost((LockLost.__doc__ or "").strip()))
