"""Who is next: fair between people, at the endpoint's pace, and honest about the wait."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.keyapi.pacing import Pace
from core.turns import Closed, Overdue, Turns
from tests.simulation.virtual_time import run


def turns_of(*, rate: float = 2.0, concurrency: int = 4) -> tuple[Turns, Pace]:
    pace = Pace(rate, clock=asyncio.get_running_loop().time)
    return Turns(pace, rate=rate, concurrency=concurrency), pace


async def use(turns: Turns, person: str, seconds: float, log: list[tuple[float, str]]) -> None:
    """Draw a ticket, wait for the turn, hold it for so long."""
    ticket = turns.ticket(person)
    try:
        async with ticket.turn():
            log.append((asyncio.get_running_loop().time(), person))
            await asyncio.sleep(seconds)
    finally:
        ticket.give_back()


def test_people_take_turns_one_photo_each() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, _ = turns_of(concurrency=1)
        people = ["anna"] * 6 + ["ben"] * 2 + ["cleo"]
        await asyncio.gather(*(use(turns, person, 1, log) for person in people))

    run(story())
    # Anna's first photo had its turn before anybody else was there.
    assert "".join(person[0] for _, person in log) == "aabcabaaa"


def test_turns_come_at_the_pace_and_never_more_than_may_be_under_way() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, _ = turns_of(rate=2, concurrency=2)
        await asyncio.gather(*(use(turns, str(n), 3, log) for n in range(6)))

    run(story())
    assert [at for at, _ in log] == pytest.approx([0, 0.5, 3, 3.5, 6, 6.5])


def test_who_leaves_the_queue_keeps_nobody_waiting() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, _ = turns_of(rate=2, concurrency=1)
        first = asyncio.create_task(use(turns, "anna", 1, log))
        second = asyncio.create_task(use(turns, "ben", 1, log))
        third = asyncio.create_task(use(turns, "cleo", 1, log))
        await asyncio.sleep(0.1)
        second.cancel()
        await asyncio.wait([first, second, third])
        assert turns.place("dora").before == 0

    run(story())
    assert log == [(0.0, "anna"), (pytest.approx(1.0), "cleo")]


def test_a_turn_that_comes_at_the_moment_of_leaving_goes_to_the_next() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, _ = turns_of(rate=100, concurrency=1)
        first = asyncio.create_task(use(turns, "anna", 1, log))
        second = asyncio.create_task(use(turns, "ben", 1, log))
        await asyncio.sleep(1)  # Anna's sleep ends in this turn of the loop too
        while not first.done():  # noqa: ASYNC110 -- turn by turn of the loop, not for an event
            await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait([second])
        third = asyncio.create_task(use(turns, "cleo", 1, log))
        await asyncio.wait([third], timeout=5)
        assert third.done()

    run(story())
    assert [person for _, person in log] in (["anna", "cleo"], ["anna", "ben", "cleo"])


def test_a_pause_of_the_pace_holds_everybody_and_then_goes_on() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, pace = turns_of()
        await use(turns, "anna", 0.1, log)
        pace.pause(30)
        place = turns.place("ben")
        assert place.seconds == pytest.approx(30)
        await use(turns, "ben", 0.1, log)

    run(story())
    assert log[1] == (pytest.approx(30.1), "ben")


def test_a_turn_is_not_waited_for_longer_than_was_said() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, pace = turns_of()
        pace.pause(60)
        ticket = turns.ticket("anna")
        with pytest.raises(Overdue):
            async with ticket.turn(until=5):
                raise AssertionError
        assert asyncio.get_running_loop().time() == 5
        ticket.give_back()
        await use(turns, "ben", 1, log)

    run(story())
    assert log == [(pytest.approx(60), "ben")]


def test_letting_all_go_lets_everybody_through_at_once_and_holds_no_place() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, _ = turns_of(rate=1, concurrency=1)
        waiting = [asyncio.create_task(use(turns, str(n), 2, log)) for n in range(20)]
        await asyncio.sleep(0.1)
        turns.let_all_go()
        await asyncio.wait(waiting)
        assert asyncio.get_running_loop().time() < 2.2
        # One place, as before: no more.
        late = [asyncio.create_task(use(turns, "late", 5, log)) for _ in range(2)]
        await asyncio.wait(late)
        assert asyncio.get_running_loop().time() > 12

    run(story())
    assert all(at == pytest.approx(0.1) for at, _ in log[1:20])


def test_after_the_stop_nobody_gets_a_turn() -> None:
    log: list[tuple[float, str]] = []

    async def story() -> None:
        turns, _ = turns_of(concurrency=1)
        first = asyncio.create_task(use(turns, "anna", 1, log))
        waiting = asyncio.create_task(use(turns, "ben", 1, log))
        await asyncio.sleep(0.1)
        turns.close()
        await first
        with pytest.raises(Closed):
            await use(turns, "cleo", 1, log)
        await asyncio.sleep(10)
        assert not waiting.done()
        waiting.cancel()

    run(story())
    assert [person for _, person in log] == ["anna"]


def test_the_wait_that_is_told_follows_a_slow_endpoint() -> None:
    async def story() -> None:
        turns, _ = turns_of(rate=2, concurrency=4)
        log: list[tuple[float, str]] = []
        await asyncio.gather(*(use(turns, str(n), 20, log) for n in range(4)))
        for n in range(12):
            turns.ticket(str(n))
        place = turns.place("last")
        assert place.before == 12
        # Nine of them have to end: at four in 20 s.
        assert place.seconds == pytest.approx(45, abs=1)

    run(story())


def test_one_s_own_photos_wait_behind_each_other_and_others_do_not_wait_for_them() -> None:
    async def story() -> None:
        turns, _ = turns_of()
        for _ in range(50):
            turns.ticket("flood")
        assert turns.place("flood").waiting == 50
        assert turns.place("ben").waiting == 0
        assert turns.place("ben").before == 1

    run(story())


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0, 2), st.floats(0.01, 3), st.floats(0, 9) | st.none()), max_size=25
    )
)
def test_whoever_comes_and_leaves_all_places_come_back(
    visits: list[tuple[str, float, float, float | None]],
) -> None:
    log: list[tuple[float, str]] = []

    async def visit(turns: Turns, person: str, at: float, seconds: float) -> None:
        await asyncio.sleep(at)
        await use(turns, person, seconds, log)

    async def story() -> None:
        turns, _ = turns_of(rate=5, concurrency=2)
        tasks = []
        for person, at, seconds, leaves in visits:
            task = asyncio.create_task(visit(turns, person, at, seconds))
            if leaves is not None:
                asyncio.get_running_loop().call_later(leaves, task.cancel)
            tasks.append(task)
        if tasks:
            await asyncio.wait(tasks)
        assert all(turns.place(person).waiting == 0 for person in "abc")
        # Both places are free: two get their turn while both hold it.
        before = len(log)
        both = [asyncio.create_task(use(turns, "x", 100, log)) for _ in range(2)]
        await asyncio.sleep(2)
        assert len(log) == before + 2
        for task in both:
            task.cancel()

    run(story())
