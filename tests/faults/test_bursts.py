"""Many at once: a denied key in a burst, the same photo twice, one who sends fifty, kills in the middle of it all."""

import random
from collections import Counter
from functools import partial

import pytest
from sqlalchemy import Connection

from tests.faults.process import ADMIN, World, keys, living, said, until

#: Seconds. Processes start here, and a busy machine takes its time over that.
pytestmark = pytest.mark.timeout(150)

#: Fast, so that only what the test is about takes time.
FAST = {"KEYAPI_RATE": "1000"}
ANN, BEN, HOG = 11, 22, 33
LOST = "The answer was lost on the way. You were not charged."
DOWN = "Search is down at the moment. You were not charged. Please try again in a while."
CONCURRENCY = 4


@pytest.mark.fault(21)
async def test_when_the_operators_credits_end_in_a_burst_of_fifty_all_are_told_kindly_and_nobody_pays(tmp_path):
    async with living(tmp_path, **FAST, KEYAPI_CONCURRENCY=str(CONCURRENCY)) as world:
        world.endpoint.behave("402")
        people = range(100, 150)
        for person in people:
            world.send(person, person)
        for person in people:
            told = await world.see(person, DOWN)
            assert "not charged · 20 left" in said(told)
            assert [key["text"] for key in keys(told)] == ["Try again · 1 credit"]
        assert world.endpoint.requests <= 1 + CONCURRENCY
        assert [len(world.told(person)) for person in people] == [1] * 50
        figures = world.usage
        assert (figures.captured, figures.uncertain, figures.open) == (0, 0, 0)
        assert {person.balance for person in figures.people if person.searches} == {20}
        await world.see(ADMIN, "the endpoint's credits are used up")
        assert len(world.told(ADMIN)) == 1

        asked = world.endpoint.requests
        world.press(world.told(100)[0], "Try again")
        await until(lambda: world.usage.searches == 51, "the press is written down")
        await until(lambda: world.read(unanswered) == 0, "the press is answered")
        assert world.endpoint.requests == asked, "it is too early to try the key again"

        world.endpoint.behave("normal")
        world.write(ADMIN, "/resume")
        await world.see(ADMIN, "Searching goes on")
        world.send(ANN, 1)
        await world.see(ANN, "1 credit · 19 left")
        await world.see(ADMIN, "Searching works again.")


async def test_two_people_with_the_same_new_photo_at_once_cost_one_credit(tmp_path):
    async with living(tmp_path, **FAST) as world:
        world.endpoint.behave("slow", 1, seconds=1)
        world.send(ANN, 1)
        world.send(BEN, 1)
        receipts = [said(await world.see(person, "Closest products")).splitlines()[-1] for person in (ANN, BEN)]
        paid, shared = sorted(receipts)
        assert paid.startswith("1 credit · 19 left")
        assert shared.startswith("free: somebody asked the same at this moment · 20 left")
        assert (world.endpoint.requests, world.usage.captured) == (1, 1)


@pytest.mark.fault(23)
async def test_when_the_request_of_two_dies_on_the_way_both_may_try_again_and_nothing_is_asked_by_itself(tmp_path):
    async with living(tmp_path, **FAST, KEYAPI_TIMEOUT="2") as world:
        world.endpoint.behave("black-hole", 1)
        world.send(ANN, 1)
        world.send(BEN, 1)
        told = [await world.see(person, LOST) for person in (ANN, BEN)]
        assert all("not charged · 20 left" in said(message) for message in told)
        assert (world.endpoint.requests, world.usage.uncertain) == (1, 1)
        world.press(told[0], "Try again · 1 credit")
        await world.see(ANN, "1 credit · 19 left")
        world.press(told[1], "Try again · 1 credit")
        await world.see(BEN, "free: asked before · 20 left")
        assert (world.endpoint.requests, world.usage.captured) == (2, 1)


async def test_thirty_people_do_not_wait_for_one_who_sends_fifty_and_who_waits_is_told_how_long(tmp_path):
    settings = {"KEYAPI_RATE": "10", "NEW_ACCOUNT_LIMIT": "none", "MONTHLY_ALLOWANCE": "100"}
    async with living(tmp_path, **settings) as world:
        for number in range(50):
            world.send(HOG, 1000 + number, "hog")
        people = range(100, 130)
        for round_ in range(2):
            for person in people:
                world.send(person, person + 100 * round_, f"person {person}")
        for person in people:
            await world.see_all(person, "1 credit", 2, seconds=30)
        asked = [call.product_name for call in world.endpoint.log]
        last = max(at for at, name in enumerate(asked) if name != "hog")
        assert Counter(asked[: last + 1])["hog"] <= 1 + CONCURRENCY, "one photo of theirs a round, and who came first"
        assert set(asked[: 30 + CONCURRENCY]) >= {f"person {person}" for person in people}, "each one's first"
        notices = [
            call.params["chat_id"]
            for call in world.telegram.calls
            if call.method == "sendMessage" and "before you, about" in call.params["text"]
        ]
        late = {int(name.removeprefix("person ")) for name in asked[40 : last + 1] if name != "hog"}
        assert late <= {int(chat) for chat in notices}
        await until(lambda: world.read(unsettled) == 0, "those that he could have waiting are answered as well", 30)
        assert world.usage.captured == world.endpoint.charged == len(world.endpoint.log)


async def test_ninety_photos_and_three_kills_every_photo_is_answered_or_called_lost_and_none_is_asked_twice(tmp_path):
    async with living(tmp_path, KEYAPI_RATE="30", NEW_ACCOUNT_LIMIT="none") as world:
        photos = [world.send(100 + number % 30, 100 + number) for number in range(90)]
        for _ in range(3):
            enough = world.endpoint.requests + random.randint(8, 16)
            await until(partial(requests_reach, world, enough), "photos flow", 30)
            await world.kill()
            world.prove()
            await world.start()

        def untold() -> list[object]:
            return [
                (photo["chat"]["id"], world.replies(photo))
                for photo in photos
                if not any(LOST in text or "Closest products" in text for text in world.replies(photo))
            ]

        await until(lambda: not untold(), lambda: f"everybody is told, not: {untold()}", 40)
        await world.stop()
        assert all(len(world.replies(photo)) <= 1 + 3 for photo in photos)
        digests = Counter(call.digest for call in world.endpoint.log)
        assert max(digests.values()) == 1
        figures = world.usage
        assert (figures.searches, figures.captured + figures.uncertain, figures.open) == (90, 90, 0)
        assert figures.uncertain <= 3 * CONCURRENCY


def requests_reach(world: World, number: int) -> bool:
    """Whether the endpoint was asked so often."""
    return world.endpoint.requests >= number


def unsettled(connection: Connection) -> int:
    """Searches that were taken on and are not decided yet."""
    query = "select count(*) from searches where state in ('received', 'asked')"
    return connection.exec_driver_sql(query).scalar_one()


def unanswered(connection: Connection) -> int:
    """Searches that nobody was told of yet."""
    return connection.exec_driver_sql("select count(*) from searches where state <> 'replied'").scalar_one()
