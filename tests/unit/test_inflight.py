"""The same question at the same moment is asked once."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from core.inflight import Ending, InFlight
from tests.simulation.virtual_time import run


def test_the_first_leads_and_the_others_hear_how_it_ended() -> None:
    heard: list[Ending | None] = []

    async def one(questions: InFlight, ending: Ending) -> None:
        async with questions.at("shoe") as place:
            heard.append(place.ending)
            if place.ending is None:
                await asyncio.sleep(1)
                place.end(ending)

    async def story() -> None:
        for ending in Ending:
            heard.clear()
            questions = InFlight()
            await asyncio.gather(*(one(questions, ending) for _ in range(4)))
            assert heard == [None, ending, ending, ending]

    run(story())


def test_a_leader_that_leaves_without_a_word_hands_the_lead_to_one() -> None:
    leads: list[int] = []

    async def one(questions: InFlight, number: int) -> None:
        async with questions.at("shoe") as place:
            if place.ending is None:
                leads.append(number)
                await asyncio.sleep(1)
                if number == 2:
                    place.end(Ending.ANSWERED)

    async def story() -> None:
        questions = InFlight()
        await asyncio.gather(*(one(questions, number) for number in range(5)))
        assert asyncio.get_running_loop().time() == 3

    run(story())
    assert leads == [0, 1, 2]


def test_a_leader_may_take_its_word_back() -> None:
    async def story() -> None:
        questions = InFlight()
        async with questions.at("shoe") as place:
            place.end(Ending.UNCERTAIN)
            follower = asyncio.create_task(_ending(questions))
            await asyncio.sleep(0)
            place.reopen()
        assert await follower is None

    run(story())


def test_an_error_of_the_leader_hands_the_lead_on_too() -> None:
    async def story() -> None:
        questions = InFlight()
        try:
            async with questions.at("shoe"):
                follower = asyncio.create_task(_ending(questions))
                await asyncio.sleep(0)
                raise ValueError
        except ValueError:
            pass
        assert await follower is None
        assert await _ending(questions) is None, "and nothing of it is left"

    run(story())


def test_different_questions_do_not_wait_for_each_other() -> None:
    async def story() -> None:
        questions = InFlight()
        async with questions.at("shoe"), asyncio.timeout(1), questions.at("hat") as place:
            assert place.ending is None

    run(story())


async def _ending(questions: InFlight) -> Ending | None:
    async with questions.at("shoe") as place:
        return place.ending


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.integers(1, 4), st.sampled_from([None, *Ending]), st.integers(0, 9) | st.none()
        ),
        min_size=1,
        max_size=14,
    )
)
def test_whoever_is_cancelled_there_is_never_more_than_one_leader_and_nobody_waits_for_ever(
    visits: list[tuple[int, int, Ending | None, int | None]],
) -> None:
    leading = 0

    async def visit(questions: InFlight, at: int, seconds: int, ending: Ending | None) -> None:
        nonlocal leading
        await asyncio.sleep(at)
        async with questions.at("shoe") as place:
            if place.ending is None:
                leading += 1
                assert leading == 1
                try:
                    await asyncio.sleep(seconds)
                    if ending:
                        place.end(ending)
                finally:
                    leading -= 1

    async def story() -> None:
        questions = InFlight()
        tasks = []
        for at, seconds, ending, cancelled_at in visits:
            task = asyncio.create_task(visit(questions, at, seconds, ending))
            if cancelled_at is not None:
                asyncio.get_running_loop().call_later(cancelled_at, task.cancel)
            tasks.append(task)
        done, waiting = await asyncio.wait(tasks, timeout=1000)
        assert not waiting
        assert not [task for task in done if not task.cancelled() and task.exception()]
        assert await _ending(questions) is None

    run(story())
