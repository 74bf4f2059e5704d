"""Processes that live and die, and the world that outlives them: a real database, and all that is outside."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from core.adapter import Platform
from core.asking import Asking
from core.budgets import Limits
from core.database import Database
from core.delivery import Delivery
from core.finder import Finder
from core.keyapi.pacing import Breaker, Pace
from core.model import ANY_MARKET, Identity, Origin, PhotoQuery
from core.policy import Policy
from core.service import Service
from core.turns import Turns
from tests.builders import empty_database
from tests.simulation.outside import TIMEOUT, Admins, Chats, Endpoint
from tests.simulation.virtual_time import InlineExecutor

PLATFORM = "telegram"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def open_file(path: Path, executor: InlineExecutor) -> Database:
    """A real SQLite database with its schema, worked on inline.

    Without waiting for the disk: these processes die, the machine does not.
    """
    path.write_bytes(empty_database())
    database = Database(f"sqlite:///{path}", writer=executor, reader=executor)

    @event.listens_for(database.writing, "connect")
    def hurry(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return database


def policy(
    *,
    allowance: int = 100,
    month: int | None = None,
    day: int | None = None,
    chat_day: int | None = None,
    new_account: int | None = None,
    queue_wait: float = 120.0,
) -> Policy:
    return Policy(
        allowance=allowance,
        limits=Limits(month=month, day=day, chat_day=chat_day, new_account=new_account),
        queue_wait=timedelta(seconds=queue_wait),
        cache=timedelta(hours=168),
        retention=timedelta(days=90),
        region=ANY_MARKET,
    )


class World:
    """What outlives a process: the database, the endpoint, the chats, the admins."""

    def __init__(self, database: Database, executor: InlineExecutor, *, noon: datetime = NOON) -> None:
        self.database = database
        self.executor = executor
        self.endpoint = Endpoint()
        self.chats = Chats(executor)
        self.admins = Admins()
        #: Which event each search was made for (written by `stage.send`).
        self.numbers: dict[str, int] = {}
        self._noon = noon
        self._lives = 0

    def clock(self) -> datetime:
        return self._noon + timedelta(seconds=asyncio.get_running_loop().time())

    def start(self, rules: Policy | None = None, *, rate: float = 2.0, concurrency: int = 4) -> "Life":
        """A new process on the same database."""
        self._lives += 1
        self.executor.dead = False
        self.endpoint.life = self._lives
        return Life(self, rules or policy(), rate=rate, concurrency=concurrency)

    async def crash(self) -> None:
        """Kill the process: from this moment on nothing that it does has any effect."""
        self.executor.dead = True
        while left := self.tasks_of_the_process():
            for task in left:
                task.cancel()
            await asyncio.wait(left)
            for task in left:
                if not task.cancelled():
                    task.exception()

    def tasks_of_the_process(self) -> "list[asyncio.Task[Any]]":
        this = asyncio.current_task()
        return [task for task in asyncio.all_tasks() if task is not this]


class Life:
    """One process: the core as the composition root builds it, in the loop's time."""

    def __init__(self, world: World, rules: Policy, *, rate: float, concurrency: int) -> None:
        now: Callable[[], float] = asyncio.get_running_loop().time
        self.world = world
        self.policy = rules
        self.breaker = Breaker(now)
        pace = Pace(rate, clock=now)
        chats: Any = world.chats
        endpoint: Any = world.endpoint
        self.turns = Turns(pace, rate=rate, concurrency=concurrency)
        platforms = {PLATFORM: Platform(photos=chats, messenger=chats)}
        self.delivery = Delivery(world.database, platforms, clock=world.clock)
        asking = Asking(
            world.database,
            endpoint,
            self.turns,
            pace=pace,
            breaker=self.breaker,
            policy=rules,
            alerts=world.admins,
            insist=self.delivery.insist,
            clock=world.clock,
            timeout=TIMEOUT,
        )
        self.finder = Finder(
            world.database,
            asking,
            self.delivery,
            self.turns,
            decoders=chats,
            platforms=platforms,
            policy=rules,
            pepper=b"pepper",
            clock=world.clock,
        )
        self.service = Service(world.database, self.finder, self.delivery, self.turns, policy=rules, clock=world.clock)

    async def idle(self, *, longest: float = 4000.0) -> None:
        """Wait until every search of this process has ended."""
        loop = asyncio.get_running_loop()
        until = loop.time() + longest
        while self.service._jobs:
            assert loop.time() < until, f"still under way: {list(self.service._jobs.values())}"
            await asyncio.sleep(0.1)

    async def restart(self) -> "Life":
        """Stop in good order, and start again with what was left."""
        await self.service.drain()
        return await self.again()

    async def again(self) -> "Life":
        """The next process, which takes up what this one left."""
        rate, concurrency = self.turns._rate, self.turns._concurrency
        life = self.world.start(self.policy, rate=rate, concurrency=concurrency)
        await life.service.resume([PLATFORM])
        return life


def query(
    world: World,
    number: int,
    *,
    person: str = "1",
    photo: str | None = None,
    region: str | None = None,
    hint: str | None = None,
    chat: str | None = None,
    album: str | None = None,
    asked_for: bool = False,
    fresh: bool = False,
) -> PhotoQuery:
    """The ``number``-th event: one photo of a person, in their private chat if no other is named."""
    origin = Origin(
        platform=PLATFORM,
        chat=chat or person,
        message=str(number),
        private=chat is None,
        event=f"event {number}",
        photo=photo or f"photo {number}",
        album=album,
    )
    return PhotoQuery(
        origin=origin,
        person=Identity(platform=PLATFORM, user=person),
        sent_at=world.clock(),
        region=region,
        hint=hint,
        asked_for=asked_for,
        fresh=fresh,
    )
