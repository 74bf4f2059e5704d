"""`snapshop doctor`: looks at everything an operator can get wrong, and says what to do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bots import logs
from bots.findings import Finding, Verdict, broken, look, ok
from bots.machine_checks import check_machine
from bots.printing import print_json
from bots.telegram.checks import check_telegram
from core.settings import LIVE_KEY, Settings, SettingsError, check_run, load_settings, warnings, worst_case

_STYLES = {Verdict.OK: "green", Verdict.LOOK: "yellow", Verdict.BROKEN: "bold red"}


async def examine(*, as_json: bool, spend: bool) -> int:
    """Run every check and print it; exit code 1 if something is broken. With ``spend`` the endpoint is asked."""
    findings = [finding async for finding in _checks(spend=spend)]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_findings(findings)
    return int(any(finding.verdict is Verdict.BROKEN for finding in findings))


def print_findings(findings: list[Finding]) -> None:
    """As a table on stdout, with the sum of it in the last line."""
    table = Table(show_header=False, box=None)
    for finding in findings:
        style = _STYLES[finding.verdict]
        table.add_row(f"[{style}]{finding.verdict}[/]", finding.check, finding.text.replace("[", r"\["))
    console = Console()
    console.print(table)
    counts = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    if counts[Verdict.BROKEN]:
        console.print(f"[bold red]{counts[Verdict.BROKEN]} broken[/]: mend that first, then look again.")
    elif counts[Verdict.LOOK]:
        console.print(f"[yellow]{counts[Verdict.LOOK]} to look at[/]; the bot runs as it is.")
    else:
        console.print("[green]All is well.[/]")


async def _checks(*, spend: bool) -> AsyncIterator[Finding]:
    try:
        settings = load_settings()
    except SettingsError as error:
        for problem in error.problems:
            yield broken("settings", problem)
        return
    logs.configure("ERROR", settings.log_format, logs.secrets_of(settings))
    yield ok("settings", worst_case(settings))
    for problem in check_run(settings):
        yield broken("settings", problem)
    for warning in warnings(settings, None):
        yield look("settings", warning)
    if (key := _key(settings, spend=spend)) is not None:
        yield key
    for finding in await asyncio.to_thread(lambda: list(check_machine(settings))):
        yield finding
    if settings.telegram_bot_token is not None:
        async for finding in check_telegram(settings):
            yield finding
    if settings.discord_bot_token is not None:
        from bots.discord.checks import check_discord  # noqa: PLC0415  # it takes a second to import

        async for finding in check_discord(settings):
            yield finding
    if spend and settings.keyapi_key is not None:
        from bots.endpoint_check import check_endpoint  # noqa: PLC0415  # it builds the whole core

        yield await check_endpoint(settings)


def _key(settings: Settings, *, spend: bool) -> Finding | None:
    """Its form; None where there is none, or a warning has said it."""
    key = settings.keyapi_key
    if key is None or not key.get_secret_value().startswith(LIVE_KEY):
        return None
    proof = "" if spend else "; --spend-one-credit asks whether the endpoint takes it"
    return ok("key", f"KEYAPI_KEY has the form of a live key{proof}.")
