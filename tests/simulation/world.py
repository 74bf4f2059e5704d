"""The world around the core, in memory: an endpoint that charges, chats, photos; and processes that live and die."""

import asyncio
import hashlib
import io
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from sqlalchemy import event

import migrations
from core import photos
from core.asking import Asking
from core.budgets import Limits
from core.database import Database
from core.delivery import Delivery
from core.finder import Finder
from core.keyapi.errors import AccessDenied, Denial, NoAnswer, NotSent, RateLimited, Refused, SearchFailed, TooLarge
from core.keyapi.pacing import Breaker, Pace
from core.model import (
    ANY_MARKET,
    Identity,
    Match,
    Origin,
    Outcome,
    PhotoGone,
    PhotoQuery,
    Platform,
    Problem,
    Unreachable,
    Working,
)
from core.photos import Photo, UnreadablePhoto
from core.policy import Policy
from core.service import Service
from core.turns import Turns
from tests.simulation.virtual_time import Died, InlineExecutor

T = TypeVar("T")

PLATFORM = "telegram"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TIMEOUT = 30.0
#: Seconds that keep two moments apart.
GRAIN = 1e-6
MATCHES = (Match(id="1729592969713225728", name="Red shoe"), Match(id="1729592969713225729", name="Blue shoe"))


@cache
def picture(name: str) -> Photo:
    """A real prepared photo of a name: the same name is the same photo."""
    image = Image.linear_gradient("L").resize((360, 120))
    shifts = hashlib.sha256(name.encode()).digest()[:3]
    tinted = Image.merge("RGB", [image.point(lambda level, by=by: (level + by) % 256) for by in shifts])
    file = io.BytesIO()
    tinted.save(file, "PNG")
    return photos.prepare(file.getvalue())


class Does(Enum):
    """What the endpoint does with a request."""

    ANSWERS = auto()
    FINDS_NOTHING = auto()
    #: 400
    REFUSES = auto()
    #: 402
    DENIES = auto()
    #: 413
    SAYS_TOO_LARGE = auto()
    #: 429
    SAYS_TOO_FAST = auto()
    #: 500; charged all the same
    FAILS_CHARGED = auto()
    #: A reset; not charged
    LOSES = auto()
    #: Never sent
    UNREACHABLE = auto()
    #: Answers, and charges, after the client's deadline
    DAWDLES = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """One request's fate, and how long it takes in seconds."""

    does: Does = Does.ANSWERS
    seconds: float = 1.0
    retry_after: float | None = None


@dataclass(slots=True)
class Request:
    """One request as the endpoint saw it."""

    question: tuple[bytes, str | None, str | None]
    at: float
    life: int
    reply: Reply
    charged: bool = False
    #: When its sender knew how it ended, or was gone.
    ended: float | None = None


CHARGING = (Does.ANSWERS, Does.FINDS_NOTHING, Does.FAILS_CHARGED, Does.DAWDLES)


class Endpoint:
    """The search endpoint: ``plan`` says what becomes of each request; `requests` says what came."""

    def __init__(self, plan: Callable[[], Reply] = Reply) -> None:
        self.plan = plan
        self.requests: list[Request] = []
        self.life = 0
        self.on_start: Callable[[Request], None] = lambda request: None
        self.on_end: Callable[[Request, bool], None] = lambda request, heard: None

    @property
    def charged(self) -> int:
        return sum(request.charged for request in self.requests)

    @property
    def live(self) -> list[Request]:
        return [request for request in self.requests if request.ended is None]

    async def search(self, jpeg: bytes, *, hint: str | None, region: str | None) -> tuple[Match, ...]:
        """Has the interface of core.keyapi.client.KeyApi."""
        loop = asyncio.get_running_loop()
        reply = self.plan()
        request = Request((jpeg, region, hint and hint.casefold()), loop.time(), self.life, reply)
        self.on_start(request)
        self.requests.append(request)
        if reply.does in CHARGING:
            # The endpoint goes on, whether or not anybody waits for it.
            at = 0.99 if reply.does is Does.DAWDLES else 0.5
            loop.call_later(reply.seconds * at, self._charge, request)
        heard = False
        try:
            await asyncio.sleep(min(reply.seconds, TIMEOUT))
            heard = True
        finally:
            request.ended = loop.time()
            self.on_end(request, heard)
        return _answer(reply)

    @staticmethod
    def _charge(request: Request) -> None:
        request.charged = True


def _answer(reply: Reply) -> tuple[Match, ...]:
    match reply.does:
        case Does.ANSWERS:
            return MATCHES
        case Does.FINDS_NOTHING:
            return ()
        case Does.SAYS_TOO_FAST:
            raise RateLimited("qps limit exceeded", retry_after=reply.retry_after)
        case Does.DENIES:
            raise AccessDenied("apiKey quota is not enough", kind=Denial.QUOTA)
    failures: dict[Does, type[SearchFailed]] = {
        Does.REFUSES: Refused,
        Does.SAYS_TOO_LARGE: TooLarge,
        Does.UNREACHABLE: NotSent,
    }
    raise failures.get(reply.does, NoAnswer)()


@dataclass(slots=True)
class Message:
    """A message in a chat: everything it has said, and when."""

    search: str
    chat: str
    said: list[tuple[float, Outcome | Working]] = field(default_factory=list)

    @property
    def outcomes(self) -> list[Outcome]:
        return [what for _, what in self.said if not isinstance(what, Working)]

    @property
    def text(self) -> Outcome | Working:
        return self.said[-1][1]


class Chats:
    """Messenger, photo source and decoder of a platform. Photos are named by what becomes of them."""

    def __init__(self, executor: InlineExecutor) -> None:
        self._executor = executor
        self.messages: dict[str, Message] = {}
        #: Every try to show something, also those that failed.
        self.tries: list[tuple[float, str, Outcome | Working]] = []
        self.unreachable: set[str] = set()
        #: Seconds that showing takes; a number below 0: it fails this time.
        self.showing: Callable[[], float] = lambda: 0.02
        # First come, first loaded: timers of the same moment have no order.
        self.loading: Callable[[], float] = map(lambda n: 0.05 + n * GRAIN, count()).__next__

    def of(self, search: str) -> list[Message]:
        return [message for message in self.messages.values() if message.search == search]

    async def show(self, origin: Origin, outcome: Outcome | Working) -> str | None:
        loop = asyncio.get_running_loop()
        self._alive()
        self.tries.append((loop.time(), outcome.search, outcome))
        if isinstance(outcome, Working) and outcome.quiet:
            return None
        seconds = self.showing()
        await asyncio.sleep(abs(seconds) / 2)
        self._alive()
        if origin.chat in self.unreachable:
            raise Unreachable
        if seconds < 0:
            raise ConnectionError("the platform is away")
        key = origin.answer or f"m{len(self.messages) + 1}"
        message = self.messages.setdefault(key, Message(outcome.search, origin.chat))
        message.said.append((loop.time(), outcome))
        await asyncio.sleep(seconds / 2)
        self._alive()
        return key

    async def load(self, origin: Origin) -> bytes:
        await asyncio.sleep(self.loading())
        self._alive()
        if origin.photo == "gone":
            raise PhotoGone
        if origin.photo == "error":
            raise ConnectionError("the platform is away")
        return origin.photo.encode()

    async def prepare(self, data: bytes) -> Photo:
        """Has the interface of core.photos.Decoders."""
        await asyncio.sleep(0.01)
        if data == b"broken":
            raise UnreadablePhoto(Problem.BROKEN)
        return picture(data.decode())

    def _alive(self) -> None:
        if self._executor.dead:
            raise Died


class Admins:
    """Remembers what the admins were told, and when."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        await asyncio.sleep(0.01)
        self.told.append(event)


def open_file(path: Path, executor: InlineExecutor) -> Database:
    """A real SQLite database with its schema, worked on inline.

    Without waiting for the disk: these processes die, the machine does not.
    """
    database = Database(f"sqlite:///{path}", writer=executor, reader=executor)

    @event.listens_for(database.writing, "connect")
    def hurry(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    migrations.upgrade(database.writing)
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
        self._noon = noon
        self._lives = 0
        self._own: set[asyncio.Task[Any]] = set()

    def clock(self) -> datetime:
        return self._noon + timedelta(seconds=asyncio.get_running_loop().time())

    def start(self, rules: Policy | None = None, *, rate: float = 2.0, concurrency: int = 4) -> "Life":
        """A new process on the same database."""
        self._lives += 1
        self.executor.dead = False
        self.endpoint.life = self._lives
        return Life(self, rules or policy(), rate=rate, concurrency=concurrency)

    def task(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """A task of the world's own: it survives a crash of the process."""
        task = asyncio.create_task(work)
        self._own.add(task)
        return task

    async def crash(self) -> None:
        """Kill the process: from this moment on nothing that it does has any effect."""
        self.executor.dead = True
        this = asyncio.current_task()
        while left := [task for task in asyncio.all_tasks() if task is not this and task not in self._own]:
            for task in left:
                task.cancel()
            await asyncio.wait(left)
            for task in left:
                if not task.cancelled():
                    task.exception()

    def tasks_of_the_process(self) -> "list[asyncio.Task[Any]]":
        this = asyncio.current_task()
        return [task for task in asyncio.all_tasks() if task is not this and task not in self._own]


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
