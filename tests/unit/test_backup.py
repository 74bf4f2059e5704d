"""Backups: whole, private, made beside a running bot; and put in place only when they are proved."""

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from alembic import command

import migrations
from bots.backup import CannotCopy, make_backup, restore_backup
from core import backup
from core.active_run import alone
from core.check import check
from core.database import Database, transact
from core.settings import Settings, load_settings
from tests.builders import books, photo


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three photos were answered."""
    file = tmp_path / "snapshop.db"
    with books(f"sqlite:///{file}") as bank:
        for _ in range(3):
            bank.search(photo(1))
    return file


@pytest.fixture
def settings(database: Path) -> Settings:
    return load_settings(None, database_url=f"sqlite:///{database}")


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def used(file: Path) -> int:
    """Credits that a database's books know as used."""
    with sqlite3.connect(file) as connection:
        return connection.execute("select count(*) from entries where kind = 'capture'").fetchone()[0]


def change(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_backup_beside_a_bot_that_writes_is_one_state_of_the_books(tmp_path, database, settings):
    copies = [tmp_path / f"backup-{number}.db" for number in range(5)]
    stop = threading.Event()

    def spend() -> None:
        with books(f"sqlite:///{database}") as bank:
            while not stop.is_set():
                bank.search(photo(2))

    bot = threading.Thread(target=spend)
    bot.start()
    try:
        for copy in copies:
            make_backup(settings, copy)
    finally:
        stop.set()
        bot.join()
    assert used(database) > 3
    for copy in copies:
        copied = Database(f"sqlite:///{copy}")
        assert transact(copied.reading, check) == []
        copied.close()


@pytest.mark.threat(18)
def test_a_backup_is_private_from_its_first_byte_on_whatever_the_umask_and_a_single_file(
    tmp_path, settings, monkeypatch
):
    seen = []
    prove = backup.prove_whole

    def look(part: Path) -> None:
        seen.append(mode(part))
        prove(part)

    monkeypatch.setattr(backup, "prove_whole", look)
    before = os.umask(0)
    try:
        make_backup(settings, tmp_path / "backup.db")
        restored = restore_backup(settings, tmp_path / "backup.db")
    finally:
        os.umask(before)
    assert seen == [0o600, 0o600]
    assert restored.aside is not None
    kept = [file for file in tmp_path.iterdir() if file.name != "snapshop.db.lock"]
    assert {file.name for file in kept} == {"backup.db", "snapshop.db", restored.aside.name}
    assert {mode(file) for file in tmp_path.iterdir()} == {0o600}


def test_tonights_backup_may_replace_last_nights_and_nothing_else(tmp_path, database, settings):
    copy = tmp_path / "backup.db"
    make_backup(settings, copy)
    with books(f"sqlite:///{database}") as bank:
        bank.search(photo(1))
    make_backup(settings, copy)
    assert used(copy) == 4
    secrets = tmp_path / ".env"
    secrets.write_text("KEYAPI_KEY=sk_live_1\n")
    for file in (secrets, database, tmp_path, tmp_path / "nowhere" / "backup.db"):
        with pytest.raises(CannotCopy, match=str(file)):
            make_backup(settings, file)
    assert secrets.read_text() == "KEYAPI_KEY=sk_live_1\n"
    assert used(database) == 4


def test_of_an_empty_database_there_is_no_backup(tmp_path):
    settings = load_settings(None, database_url=f"sqlite:///{tmp_path / 'wrong.db'}")
    with pytest.raises(CannotCopy, match="nothing to back up"):
        make_backup(settings, tmp_path / "backup.db")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_the_older_backup_as_it_is(tmp_path, database, settings, monkeypatch):
    copy = tmp_path / "backup.db"
    make_backup(settings, copy)
    older = copy.read_bytes()
    with books(f"sqlite:///{database}") as bank:
        bank.search(photo(1))
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(backup.os, "fsync", lambda _: (_ for _ in ()).throw(full))
    with pytest.raises(CannotCopy, match="No space left on device"):
        make_backup(settings, copy)
    assert copy.read_bytes() == older
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.fault(33)
def test_yesterdays_backup_comes_back_and_what_it_does_not_know_is_told(tmp_path, database, settings):
    make_backup(settings, tmp_path / "yesterday.db")
    with books(f"sqlite:///{database}") as bank:
        for _ in range(2):
            bank.search(photo(1))
    restored = restore_backup(settings, tmp_path / "yesterday.db")
    assert (used(database), restored.drift) == (3, 2)
    assert "It knew 2 used credits that these books do not" in restored.told
    assert restored.aside is not None
    assert used(restored.aside) == 5
    with books(f"sqlite:///{database}") as bank:
        assert bank.do(check) == []
        assert bank.balance(bank.search(photo(1)).person) == 16


def test_what_only_stood_in_the_databases_log_is_kept_aside_as_well(tmp_path, database, settings):
    make_backup(settings, tmp_path / "backup.db")
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("pragma wal_autocheckpoint = 0")
    writer.execute("insert into facts (name, value) values ('late', 'word')")
    for side in ("", "-wal"):  # as a process that was killed leaves them
        (tmp_path / f"killed.db{side}").write_bytes(Path(f"{database}{side}").read_bytes())
    writer.close()
    killed = load_settings(None, database_url=f"sqlite:///{tmp_path / 'killed.db'}")
    restored = restore_backup(killed, tmp_path / "backup.db")
    with sqlite3.connect(restored.aside) as connection:
        assert connection.execute("select value from facts where name = 'late'").fetchall() == [("word",)]
    with sqlite3.connect(restored.database) as connection:
        assert connection.execute("select value from facts where name = 'late'").fetchall() == []


def test_a_backup_is_restored_where_there_is_no_database_or_a_broken_one(tmp_path, database, settings):
    make_backup(settings, tmp_path / "backup.db")
    database.unlink()
    restored = restore_backup(settings, tmp_path / "backup.db")
    assert (used(database), restored.aside, restored.drift) == (3, None, None)
    database.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    restored = restore_backup(settings, tmp_path / "backup.db")
    assert (used(database), restored.drift) == (3, None)
    assert restored.aside.read_bytes().endswith(b"rubbish")


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flipped(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for at in range(len(data) // 3, 2 * len(data) // 3, 97):
        data[at] ^= 0xFF
    file.write_bytes(data)


def foreign(file: Path) -> None:
    file.unlink()
    change(file, "create table notes (text)")


SPOILED = {
    "a text": (lambda file: file.write_text("hello"), "is no backup"),
    "half of one": (truncated, "cannot be copied|is damaged"),
    "one with wrong bytes": (flipped, "cannot be copied|is damaged"),
    "somebody else's": (foreign, "is a database, but not one of Snapshop's"),
    "a newer version's": (
        lambda file: change(file, "update alembic_version set version_num = '9999'"),
        "was made by a newer version",
    ),
    "one with wrong books": (
        lambda file: change(file, "delete from entries where kind = 'capture'"),
        "The books in .* are wrong: 3 holds are open",
    ),
    "one whose rows belong to nothing": (
        lambda file: change(file, "pragma foreign_keys = off", "delete from identities", "delete from people"),
        "is damaged: a row of",
    ),
    "no file": (Path.unlink, "No such file"),
}


@pytest.mark.fault(32)
@pytest.mark.parametrize("what", SPOILED)
def test_what_is_no_good_backup_is_refused_and_nothing_is_changed(tmp_path, database, settings, what):
    copy = tmp_path / "backup.db"
    make_backup(settings, copy)
    spoil, sentence = SPOILED[what]
    spoil(copy)
    before = database.read_bytes()
    with pytest.raises(CannotCopy, match=sentence):
        restore_backup(settings, copy)
    assert database.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} <= {"snapshop.db", "snapshop.db.lock", "backup.db"}


def test_while_the_bot_runs_nothing_is_restored(tmp_path, database, settings):
    make_backup(settings, tmp_path / "backup.db")
    with alone(database), pytest.raises(CannotCopy, match="stop it first"):
        restore_backup(settings, tmp_path / "backup.db")


def test_a_power_cut_at_any_step_of_a_restore_leaves_one_of_the_two_databases_whole(
    tmp_path, database, settings, monkeypatch
):
    make_backup(settings, tmp_path / "backup.db")
    with books(f"sqlite:///{database}") as bank:
        bank.search(photo(1))
    steps = [(backup.os, "link"), (backup.os, "fsync"), (Path, "unlink"), (Path, "replace")]
    for place, name in steps:
        real = getattr(place, name)

        def cut(*arguments, real=real, name=name, **named):
            if name == "fsync" or "snapshop.db" in str(arguments):
                raise KeyboardInterrupt
            return real(*arguments, **named)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(place, name, cut)
            backup.put_in_place(tmp_path / "backup.db", database, tmp_path / f"aside-{name}")
        assert used(database) == 4, name
    assert used(tmp_path / "backup.db") == 3


def test_an_older_versions_backup_is_brought_up_to_date(tmp_path, settings):
    copy = tmp_path / "backup.db"
    older = Database(f"sqlite:///{copy}")
    with older.writing.begin() as connection:
        command.upgrade(migrations._config(connection), "0002")
    older.close()
    change(
        copy,
        "insert into people (id, name, created_at) values (1, 'Ann', 0)",
        "insert into identities (platform, user, person_id) values ('telegram', '1', 1)",
        "insert into entries (person_id, kind, amount, at) values (1, 'grant', 5, 0)",
    )
    restored = restore_backup(settings, copy)
    with books(f"sqlite:///{restored.database}") as bank:
        assert bank.do(check) == []
        assert bank.balance(1) == 5
        assert bank.balance(bank.search(photo(1)).person) > 0


def test_on_postgresql_one_sentence_says_what_does_it(tmp_path):
    settings = load_settings(None, database_url="postgresql://me:canary@db/shop")
    for copy, tool in ((make_backup, "pg_dump"), (restore_backup, "pg_restore")):
        with pytest.raises(CannotCopy, match=tool) as refusal:
            copy(settings, tmp_path / "backup.db")
        assert "canary" not in str(refusal.value)
