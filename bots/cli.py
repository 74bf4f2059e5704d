"""The command line: answers to stdout, logs to stderr, mistakes in one sentence and an exit code."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from bots import logs
from bots.printing import print_json
from core.settings import Settings, SettingsError, load_settings

app = typer.Typer(
    name="snapshop",
    help="Send a photo in a chat, get the closest products in TikTok Shop, every credit accounted for.\n\n"
    "Settings come from the environment and from .env in this folder (.env.example explains each). "
    "Try it without any: snapshop demo.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

#: sysexits.h, EX_CONFIG: the operator has to change something; restarting does not help.
CONFIG = 78
FAILED = 1

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


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


@app.command()
def run() -> None:
    """Run the bot until it is stopped (Ctrl-C or SIGTERM); brings the database up to date first."""
    from bots.runtime import run as run_bot
    from core.settings import check_run, warnings, worst_case

    settings = read_settings()
    if missing := check_run(settings):
        fail("\n".join(missing), CONFIG)

    async def work() -> int:
        for warning in warnings(settings):
            Console(stderr=True).print(warning, style="yellow", markup=False, soft_wrap=True)
        Console(stderr=True).print(f"Snapshop {version('snapshop')}. {worst_case(settings)}", markup=False)
        await run_bot(settings)
        return 0

    finish(work())


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port of the chat page on this machine; 0: any free one.")
    ] = 8080,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Whether answers show pictures of the products.")
    ] = True,
    data: Annotated[
        Path | None, typer.Option(help="Keep the demo's database in this folder; else it is temporary.")
    ] = None,
) -> None:
    """Try the real bot in your browser: no account, no key, no network.

    Telegram and the search endpoint are local stand-ins; everything else is what `run` runs.
    """
    from bots.demo import run_demo

    finish(run_demo(port=port, pictures=pictures, folder=data))


@app.command()
def find(
    photo: Annotated[Path, typer.Argument(help="A JPEG, PNG, WebP, GIF, HEIC or AVIF file.", dir_okay=False)],
    region: Annotated[str, typer.Option(help="A market like US or GB; `any` for all.")] = "",
    words: Annotated[str, typer.Option(help="Words that steer the search.")] = "",
    as_json: Json = False,
) -> None:
    """Search with one photo: 1 credit of the operator, booked like everybody's."""
    from bots.one_photo import find_one

    settings = read_settings(key=True, level="WARNING")
    try:
        picture = photo.read_bytes()
    except OSError as error:
        fail(f"{photo} cannot be read: {error.strerror}.")
    finish(find_one(settings, picture, region=region, words=words, as_json=as_json))


@app.command()
def usage(
    period: Annotated[str, typer.Option(help="today, 7d, or a month like 2026-11.")] = "month", as_json: Json = False
) -> None:
    """What was searched and spent, and by whom."""
    from core.usage import Period
    from core.usage import usage as figures_of

    settings = read_settings(level="WARNING")
    zone = settings.report_timezone
    now = datetime.now(UTC)
    try:
        wanted = Period.parse(period, now.astimezone(zone).date(), zone)
    except ValueError as error:
        fail(f"{error}.", 2)

    figures = with_database(settings, lambda connection: figures_of(connection, wanted, zone, now))
    if as_json:
        facts = asdict(figures) | {"period": {"since": wanted.since, "until": wanted.until}}
        print_json(facts)
        return
    table = Table(
        title=f"{wanted.since.astimezone(zone):%d %b %Y} to "
        f"{wanted.until.astimezone(zone) - timedelta(days=1):%d %b %Y}"
    )
    for heading in ("person", "name", "searches", "credits used", "balance"):
        table.add_column(heading, justify="left" if heading in ("person", "name") else "right")
    for person in figures.people:
        name = person.name.replace("[", r"\[")
        table.add_row(person.person, name, str(person.searches), str(person.captured), str(person.balance))
    console = Console()
    console.print(table)
    console.print(
        f"{figures.searches} searches, {figures.answered} answered, {figures.from_cache} of them free. "
        f"Credits: {figures.captured} used, {figures.uncertain} possibly used, {figures.released} given back."
    )


@app.command()
def grant(
    person: Annotated[str, typer.Argument(help="telegram:123 or discord:456.")],
    credits_: Annotated[int, typer.Argument(metavar="N", min=1, max=1_000_000, help="How many credits.")],
    until: Annotated[str, typer.Option(help="The last day on which they can be used (UTC): 2026-12-31.")] = "",
    reason: Annotated[str, typer.Option(help="Why; the person reads it in /credits.")] = "",
) -> None:
    """Give a person credits; done at once, also while the bot runs."""
    from bots.runtime import read_pepper
    from core import admin
    from core.clock import end_of
    from core.database import Database
    from core.model import Identity
    from core.policy import Policy

    settings = read_settings(level="WARNING")
    try:
        whom = Identity.parse(person)
    except ValueError as error:
        fail(f"{error}.", 2)
    if whom.user.startswith("-"):
        fail(f"{whom} is a chat: credits belong to people.", 2)
    try:
        ends_on = end_of(date.fromisoformat(until)) if until else None
    except (ValueError, OverflowError):  # the calendar ends with the year 9999
        fail(f"{until} is no date: write it like 2026-12-31.", 2)
    now = datetime.now(UTC)
    if ends_on is not None and ends_on <= now:
        fail(f"{until} is over already.", 2)
    by = admin.By(admin="command line", event=None, at=now)

    def work(connection: Any, database: Database) -> admin.Change:
        return admin.grant(
            connection,
            by,
            whom,
            credits_,
            ends_on=ends_on,
            reason=reason or None,
            policy=Policy.from_settings(settings),
            pepper=read_pepper(database),
        )

    change = with_database(settings, work, writes=True)
    sys.stdout.write(f"{whom}: {change.before} -> {change.after} credits\n")


@app.command()
def check() -> None:
    """Prove the books: balances, holds, what was counted against the budgets. Exit code 1 if they are wrong."""
    from core.check import check as problems_of

    settings = read_settings(level="WARNING")
    problems = with_database(settings, problems_of)
    if problems:
        fail("\n".join(problems))
    sys.stdout.write("The books are right.\n")


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date; every command but doctor does so by itself."""
    import migrations
    from bots.runtime import CannotRun, open_database

    settings = read_settings(level="WARNING")
    try:
        open_database(settings).close()
    except CannotRun as error:
        fail(str(error), CONFIG)
    sys.stdout.write(f"The database is at version {migrations.head()}.\n")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at settings, bot, the key's form, database and clock; say what to do about each. Spends no credit."""
    from bots.doctor import examine

    finish(examine(as_json=as_json))


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
