"""Searches from start to stop: what waits, what is in flight, what an earlier process left, what goes wrong."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core import searches, settling
from core.admission import NotEnough, again
from core.forgetting import forget
from core.model import Found, Identity, PhotoQuery, Working
from core.searches import Search, State
from tests.simulation.checker import Books
from tests.simulation.outside import Does, Reply
from tests.simulation.virtual_time import InlineExecutor, run
from tests.simulation.world import PLATFORM, Life, World, open_file, policy, query


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    executor = InlineExecutor()
    database = open_file(tmp_path / "snapshop.db", executor)
    yield World(database, executor)
    database.close()


@pytest.fixture
def books(world: World, tmp_path: Path) -> Iterator[Books]:
    opened = Books(tmp_path / "snapshop.db")
    yield opened
    opened.close()


def said(world: World) -> list[list[str]]:
    """What each message said, one after the other; a pause as such."""
    return [[_name(what) for _, what in message.said] for message in world.chats.messages.values()]


def _name(what: object) -> str:
    return "pause" if isinstance(what, Working) and what.pausing else type(what).__name__


# Stopping


@pytest.mark.fault(9)
def test_at_a_stop_what_is_in_flight_is_answered_and_what_waits_is_told_and_answered_after_the_start(
    world: World, books: Books
) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        world.endpoint.plan = lambda: Reply(seconds=15)
        life = world.start()
        for number in range(24):
            await life.service.take(query(world, number, person=str(number)))
        await asyncio.sleep(4)
        asked, began = len(world.endpoint.requests), loop.time()
        assert asked == 4
        await life.service.drain()
        assert loop.time() - began <= 16
        assert len(world.endpoint.requests) == asked, "nothing new is asked"
        assert books.open_holds() == 0
        assert books.states() == {"replied": 4, "received": 20}
        ends = [message[-1] for message in said(world)]
        assert (ends.count("Found"), ends.count("pause")) == (4, 20)
        world.endpoint.plan = Reply
        life = await life.again()
        await life.idle()

    run(story())
    assert [message[-1] for message in said(world)] == ["Found"] * 24
    assert world.endpoint.charged == books.captured() == 24


@pytest.mark.fault(9)
def test_at_a_stop_a_request_that_takes_too_long_is_cut_off_uncertain_and_told(world: World, books: Books) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        world.endpoint.plan = lambda: Reply(seconds=29)
        life = world.start()
        await life.service.take(query(world, 1))
        await asyncio.sleep(1)
        began = loop.time()
        await life.service.drain()
        assert 20 <= loop.time() - began <= 21

    run(story())
    assert said(world) == [["Working", "Lost"]]
    assert (books.captured(), books.uncertain(), books.open_holds(), books.balance("1")) == (0, 1, 0, 100)


@pytest.mark.fault(9)
def test_at_a_stop_a_request_that_came_too_fast_is_not_asked_again_but_put_off(world: World, books: Books) -> None:
    async def story() -> None:
        world.endpoint.plan = lambda: Reply(Does.SAYS_TOO_FAST, 2.0)
        life = world.start()
        await life.service.take(query(world, 1))
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        await life.service.drain()
        assert asyncio.get_running_loop().time() - began < 2
        assert books.states() == {"received": 1}
        assert said(world)[-1][-1] == "pause"
        world.endpoint.plan = Reply
        life = await life.again()
        await life.idle()

    run(story())
    assert said(world)[-1][-1] == "Found"
    assert len(said(world)) == 1
    assert books.balance("1") == 99


def test_a_stop_while_the_notice_is_on_its_way_sends_no_second_message(world: World) -> None:
    async def story() -> None:
        world.endpoint.plan = lambda: Reply(seconds=9)
        world.chats.showing = lambda: 2.0
        life = world.start(concurrency=1)
        for number in range(2):
            await life.service.take(query(world, number, person=str(number)))
        await asyncio.sleep(2.5)
        life = await life.restart()
        await life.idle()

    run(story())
    assert sorted(said(world)) == [["Working", "Found"], ["Working", "pause", "Working", "Found"]]


def test_a_stop_ends_within_half_a_minute_though_the_platform_hangs(world: World, books: Books) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        life = world.start()
        world.chats.showing = lambda: 3600.0
        for number in range(6):
            await life.service.take(query(world, number, person=str(number)))
        await asyncio.sleep(2.5)
        began = loop.time()
        await life.service.drain()
        assert loop.time() - began <= 27
        world.chats.showing = lambda: 0.02
        await asyncio.sleep(1)
        life = await life.again()
        await life.idle()

    run(story())
    assert books.states() == {"replied": 6}
    assert {message.search for message in world.chats.messages.values() if message.outcomes} == {
        row["id"] for row in books.rows("SELECT id FROM searches")
    }
    assert books.open_holds() == 0


def test_a_stop_while_the_answer_is_being_told_waits_for_that(world: World) -> None:
    async def story() -> None:
        world.chats.showing = lambda: 3.0
        life = world.start()
        await life.service.take(query(world, 1))
        await asyncio.sleep(1.5)
        life = await life.restart()
        await life.idle()

    run(story())
    assert said(world) == [["Found"]]


def test_a_stop_while_the_database_is_away_ends_all_the_same(world: World) -> None:
    async def story() -> None:
        life = world.start()

        def broken(*_: object, **__: object) -> None:
            raise OperationalError("update", {}, OSError("disk I/O error"))

        original, searches.absolve = searches.absolve, broken
        try:
            await life.service.drain()
        finally:
            searches.absolve = original

    run(story())


def test_a_stop_while_a_free_answer_is_being_told_waits_for_that_too(world: World) -> None:
    async def story() -> None:
        world.chats.showing = lambda: 3.0
        life = world.start()
        await life.service.take(query(world, 1, photo="gone"))
        await asyncio.sleep(1.5)
        life = await life.restart()
        await life.idle()

    run(story())
    assert said(world) == [["Unreadable"]]


# Starting


def test_after_a_crash_while_asking_the_answer_is_lost_and_nothing_is_asked_again(world: World, books: Books) -> None:
    async def story() -> None:
        world.endpoint.plan = lambda: Reply(seconds=5)
        life = world.start()
        await life.service.take(query(world, 1))
        await asyncio.sleep(1)
        await world.crash()
        assert books.open_holds() == 1
        life = await life.again()
        await life.idle()
        await asyncio.sleep(10)

    run(story())
    assert said(world) == [["Lost"]]
    assert len(world.endpoint.requests) == world.endpoint.charged == 1
    assert (books.captured(), books.uncertain(), books.open_holds(), books.balance("1")) == (0, 1, 0, 100)


def test_after_a_crash_before_the_reply_the_stored_answer_is_told(world: World, books: Books) -> None:
    async def story() -> None:
        world.chats.showing = lambda: -0.1
        life = world.start()
        await life.service.take(query(world, 1))
        await asyncio.sleep(3)
        await world.crash()
        world.chats.showing = lambda: 0.1
        life = await life.again()
        await life.idle()

    run(story())
    assert said(world) == [["Found"]]
    assert len(world.endpoint.requests) == 1
    assert books.balance("1") == 99


def test_what_was_accepted_before_a_restart_is_never_refused_as_busy(world: World) -> None:
    async def story() -> None:
        life = world.start(policy(queue_wait=30.0), rate=0.1)
        for number in range(3):
            await life.service.take(query(world, number, person=str(number)))
        await world.crash()
        # A slow process with a long way to go: the last one gets its turn after minutes.
        world.endpoint.plan = lambda: Reply(seconds=29)
        next_life = world.start(policy(queue_wait=1.0), rate=0.01)
        await next_life.service.resume([PLATFORM])
        await next_life.idle()

    run(story())
    assert [message[-1] for message in said(world)] == ["Found"] * 3


def test_other_platforms_searches_are_left_for_their_own_start(world: World, books: Books) -> None:
    async def story() -> None:
        life = world.start()
        await life.service.take(query(world, 1))
        await world.crash()
        life = world.start()
        assert await life.service.resume(["discord"]) == 0

    run(story())
    assert books.states() == {"received": 1}


# Going wrong


@pytest.mark.fault(11)
def test_a_photo_delivered_ten_times_at_once_is_answered_once_and_costs_one_credit(world: World, books: Books) -> None:
    async def story() -> None:
        life = world.start()
        jobs = await asyncio.gather(*(life.service.take(query(world, 1)) for _ in range(10)))
        assert sum(job is not None for job in jobs) == 1
        await life.idle()

    run(story())
    assert said(world) == [["Found"]]
    assert books.balance("1") == 99


def test_a_search_that_was_ended_elsewhere_says_nothing_more(world: World, books: Books) -> None:
    """/forget while a photo waits: it is not answered behind the person's back."""

    async def story() -> None:
        world.endpoint.plan = lambda: Reply(seconds=1)
        life = world.start()
        await life.service.take(query(world, 1, photo="gone"))
        await life.service.take(query(world, 2, photo="same"))
        await life.service.take(query(world, 3, photo="same"))
        await life.service.take(query(world, 4))
        number = books.rows("SELECT id FROM people")[0]["id"]
        await world.database.run(forget, number, world.clock(), pepper=b"pepper")
        await life.idle()

    run(story())
    assert said(world) == []
    assert world.endpoint.requests == []
    assert books.open_holds() == 0


@pytest.mark.fault(30)
def test_when_the_hold_cannot_be_written_the_person_is_told_at_once_and_nothing_is_asked(
    world: World, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("insert", {}, OSError("database is locked"))

    async def story() -> None:
        loop = asyncio.get_running_loop()
        life = world.start()
        real = searches.settle

        def settle(*args: object, **values: object) -> bool:
            if loop.time() < 30:
                locked()
            return real(*args, **values)  # type: ignore[arg-type] - handed on as they came

        monkeypatch.setattr(settling, "ask", locked)
        monkeypatch.setattr(searches, "settle", settle)
        await life.service.take(query(world, 1))
        await asyncio.sleep(2)
        assert said(world) == [["Busy"]]
        await life.idle()

    run(story())
    assert world.endpoint.requests == []
    assert books.states() == {"replied": 1}
    assert books.balance("1") == 100


def test_when_the_settlement_fails_the_person_is_told_what_the_journal_says(
    world: World, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(settling, "answered", broken)

    async def story() -> None:
        life = world.start()
        await life.service.take(query(world, 1))
        await life.idle()

    run(story())
    assert said(world) == [["Lost"]]
    assert (books.captured(), books.uncertain(), books.open_holds(), books.balance("1")) == (0, 1, 0, 100)


def test_an_error_after_the_settlement_still_tells_the_answer_that_was_paid(world: World, books: Books) -> None:
    async def story() -> None:
        async def broken(event: str, facts: object) -> None:
            raise RuntimeError("a mistake of ours")

        life = world.start()
        life.breaker.denied()
        life.breaker.probe_now()
        world.admins.tell_admins = broken  # type: ignore[method-assign] - a part that breaks its promise
        await life.service.take(query(world, 1))
        await life.idle()

    run(story())
    assert said(world) == [["Found"]]
    assert books.balance("1") == 99


# Albums


def presses(world: World, press: str):
    def of(number: int, search: Search) -> PhotoQuery:
        person = Identity(platform=PLATFORM, user="1")
        event = f"{press} {number}"
        return again(search, event=event, person=person, name="", sent_at=world.clock(), answer=None)

    return of


def test_an_album_is_one_search_and_its_button_searches_the_others_once(world: World, books: Books) -> None:
    async def story() -> None:
        life = world.start()
        for number in range(4):
            job = await life.service.take(query(world, number, album="album"))
            assert job is not None
            assert (job.search.state is State.OFFERED) == (number > 0)
        await life.idle()
        assert len(world.endpoint.requests) == 1
        assert await life.service.offered("album") == 3
        person = Identity(platform=PLATFORM, user="1")
        first, second = await asyncio.gather(
            life.service.take_album("album", person, presses(world, "press 1")),
            life.service.take_album("album", person, presses(world, "press 2")),
        )
        assert sorted([len(first), len(second)]) == [0, 3]
        await life.idle()
        assert life.turns.place(f"{PLATFORM}:1").waiting == 0

    run(story())
    assert [message[-1] for message in said(world)] == ["Found"] * 4
    assert books.balance("1") == 96


def test_an_album_that_costs_more_than_there_is_takes_none(world: World, books: Books) -> None:
    async def story() -> None:
        life = world.start(policy(allowance=3))
        for number in range(5):
            await life.service.take(query(world, number, album="album"))
        await life.idle()
        with pytest.raises(NotEnough):
            await life.service.take_album("album", Identity(platform=PLATFORM, user="1"), presses(world, "press"))
        assert await life.service.offered("album") == 4

    run(story())
    assert books.balance("1") == 2


def test_a_late_photo_of_an_album_brings_its_answer_up_to_date(world: World) -> None:
    async def story(life_of: World) -> None:
        life: Life = life_of.start()
        await life.service.take(query(world, 1, album="album"))
        await life.idle()
        await life.service.take(query(world, 2, album="album"))
        await life.service.show_again("album")

    run(story(world))
    outcomes = world.chats.messages["m1"].outcomes
    assert [outcome.offered for outcome in outcomes if isinstance(outcome, Found)] == [0, 1]
    assert len(world.chats.messages) == 1
