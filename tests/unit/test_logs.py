"""What an operator reads in the logs, and what nobody may."""

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import structlog
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import InvalidToken
from telegram.ext import ExtBot

from bots import logs
from core.settings import load_settings

TOKEN = "7418529630:AAEcanaryCANARYcanaryCANARYcanaryXYZ"
KEY = "sk_live_canary/with+odd=characters"
PASSWORD = 'canary"p@ss\\word'
SECRETS = [TOKEN, KEY, PASSWORD]
#: Everything that would give one of them away.
CANARIES = ["AAEcanary", "canary/with", "canary%2Fwith", "canary%2fwith", "p@ss", "p%40ss"]


@pytest.fixture
def lines(log_to: Callable[..., io.StringIO]) -> io.StringIO:
    return log_to()


@pytest.fixture
def log_to() -> Iterator[Callable[..., io.StringIO]]:
    """Set up logging as the bot does, into a text; afterwards everything is as it was."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook, sys.unraisablehook

    def start(level: str = "DEBUG", fmt: Any = "console") -> io.StringIO:
        stream = io.StringIO()
        logs.configure(level, fmt, SECRETS, stream=stream)
        return stream

    yield start
    root.handlers[:], level, sys.excepthook, threading.excepthook, sys.unraisablehook = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    for name in logs.NOISY:
        logging.getLogger(name).setLevel(logging.NOTSET)


def has_canary(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def say_it_in_every_way(secret: str) -> None:
    ours, theirs = structlog.get_logger("bots.ours"), logging.getLogger("theirs")
    encoded = quote(secret, safe="")
    for text in (
        secret,
        f"https://api.example.com/bot{secret}/getMe",
        f"/file/bot{encoded}/x",
        encoded.lower(),
    ):
        ours.info(text)
        ours.info("asked", url=text, nested={"list": [text, text.encode()]})
        ours.info("asked %s", text)
        theirs.info(text)
        theirs.warning("asked %s %r", text, [text])
        try:
            try:
                raise ConnectionError(text)
            except ConnectionError as error:
                raise RuntimeError(f"while asking {text}") from error
        except RuntimeError:
            ours.exception("failed", about=text)
            theirs.exception("failed %s", text)
            ours.warning("failed", exc_info=True, stack_info=True)


@pytest.mark.threat(6)
@pytest.mark.parametrize("fmt", ["console", "json"])
def test_no_secret_reaches_a_log_however_it_is_said(log_to: Callable[..., io.StringIO], fmt: str) -> None:
    lines = log_to("DEBUG", fmt)
    for secret in SECRETS:
        say_it_in_every_way(secret)
    text = lines.getvalue()
    assert has_canary(text) == []
    assert text.count(logs.HIDDEN) >= 100
    assert "while asking" in text


@pytest.mark.threat(6)
def test_a_token_that_nobody_named_is_known_by_its_form(lines: io.StringIO) -> None:
    foreign = "1234567890:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi"
    for text in (foreign, f"/bot{foreign}/getMe", f"bot{quote(foreign)}", "sk_live_0123456789"):
        logging.getLogger("theirs").info("GET %s", text)
    assert "ABCDEF" not in lines.getvalue()
    assert "0123456789" not in lines.getvalue()


@pytest.mark.threat(6)
async def test_python_telegram_bot_and_httpx_at_debug_do_not_give_the_token_away(lines: io.StringIO) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    root = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        bot = ExtBot(TOKEN, base_url=f"{root}/bot", base_file_url=f"{root}/file/bot")
        with pytest.raises(InvalidToken):
            await bot.initialize()
        await bot.shutdown()
        logging.getLogger("bots").error("this bot: %r", bot)
        async with httpx.AsyncClient() as client:
            await client.get(f"{root}/bot{quote(TOKEN)}/getMe")
    finally:
        await runner.cleanup()
    assert "getMe" in lines.getvalue()
    assert has_canary(lines.getvalue()) == []


@pytest.mark.threat(6)
async def test_errors_that_nobody_caught_are_logged_without_secrets(lines: io.StringIO) -> None:
    try:
        raise RuntimeError(TOKEN)
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    def fail() -> None:
        raise ValueError(KEY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    asyncio.get_running_loop().call_exception_handler({"message": "lost", "exception": OSError(TOKEN)})
    text = lines.getvalue()
    assert [name in text for name in ("RuntimeError", "ValueError", "OSError")] == [True] * 3
    assert has_canary(text) == []


@pytest.mark.threat(6)
def test_every_secret_of_the_settings_is_known_to_the_log() -> None:
    settings = load_settings(
        None,
        telegram_bot_token=TOKEN,
        keyapi_key=KEY,
        discord_bot_token="canary-discord",
        telegram_webhook_secret="canary-webhook-" + "x" * 32,
        database_url=f"postgresql://me:{quote(PASSWORD, safe='')}@db/shop",
    )
    secrets = logs.secrets_of(settings)
    assert {TOKEN, KEY, PASSWORD, "canary-discord", "canary-webhook-" + "x" * 32} <= set(secrets)
    assert logs.redactor(secrets)("password=" + PASSWORD) == "password=[secret]"


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=4, max_size=40),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_a_secret_is_blanked_out_wherever_it_stands(secret: str, before: str, after: str) -> None:
    redact = logs.redactor([secret])
    assert secret not in redact(before + secret + after).replace(logs.HIDDEN, "\0") or secret in logs.HIDDEN
    for written in (
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        repr([secret.encode()]),
        repr(repr(secret)),
    ):
        assert logs.HIDDEN in redact(before + written + after)


def test_a_text_without_secrets_stays_as_it_is() -> None:
    assert logs.redactor([*SECRETS, ""])("3 before you, 12:34:56, sk_test") == "3 before you, 12:34:56, sk_test"


@pytest.mark.threat(19)
@pytest.mark.parametrize("fmt", ["console", "json"])
def test_a_name_with_line_ends_stays_on_one_line(log_to: Callable[..., io.StringIO], fmt: str) -> None:
    lines = log_to("INFO", fmt)
    hostile = "joe\n12:00:00 [info] forged\r\x1b[2J\x85\u2028\u202e\x00 end"
    structlog.get_logger("bots.ours").info("photo", name=hostile, people=[hostile])
    structlog.get_logger("bots.ours").info(hostile)
    logging.getLogger("theirs").info("from %s", hostile)
    text = lines.getvalue()
    assert len(text.splitlines()) == 3
    assert all("end" in line for line in text.splitlines())
    assert not set("\x1b\r\x00\u202e") & set(text)


def test_json_is_one_object_a_line(log_to: Callable[..., io.StringIO]) -> None:
    lines = log_to("INFO", "json")
    structlog.get_logger("bots.ours").info("asked", search="abc", credits=1)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("theirs").exception("failed %d times", 2)
    first, second = map(json.loads, lines.getvalue().splitlines())
    assert (first["event"], first["level"], first["logger"], first["search"], first["credits"]) == (
        *("asked", "info", "bots.ours", "abc"),
        1,
    )
    assert first["timestamp"].endswith("Z")
    assert second["event"] == "failed 2 times"
    assert second["exception"].count("ValueError: broken") == 1


def test_a_traceback_is_readable_on_the_console(lines: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("bots.ours").exception("failed")
    assert lines.getvalue().count("ValueError: broken") == 1
    assert len(lines.getvalue().splitlines()) > 3
    assert "\x1b" not in lines.getvalue(), "colours are for terminals"


@pytest.mark.parametrize("fmt", ["console", "json"])
def test_a_log_line_that_cannot_be_made_does_not_stop_a_search(log_to: Callable[..., io.StringIO], fmt: str) -> None:
    class Unprintable:
        def __repr__(self) -> str:
            raise RuntimeError(TOKEN)

    lines = log_to("INFO", fmt)
    structlog.get_logger("bots.ours").info("search", thing=Unprintable())
    structlog.get_logger("bots.ours").info("%d credits", "many")
    logging.getLogger("theirs").info("%d credits", "many")
    logging.getLogger("theirs").info("%s", Unprintable())
    text = lines.getvalue()
    assert text.count("a log line could not be written") == 4
    assert has_canary(text) == []


def test_a_log_that_is_gone_does_not_stop_a_search(lines: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    lines.close()
    structlog.get_logger("bots.ours").info("search", key=KEY)
    assert capsys.readouterr().err == ""


def test_libraries_are_quiet_unless_asked(log_to: Callable[..., io.StringIO]) -> None:
    lines = log_to("INFO")
    for name in ("httpx", "telegram.ext.Updater", "aiohttp.access", "PIL.PngImagePlugin", "asyncio"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble")
    assert "chatter" not in lines.getvalue()
    assert lines.getvalue().count("trouble") == 5


def test_what_is_below_the_level_is_not_written(log_to: Callable[..., io.StringIO]) -> None:
    lines = log_to("WARNING")
    structlog.get_logger("bots.ours").info("chatter")
    logging.getLogger("theirs").info("chatter")
    structlog.get_logger("bots.ours").warning("trouble")
    assert len(lines.getvalue().splitlines()) == 1


def test_the_log_goes_to_stderr(log_to: Callable[..., io.StringIO], capsys: pytest.CaptureFixture[str]) -> None:
    log_to()
    logs.configure("INFO", "console", [])
    structlog.get_logger("bots.ours").info("hello")
    written = capsys.readouterr()
    assert "hello" in written.err
    assert written.out == ""


@pytest.mark.threat(6)
def test_tokens_of_discord_that_nobody_named_are_known_by_their_form(lines: io.StringIO) -> None:
    bot = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GcanrY.canaryCANARY_canary-CANARY0123456789"
    interaction = "aW50ZXJhY3Rpb246canaryCANARYcanaryCANARY"
    for text in (
        f"Authorization: Bot {bot}",
        f"POST /api/v10/webhooks/123456789012345678/{interaction}/messages/@original",
        f"POST /api/v10/interactions/123456789012345678/{interaction}/callback",
    ):
        logging.getLogger("theirs").info(text)
    assert "anary" not in lines.getvalue()
    assert lines.getvalue().count(logs.HIDDEN) == 3
    assert (
        logs.redactor([])("bots.discord.app, 10.0.2-beta.1, /webhooks/1/x")
        == "bots.discord.app, 10.0.2-beta.1, /webhooks/1/x"
    )


@pytest.mark.threat(6)
@pytest.mark.parametrize("library", ["discord.gateway", "discord.http", "discord.client", "telegram.Bot"])
def test_what_people_write_is_in_no_log_whatever_the_level(log_to: Callable[..., io.StringIO], library: str) -> None:
    lines = log_to("DEBUG")
    logging.getLogger(library).debug("WebSocket Event: %s", {"content": "crimson zebra"})
    logging.getLogger(library).warning("We are being rate limited.")
    assert "zebra" not in lines.getvalue()
    assert "rate limited" in lines.getvalue()


async def test_every_line_of_a_search_names_it_whoever_writes_it(log_to: Callable[..., io.StringIO]) -> None:
    lines = log_to("DEBUG", "json")

    async def search(name: str) -> None:
        structlog.contextvars.bind_contextvars(search=name)
        await asyncio.sleep(0)
        structlog.get_logger("bots.ours").info("ours")
        logging.getLogger("theirs").info("theirs")
        await asyncio.to_thread(logging.getLogger("PIL").debug, "in a thread")

    await asyncio.gather(*(asyncio.create_task(search(name)) for name in ("one", "two")))
    logging.getLogger("theirs").info("no search")
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    ours = [line for line in told if line["logger"] != "asyncio"]
    assert sorted((line.get("search", ""), line["event"]) for line in ours) == [
        ("", "no search"),
        *((name, event) for name in ("one", "two") for event in ("in a thread", "ours", "theirs")),
    ]
