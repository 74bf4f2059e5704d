"""The command line: answers to stdout, logs to stderr, mistakes in one sentence and an exit code."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bots.cli_support import CONFIG, fail, finish, read_settings, with_database

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

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def run() -> None:
    """Run the bot until it is stopped (Ctrl-C or SIGTERM); brings the database up to date first."""
    from bots.runtime import run as run_bot
    from core.settings import check_run, warnings

    settings = read_settings()
    if missing := check_run(settings):
        fail("\n".join(missing), CONFIG)

    async def work() -> int:
        for warning in warnings(settings):
            Console(stderr=True).print(warning, style="yellow", markup=False, soft_wrap=True)
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
    history: Annotated[
        bool, typer.Option("--history", help="Begin with a month of 200 people and 5,000 searches, for /usage.")
    ] = False,
) -> None:
    """Try the real bot in your browser: no account, no key, no network.

    Telegram and the search endpoint are local stand-ins; everything else is what `run` runs.
    """
    from bots.demo import run_demo

    finish(run_demo(port=port, pictures=pictures, folder=data, history=history))


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
    period: Annotated[
        str, typer.Option(help="today, 7d, month, last, a month like 2026-11, or days: 2026-10-01..2026-10-15.")
    ] = "month",
    person: Annotated[str, typer.Option(help="Only this person: telegram:123 or discord:456.")] = "",
    chat: Annotated[str, typer.Option(help="Only this chat: telegram:-100123 or discord:456.")] = "",
    market: Annotated[str, typer.Option(help="Only searches in this market: US, GB …, or `any`.")] = "",
    as_json: Json = False,
    csv: Annotated[Path | None, typer.Option(help="Write a row for each person and day.", dir_okay=False)] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the credits of each day.", dir_okay=False)] = None,
) -> None:
    """What was searched and spent, by whom, and whether it was of use."""
    from bots.usage_cli import Wish, report

    settings = read_settings(level="WARNING")
    try:
        wish = Wish.read(settings, period=period, person=person, chat=chat, market=market, now=datetime.now(UTC))
        report(wish, lambda work: with_database(settings, work), as_json=as_json, csv=csv, png=png)
    except ValueError as error:
        fail(f"{error}.", 2)
    except LookupError as error:
        fail(f"{error.args[0]}.")
    except OSError as error:
        fail(f"{error.filename} cannot be written: {error.strerror}.")


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
    from core.audit import By, Change, reason_of
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
    by = By(admin="command line", event=None, at=now)

    def work(connection: Any, database: Database) -> Change:
        return admin.grant(
            connection,
            by,
            whom,
            credits_,
            ends_on=ends_on,
            reason=reason_of(reason),
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
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; an older backup there is replaced.")],
) -> None:
    """Copy the database, whole and private, also while the bot runs."""
    from bots.backup import CannotCopy, make_backup

    try:
        size = make_backup(read_settings(level="WARNING"), file)
    except CannotCopy as error:
        fail(str(error))
    keep = "Keep a copy on another machine, and .env and the .key file somewhere else."
    sys.stdout.write(f"{file}: {size / 1e6:.1f} MB. {keep}\n")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `snapshop backup` wrote.")]) -> None:
    """Put a backup in the place of the database, once it is proved; the bot must be stopped."""
    from bots.backup import CannotCopy, restore_backup

    try:
        done = restore_backup(read_settings(level="WARNING"), file)
    except CannotCopy as error:
        fail(str(error))
    sys.stdout.write(done.told + "\n")


@app.command()
def configure(
    asks: Annotated[
        bool, typer.Option("--ask/--no-ask", help="--no-ask: take the environment and .env as they are.")
    ] = True,
) -> None:
    """Ask for tokens and key, try them, and write .env; then say what to press at Telegram and Discord."""
    from bots.configure import CannotConfigure
    from bots.configure import configure as ask

    try:
        code = ask(Path(".env"), asks=asks)
    except CannotConfigure as error:
        fail(str(error), CONFIG)
    raise typer.Exit(code)


@app.command()
def doctor(
    as_json: Json = False,
    spend: Annotated[
        bool, typer.Option("--spend-one-credit", help="Ask the endpoint for real: 1 credit, booked like `find`.")
    ] = False,
) -> None:
    """Look at everything that can be wrong, and say what to do about each. Spends no credit unless told to."""
    from bots.doctor import examine

    finish(examine(as_json=as_json, spend=spend))
