"""What commands have in common: settings, a database, one sentence and an exit code at the end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import typer
from rich.console import Console

from bots import logs
from core.settings import Settings, SettingsError, load_settings

#: sysexits.h, EX_CONFIG: the operator has to change something; restarting does not help.
CONFIG = 78
FAILED = 1


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """End with one sentence."""
    Console(stderr=True).print(sentence, style="bold red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def read_settings(*, key: bool = False, level: str | None = None) -> Settings:
    """The settings, and logging set up by them; ends the command with every mistake at once."""
    try:
        settings = load_settings()
    except SettingsError as error:
        fail("\n".join(error.problems), CONFIG)
    logs.configure(level or settings.log_level, settings.log_format, logs.secrets_of(settings))
    if key and settings.keyapi_key is None:
        fail("KEYAPI_KEY is missing: write the endpoint's key, which begins with sk_live_, into .env.", CONFIG)
    return settings


def finish(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run an async command to its exit code; what the operator can mend becomes one sentence."""
    from bots.runtime import CannotRun
    from core.active_run import AlreadyRunning, LockLost
    from core.database import DatabaseUnavailable

    try:
        code = asyncio.run(work)
    except (CannotRun, AlreadyRunning) as error:
        fail(str(error), CONFIG)
    except LockLost as error:
        fail(str(error))
    except DatabaseUnavailable as error:
        fail(f"The database cannot be used just now: {error}.")
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


def with_database(settings: Settings, work: Callable[..., Any], *, writes: bool = False) -> Any:
    """Run a domain function on the database, beside a bot that may be running."""
    from bots.runtime import CannotRun, open_database
    from core.database import DatabaseUnavailable, transact

    try:
        database = open_database(settings)
    except CannotRun as error:
        fail(str(error), CONFIG)
    try:
        if writes:
            return transact(database.writing, work, database)
        return transact(database.reading, work)
    except DatabaseUnavailable as error:
        fail(f"The database cannot be used just now: {error}.")
    finally:
        database.close()
