"""Alerts while everything happens at once: each comes once, and the budget is what was told."""

import asyncio
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest

from core.watch import Watch
from tests.simulation.checker import Books
from tests.simulation.stage import kinds, send, told
from tests.simulation.virtual_time import run
from tests.simulation.world import Life, World, policy


class Admins:
    """Admins whose platform takes its time."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        await asyncio.sleep(1.0)
        self.told.append((facts["period"], facts["share"]))


def watch(life: Life, admins: Admins) -> "asyncio.Task[None]":
    world = life.world
    looking = Watch(
        world.database, life.policy, alerts=admins, clock=world.clock, zone=ZoneInfo("UTC"), health=dict[str, bool]
    )
    return asyncio.create_task(looking.run())


@pytest.mark.fault(25)
@pytest.mark.threat(15)
@pytest.mark.parametrize("rate", [0.2, 2.0, 50.0])
def test_the_budget_is_crossed_while_50_photos_wait_it_is_spent_exactly_and_each_alert_comes_once(
    world: World, books: Books, rate: float
) -> None:
    admins = Admins()

    async def story() -> None:
        life = world.start(policy(month=7, queue_wait=3600.0), rate=rate, concurrency=16)
        looking = watch(life, admins)
        for number in range(50):
            await send(world, life, number, person=str(number))
        await life.idle()
        await asyncio.sleep(60)
        looking.cancel()
        # A process that is started again has nothing new to tell.
        looking = watch(life, admins)
        await asyncio.sleep(60)
        looking.cancel()

    run(story())
    outcomes = [kinds(told(world, number)) for number in range(50)]
    assert (outcomes.count(["Found"]), outcomes.count(["BudgetSpent"])) == (7, 43)
    assert world.endpoint.charged == books.captured() == 7
    assert admins.told == [("month", "50"), ("month", "80"), ("month", "100")]
