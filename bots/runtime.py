"""The one composition root: settings -> core -> adapters. Starts, drains, stops."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

import migrations
from bots.chat_app import ChatApp, PlatformDown, PlatformRefused
from bots.commands import Commands
from bots.context import Context
from bots.digest import Digest
from bots.metrics import Metrics
from bots.platforms import Platforms
from bots.readiness import Readiness
from bots.server import serving
from bots.start_table import tell_start
from bots.telegram.app import TelegramApp
from bots.telegram.webhook import WEBHOOK_PATH
from core.active_run import active
from core.adapter import Alerts, Platform
from core.asking import Asking
from core.chores import hourly, weekly
from core.clock import Clock, utc_now
from core.database import Database, create_private, sqlite_path
from core.delivery import Delivery
from core.finder import Finder
from core.keyapi.client import KeyApi
from core.keyapi.pacing import Breaker, Pace
from core.meter import UNMETERED, Meter
from core.photos import Decoders
from core.policy import Policy
from core.service import Service
from core.settings import Settings, check_run
from core.turns import Turns
from core.watch import Watch, space_of

log = structlog.get_logger(__name__)

_PEPPER_BYTES = 32


class CannotRun(Exception):
    """One sentence for the operator: why the bot does not start, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The core, put together; `close` it at the end."""

    service: Service
    policy: Policy
    breaker: Breaker
    turns: Turns
    #: Filled by the adapters before the first query.
    platforms: dict[str, Platform]
    pepper: bytes
    _endpoint: KeyApi = field(repr=False)
    _decoders: Decoders = field(repr=False)

    async def close(self) -> None:
        """Close the endpoint's connections and the decoders; the database stays its opener's."""
        await self._endpoint.aclose()
        self._decoders.close()


def build_core(
    settings: Settings,
    database: Database,
    *,
    alerts: Alerts,
    pepper: bytes,
    clock: Clock = utc_now,
    meter: Meter = UNMETERED,
) -> Core:
    """Put the core together. Needs KEYAPI_KEY; to be called inside the running event loop."""
    if settings.keyapi_key is None:
        raise CannotRun("KEYAPI_KEY is missing: write the endpoint's key into .env.")
    policy = Policy.from_settings(settings)
    pace = Pace(settings.keyapi_rate)
    breaker = Breaker()
    turns = Turns(pace, rate=settings.keyapi_rate, concurrency=settings.keyapi_concurrency)
    endpoint = KeyApi(url=settings.keyapi_url, key=settings.keyapi_key, timeout=settings.keyapi_timeout)
    decoders = Decoders()
    platforms: dict[str, Platform] = {}
    delivery = Delivery(database, platforms, clock=clock, meter=meter)
    asking = Asking(
        database,
        endpoint,
        turns,
        pace=pace,
        breaker=breaker,
        policy=policy,
        alerts=alerts,
        insist=delivery.insist,
        clock=clock,
        timeout=settings.keyapi_timeout,
        meter=meter,
    )
    finder = Finder(
        database,
        asking,
        delivery,
        turns,
        decoders=decoders,
        platforms=platforms,
        policy=policy,
        pepper=pepper,
        clock=clock,
    )
    service = Service(database, finder, delivery, turns, policy=policy, clock=clock, meter=meter)
    return Core(
        service=service,
        policy=policy,
        breaker=breaker,
        turns=turns,
        platforms=platforms,
        pepper=pepper,
        _endpoint=endpoint,
        _decoders=decoders,
    )


def open_database(settings: Settings) -> Database:
    """Open the database and bring its schema up to date. Raises CannotRun with one sentence."""
    url = settings.database_url.get_secret_value()
    try:
        database = Database(url)
        if migrations.upgrade(database.writing):
            log.info("the database is up to date", version=migrations.head())
    except migrations.WrongVersion as error:
        raise CannotRun(str(error)) from error
    except (migrations.Unusable, OSError, ValueError) as error:
        raise CannotRun(f"DATABASE_URL cannot be used: {error}. Check the address, or restore a backup.") from error
    return database


def read_pepper(database: Database) -> bytes:
    """The key of forgotten identities' hashes: a private file, never in the database that it protects."""
    path = Path("snapshop.key")
    if database.is_sqlite:
        file = sqlite_path(database.url)
        path = file.with_name(file.name + ".key")
    if not path.exists() or not path.read_bytes():
        create_private(path)
        path.write_bytes(secrets.token_bytes(_PEPPER_BYTES))
    return path.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The bot while it runs."""

    core: Core
    platforms: Platforms

    async def receive(self) -> None:
        """Receive on every platform until they are stopped. Raises CannotRun when none is left."""
        try:
            await self.platforms.receive()
        except PlatformRefused as error:
            raise CannotRun(str(error)) from error


@asynccontextmanager
async def running(settings: Settings, database: Database, *, clock: Clock = utc_now) -> AsyncIterator[Running]:
    """The whole bot, started: adapters connected and what an earlier process left taken up; drained at the end.

    Raises CannotRun.
    """
    platforms, metrics = Platforms(), Metrics()
    core = build_core(settings, database, alerts=platforms, pepper=read_pepper(database), clock=clock, meter=metrics)
    context = Context(
        database=database, breaker=core.breaker, settings=settings, policy=core.policy, pepper=core.pepper, clock=clock
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(core.close)
        platforms.apps.update(_adapters(settings, database, core.service, Commands(context), clock))
        for name, app in platforms.apps.items():
            stack.push_async_callback(app.close)
            core.platforms[name] = app.platform
        try:
            await platforms.connect()
        except (PlatformRefused, PlatformDown) as error:
            raise CannotRun(str(error)) from error
        stack.push_async_callback(core.service.drain)
        stack.push_async_callback(platforms.stop_receiving)
        # Before anything is received: what this process journals itself must not be taken up.
        if left := await core.service.resume(core.platforms):
            log.info("searches of the last run are taken up", searches=left)
        if settings.http_port is not None:
            metrics.look_at(turns=core.turns, breaker=core.breaker, apps=platforms.apps)
            readiness = Readiness(database, core.breaker, platforms.health, clock=clock)
            await stack.enter_async_context(_listening(settings, settings.http_port, platforms, readiness, metrics))
            stack.callback(asyncio.create_task(metrics.watch_loop()).cancel)
        for work in _by_the_clock(settings, database, core.policy, platforms, context, metrics):
            stack.callback(asyncio.create_task(work).cancel)
        yield Running(core=core, platforms=platforms)


def _by_the_clock(
    settings: Settings, database: Database, policy: Policy, platforms: Platforms, context: Context, metrics: Metrics
) -> Iterator[Coroutine[Any, Any, None]]:
    """What is done and looked at again and again."""
    clock, zone = context.clock, settings.report_timezone
    yield hourly(database, policy, alerts=platforms, clock=clock, meter=metrics)
    yield platforms.watch()
    folder = sqlite_path(database.url).parent if database.is_sqlite else None
    watch = Watch(
        database,
        policy,
        alerts=platforms,
        clock=clock,
        zone=zone,
        health=platforms.health,
        space=lambda: space_of(folder) if folder is not None else None,
    )
    yield watch.run()
    if settings.weekly_digest:
        yield weekly(database, Digest(context, platforms.apps).send, zone=zone, clock=clock)


def _adapters(
    settings: Settings, database: Database, service: Service, commands: Commands, clock: Clock
) -> dict[str, ChatApp]:
    """An adapter for each platform that has a token. Raises CannotRun."""
    apps: dict[str, ChatApp] = {}
    try:
        if settings.telegram_bot_token is not None:
            apps["telegram"] = TelegramApp(settings, database, service, commands, clock=clock)
        if settings.discord_bot_token is not None:
            # Imported where it is used: it takes a second, and most bots are on one platform.
            from bots.discord.app import DiscordApp  # noqa: PLC0415

            apps["discord"] = DiscordApp(settings, database, service, commands, clock=clock)
    except (PlatformRefused, ValueError) as error:
        raise CannotRun(str(error)) from error
    return apps


@asynccontextmanager
async def _listening(
    settings: Settings, port: int, platforms: Platforms, readiness: Readiness, metrics: Metrics
) -> AsyncIterator[None]:
    telegram = platforms.apps.get("telegram")
    posts = {WEBHOOK_PATH: telegram.webhook} if isinstance(telegram, TelegramApp) else {}
    server = serving(settings.http_host, port, posts, readiness=readiness, metrics=metrics)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(server)
        except OSError as error:
            raise CannotRun(f"HTTP_PORT {port} cannot be listened on: {error.strerror}.") from error
        yield


async def run(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """`snapshop run`: until SIGTERM, SIGINT or ``stop``. Raises CannotRun, AlreadyRunning, LockLost."""
    if missing := check_run(settings):
        raise CannotRun("\n".join(missing))
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = await asyncio.to_thread(open_database, settings)
    try:
        async with AsyncExitStack() as stack:
            # On PostgreSQL this may wait for days: a standby has to end as well when it is told to.
            turn = asyncio.create_task(stack.enter_async_context(active(database)))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([turn, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if turn.done():
                await _serve(settings, database, stop, turn.result())
            else:
                turn.cancel()
                await asyncio.wait([turn])
    finally:
        database.close()


async def _serve(settings: Settings, database: Database, stop: asyncio.Event, lost: asyncio.Future[None]) -> None:
    async with running(settings, database) as bot:
        await tell_start(settings, database, bot.platforms.addresses(), clock=utc_now)
        receiving = asyncio.create_task(bot.receive())
        stopped = asyncio.create_task(stop.wait())
        ends: tuple[asyncio.Future[Any], ...] = (receiving, stopped, lost)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if lost.done():
            receiving.cancel()
            lost.result()
        if receiving.done():
            receiving.result()
        log.info("stopping: what is being asked is brought to its end")
