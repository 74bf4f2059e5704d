"""SIGTERM, a second process, a wrong token: how the bot ends, and what people are told."""

import time

import pytest

from bots.sandbox.telegram_rules import ApiError
from tests.faults.process import ADMIN, World, living, said, until
from tests.telegram_lab.faults import FOREVER, Fault

#: Seconds. Processes start here, and a busy machine takes its time over that.
pytestmark = pytest.mark.timeout(150)

#: Fast, so that only what the test is about takes time.
FAST = {"KEYAPI_RATE": "1000"}
PAUSE = "A short pause for maintenance. Your answer will come by itself."
LOST = "The answer was lost on the way. You were not charged."
#: Seconds until the process is gone.
LONGEST_STOP = 30.0


@pytest.mark.fault(9)
async def test_stopped_in_the_middle_everybody_is_answered_or_told_and_nobody_pays_twice(tmp_path):
    async with living(tmp_path, **FAST) as world:
        world.endpoint.behave("slow", 2, seconds=1.5)
        world.endpoint.behave("black-hole", 2)
        people = range(100, 124)
        for person in people:
            world.send(person, person)
        await until(lambda: world.usage.searches == 24 and world.endpoint.requests == 4, "four are asked, twenty wait")
        assert await world.stop() <= LONGEST_STOP
        assert world.usage.open == 0
        told = [said(world.told(person)[-1]) for person in people]
        assert sum("1 credit · 19 left" in text for text in told) == 2
        assert sum(LOST in text for text in told) == 2
        assert sum(text == PAUSE for text in told) == 20
        assert world.endpoint.requests == 4
        await world.start()
        for person in people:
            if said(world.told(person)[-1]) == PAUSE:
                await world.see(person, "1 credit · 19 left")
        await world.stop()
        assert [len(world.told(person)) for person in people] == [1] * 24
        assert (world.endpoint.charged, world.usage.captured, world.usage.uncertain) == (24, 22, 2)


@pytest.mark.fault(9)
async def test_stopped_with_nothing_to_do_it_ends_at_once(tmp_path):
    async with living(tmp_path) as world:
        world.write(11, "/start")
        await world.see(11, "Send me a photo")
        assert await world.stop() < 5


@pytest.mark.fault(14)
async def test_a_second_run_on_the_same_database_is_refused_in_one_sentence(tmp_path):
    async with living(tmp_path) as world:
        second = await world.command("run")
        assert second.code == 78
        assert one_sentence(second.err) == "Another `snapshop run` already works on this database: stop that one first."
        world.send(11, 1)
        await world.see(11, "1 credit · 19 left")


@pytest.mark.fault(14)
async def test_a_newcomer_with_the_same_token_gives_way_and_the_admins_of_the_older_one_are_told_once(tmp_path):
    (tmp_path / "older").mkdir()
    (tmp_path / "newer").mkdir()
    async with living(tmp_path / "older") as world:
        world.send(11, 1)
        await world.see(11, "1 credit · 19 left")
        newer = World(tmp_path / "newer", world.settings)
        newer.telegram = world.telegram
        began = time.monotonic()
        await newer.start(ready=False)
        assert await newer.ended() == 78
        assert time.monotonic() - began < 45
        assert "Another process receives the updates of this bot" in one_sentence(newer.log)
        assert "Traceback" not in newer.log
        world.send(11, 2)
        await world.see(11, "1 credit · 18 left")
        await world.see(ADMIN, "Another process receives messages with this bot's token.")
        assert len(world.told(ADMIN)) == 1


async def test_a_wrong_token_is_one_sentence_and_is_never_shown(tmp_path):
    async with living(tmp_path, start=False) as world:
        wrong = "7654321099:AAwrong-Token_of-these-tests-1111111111"
        ended = await world.command("run", TELEGRAM_BOT_TOKEN=wrong)
        assert ended.code == 78
        assert one_sentence(ended.err) == ("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from @BotFather.")
        assert wrong.partition(":")[2] not in ended.err + ended.out


async def test_a_token_that_is_taken_back_while_the_bot_runs_ends_it_with_one_sentence(tmp_path):
    async with living(tmp_path) as world:
        world.telegram.faults.add(Fault(method="getUpdates", times=FOREVER, error=ApiError(401, "Unauthorized")))
        world.write(11, "hello")  # ends the poll that waits
        assert await world.ended() == 78
        assert "Traceback" not in world.log
        assert "Telegram does not know TELEGRAM_BOT_TOKEN" in one_sentence(world.log)


async def test_ctrl_c_ends_it_like_sigterm(tmp_path):
    async with living(tmp_path) as world:
        assert world.bot is not None
        world.bot.send_signal(2)
        assert await world.ended() == 0
        assert "Traceback" not in world.log


def one_sentence(log: str) -> str:
    """The last line of a log."""
    return log.strip().splitlines()[-1]
