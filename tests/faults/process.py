"""The bot as an operator runs it: a process of its own, between a local Telegram and the endpoint's stand-in."""

import asyncio
import io
import random
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from PIL import Image

from bots.sandbox.endpoint import serve
from core.check import check
from core.database import Database, transact
from core.figures import PersonUsage, Usage
from core.periods import Period
from core.usage import usage
from tests.endpoint_lab import EndpointLab
from tests.faults.commands import Command, Ended, Forked, fork, inherited, run_all
from tests.telegram_judge import judge
from tests.telegram_lab import TelegramLab, telegram_app

Json = dict[str, Any]
T = TypeVar("T")

ADMIN = 900
#: Secrets that nothing may show: a token and a key of the real shapes.
TOKEN = "7654321098:AAcanary-Token_of-these-tests-000000000"
KEY = "sk_live_canaryKeyOfTheseTests0000"
#: What no chat may ever show of the inside (threat 25).
INSIDE = re.compile(
    r"Error|Exception|Traceback|canary|\.py\b|sqlite|127\.0\.0\.1|https?://(?!shop\.tiktok)|/(?:tmp|home|usr)/"
)


class World:
    """Telegram, the endpoint, a folder; a bot that starts and ends in it; what people do and see."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.telegram = TelegramLab(token=TOKEN, username="snapshop_bot")
        self.endpoint = EndpointLab(key=KEY)
        self.settings = settings
        #: What stands for `snapshop` in an interpreter of its own; nothing: it is forked, which is a second faster.
        self.program: list[str] = []
        self.bot: Forked | asyncio.subprocess.Process | None = None
        self.telegram.person(ADMIN, "Olga", role="admin")

    # --- the bot's life
    async def start(self, *, crash: str = "", ready: bool = True, **settings: str) -> None:
        """Start `snapshop run`, with a crash point or without; ready: it has begun to receive."""
        self.settings |= settings
        polls = self.telegram.poll
        with self.log_file.open("ab") as log:
            if self.program and not crash:
                self.bot = await asyncio.create_subprocess_exec(
                    *(sys.executable, *self.program, "run"),
                    cwd=self.folder,
                    env=inherited() | self.settings,
                    stdout=log,
                    stderr=log,
                )
            else:
                command = Command(arguments=("run",), settings=self.settings, folder=self.folder)
                self.bot = await fork(command, log, log, crash=crash)
        bot = self.bot
        if ready:
            await until(lambda: self.telegram.poll > polls or bot.returncode is not None, "the bot receives", 40)

    async def died(self) -> None:
        """Wait until the crash point was met."""
        assert await self.ended() == -signal.SIGKILL, self.log

    async def kill(self) -> None:
        """kill -9."""
        assert self.bot is not None
        self.bot.kill()
        await self.bot.wait()

    async def stop(self) -> float:
        """SIGTERM; it must end well. How many seconds that took."""
        assert self.bot is not None
        began = time.monotonic()
        self.bot.send_signal(signal.SIGTERM)
        assert await self.ended() == 0, self.log
        return time.monotonic() - began

    async def ended(self, seconds: float = 40) -> int:
        """The exit code, once it has ended by itself."""
        assert self.bot is not None
        async with asyncio.timeout(seconds):
            return await self.bot.wait()

    async def command(self, *arguments: str, **settings: str) -> Ended:
        """Run another command in the same folder with the same settings."""
        return (await self.commands([*arguments], **settings))[0]

    async def commands(self, *wishes: list[str], **settings: str) -> list[Ended]:
        """Several of them, one after the other."""
        run = [Command(arguments=tuple(w), settings=self.settings | settings, folder=self.folder) for w in wishes]
        return await run_all(*run)

    @property
    def log_file(self) -> Path:
        """Everything that the bot wrote, to stdout and stderr."""
        return self.folder / "bot.log"

    @property
    def log(self) -> str:
        """All of it."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def memory(self) -> int:
        """The most bytes that the bot ever had in memory (proc(5): VmHWM)."""
        assert self.bot is not None
        status = Path(f"/proc/{self.bot.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    # --- what people do
    def send(self, person: int, number: int, caption: str = "", *, chat: int | None = None) -> Json:
        """A person, known from then on, sends a photo of their own: each number is another picture."""
        self.meet(person)
        return self.telegram.send_photos(person, chat or person, [photo(number)], caption)[0]

    def write(self, person: int, text: str) -> Json:
        """A person writes in private."""
        self.meet(person)
        return self.telegram.send_text(person, person, text)

    def press(self, message: Json, label: str) -> None:
        """Press the button whose label holds this, in a private chat."""
        chat = message["chat"]["id"]
        data = next(key["callback_data"] for key in keys(message) if label in key["text"])
        self.telegram.press(chat, chat, message["message_id"], data)

    def meet(self, person: int) -> None:
        """The person has an account and a private chat with the bot."""
        if person not in self.telegram.people:
            self.telegram.person(person, f"Person {person}")

    # --- what people see
    async def see(self, person: int, text: str, *, seconds: float = 15) -> Json:
        """The newest message of the bot in a private chat that holds this text, as soon as there is one."""
        return (await self.see_all(person, text, 1, seconds=seconds))[-1]

    async def see_all(self, person: int, text: str, number: int, *, seconds: float = 15) -> list[Json]:
        """So many messages with this text."""

        def found() -> list[Json]:
            return [message for message in self.told(person) if text in said(message)]

        await until(
            lambda: len(found()) >= number,
            lambda: f"{person} sees {number} x {text!r}, not {[said(message) for message in self.told(person)]}",
            seconds,
        )
        return found()

    def told(self, person: int) -> list[Json]:
        """The bot's messages in a private chat, as they stand now."""
        return [message for message in self.telegram.messages(person) if message["from"]["is_bot"]]

    def replies(self, photo: Json) -> list[str]:
        """What the bot replied to a photo."""
        number = photo["message_id"]
        told = self.told(photo["chat"]["id"])
        return [said(message) for message in told if message.get("reply_to_message", {}).get("message_id") == number]

    def texts(self) -> list[str]:
        """Every text that the bot ever wrote into a chat, or into an alert."""
        return [
            str(call.params.get(name))
            for call in self.telegram.calls
            for name in ("text", "caption", "media")
            if call.params.get(name)
        ]

    # --- what the books say
    def read(self, function: Callable[..., T], *args: Any) -> T:
        """Run a domain function that only reads, on the bot's database."""
        database = Database(f"sqlite:///{self.folder / 'snapshop.db'}")
        try:
            return transact(database.reading, function, *args)
        finally:
            database.close()

    @property
    def usage(self) -> Usage:
        """This month's figures."""
        zone, now = ZoneInfo("UTC"), datetime.now(UTC)
        return self.read(usage, Period.parse("month", now.date(), zone), zone, now)

    def account(self, person: int) -> PersonUsage:
        """One person's line of the figures."""
        return next(line for line in self.usage.people if line.person == f"telegram:{person}")

    def prove(self) -> None:
        """The books are right, and agree with what the endpoint counted."""
        assert self.read(check) == []
        figures = self.usage
        assert figures.captured <= self.endpoint.charged <= figures.captured + figures.uncertain + figures.open, figures

    def prove_nothing_leaks(self) -> None:
        """No secret in what was logged or kept, nothing of the inside in a chat, every request well-formed."""
        kept = [*self.folder.glob("snapshop.db*"), self.log_file]
        for file in filter(Path.exists, kept):
            data = file.read_bytes()
            for secret in (TOKEN, KEY, TOKEN.partition(":")[2]):
                assert secret.encode() not in data, file
                assert quote(secret, safe="").encode() not in data, file
            assert b'"update_id"' not in data or file == self.log_file, "a raw update was kept"
        for text in self.texts():
            assert not INSIDE.search(text), text
        assert judge(self.telegram) == []


async def until(look: Callable[[], object], what: str | Callable[[], str], seconds: float = 15) -> None:
    """Wait for something to become true."""
    ends = time.monotonic() + seconds
    while not look():
        if time.monotonic() > ends:
            raise AssertionError(f"not within {seconds:g} s: {what if isinstance(what, str) else what()}")
        await asyncio.sleep(0.02)


def said(message: Json) -> str:
    """The text or the caption of a message."""
    return str(message.get("text") or message.get("caption") or "")


def keys(message: Json) -> list[Json]:
    """The buttons under a message that ask the bot for something."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [key for row in rows for key in row if "callback_data" in key]


@cache
def photo(number: int) -> bytes:
    """A picture of coloured clouds, another one for each number."""
    clouds = Image.frombytes("RGB", (8, 8), random.Random(number).randbytes(8 * 8 * 3))
    stream = io.BytesIO()
    clouds.resize((320, 320), Image.Resampling.BICUBIC).save(stream, "JPEG")
    return stream.getvalue()


@asynccontextmanager
async def living(folder: Path, *, start: bool = True, books: bool = True, **settings: str) -> AsyncIterator[World]:
    """A world, with a running bot; in the end the books are right, nothing leaked, and the bot is gone."""
    world = World(folder, settings)
    async with AsyncExitStack() as stack:
        keyapi = await stack.enter_async_context(serve(world.endpoint))
        runner = web.AppRunner(telegram_app(world.telegram), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": f"http://127.0.0.1:{runner.addresses[0][1]}",
            "KEYAPI_KEY": KEY,
            "KEYAPI_URL": keyapi,
            "ADMINS": f"telegram:{ADMIN}",
        } | settings
        try:
            if start:
                await world.start()
            yield world
            if books:
                world.prove()
        finally:
            if world.bot is not None and world.bot.returncode is None:
                await world.kill()
        world.prove_nothing_leaks()
