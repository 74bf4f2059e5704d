"""`snapshop backup` and `snapshop restore`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import migrations
from core import backup
from core.active_run import AlreadyRunning, alone
from core.check import check
from core.database import Database, DatabaseUnavailable, sqlite_file, transact
from core.ledger import captured
from core.settings import Settings

_BACKUP_ELSEWHERE = (
    "PostgreSQL makes its own backups: pg_dump --format=custom --file {file} does, beside a running bot."
)
_RESTORE_ELSEWHERE = "PostgreSQL restores its own backups: stop the bot, then pg_restore --clean --dbname=… {file}."


class CannotCopy(Exception):
    """One sentence for the operator: why there is no backup, or why it is not restored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did."""

    database: Path
    #: Where the database from before is; None: there was none.
    aside: Path | None
    #: Credits that the database from before knew as used, and the restored one does not; None: it could not be read.
    drift: int | None

    @property
    def told(self) -> str:
        """What the operator has to know of it."""
        lines = [f"{self.database} is the backup now, and its books are right."]
        if self.aside is not None:
            lines.append(f"The database from before is {self.aside}.")
        if self.drift is not None and self.drift > 0:
            lines.append(
                f"It knew {self.drift} used credits that these books do not: what was asked since the backup is not in "
                "them. /reconcile N, with what your provider's dashboard says, books the difference."
            )
        return "\n".join(lines)


def make_backup(settings: Settings, file: Path) -> int:
    """Write the database to ``file``, also beside a running bot; returns its bytes. Raises CannotCopy."""
    database = _sqlite(settings, _BACKUP_ELSEWHERE.format(file=file))
    if not database.exists() or not database.stat().st_size:
        raise CannotCopy(f"There is nothing to back up: {database} is empty. Does DATABASE_URL name the right file?")
    try:
        if file.is_dir():
            raise CannotCopy(f"{file} is a folder: name the file.")
        if file.exists() and (file.samefile(database) or not backup.is_database(file)):
            raise CannotCopy(f"{file} is there and is no backup: choose another name.")
        backup.copy(database, file)
        return file.stat().st_size
    except backup.Damaged as error:
        raise CannotCopy(f"{error}. Run `snapshop check`, and keep your older backups.") from error
    except OSError as error:
        raise CannotCopy(f"{file} cannot be written: {error.strerror}.") from error


def restore_backup(settings: Settings, file: Path) -> Restored:
    """Put a backup in the place of the database, once it is proved whole, of a version that is known, and right.

    Raises CannotCopy: then everything is as it was.
    """
    database = _sqlite(settings, _RESTORE_ELSEWHERE.format(file=file))
    prepared = database.with_name(database.name + ".restoring")
    now = datetime.now(UTC)
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%S%f}")
    try:
        if not backup.is_database(file):
            raise CannotCopy(f"{file} is no backup: it is not a SQLite database.")
        if database.exists() and file.samefile(database):
            raise CannotCopy(f"{file} is the database itself.")
        with alone(database):
            backup.copy(file, prepared)
            used = _proved(file, prepared)
            before = _used(database)
            was_there = backup.put_in_place(prepared, database, aside)
    except AlreadyRunning as error:
        raise CannotCopy("The bot is running on this database: stop it first.") from error
    except backup.Damaged as error:
        raise CannotCopy(f"{error}. Nothing was changed.") from error
    except OSError as error:
        raise CannotCopy(f"{error.filename or file}: {error.strerror}. Nothing was changed.") from error
    finally:
        for side in ("", "-wal", "-shm"):
            Path(f"{prepared}{side}").unlink(missing_ok=True)
    return Restored(
        database=database,
        aside=aside if was_there else None,
        drift=None if before is None else before - used,
    )


def _proved(file: Path, prepared: Path) -> int:
    """Bring the copy up to date and prove its books; returns the credits that it knows as used. Raises CannotCopy."""
    database = Database(f"sqlite:///{prepared}")
    try:
        if migrations.current(database.writing) is None:
            raise CannotCopy(f"{file} is a database, but not one of Snapshop's.")
        migrations.upgrade(database.writing)
        if problems := transact(database.reading, check):
            raise CannotCopy(f"The books in {file} are wrong: {' '.join(problems)} Nothing was changed.")
        return transact(database.reading, captured)
    except migrations.WrongVersion as error:
        raise CannotCopy(f"{file} was made by a newer version of Snapshop: install that version first.") from error
    except (migrations.Unusable, DatabaseUnavailable) as error:
        raise CannotCopy(f"{file} cannot be used: {error}. Nothing was changed.") from error
    finally:
        database.close()  # the last connection brings the log into the file


def _used(path: Path) -> int | None:
    """The credits that the database from before knows as used; it may be broken, which is why it is replaced."""
    if not path.exists() or not path.stat().st_size:
        return None
    database = Database(f"sqlite:///{path}")
    try:
        return transact(database.reading, captured)
    except Exception:  # noqa: BLE001  # whatever is wrong with it, it is only asked for comparison
        return None
    finally:
        database.close()


def _sqlite(settings: Settings, elsewhere: str) -> Path:
    file = sqlite_file(settings.database_url.get_secret_value())
    if file is None:
        raise CannotCopy(elsewhere)
    return file
