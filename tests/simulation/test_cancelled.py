"""A task cancelled anywhere: every credit is where it belongs, and everybody is answered."""

import asyncio

import pytest

from core.model import Lost, Unavailable
from tests.simulation.checker import Books
from tests.simulation.outside import Does, Reply, Request
from tests.simulation.stage import kinds, plan, send, told
from tests.simulation.virtual_time import VirtualLoop, run
from tests.simulation.world import PLATFORM, World, query


@pytest.mark.fault(42)
@pytest.mark.parametrize(
    "planned",
    [
        pytest.param([Reply()], id="answered"),
        pytest.param([Reply(Does.SAYS_TOO_FAST, 0.1), Reply()], id="too-fast"),
        pytest.param([Reply(Does.LOSES)], id="lost"),
        pytest.param([Reply(Does.DENIES)], id="denied"),
    ],
)
def test_a_task_cancelled_at_any_step_leaves_no_hold_and_is_told_after_the_sweep(
    world: World, books: Books, planned: list[Reply]
) -> None:
    """Cancel the search's task at the k-th step of the loop, for every k until it ends by itself first."""

    async def story(step: int) -> tuple[bool, list[str]]:
        plan(world, *planned, then=Reply())
        life = world.start()
        await send(world, life, 1)
        await send(world, life, 2, person="2", photo="photo 1")
        task = next(iter(life.service._jobs))
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_at_step(step, task.cancel)
        await asyncio.wait([task])
        await life.idle()
        life = await life.restart()
        await life.idle()
        return task.cancelled(), _what_is_wrong(world, books)

    step = 1
    while True:
        books.empty()
        world.chats.messages.clear()
        world.endpoint.requests.clear()
        was_cancelled, problems = run(story(step))
        assert not problems, f"cancelled at step {step}: {problems}"
        if not was_cancelled:
            break
        step += 1
    assert step > 30


def _what_is_wrong(world: World, books: Books) -> list[str]:
    problems = []
    ends = [message for message in world.chats.messages.values() if message.outcomes]
    charged, captured, uncertain = world.endpoint.charged, books.captured(), books.uncertain()
    if books.open_holds() or not captured <= charged <= captured + uncertain:
        problems.append(f"{captured} captured, {charged} charged, {uncertain} uncertain")
    if set(books.states()) != {"replied"}:
        problems.append(str(books.states()))
    if len({message.search for message in ends}) != 2 or len(ends) > 3:
        problems.append(f"{len(ends)} messages")
    if captured + sum(books.balance(person) for person in "12") != 200:
        problems.append("credits are missing")
    return problems


@pytest.mark.fault(42)
def test_a_cancelled_event_handler_leaves_a_photo_that_is_answered_after_the_start(world: World) -> None:
    async def story(step: int) -> bool:
        life = world.start()
        handler = asyncio.create_task(life.service.take(query(world, 1)))
        for _ in range(step):
            await asyncio.sleep(0)
        cancelled = handler.cancel()
        await asyncio.wait([handler])
        await life.idle()
        life = await life.restart()
        await life.service.take(query(world, 1))  # delivered again
        await life.idle()
        assert life.turns.place(f"{PLATFORM}:1").waiting == 0
        return cancelled

    step = 0
    while run(story(step)):
        step += 1
    messages = [message for message in world.chats.messages.values() if message.outcomes]
    assert kinds(messages[0].outcomes) == ["Found"]
    assert len(messages) == 1 and step > 1


def test_a_request_is_never_sent_before_its_hold_is_committed(world: World, books: Books) -> None:
    seen: list[tuple[int, int]] = []

    def look(request: Request) -> None:
        seen.append((books.open_holds(), books.states()["asked"]))

    async def story() -> None:
        world.endpoint.on_start = look
        life = world.start()
        await send(world, life, 1)
        await life.idle()

    run(story())
    assert seen == [(1, 1)]
    assert not any(isinstance(outcome, Lost | Unavailable) for outcome in told(world, 1))
