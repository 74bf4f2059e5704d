"""Budgets, floods and fairness: what many photos at once cost, and whom they keep waiting."""

import asyncio

import pytest

from core.model import NothingFound, Working
from tests.simulation.checker import Books
from tests.simulation.outside import Does, Reply
from tests.simulation.stage import kinds, number_of, plan, send, told
from tests.simulation.virtual_time import run
from tests.simulation.world import World, policy


@pytest.mark.fault(25)
def test_fifty_at_once_spend_exactly_the_budget(world: World, books: Books) -> None:
    async def story() -> None:
        life = world.start(policy(month=7), rate=50.0, concurrency=16)
        for number in range(50):
            await send(world, life, number, person=str(number))
        await life.idle()

    run(story())
    outcomes = [kinds(told(world, number)) for number in range(50)]
    assert outcomes.count(["Found"]) == 7
    assert outcomes.count(["BudgetSpent"]) == 43
    assert world.endpoint.charged == books.captured() == 7


@pytest.mark.fault(25)
def test_an_uncertain_request_counts_against_the_budget_a_refused_one_does_not(world: World, books: Books) -> None:
    async def story() -> None:
        plan(world, Reply(Does.LOSES), Reply(Does.REFUSES), then=Reply(Does.FINDS_NOTHING))
        life = world.start(policy(day=2))
        for number in range(4):
            await send(world, life, number)
            await life.idle()

    run(story())
    assert [kinds(told(world, number)) for number in range(4)] == [
        ["Lost"],
        ["Unavailable"],
        ["NothingFound"],
        ["BudgetSpent"],
    ]
    assert isinstance(told(world, 2)[0], NothingFound)
    assert books.balance("1") == 99


# Flood and fairness


@pytest.mark.threat(16)
def test_of_one_person_s_fifty_photos_ten_wait_and_the_rest_is_refused_once_a_minute(world: World) -> None:
    async def story() -> None:
        life = world.start(rate=0.2)
        for number in range(50):
            await send(world, life, number)
        await asyncio.sleep(1)
        assert sum(kinds(told(world, number)) == ["Busy"] for number in range(50)) == 1
        await asyncio.sleep(8)
        await send(world, life, 50)
        await send(world, life, 51)
        await asyncio.sleep(51.5)
        for number in range(52, 70):
            await send(world, life, number)
        await life.idle()

    run(story())
    outcomes = [kinds(told(world, number)) for number in range(70)]
    assert outcomes[:10] == [["Found"]] * 10
    # Once in the first minute, once in the second.
    assert sum(outcome == ["Busy"] for outcome in outcomes) == 2


@pytest.mark.threat(16)
@pytest.mark.parametrize("others", [1, 5, 12])
def test_nobody_waits_for_somebody_else_s_fifty_photos(world: World, others: int) -> None:
    rate, concurrency, duration = 2.0, 4, 1.0
    arrived: dict[int, float] = {}

    async def story() -> None:
        plan(world, Reply(Does.ANSWERS, duration))
        life = world.start(rate=rate, concurrency=concurrency)
        for number in range(50):
            await send(world, life, number, person="flood")
        await asyncio.sleep(1.3)
        for number in range(100, 100 + others):
            arrived[number] = asyncio.get_running_loop().time()
            await send(world, life, number, person=str(number))
        await life.idle()

    run(story())
    for number, came in arrived.items():
        ends = [
            at
            for message in world.chats.messages.values()
            if number_of(world, message.search) == number
            for at, what in message.said
            if not isinstance(what, Working)
        ]
        assert len(ends) == 1
        assert ends[0] - came <= (others + concurrency + 2) / rate + duration + 0.5


def test_whoever_will_wait_is_told_at_once_how_long_and_that_is_about_right(world: World) -> None:
    async def story() -> None:
        life = world.start()
        for number in range(20):
            await send(world, life, number, person=str(number))
        await life.idle()

    run(story())
    for message in world.chats.messages.values():
        number = number_of(world, message.search)
        at, first = message.said[0]
        if isinstance(first, Working) and first.seconds:
            assert at < 0.1
            ended = message.said[-1][0]
            assert abs(ended - 1.0 - first.seconds) <= 1.0, f"photo {number} was told {first.seconds} s, took {ended} s"
    assert sum(isinstance(message.said[0][1], Working) for message in world.chats.messages.values()) >= 14
