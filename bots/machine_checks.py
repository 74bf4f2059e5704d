"""What `snapshop doctor` looks at on this machine: the database and its disk, private files, fonts, formats."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from PIL import features

import migrations
from bots.findings import Finding, broken, look, ok
from core.check import check
from core.database import Database, DatabaseUnavailable, sqlite_file, transact
from core.settings import OTHERS_MODE, Settings

#: Bytes that a journal should find on its disk.
_ENOUGH_DISK = 200 * 1024 * 1024
#: Where matplotlib has the font of the report's picture.
_FONT = "mpl-data/fonts/ttf/DejaVuSans.ttf"


def check_machine(settings: Settings, env_file: Path = Path(".env")) -> Iterator[Finding]:
    """Everything that needs no network. Blocking: to be run in a thread."""
    file = sqlite_file(settings.database_url.get_secret_value())
    yield from _database(settings, file)
    yield _disk(file.resolve().parent if file is not None else Path.cwd())
    yield from _private(env_file, file)
    yield _formats()
    yield _fonts()


def _database(settings: Settings, file: Path | None) -> Iterator[Finding]:
    if file is not None and (not file.exists() or not file.stat().st_size):
        yield _new(file)
        return
    try:
        database = Database(settings.database_url.get_secret_value())
        try:
            version = migrations.current(database.writing)
            database.probe()
            if version is None:
                yield ok("database", "It can be written; `snapshop run` will set it up.")
            elif version != migrations.head():
                yield look("database", "It is of another version: `snapshop migrate` brings it up to date.")
            else:
                yield ok("database", f"It can be written and is at version {version}.")
                yield _books(transact(database.reading, check))
        finally:
            database.close()
    except (DatabaseUnavailable, migrations.Unusable, OSError, ValueError) as error:
        yield broken("database", f"It cannot be used: {error}. Check DATABASE_URL, or restore a backup.")


def _new(file: Path) -> Finding:
    """There is none yet, and looking must not make one: whether the folder would take it."""
    folder = file.resolve().parent
    if not folder.is_dir():
        return broken("database", f"There is no folder {folder}: make it, or change DATABASE_URL.")
    probe = folder / f".{file.name}.probe"
    try:
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        return broken(
            "database", f"Nothing can be written in {folder} ({error.strerror}): give this account the right to."
        )
    return ok("database", f"There is none yet; `snapshop run` makes {file}.")


def _books(problems: list[str]) -> Finding:
    if problems:
        return broken("books", f"{' '.join(problems)} `snapshop restore FILE` puts a backup in place.")
    return ok("books", "Every credit is accounted for.")


def _disk(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return look("disk", f"{folder} cannot be looked at: {error.strerror}.")
    if free < _ENOUGH_DISK:
        return look("disk", f"Only {free >> 20} MB are free in {folder}: make room before it is full.")
    return ok("disk", f"{free / 1e9:.1f} GB are free in {folder}.")


def _private(env_file: Path, database: Path | None) -> Iterator[Finding]:
    """Files with secrets, or with people in them, are for this account alone."""
    files = [env_file]
    if database is not None:
        files += [Path(f"{database}{end}") for end in ("", "-wal", "-shm", ".key")]
    there = [file for file in files if file.is_file()]
    open_to_others = [file for file in there if file.stat().st_mode & OTHERS_MODE]
    for file in open_to_others:
        yield look("files", f"{file} can be read by others on this machine: chmod 600 {file} keeps it private.")
    if there and not open_to_others:
        yield ok("files", f"Only this account can read {', '.join(map(str, there))}.")


def _formats() -> Finding:
    """Whether phones' formats can be decoded here."""
    missing = [name for name, there in (("HEIC", _reads_heic()), ("AVIF", features.check("avif"))) if not there]
    if missing:
        text = f"{' and '.join(missing)} photos cannot be read: pip install --force-reinstall pillow pillow-heif."
        return broken("formats", text)
    return ok("formats", "JPEG, PNG, GIF, WebP, HEIC and AVIF can be read.")


def _reads_heic() -> bool:
    try:
        import pillow_heif  # noqa: PLC0415  # a large library; where it is missing, that is what is to be said
    except ImportError:
        return False
    return bool(pillow_heif.libheif_info()["decoders"])


def _fonts() -> Finding:
    """Numbers on pictures of products, digits and dates on the report's."""
    found = find_spec("matplotlib")
    folders = list(found.submodule_search_locations or ()) if found else []
    if not features.check("freetype2") or not any((Path(folder) / _FONT).is_file() for folder in folders):
        return broken("fonts", "Pictures cannot be written on: pip install --force-reinstall pillow matplotlib.")
    return ok("fonts", "Pictures and the report's chart can be drawn.")
