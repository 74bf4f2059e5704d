"""`snapshop doctor`: looks at everything an operator can get wrong, and says what to do. Spends no credit."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import aiohttp
from rich.console import Console
from rich.table import Table

import migrations
from bots import logs
from bots.printing import print_json
from core.database import Database, DatabaseUnavailable, sqlite_path
from core.settings import Settings, SettingsError, check_run, load_settings, warnings, worst_case

#: Seconds that this machine's clock may differ from Telegram's before days and months come out wrong.
_CLOCK_TOLERANCE = 30
#: Bytes that a journal should find on its disk.
_ENOUGH_DISK = 200 * 1024 * 1024


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was looked at, how it is, and the next step."""

    check: str
    verdict: Verdict
    text: str


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
        async for finding in _telegram(settings):
            yield finding
    elif settings.discord_bot_token is not None:
        text = "TELEGRAM_BOT_TOKEN is missing: this release speaks Telegram only."
        yield Finding(check="telegram", verdict=Verdict.BROKEN, text=text)


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


async def _telegram(settings: Settings) -> AsyncIterator[Finding]:
    assert settings.telegram_bot_token is not None, "the caller looked"
    root = f"{settings.telegram_api_url}/bot{settings.telegram_bot_token.get_secret_value()}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), trust_env=True) as session:
        try:
            async with session.post(f"{root}/getMe") as response:
                answer = await response.json()
                sent = response.headers.get("Date")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            text = f"Telegram did not answer ({type(error).__name__}): check the network and TELEGRAM_API_URL."
            yield Finding(check="telegram", verdict=Verdict.BROKEN, text=text)
            return
        if not answer.get("ok"):
            text = "Telegram refuses TELEGRAM_BOT_TOKEN: copy it again from @BotFather (/mybots, API Token)."
            yield Finding(check="telegram", verdict=Verdict.BROKEN, text=text)
            return
        bot, number = answer["result"]["username"], answer["result"]["id"]
        yield Finding(check="telegram", verdict=Verdict.OK, text=f"The bot is @{bot}: https://t.me/{bot}")
        if sent:
            yield _clock(sent)
        for place in settings.members_of:
            if place.platform == "telegram":
                yield await _place(session, root, number, place.user)


def _clock(sent: str) -> Finding:
    off = abs((datetime.now(UTC) - parsedate_to_datetime(sent)).total_seconds())
    if off > _CLOCK_TOLERANCE:
        text = f"This machine's clock is {off:.0f} s off Telegram's: set up NTP, days and months depend on it."
        return Finding(check="clock", verdict=Verdict.BROKEN, text=text)
    return Finding(check="clock", verdict=Verdict.OK, text="It agrees with Telegram's.")


async def _place(session: aiohttp.ClientSession, root: str, bot: int, chat: str) -> Finding:
    """Whether the bot can see who is a member there: guaranteed to admins only (Bot API: getChatMember)."""
    name = f"telegram:{chat}"
    try:
        async with session.post(f"{root}/getChatMember", data={"chat_id": chat, "user_id": str(bot)}) as response:
            answer = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Finding(check="members", verdict=Verdict.BROKEN, text=f"{name}: no answer ({type(error).__name__}).")
    if not answer.get("ok") or answer["result"]["status"] != "administrator":
        text = f"The bot cannot see the members of {name}: add it there, as an admin."
        return Finding(check="members", verdict=Verdict.BROKEN, text=text)
    return Finding(check="members", verdict=Verdict.OK, text=f"The bot sees the members of {name}.")
