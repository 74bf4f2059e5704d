"""Copies of a SQLite database: made beside a running bot, and put in the place of the database again.

SQLite's own backup (sqlite.org/backup.html) reads one state of the database, whatever is written meanwhile.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from core.database import create_private

#: What a SQLite file begins with (sqlite.org/fileformat.html, 1.3).
_MAGIC = b"SQLite format 3\0"
#: What belongs to a database that is open, or was left by a process that died.
_SIDES = ("-wal", "-shm")


class Damaged(Exception):
    """The file is not a whole database; the sentence says what is wrong with it."""


def is_database(file: Path) -> bool:
    """Whether the file is one of SQLite's. Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(len(_MAGIC)) == _MAGIC


def copy(source: Path, target: Path) -> None:
    """Write one state of ``source`` to ``target``, a single private file, whole or not at all.

    A file that is there is replaced in the end. Raises Damaged, OSError.
    """
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        create_private(part)
        try:
            # Nothing is created where there is no source: mode=rw. A reader of a write-ahead log needs its index.
            with (
                closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as read,
                closing(sqlite3.connect(part)) as written,
            ):
                read.backup(written)
                # Of the source it has the mode "wal", which needs two more files.
                written.execute("pragma journal_mode=delete")
            prove_whole(part)
        except sqlite3.Error as error:
            raise Damaged(f"{source} cannot be copied: {error}") from error
        _on_disk(part)
        part.replace(target)
        _on_disk(target.parent)
    finally:
        part.unlink(missing_ok=True)


def prove_whole(file: Path) -> None:
    """Read every page and every reference. Raises Damaged."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            said = connection.execute("pragma integrity_check(1)").fetchone()[0]
            orphan = connection.execute("pragma foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise Damaged(f"{file} is damaged: {error}") from error
    if said != "ok":
        raise Damaged(f"{file} is damaged: {' '.join(said.split())}")
    if orphan is not None:
        raise Damaged(f"{file} is damaged: a row of {orphan[0]} belongs to nothing")


def put_in_place(prepared: Path, database: Path, aside: Path) -> bool:
    """Make ``prepared`` the database; the one that is there is kept as ``aside``. False where there was none.

    No process may have it open. Whenever this ends, also by a power cut, ``database`` is one of the two, whole.
    Raises OSError.
    """
    was_there = database.exists() and database.stat().st_size > 0
    if was_there:
        _empty_log(database)
        for side in ("", *_SIDES):
            with suppress(FileNotFoundError):
                _keep(Path(f"{database}{side}"), Path(f"{aside}{side}"))
        _on_disk(database.parent)
    for side in _SIDES:  # a log beside another database would be played into it
        Path(f"{database}{side}").unlink(missing_ok=True)
    prepared.replace(database)
    _on_disk(database.parent)
    return was_there


def _empty_log(database: Path) -> None:
    """Bring what is in the write-ahead log into the file, where the file still can be read."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


def _keep(file: Path, aside: Path) -> None:
    """Give the file a second name, or make a private copy where the disk knows no second names."""
    try:
        os.link(file, aside)
    except FileNotFoundError:
        raise
    except OSError:
        create_private(aside)
        shutil.copyfile(file, aside)
        _on_disk(aside)


def _on_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
