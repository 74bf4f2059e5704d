"""`snapshop doctor`: looks at everything an operator can get wrong, and says what to do. Spends no credit."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

import migrations
from bots import logs
from bots.findings import Finding, Verdict
from bots.printing import print_json
from bots.telegram.checks import check_telegram
from core.database import Database, DatabaseUnavailable, sqlite_path
from core.settings import Settings, SettingsError, check_run, load_settings, warnings, worst_case

#: Bytes that a journal should find on its disk.
_ENOUGH_DISK = 200 * 1024 * 1024


async def examine(*, as_json: bool) -> int:
    """Run every check and print it; exit code 1 if something is broken."""
    findings = [finding async for finding in _checks()]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        styles = {Verdict.OK: "green", Verdict.LOOK: "yellow", Verdict.BROKEN: "bold red"}
        table = Table(show_header=False, box=None)
        for finding in findings:
            style = styles[finding.verdict]
            table.add_row(f"[{style}]{finding.verdict}[/]", finding.check, finding.text.replace("[", r"\["))
        Console().print(table)
    return int(any(finding.verdict is Verdict.BROKEN for finding in findings))


async def _checks() -> AsyncIterator[Finding]:
    try:
        settings = load_settings()
    except SettingsError as error:
        for problem in error.problems:
            yield Finding(check="settings", verdict=Verdict.BROKEN, text=problem)
        return
    logs.configure("ERROR", settings.log_format, logs.secrets_of(settings))
    yield Finding(check="settings", verdict=Verdict.OK, text=worst_case(settings))
    for problem in check_run(settings):
        yield Finding(check="settings", verdict=Verdict.BROKEN, text=problem)
    for warning in warnings(settings):
        yield Finding(check="settings", verdict=Verdict.LOOK, text=warning)
    yield await asyncio.to_thread(_database, settings)
    if settings.telegram_bot_token is not None:
        async for finding in check_telegram(settings):
            yield finding
    if settings.discord_bot_token is not None:
        from bots.discord.checks import check_discord  # noqa: PLC0415  # it takes a second to import

        async for finding in check_discord(settings):
            yield finding


def _database(settings: Settings) -> Finding:
    def finding(verdict: Verdict, text: str) -> Finding:
        return Finding(check="database", verdict=verdict, text=text)

    try:
        database = Database(settings.database_url.get_secret_value())
        try:
            version = migrations.current(database.writing)
            if version is None:
                return finding(Verdict.OK, "It can be written; `snapshop run` will set it up.")
            if version != migrations.head():
                return finding(Verdict.LOOK, "It is of another version: `snapshop migrate` brings it up to date.")
            database.probe()
        finally:
            database.close()
    except (DatabaseUnavailable, migrations.Unusable, OSError, ValueError) as error:
        return finding(Verdict.BROKEN, f"It cannot be used: {error}. Check DATABASE_URL, or restore a backup.")
    if database.is_sqlite:
        folder = sqlite_path(database.url).resolve().parent
        if shutil.disk_usage(folder).free < _ENOUGH_DISK:
            return finding(Verdict.LOOK, f"Less than 200 MB are free in {folder}: make room before it is full.")
    return finding(Verdict.OK, f"It can be written and is at version {version}.")
