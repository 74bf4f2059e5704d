"""kill -9 at every point of a photo's way: what its person sees after the restart, and what it costs."""

import pytest

from tests.faults.process import World, living, said, until

#: Seconds. Processes start here, and a busy machine takes its time over that.
pytestmark = pytest.mark.timeout(150)

#: Fast, so that only what the test is about takes time.
FAST = {"KEYAPI_RATE": "1000"}
ANN = 11
LOST = "The answer was lost on the way. You were not charged."


async def crash_and_come_back(world: World, crash: str) -> None:
    """Ann's photo meets the crash point; the bot is started again."""
    await world.start(crash=crash)
    world.send(ANN, 1)
    await world.died()
    await world.start()


@pytest.mark.fault(1)
async def test_killed_before_it_was_written_down_a_photo_is_delivered_again_and_answered(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        await crash_and_come_back(world, "before core.admission.accept 1")
        await world.see(ANN, "1 credit · 19 left")
        assert (world.endpoint.charged, world.usage.captured, len(world.told(ANN))) == (1, 1, 1)


@pytest.mark.fault(1)
async def test_killed_among_150_updates_that_wait_none_of_them_is_lost(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        for person in range(100, 250):
            world.write(person, "/credits") if person % 5 else world.send(person, person)
        await world.start(crash="after core.admission.accept 10")
        await world.died()
        await world.start()
        for person in range(100, 250):
            await world.see(person, "credits" if person % 5 else "1 credit · 19 left")
        assert (world.endpoint.charged, world.usage.captured, world.usage.searches) == (30, 30, 30)


@pytest.mark.fault(2)
async def test_killed_after_it_was_written_down_a_photo_is_answered_after_the_restart(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        await crash_and_come_back(world, "before core.settling.ask 1")
        await world.see(ANN, "1 credit · 19 left")
        assert (world.endpoint.charged, world.usage.captured, len(world.told(ANN))) == (1, 1, 1)


@pytest.mark.fault(3)
async def test_killed_before_the_request_left_nothing_is_asked_and_the_person_is_told_and_not_charged(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        await crash_and_come_back(world, "after core.settling.ask 1")
        told = await world.see(ANN, LOST)
        assert "not charged · 20 left" in said(told)
        assert (world.endpoint.requests, world.usage.uncertain, world.account(ANN).balance) == (0, 1, 20)
        world.press(told, "Try again · 1 credit")
        await world.see(ANN, "1 credit · 19 left")
        assert (world.endpoint.requests, len(world.told(ANN))) == (1, 1)


@pytest.mark.fault(4)
async def test_killed_with_the_answer_in_hand_the_photo_is_not_asked_a_second_time(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        await crash_and_come_back(world, "before core.settling.answered 1")
        assert "not charged · 20 left" in said(await world.see(ANN, LOST))
        await world.stop()
        await world.start()
        assert (world.endpoint.requests, world.usage.uncertain, world.account(ANN).balance) == (1, 1, 20)
        assert len(world.told(ANN)) == 1


@pytest.mark.fault(5)
async def test_killed_before_the_reply_the_stored_answer_is_shown_and_nothing_is_asked_again(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        await crash_and_come_back(world, "after core.settling.answered 1")
        await world.see(ANN, "1 credit · 19 left")
        assert (world.endpoint.requests, world.usage.captured, world.account(ANN).balance) == (1, 1, 19)
        assert len(world.told(ANN)) == 1


@pytest.mark.fault(6)
async def test_killed_between_the_reply_and_its_note_the_reply_is_there_at_most_twice(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        await crash_and_come_back(world, "before core.searches.replied 1")
        await world.see_all(ANN, "1 credit · 19 left", 2)
        await world.stop()
        await world.start()
        assert (world.endpoint.requests, world.usage.captured, world.account(ANN).balance) == (1, 1, 19)
        assert len(world.told(ANN)) == 2


@pytest.mark.fault(6)
async def test_killed_after_a_searching_message_became_the_reply_there_is_exactly_one(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        world.endpoint.behave("slow", 1, seconds=2.6)
        await crash_and_come_back(world, "before core.searches.replied 1")
        await world.see(ANN, "1 credit · 19 left")
        await world.stop()
        assert (world.endpoint.requests, world.usage.captured, len(world.told(ANN))) == (1, 1, 1)


@pytest.mark.fault(10)
@pytest.mark.threat(4)
async def test_a_photo_that_ends_the_process_each_time_is_given_up_after_three_restarts_and_the_others_are_not(
    tmp_path,
):
    deadly = "decoding ends-the-process 1"
    async with living(tmp_path, start=False, KEYAPI_RATE="1") as world:
        for person in range(20, 30):
            world.send(person, person)
        await world.start(crash=deadly)
        await until(lambda: world.usage.searches == 10, "ten photos are written down")
        world.meet(ANN)
        photo = world.telegram.send_document(ANN, ANN, b"\x89PNG\r\n\x1a\n ends-the-process")
        for _ in range(3):
            await world.died()
            await world.start(crash=deadly, ready=False)
        await world.died()
        await world.start(crash=deadly, KEYAPI_RATE="1000")
        await world.see(ANN, "I could not read this photo.")
        for person in range(20, 30):
            # Lost: its request was on its way when the process ended.
            await world.see(person, "left")
            assert said(world.told(person)[-1]).startswith(("Closest products", LOST))
        await world.stop()
        assert world.account(ANN).balance == 20
        assert sum("I could not read this photo." in text for text in world.replies(photo)) == 1
