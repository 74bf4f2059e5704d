"""`snapshop configure`: asks for tokens and key, tries them, writes .env, and says what to press elsewhere."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from dotenv import dotenv_values

from bots.env_file import with_values, write_private
from bots.findings import Finding, Verdict
from core.settings import Settings, SettingsError, check_run, load_settings, warnings

#: Where a copy of the project has the example that explains every setting.
_EXAMPLE: Final = Path(".env.example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One setting that is asked for."""

    name: str
    text: str
    secret: bool = False


_TELEGRAM = Question(
    name="TELEGRAM_BOT_TOKEN", text="Token of the Telegram bot (write /newbot to @BotFather)", secret=True
)
_DISCORD = Question(
    name="DISCORD_BOT_TOKEN",
    text="Token of the Discord bot (discord.com/developers/applications: New Application, Bot, Reset Token)",
    secret=True,
)
_KEY = Question(name="KEYAPI_KEY", text="Key of the endpoint, from your KeyAPI account", secret=True)
_ADMINS = Question(name="ADMINS", text="Admins, like telegram:123,discord:456 (the bot answers /id with the number)")
_GUILD = Question(name="DISCORD_GUILD", text="Number of your own Discord server, where admins have their commands")
_ALL = (_TELEGRAM, _DISCORD, _KEY, _ADMINS, _GUILD)

_AT_BOTFATHER = """
At Telegram's @BotFather nothing more is needed; the bot sets its commands and descriptions itself. If you like:
  /setuserpic, your bot             a picture
  /setjoingroups, your bot          Enable: people may add it to groups
  /setprivacy, your bot             Enable (the default): it is sent only what is meant for it
"""
_AT_DISCORD = """
At discord.com/developers/applications, your application:
  Bot                               leave all three Privileged Gateway Intents off
  Installation, Guild Install       scopes applications.commands and bot; permissions View Channels, Send Messages,
                                    Send Messages in Threads, Embed Links, Attach Files, Read Message History
  Installation, User Install        only with DISCORD_USER_INSTALL=on: people add the bot to themselves
Then open the invitation above and add the bot to your server. The server's number: User Settings, Advanced,
Developer Mode on; then right-click the server, Copy Server ID.
"""
_NEXT = "Next: snapshop doctor, then snapshop run."


class CannotConfigure(Exception):
    """Sentences for the operator: why nothing was written."""


def configure(env_file: Path, *, asks: bool) -> int:
    """Write what is asked into ``env_file``, and keep its other lines. Raises CannotConfigure.

    Without ``asks`` the environment and the file answer, and a token that is refused ends in exit code 1.
    """
    _settings(env_file, {})  # what else is wrong with the file is told before anything is asked
    known = _known(env_file)
    answers: dict[str, str] = {}
    refused = False
    for question in _ALL:
        if question is _GUILD and not answers[_DISCORD.name]:
            answers[question.name] = known.get(question.name, "")
            continue
        while True:
            answer = _asked(question, known.get(question.name, "")) if asks else known.get(question.name, "")
            answers[question.name] = answer
            problem = _wrong(answers, question) if answer else None
            if problem is not None:
                typer.echo(problem)
                if not asks:
                    raise CannotConfigure("Nothing was written.")
                continue
            is_refused = bool(answer) and _is_refused(_tried(_settings(env_file, answers), question))
            if not (asks and is_refused) or typer.confirm("Keep it all the same?", default=False):
                refused |= is_refused
                break
    settings = _settings(env_file, answers)
    _write(env_file, {name: value for name, value in answers.items() if value or name in known})
    _say_what_follows(env_file, settings)
    return int(refused and not asks)


def _known(env_file: Path) -> dict[str, str]:
    """What is set already: the environment wins, as it does when the bot runs."""
    try:
        there = dotenv_values(env_file, encoding="utf-8-sig") if env_file.exists() else {}
    except (OSError, UnicodeDecodeError):
        raise CannotConfigure(f"{env_file} cannot be read: it must be a text file (UTF-8).") from None
    upper = {name.upper(): value or "" for name, value in there.items()}
    upper |= {name.upper(): value for name, value in os.environ.items()}
    return {question.name: upper[question.name].strip() for question in _ALL if question.name in upper}


def _asked(question: Question, known: str) -> str:
    shown = "" if not known else " [Enter keeps the one that is set]" if question.secret else f" [{known}]"
    skip = "" if known else " [Enter leaves it out]"
    given = typer.prompt(f"{question.text}{shown}{skip}", default="", hide_input=question.secret, show_default=False)
    return str(given).strip() or known


def _wrong(answers: Mapping[str, str], question: Question) -> str | None:
    """What is wrong with an answer, in a sentence."""
    try:
        load_settings(None, **_fixed(answers))
    except SettingsError as error:
        return next((problem for problem in error.problems if problem.startswith(question.name)), None)
    return None


def _settings(env_file: Path, answers: Mapping[str, str]) -> Settings:
    """The settings as they will be. Raises CannotConfigure."""
    try:
        return load_settings(env_file, **_fixed(answers))
    except SettingsError as error:
        raise CannotConfigure("\n".join((*error.problems, "Nothing was written."))) from None


def _fixed(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers instead of what environment and file say; what was not answered yet is not set."""
    return {question.name.lower(): answers.get(question.name, "") for question in _ALL}


def _tried(settings: Settings, question: Question) -> list[Finding]:
    """What the platform says to a token, printed; nothing for what no platform can say anything to."""

    async def ask() -> list[Finding]:
        findings: AsyncIterator[Finding]
        if question is _TELEGRAM:
            from bots.telegram.checks import check_telegram  # noqa: PLC0415  # half a second each

            findings = check_telegram(settings)
        elif question is _DISCORD:
            from bots.discord.checks import check_discord  # noqa: PLC0415  # half a second each

            findings = check_discord(settings)
        else:
            return []
        return [finding async for finding in findings if finding.check in {"telegram", "discord"}]

    found = asyncio.run(ask())
    for finding in found:
        typer.echo(f"  {finding.verdict}: {finding.text}")
    return found


def _is_refused(findings: list[Finding]) -> bool:
    return any(finding.verdict is Verdict.BROKEN for finding in findings)


def _write(env_file: Path, values: Mapping[str, str]) -> None:
    base = env_file if env_file.exists() else _EXAMPLE
    try:
        text = base.read_text(encoding="utf-8-sig") if base.exists() else ""
        write_private(env_file, with_values(text, values))
    except (OSError, UnicodeDecodeError) as error:
        raise CannotConfigure(f"{env_file} cannot be written: {error}.") from error
    except ValueError as error:
        raise CannotConfigure(f"{error}: nothing was written.") from error


def _say_what_follows(env_file: Path, settings: Settings) -> None:
    typer.echo(f"\n{env_file} is written, and only this account can read it.")
    for problem in (*check_run(settings), *warnings(settings, None)):
        typer.echo(problem)
    if settings.telegram_bot_token is not None:
        typer.echo(_AT_BOTFATHER)
    if settings.discord_bot_token is not None:
        typer.echo(_AT_DISCORD)
    typer.echo(_NEXT)
