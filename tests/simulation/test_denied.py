"""402: searching stops for everybody at once, and one probe at a time finds out when it goes on."""

import asyncio
from itertools import pairwise

import pytest

from core.keyapi.pacing import BreakerState
from tests.simulation.checker import Books
from tests.simulation.outside import Does, Reply
from tests.simulation.stage import kinds, plan, send, told
from tests.simulation.virtual_time import run
from tests.simulation.world import World


@pytest.mark.fault(21)
def test_out_of_credits_tells_a_burst_of_fifty_at_once_and_the_admins_once(world: World, books: Books) -> None:
    arrived: dict[int, float] = {}

    async def story() -> None:
        plan(world, Reply(Does.DENIES, 0.2))
        life = world.start()
        loop = asyncio.get_running_loop()
        for number in range(50):
            arrived[number] = loop.time()
            await send(world, life, number, person=str(number))
        await life.idle()
        assert life.breaker.state is BreakerState.OPEN
        assert loop.time() < 1, "well under a second, not at the pace of 2 a second"
        assert len(world.endpoint.requests) <= 1 + 4
        asked = len(world.endpoint.requests)
        await send(world, life, 50, person="50")
        await life.idle()
        assert len(world.endpoint.requests) == asked
        world.endpoint.plan = Reply
        life.breaker.probe_now()
        await send(world, life, 51, person="51")
        await life.idle()
        await send(world, life, 52, person="52")
        await life.idle()

    run(story())
    for number in range(51):
        assert kinds(told(world, number)) == ["Unavailable"]
        assert books.balance(str(number)) == 100
    assert kinds(told(world, 51)) == kinds(told(world, 52)) == ["Found"]
    assert world.admins.told == ["search_denied", "search_is_back"]


@pytest.mark.fault(21)
def test_answers_that_left_before_the_last_credit_do_not_reopen_searching(world: World) -> None:
    """The last credits' answers are slow, the denial is quick: it would open and close all the time."""

    async def story() -> None:
        plan(world, Reply(Does.ANSWERS, 5.0), Reply(Does.ANSWERS, 5.0), then=Reply(Does.DENIES, 0.1))
        life = world.start()
        for number in range(3):
            await send(world, life, number, person=str(number))
        await asyncio.sleep(4)
        assert kinds(told(world, 2)) == ["Unavailable"]
        await life.idle()
        assert kinds(told(world, 0)) == kinds(told(world, 1)) == ["Found"]
        for number in range(3, 20):
            await send(world, life, number, person=str(number))
        await life.idle()

    run(story())
    assert len(world.endpoint.requests) == 3
    assert world.admins.told == ["search_denied"]


@pytest.mark.fault(21)
def test_a_lost_request_from_before_the_stop_allows_no_second_probe(world: World) -> None:
    async def story() -> None:
        plan(
            world,
            Reply(Does.LOSES, 6.0),
            Reply(Does.DENIES, 0.1),
            Reply(Does.ANSWERS, 9.0),
            then=Reply(),
        )
        life = world.start()
        await send(world, life, 1, person="1")
        await send(world, life, 2, person="2")
        await asyncio.sleep(2)
        life.breaker.probe_now()
        await send(world, life, 3, person="3")
        await asyncio.sleep(5)
        assert kinds(told(world, 1)) == ["Lost"]
        await send(world, life, 4, person="4")
        await asyncio.sleep(1)
        assert kinds(told(world, 4)) == ["Unavailable"], "the probe is still on its way"
        await life.idle()

    run(story())
    assert len(world.endpoint.requests) == 3
    assert kinds(told(world, 3)) == ["Found"]


@pytest.mark.fault(21)
def test_probes_go_one_at_a_time_after_a_minute_doubling_to_a_quarter_of_an_hour(world: World) -> None:
    async def story() -> None:
        plan(world, Reply(Does.DENIES, 0.1))
        life = world.start()
        for number in range(330):  # somebody every 15 s, for 80 minutes
            await send(world, life, number, person=str(number % 9), photo="any")
            await asyncio.sleep(15)
        await life.idle()

    run(story())
    moments = [request.at for request in world.endpoint.requests]
    gaps = [after - before for before, after in pairwise(moments)]
    for gap, least in zip(gaps, [60, 120, 240, 480, 900, 900, 900], strict=False):
        assert least <= gap <= least + 16
    assert len(gaps) >= 6
    assert world.admins.told == ["search_denied"]


@pytest.mark.fault(21)
@pytest.mark.parametrize("probe", [Does.DENIES, Does.LOSES, Does.SAYS_TOO_FAST, Does.FAILS_CHARGED])
def test_nobody_waits_for_what_comes_of_a_probe(world: World, probe: Does) -> None:
    async def story() -> None:
        plan(world, Reply(Does.DENIES, 0.1), Reply(probe, 20.0), then=Reply())
        life = world.start()
        await send(world, life, 0)
        await life.idle()
        life.breaker.probe_now()
        for number in range(1, 21):
            await send(world, life, number, person=str(number))
        await asyncio.sleep(1)
        assert [kinds(told(world, number)) for number in range(1, 21)] == [[]] + [["Unavailable"]] * 19
        for number in range(21, 29):
            await send(world, life, number, person=str(number))
        await asyncio.sleep(0.5)
        assert [kinds(told(world, number)) for number in range(21, 29)] == [["Unavailable"]] * 8
        assert len(world.endpoint.requests) == 2
        await life.idle()

    run(story())


@pytest.mark.fault(21)
def test_a_probe_that_is_cut_off_leaves_room_for_the_next(world: World) -> None:
    async def story() -> None:
        plan(world, Reply(Does.DENIES, 0.1), Reply(Does.ANSWERS, 20.0), then=Reply())
        life = world.start()
        await send(world, life, 0)
        await life.idle()
        life.breaker.probe_now()
        await send(world, life, 1)
        await asyncio.sleep(1)
        for task in list(life.service._jobs):
            task.cancel()
        await life.idle()
        await send(world, life, 2)
        await life.idle()

    run(story())
    assert kinds(told(world, 2)) == ["Found"]
