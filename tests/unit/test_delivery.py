"""Telling people: in one message, in time, and however long the platform is away."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core import facts
from core.model import Busy, Found, Wait, Working
from tests.simulation.checker import Books
from tests.simulation.outside import Reply
from tests.simulation.virtual_time import InlineExecutor, run
from tests.simulation.world import Life, World, open_file, query


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


async def one_photo(world: World, seconds: float) -> Life:
    world.endpoint.plan = lambda: Reply(seconds=seconds)
    life = world.start()
    await life.service.take(query(world, 1))
    await life.idle()
    return life


def said(world: World) -> list[list[str]]:
    return [[type(what).__name__ for _, what in message.said] for message in world.chats.messages.values()]


def test_an_answer_within_two_seconds_is_the_only_message(world: World) -> None:
    run(one_photo(world, 1.5))
    assert said(world) == [["Found"]]
    assert [what.quiet for _, _, what in world.chats.tries if isinstance(what, Working)] == [True]


def test_a_search_over_two_seconds_says_so_and_its_message_becomes_the_answer(world: World, books: Books) -> None:
    run(one_photo(world, 5))
    assert said(world) == [["Working", "Found"]]
    assert world.chats.messages["m1"].said[0][0] == pytest.approx(2, abs=0.1)
    assert books.rows("SELECT answer FROM searches")[0]["answer"] == "m1"


def test_an_answer_that_comes_while_its_notice_is_on_the_way_is_edited_into_it(world: World) -> None:
    world.chats.showing = lambda: 3.0
    run(one_photo(world, 2.5))
    assert said(world) == [["Working", "Found"]]


def test_a_notice_that_cannot_be_shown_does_not_hold_up_the_answer(world: World) -> None:
    shows = iter([-0.1])
    world.chats.showing = lambda: next(shows, 0.1)
    run(one_photo(world, 3))
    assert said(world) == [["Found"]]
    assert world.chats.messages["m1"].said[0][0] < 3.3


def test_an_answer_is_told_when_the_platform_is_back_however_long_that_takes(world: World, books: Books) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        world.chats.showing = lambda: -0.1 if loop.time() < 3600 else 0.1
        await one_photo(world, 1)
        assert 3600 <= loop.time() < 3662, "tried once a minute"

    run(story())
    assert said(world) == [["Found"]]
    assert len(world.chats.tries) < 80
    assert books.states() == {"replied": 1}
    assert world.endpoint.charged == 1


@pytest.mark.fault(35)
def test_a_chat_that_is_gone_is_marked_and_left_in_peace(world: World, books: Books) -> None:
    world.chats.unreachable.add("1")
    run(one_photo(world, 1))
    assert len([what for _, _, what in world.chats.tries if isinstance(what, Found)]) == 1
    assert books.states() == {"replied": 1}
    assert books.one("SELECT count(*) FROM chats WHERE chat = '1' AND gone_at IS NOT NULL") == 1
    assert books.captured() == 1


def test_the_first_answer_of_a_person_says_that_it_is_their_first(world: World) -> None:
    async def story() -> None:
        life = await one_photo(world, 1)
        await life.service.take(query(world, 2))
        await life.idle()

    run(story())
    outcomes = [message.outcomes[0] for message in world.chats.messages.values()]
    assert [outcome.first for outcome in outcomes if isinstance(outcome, Found)] == [True, False]


@pytest.mark.threat(16)
def test_too_many_photos_are_said_once_a_minute_to_each_person(world: World) -> None:
    async def story() -> None:
        life = world.start()
        for number, (person, pause) in enumerate([("1", 0), ("1", 0), ("2", 59), ("1", 2), ("1", 0)]):
            job = await life.finder.accept(query(world, number, person=person))
            assert job is not None
            await life.delivery.show(job, Busy(search=job.search.id, wait=Wait.PERSON, seconds=1))
            await asyncio.sleep(pause)

    run(story())
    assert sorted(message.chat for message in world.chats.messages.values()) == ["1", "1", "2"]


@pytest.mark.fault(28)
def test_what_must_be_written_is_written_when_the_database_is_back(world: World) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        life = world.start()

        def put(connection: object, value: str) -> None:
            if loop.time() < 60:
                raise OperationalError("insert", {}, OSError("database or disk is full"))
            facts.put(connection, "fact", value)  # type: ignore[arg-type] - a Connection

        await life.delivery.insist(put, "kept")
        assert 60 <= loop.time() <= 65
        assert await world.database.read(facts.get, "fact") == "kept"

    run(story())


def test_an_error_that_waiting_does_not_cure_is_not_repeated(world: World) -> None:
    def wrong(connection: object) -> None:
        raise ValueError("wrong")

    async def story() -> None:
        life = world.start()
        with pytest.raises(ValueError, match="wrong"):
            await life.delivery.insist(wrong)
        assert asyncio.get_running_loop().time() == 0

    run(story())


def test_a_message_is_remembered_before_the_answer_comes(world: World, books: Books) -> None:
    """So that a crash after it edits it instead of sending a second one."""

    async def story() -> None:
        world.endpoint.plan = lambda: Reply(seconds=10)
        life = world.start()
        await life.service.take(query(world, 1))
        await asyncio.sleep(3)
        await world.crash()
        life = await life.again()
        await life.idle()

    run(story())
    assert said(world) == [["Working", "Lost"]]
    assert books.states() == {"replied": 1}
