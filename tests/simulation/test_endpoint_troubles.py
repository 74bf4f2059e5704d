"""What people, admins and the books see when the endpoint makes trouble; in virtual time."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database import Database
from core.keyapi.pacing import BreakerState
from core.model import (
    Busy,
    Charge,
    Found,
    Lost,
    NoCredits,
    NothingFound,
    Outcome,
    Problem,
    Unavailable,
    Unreadable,
    Wait,
    Working,
)
from tests.simulation.checker import Books
from tests.simulation.virtual_time import InlineExecutor, VirtualLoop, run
from tests.simulation.world import PLATFORM, TIMEOUT, Does, Reply, Request, World, policy, query


@pytest.fixture
def world(database: Database, executor: InlineExecutor) -> World:
    return World(database, executor)


@pytest.fixture
def books(database: Database, tmp_path: Path) -> Iterator[Books]:
    opened = Books(tmp_path / "snapshop.db")
    yield opened
    opened.close()


def replies(*planned: Reply, then: Reply | None = None) -> "Iterator[Reply]":
    """These replies in this order, then always the last one or ``then``."""
    yield from planned
    while True:
        yield then or planned[-1]


def plan(world: World, *planned: Reply, then: Reply | None = None) -> None:
    order = replies(*planned, then=then)
    world.endpoint.plan = lambda: next(order)


def told(world: World, event: int) -> list[Outcome]:
    """What the person of the n-th event was told in the end, in all messages."""
    rows = [message for message in world.chats.messages.values() if _number(world, message.search) == event]
    return [outcome for message in rows for outcome in message.outcomes]


def _number(world: World, search: str) -> int:
    return world.numbers[search]  # type: ignore[attr-defined] - written by `send`


async def send(world: World, life, number: int, **facts) -> None:
    """The n-th photo arrives."""
    job = await life.service.take(query(world, number, **facts))
    if not hasattr(world, "numbers"):
        world.numbers = {}  # type: ignore[attr-defined] - which search the n-th event became
    if job is not None:
        world.numbers[job.search.id] = number


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


# 429


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


# 402


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
    gaps = [after - before for before, after in zip(moments, moments[1:], strict=False)]
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


# After the deadline


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


# Limits


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
            if _number(world, message.search) == number
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
        number = _number(world, message.search)
        at, first = message.said[0]
        if isinstance(first, Working) and first.seconds:
            assert at < 0.1
            ended = message.said[-1][0]
            assert abs(ended - 1.0 - first.seconds) <= 1.0, f"photo {number} was told {first.seconds} s, took {ended} s"
    assert sum(isinstance(message.said[0][1], Working) for message in world.chats.messages.values()) >= 14


# Cancelled anywhere


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
