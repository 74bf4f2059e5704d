"""A random story, the same for the same seed: people, photos, an endpoint with moods, stops and crashes."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core import admin
from core.admission import NotEnough, again
from core.database import Database
from core.model import Identity, Origin, PhotoQuery
from core.searches import Search
from tests.simulation.checker import Auditor, Books
from tests.simulation.outside import Does, Reply
from tests.simulation.virtual_time import Died, SlowExecutor
from tests.simulation.world import NOON, PLATFORM, Life, World, policy

#: Moments at which stories begin: any noon, shortly before a day's end, shortly before a month's.
BEGINNINGS = (NOON, datetime(2026, 11, 24, 23, 59, 30, tzinfo=UTC), datetime(2026, 11, 30, 23, 59, 30, tzinfo=UTC))
CALM = {Does.ANSWERS: 20, Does.FINDS_NOTHING: 2, Does.FAILS_CHARGED: 1, Does.LOSES: 1, Does.DAWDLES: 1}
MOODS = (
    CALM,
    dict.fromkeys(Does, 1) | {Does.ANSWERS: 6, Does.DENIES: 0},
    CALM | {Does.SAYS_TOO_FAST: 15},
    CALM | {Does.SAYS_TOO_LARGE: 8, Does.REFUSES: 4},
    CALM | {Does.LOSES: 8, Does.UNREACHABLE: 8, Does.DAWDLES: 4},
    {Does.DENIES: 30, Does.LOSES: 2, Does.SAYS_TOO_FAST: 2, Does.ANSWERS: 3},
)
#: A probe, then the next: stories with a denied key are long enough for several.
LONG = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happens at a moment."""

    at: float
    what: str
    query: PhotoQuery | None = None


class Story:
    """One seed."""

    def __init__(self, seed: int, database: Database, executor: SlowExecutor, books: Books) -> None:
        self._random = random.Random(seed)
        self._world = World(database, executor, noon=self._random.choice(BEGINNINGS))
        self._executor = executor
        self._auditor = Auditor(self._world, books)
        self._life: Life | None = None

    async def play(self) -> list[str]:
        """Play it to its end; returns what was wrong."""
        dice, world = self._random, self._world
        slowness = dice.choice((0.0, 0.0, 0.01, 0.05))
        self._executor.delay = lambda: dice.random() * slowness
        mood = dice.choice(MOODS)
        slow = dice.choice((0.2, 1.0, 6.0))
        world.endpoint.plan = lambda: _reply(dice, mood, slow)
        fails = dice.choice((0.0, 0.0, 0.2))
        world.chats.showing = lambda: dice.uniform(0.01, 0.1) * (-1 if dice.random() < fails else 1)
        world.chats.loading = lambda: dice.choice((0.0, 0.05, 0.3))
        self._start()
        for event in self._events():
            await asyncio.sleep(max(0.0, event.at - asyncio.get_running_loop().time()))
            await self._happens(event)
        await self._end()
        return self._auditor.problems

    def _start(self) -> None:
        dice = self._random
        rules = policy(
            allowance=dice.choice((1, 3, 8, 50, 50)),
            month=dice.choice((None, None, None, 5, 12)),
            day=dice.choice((None, None, None, None, 4)),
            chat_day=dice.choice((None, 2)),
            new_account=dice.choice((None, None, None, None, 2)),
            queue_wait=dice.choice((5.0, 120.0)),
        )
        self._life = self._world.start(rules, rate=dice.choice((1.0, 2.0, 5.0)), concurrency=dice.choice((1, 2, 4)))
        self._auditor.watch(self._life)

    def _events(self) -> list[Event]:
        dice = self._random
        length = dice.choice((0.5, 10.0, 60.0, LONG))
        people = [str(number) for number in range(1, dice.randint(2, 6))]
        if dice.random() < 0.2:
            self._world.chats.unreachable.add(people[0])
        photos = [f"photo {number}" for number in range(dice.choice((2, 6, 20, 20)))]
        events = []
        for number in range(dice.randint(3, 28)):
            at = dice.uniform(0, length)
            # Somebody is always busier than the others.
            person = people[min(dice.randrange(len(people)), dice.randrange(len(people)))]
            photo = dice.choice(photos) if dice.random() < 0.94 else dice.choice(("gone", "error", "broken"))
            query = self._query(number, person, photo, at)
            events.append(Event(at=at, what="photo", query=query))
            if dice.random() < 0.2:
                events.append(Event(at=at + dice.choice((0.0, 0.01, 5.0)), what="photo", query=query))
        for what, most in (("cancel", 2), ("stop", 1), ("crash", 1), ("resume", 2), ("album", 2)):
            events += [Event(at=dice.uniform(0, length), what=what) for _ in range(dice.randint(0, most))]
        if dice.random() < 0.1:
            events.append(Event(at=dice.uniform(0, length), what="pause"))
        return sorted(events, key=lambda event: event.at)

    def _query(self, number: int, person: str, photo: str, at: float) -> PhotoQuery:
        dice = self._random
        group = dice.random() < 0.2
        origin = Origin(
            platform=PLATFORM,
            chat="-100" if group else person,
            message=str(number),
            private=not group,
            event=f"event {number}",
            photo=photo,
            file=f"file of {photo}" if dice.random() < 0.5 else None,
            album=f"album of {person}" if dice.random() < 0.15 else None,
        )
        return PhotoQuery(
            origin=origin,
            person=Identity(platform=PLATFORM, user=person),
            sent_at=self._world.clock() + timedelta(seconds=at),
            region=dice.choice((None, None, "US")),
            hint=dice.choice((None, None, "red", "RED")),
            fresh=dice.random() < 0.1,
        )

    async def _happens(self, event: Event) -> None:
        if event.query is not None:
            await self._photo(event.query)
            return
        life = self._life
        assert life is not None
        match event.what:
            case "cancel":
                tasks = self._world.tasks_of_the_process()
                if tasks:
                    self._auditor.disturb()
                    self._random.choice(tasks).cancel()
            case "stop":
                await self._stop(life)
            case "crash":
                await self._crash()
            case "pause" | "resume":
                by = admin.By(admin="telegram:9", event=None, at=self._world.clock())
                paused = event.what == "pause"
                await self._world.database.run(admin.pause, by, paused=paused, reason=None)
                if not paused:
                    life.breaker.probe_now()
                    self._auditor.resumed()
            case "album":
                await self._album(life)

    async def _photo(self, query: PhotoQuery) -> None:
        """The platform delivers an event until it is confirmed; a handler may be cancelled on its way."""
        while True:
            life = self._life
            assert life is not None
            handler = asyncio.create_task(life.service.take(query))
            if self._random.random() < 0.03:
                await asyncio.sleep(0)
                handler.cancel()
                self._auditor.disturb()
            await asyncio.wait([handler])
            if handler.cancelled() or isinstance(handler.exception(), Died):
                self._auditor.disturb()
                await asyncio.sleep(0.5)
                continue
            job = handler.result()
            if job is not None:
                self._auditor.accepted_at[job.search.id] = asyncio.get_running_loop().time()
            return

    async def _album(self, life: Life) -> None:
        album, person = "album of 1", Identity(platform=PLATFORM, user="1")
        number = self._random.random()

        def query(index: int, search: Search) -> PhotoQuery:
            return again(
                search,
                event=f"press {number} {index}",
                person=person,
                name="",
                sent_at=self._world.clock(),
                answer=None,
            )

        with suppress(NotEnough):
            await life.service.take_album(album, person, query)

    async def _stop(self, life: Life) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await life.service.drain()
        auditor = self._auditor
        if loop.time() - began > 27:
            auditor.wrong(f"stopping took {loop.time() - began:.1f} s")
        asked = {row["id"] for row in auditor.books.rows("SELECT id FROM searches WHERE state = 'asked'")}
        if held := asked - auditor.disturbed.keys():
            auditor.wrong(f"{held} are being asked after the stop")
        for row in auditor.books.rows("SELECT id FROM searches WHERE state = 'received'"):
            pauses = [
                at for at, of, what in self._world.chats.tries if of == row["id"] and getattr(what, "pausing", False)
            ]
            if row["id"] not in auditor.disturbed and not any(at >= began for at in pauses):
                auditor.wrong(f"{row['id']} waits and was not told that a pause comes")
        await self._again(life)

    async def _crash(self) -> None:
        self._auditor.disturb()
        await self._world.crash()
        assert self._life is not None
        if self._random.random() < 0.5:
            await asyncio.sleep(self._random.uniform(0, 40))
        await self._again(self._life)

    async def _again(self, life: Life) -> None:
        next_life = self._world.start(life.policy, rate=life.turns._rate, concurrency=life.turns._concurrency)
        self._life = next_life
        self._auditor.watch(next_life)
        await next_life.service.resume([PLATFORM])

    async def _end(self) -> None:
        """The weather gets better, what is left is worked off, and after a last restart nothing is left to do."""
        world, life = self._world, self._life
        assert life is not None
        world.endpoint.plan = Reply
        world.chats.showing = lambda: 0.02
        await life.idle()
        await life.service.drain()
        await self._again(life)
        assert self._life is not None
        await self._life.idle()
        await self._life.service.drain()
        self._auditor.close_the_books()


def _reply(dice: random.Random, mood: dict[Does, int], slow: float) -> Reply:
    does = dice.choices(list(mood), list(mood.values()))[0]
    seconds = dice.uniform(0.05, slow)
    if does is Does.DAWDLES:
        seconds = dice.uniform(31, 40)
    elif does is Does.LOSES:
        seconds = dice.uniform(0.05, 29)
    elif does is Does.DENIES:
        seconds = dice.uniform(0.02, 0.3)
    return Reply(does, seconds, retry_after=dice.choice((None, None, 0.0, 1.0, 10.0, 3600.0)))
