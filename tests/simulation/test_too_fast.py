"""429: what too many requests cost, and how long anybody waits for it; in virtual time."""

import asyncio

import pytest

from core.model import Busy, Wait
from tests.simulation.checker import Books
from tests.simulation.outside import TIMEOUT, Does, Reply
from tests.simulation.stage import kinds, plan, send, told
from tests.simulation.virtual_time import run
from tests.simulation.world import World


@pytest.mark.fault(20)
@pytest.mark.parametrize("retry_after", [None, 3.0])
def test_too_fast_once_is_answered_by_one_new_attempt_and_costs_one_credit(
    world: World, books: Books, retry_after: float | None
) -> None:
    async def story() -> None:
        plan(world, Reply(Does.SAYS_TOO_FAST, 0.1, retry_after), then=Reply())
        life = world.start()
        await send(world, life, 1)
        await life.idle()

    run(story())
    assert kinds(told(world, 1)) == ["Found"]
    first, second = world.endpoint.requests
    assert second.at - first.at >= (retry_after or 2.0)
    assert second.at - first.at <= 3.6
    assert books.balance("1") == 99
    assert (books.captured(), books.uncertain(), books.open_holds()) == (1, 0, 0)


@pytest.mark.fault(20)
@pytest.mark.parametrize("retry_after", [None, 0.0, 3600.0])
def test_too_fast_for_ever_ends_busy_uncharged_and_hardly_asks(
    world: World, books: Books, retry_after: float | None
) -> None:
    async def story() -> float:
        plan(world, Reply(Does.SAYS_TOO_FAST, 0.1, retry_after))
        life = world.start()
        # Five people ask the same, five something else.
        for number in range(10):
            await send(world, life, number, person=str(number), photo="same" if number < 5 else None)
        await life.idle()
        return asyncio.get_running_loop().time()

    seconds = run(story())
    for number in range(10):
        outcomes = told(world, number)
        assert kinds(outcomes) == ["Busy"]
        assert isinstance(outcomes[0], Busy) and outcomes[0].wait is Wait.QUEUE and outcomes[0].seconds > 0
        assert books.balance(str(number)) == 100
    assert seconds < 120 + TIMEOUT + 5, "queue and deadline bound the wait of everybody, followers too"
    assert len(world.endpoint.requests) < 40
    assert (books.captured(), books.uncertain(), books.open_holds()) == (0, 0, 0)


@pytest.mark.fault(20)
def test_an_hour_s_retry_after_keeps_nobody_longer_than_a_minute(world: World) -> None:
    async def story() -> None:
        plan(world, Reply(Does.SAYS_TOO_FAST, 0.1, 3600.0), then=Reply())
        life = world.start()
        await send(world, life, 1)
        await send(world, life, 2, person="2")
        await life.idle()
        assert 60 <= asyncio.get_running_loop().time() < 65

    run(story())
    assert kinds(told(world, 1)) == kinds(told(world, 2)) == ["Found"]
