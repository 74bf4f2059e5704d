"""The schema: made from nothing, as the code expects it, also from an installed package; else one clear sentence."""

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import make_url

import migrations
from core import facts
from core.database import Database
from core.tables import metadata
from migrations import Unusable, WrongVersion
from tests.builders import ROOT, Books, photo


@pytest.fixture
def database(database_url):
    opened = Database(database_url)
    yield opened
    opened.close()


def differences(database):
    # Alembic takes SQLite's '' for another default than the empty text that it is.
    options = {"compare_type": True, "compare_server_default": not database.is_sqlite}
    with database.writing.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_a_new_database_gets_the_schema_and_a_second_run_has_nothing_to_do(database):
    assert migrations.current(database.writing) is None
    assert migrations.upgrade(database.writing)
    assert migrations.current(database.writing) == migrations.head()
    assert not migrations.upgrade(database.writing)


def test_the_migrations_make_exactly_the_tables_of_the_code(database):
    migrations.upgrade(database.writing)
    assert differences(database) == []
    with database.writing.begin() as connection:
        connection.execute(text("drop index ix_entries_search"))
    assert len(differences(database)) == 1, "the comparison sees what is missing"


def test_a_bot_can_work_on_what_was_migrated(database):
    migrations.upgrade(database.writing)
    bank = Books(database.writing)
    assert bank.balance(bank.search(photo(1)).person) == 19


def test_an_upgrade_keeps_what_is_there(database):
    migrations.upgrade(database.writing)
    with database.writing.begin() as connection:
        facts.put(connection, "name", "value")
    migrations.upgrade(database.writing)
    with database.writing.begin() as connection:
        assert facts.get(connection, "name") == "value"


@pytest.mark.fault(32)
def test_a_database_of_a_newer_version_is_refused_in_one_sentence(database):
    migrations.upgrade(database.writing)
    with database.writing.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(WrongVersion) as refusal:
        migrations.upgrade(database.writing)
    assert str(refusal.value) == (
        "The database was made by a newer version of Snapshop: install that version, or restore a backup."
    )
    with database.writing.begin() as connection:
        assert connection.scalar(text("select version_num from alembic_version")) == "9999", "nothing was touched"


def test_an_upgrade_that_fails_changes_nothing(database):
    with database.writing.begin() as connection:
        connection.execute(text("create table searches (mine integer)"))
    with pytest.raises(Unusable, match="searches"):
        migrations.upgrade(database.writing)
    with database.writing.connect() as connection:
        tables = database.writing.dialect.get_table_names(connection)
    assert tables == ["searches"]


# Files that are no database of ours


def refusal_of(path):
    database = Database(f"sqlite:///{path}")
    try:
        for look in (migrations.current, migrations.upgrade):
            with pytest.raises(Unusable) as refusal:
                look(database.writing)
            sentence = str(refusal.value)
            assert sentence
            assert "\n" not in sentence
        return sentence
    finally:
        database.close()


@pytest.mark.fault(32)
def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "snapshop.db"
    path.write_bytes(b"Dear diary, today was a good day. " * 100)
    assert refusal_of(path) == "file is not a database"
    assert path.read_bytes().startswith(b"Dear diary"), "it is left as it was"


@pytest.mark.fault(32)
def test_a_damaged_database_is_refused_in_one_sentence(tmp_path):
    whole = tmp_path / "whole.db"
    database = Database(f"sqlite:///{whole}")
    migrations.upgrade(database.writing)
    database.close()
    data = whole.read_bytes()
    assert len(data) > 100_000
    cut, flipped = tmp_path / "cut.db", tmp_path / "flipped.db"
    cut.write_bytes(data[: len(data) // 2])
    flipped.write_bytes(data[:100] + bytes(4000) + data[4100:])
    assert refusal_of(cut) == refusal_of(flipped) == "database disk image is malformed"


@pytest.mark.fault(32)
def test_a_folder_in_place_of_the_file_is_an_error_of_the_operating_system(tmp_path):
    with pytest.raises(OSError, match="directory"):
        Database(f"sqlite:///{tmp_path}")


def test_a_server_that_is_not_there_is_one_sentence(postgres_database, tmp_path):
    gone = make_url(postgres_database).update_query_dict({"host": str(tmp_path)})
    database = Database(gone.render_as_string(hide_password=False))
    for look in (migrations.current, migrations.upgrade):
        with pytest.raises(Unusable) as refusal:
            look(database.writing)
        assert "\n" not in str(refusal.value)
    database.close()


# From the installed package

UPGRADE = """
import sys
from pathlib import Path
import migrations
from core.database import Database
assert Path(migrations.__file__).is_relative_to(sys.argv[1]), migrations.__file__
database = Database(sys.argv[2])
print(migrations.upgrade(database.writing), migrations.current(database.writing) == migrations.head())
"""


def test_the_migrations_work_from_an_installed_wheel(tmp_path):
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    (source / "README.md").write_text("# Snapshop\n")
    for package in ("bots", "core", "migrations"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=50)
    (wheel,) = tmp_path.glob("*.whl")
    install = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
    options = ["--no-deps", "--no-index", "--no-compile", "--target", str(site), str(wheel)]
    subprocess.run([*install, *options], check=True, capture_output=True, timeout=50)
    shutil.rmtree(source)
    path = tmp_path / "made.db"
    done = subprocess.run(
        [sys.executable, "-c", UPGRADE, str(site), f"sqlite:///{path}"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("True True\n", 0), done.stderr
    with sqlite3.connect(path) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    connection.close()
    assert set(metadata.tables) <= tables
