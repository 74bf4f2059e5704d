"""`snapshop demo`: the real bot, with a chat page and the endpoint's stand-in on this machine."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr
from rich.console import Console

from bots import logs
from bots.history import telling_budget, write_history
from bots.runtime import CannotRun, open_database, read_pepper, running
from bots.sandbox.catalogue import Sample, samples
from bots.sandbox.endpoint import Endpoint, serve
from bots.sandbox.page import add_page
from bots.sandbox.telegram_people import add_routes
from bots.sandbox.telegram_world import TelegramWorld
from bots.underneath import underneath
from core.active_run import active
from core.budgets import spent_now
from core.clock import utc_now
from core.database import Database, transact
from core.model import Identity
from core.policy import Policy
from core.settings import Settings

TOKEN = "1234567890:DEMO-token-of-the-sandbox-000000000"  # noqa: S105  # opens only the sandbox
KEY = "sk_live_demo"
#: The people of the demo; the admin is ADMINS.
MIA, TOM, ADMIN = 101, 102, 900
GROUP = -1001000000001
#: Bytes of an upload to the page: ten photos of 20 MB, what Telegram takes.
_UPLOAD = 200 * 1024 * 1024


def demo_world() -> TelegramWorld:
    """Two people, an admin, and a group they are all in."""
    world = TelegramWorld(token=TOKEN)
    world.person(MIA, "Mia", username="mia")
    world.person(TOM, "Tom", username="tom")
    world.person(ADMIN, "Ada", username="ada", role="admin")
    world.group(GROUP, "Deal hunters", [MIA, TOM, ADMIN], admins=[ADMIN])
    for chat in world.chats.values():
        # A database that was kept knows the messages of earlier demos, and would take a number that comes again
        # for the same message. Tenths of a second are faster than anyone writes.
        chat.last_message_id = int(world.clock() * 10)
    return world


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The addresses of a demo that runs."""

    page: str
    settings: Settings
    world: TelegramWorld
    endpoint: Endpoint


@asynccontextmanager
async def demo_running(
    *, port: int, pictures: bool, folder: Path, history: bool = False, **changes: Any
) -> AsyncIterator[Demo]:
    """The whole demo, started: page, stand-ins, and the bot as `run` runs it. ``changes`` are settings.

    ``history``: a month of other people's searches comes first.
    """
    world, endpoint = demo_world(), Endpoint(key=KEY)
    site = web.Application(client_max_size=_UPLOAD)
    async with serve(endpoint) as keyapi, contextlib.AsyncExitStack() as stack:
        database_url = f"sqlite:///{folder / 'snapshop.db'}"
        database: Database | None = None

        async def panel(person: int) -> dict[str, object]:
            if database is None or person not in world.people:
                raise LookupError(person)
            identity = Identity(platform="telegram", user=str(person))
            facts = await underneath(database, identity, settings, pepper=read_pepper(database))
            return facts | {"endpoint": endpoint.state()}

        add_routes(site, world)
        add_page(site, panel=panel, samples=_samples(), endpoint=endpoint, pictures=pictures)
        page = await stack.enter_async_context(_serve(site, port))
        values: dict[str, Any] = {
            "telegram_bot_token": SecretStr(TOKEN),
            "telegram_api_url": page,
            "keyapi_key": SecretStr(KEY),
            "keyapi_url": keyapi,
            "database_url": SecretStr(database_url),
            "admins": frozenset({Identity(platform="telegram", user=str(ADMIN))}),
            "product_picture_url": f"{keyapi}/pictures/{{bucket}}/{{key}}" if pictures else None,
            "monthly_allowance": 20 if history else 10,
            "new_account_limit": None,  # Everybody here is new, and what an admin gives is there to be tried.
            **changes,
        }
        # The defaults, whatever this machine's environment or .env says: the demo is the same everywhere.
        settings = Settings.model_construct(**values)
        database = await asyncio.to_thread(open_database, settings)
        stack.callback(database.close)
        if history:
            settings = await asyncio.to_thread(_with_history, database, settings)
        await stack.enter_async_context(active(database))
        bot = await stack.enter_async_context(running(settings, database))
        receiving = asyncio.create_task(bot.receive())
        try:
            yield Demo(page=page, settings=settings, world=world, endpoint=endpoint)
        finally:
            await bot.platforms.stop_receiving()
            await asyncio.wait([receiving])


def _with_history(database: Database, settings: Settings) -> Settings:
    """Write the month before, and set a budget that fits it."""
    now, ada = utc_now(), Identity(platform="telegram", user=str(ADMIN))
    write_history(database, now, policy=Policy.from_settings(settings), pepper=read_pepper(database), by=ada)
    used, _ = transact(database.reading, spent_now, now)
    return settings.model_copy(update={"monthly_budget": telling_budget(used, now)})


@cache
def _samples() -> tuple[Sample, ...]:
    """Drawing them takes half a second: once for all demos of a process."""
    return tuple(samples())


@asynccontextmanager
async def _serve(site: web.Application, port: int) -> AsyncIterator[str]:
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else "no reason given"
            raise CannotRun(f"Port {port}: {why}. Choose another with --port, or --port 0.") from error
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def run_demo(*, port: int, pictures: bool, folder: Path | None, history: bool = False) -> int:
    """Run the demo until Ctrl-C."""
    logs.configure("INFO", "console", [TOKEN, KEY])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="snapshop-demo-") as temporary:
        kept = folder or Path(temporary)
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotRun(f"--data {kept}: {error.strerror}. Choose a folder that can be written.") from error
        console = Console(stderr=True)
        if history:
            console.print("\n  Writing a month of searches, which takes some seconds …")
        async with demo_running(port=port, pictures=pictures, folder=kept, history=history) as demo:
            console.print(f"\n  Open [bold]{demo.page}[/] and drop in a photo. Ctrl-C ends the demo.\n")
            if history:
                console.print("  Ada, the admin, finds the month in /usage.\n")
            if not pictures:
                console.print("  Answers come as text, as they do where PRODUCT_PICTURE_URL is not set.\n")
            await stop.wait()
    return 0
