"""The database's schema, step by step (Alembic); works from the installed wheel."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError


class WrongVersion(Exception):
    """The database was made by a newer version of Snapshop: install that version, or restore a backup."""


class Unusable(Exception):
    """The database cannot be opened: it is no database, it is damaged, or it is somebody else's."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    with as_file(files("migrations")) as folder:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The version of the schema that this code needs."""
    version = ScriptDirectory.from_config(_config()).get_current_head()
    assert version is not None, "there is at least one migration"
    return version


def current(engine: Engine) -> str | None:
    """The version of the database's schema; None where there is none yet. Raises Unusable."""
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise Unusable(_reason(error)) from error


def upgrade(engine: Engine) -> bool:
    """Bring the database to `head`, in one transaction; True if something had to be done.

    Raises WrongVersion, Unusable.
    """
    try:
        before = current(engine)
        if before == head():
            return False
        if before is not None:
            ScriptDirectory.from_config(_config()).get_revision(before)
        with engine.connect() as connection, _tables_may_be_rebuilt(connection), connection.begin():
            command.upgrade(_config(connection), "head")
    except CommandError as error:
        raise WrongVersion((WrongVersion.__doc__ or "").strip()) from error
    except DBAPIError as error:
        raise Unusable(_reason(error)) from error
    return True


@contextmanager
def _tables_may_be_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, and dropping the old one counts as deleting what others refer to.

    So the references are not watched meanwhile (sqlite.org/lang_altertable.html, 7); outside of a transaction only.
    """
    driver = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
    if driver is None:
        yield
        return
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _reason(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0]
