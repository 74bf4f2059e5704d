"""Lost, late, too large; and the same question of several people: who pays, who is told what."""

import asyncio

import pytest

from core.model import Charge, Found, NoCredits, Problem, Unreadable
from tests.simulation.checker import Books
from tests.simulation.outside import Does, Reply
from tests.simulation.stage import kinds, plan, send, told
from tests.simulation.virtual_time import run
from tests.simulation.world import World, policy


@pytest.mark.fault(22)
def test_an_answer_after_the_deadline_is_lost_once_and_counts_as_perhaps_used(world: World, books: Books) -> None:
    async def story() -> None:
        plan(world, Reply(Does.DAWDLES, 33.0))
        life = world.start()
        await send(world, life, 1)
        await life.idle()
        await asyncio.sleep(10)  # now the endpoint has charged
        life = await life.restart()
        await life.idle()

    run(story())
    assert kinds(told(world, 1)) == ["Lost"]
    assert world.endpoint.charged == 1
    assert (books.captured(), books.uncertain(), books.open_holds()) == (0, 1, 0)
    assert books.balance("1") == 100


# One question, several people


@pytest.mark.fault(23)
def test_the_same_photo_of_three_people_is_asked_once_and_paid_by_one(world: World, books: Books) -> None:
    async def story() -> None:
        life = world.start()
        for number in range(3):
            await send(world, life, number, person=str(number), photo="same")
        await life.idle()

    run(story())
    found = [told(world, number)[0] for number in range(3)]
    assert [outcome.receipt.charge for outcome in found if isinstance(outcome, Found)] == [
        Charge.PAID,
        Charge.SHARED,
        Charge.SHARED,
    ]
    assert [books.balance(str(number)) for number in range(3)] == [99, 100, 100]
    assert len(world.endpoint.requests) == 1


@pytest.mark.fault(23)
@pytest.mark.parametrize("does", [Does.REFUSES, Does.UNREACHABLE])
def test_when_the_first_was_certainly_not_charged_the_next_asks_and_pays(
    world: World, books: Books, does: Does
) -> None:
    async def story() -> None:
        plan(world, Reply(does), then=Reply())
        life = world.start()
        for number in range(3):
            await send(world, life, number, person=str(number), photo="same")
        await life.idle()

    run(story())
    assert [kinds(told(world, number)) for number in range(3)] == [["Unavailable"], ["Found"], ["Found"]]
    assert [books.balance(str(number)) for number in range(3)] == [100, 99, 100]
    assert len(world.endpoint.requests) == 2


@pytest.mark.fault(23)
@pytest.mark.parametrize("does", [Does.LOSES, Does.FAILS_CHARGED, Does.DAWDLES])
def test_when_the_first_was_perhaps_charged_nobody_asks_again_by_themselves(
    world: World, books: Books, does: Does
) -> None:
    async def story() -> None:
        plan(world, Reply(does, 35.0 if does is Does.DAWDLES else 1.0), then=Reply())
        life = world.start()
        for number in range(3):
            await send(world, life, number, person=str(number), photo="same")
        await life.idle()

    run(story())
    assert [kinds(told(world, number)) for number in range(3)] == [["Lost"]] * 3
    assert [books.balance(str(number)) for number in range(3)] == [100, 100, 100]
    assert len(world.endpoint.requests) == 1
    assert books.uncertain() == 1


@pytest.mark.fault(23)
def test_a_first_one_cut_off_while_asking_makes_nobody_ask_again(world: World) -> None:
    async def story() -> None:
        plan(world, Reply(Does.ANSWERS, 5.0))
        life = world.start()
        for number in range(2):
            await send(world, life, number, person=str(number), photo="same")
        await asyncio.sleep(1)
        leader = next(task for task, job in life.service._jobs.items() if job.committed)
        leader.cancel()
        await life.idle()

    run(story())
    assert len(world.endpoint.requests) == 1
    assert kinds(told(world, 1)) == ["Lost"]


@pytest.mark.fault(23)
def test_when_the_first_has_no_credit_left_the_next_asks(world: World, books: Books) -> None:
    async def story() -> None:
        life = world.start(policy(allowance=1))
        # Both photos of person 1 are taken while there is one credit; the second finds it gone.
        await send(world, life, 0, person="1", photo="other")
        await send(world, life, 1, person="1", photo="same")
        await send(world, life, 2, person="2", photo="same")
        await life.idle()

    run(story())
    assert [kinds(told(world, number)) for number in range(3)] == [["Found"], ["NoCredits"], ["Found"]]
    assert isinstance(told(world, 1)[0], NoCredits)
    assert (books.balance("1"), books.balance("2")) == (0, 0)


@pytest.mark.fault(23)
def test_too_large_once_is_asked_smaller_once_and_the_others_get_its_answer(world: World, books: Books) -> None:
    async def story() -> None:
        plan(world, Reply(Does.SAYS_TOO_LARGE, 0.1), then=Reply())
        life = world.start()
        for number in range(3):
            await send(world, life, number, person=str(number), photo="same")
        await life.idle()
        await send(world, life, 3, person="3", photo="same")
        await life.idle()

    run(story())
    assert [kinds(told(world, number)) for number in range(4)] == [["Found"]] * 4
    first, second = world.endpoint.requests
    assert len(second.question[0]) < len(first.question[0])
    assert [books.balance(str(number)) for number in range(4)] == [99, 100, 100, 100]


def test_too_large_twice_is_told_and_costs_nothing(world: World, books: Books) -> None:
    async def story() -> None:
        plan(world, Reply(Does.SAYS_TOO_LARGE, 0.1))
        life = world.start()
        await send(world, life, 1)
        await life.idle()

    run(story())
    assert told(world, 1) == [
        Unreadable(search=next(iter(world.chats.messages.values())).search, problem=Problem.TOO_LARGE)
    ]
    assert len(world.endpoint.requests) == 2
    assert books.balance("1") == 100
