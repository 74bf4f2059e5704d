"""What a person reads when there is no answer: what happened, what it cost, what to do next."""

import re

import pytest

from core import chats, facts, people
from core.model import Identity
from core.standing import PAUSED
from tests.flows.world import ADMIN, ANN, BEN, GROUP, labels, living, said

UNCERTAIN = "The answer was lost on the way. You were not charged."


async def test_nothing_found_costs_what_the_endpoint_takes_and_says_what_may_help(world):
    world.endpoint.behave("none")
    world.send()
    answer = await world.see("Nothing found")
    assert "1 credit · 19 left" in said(answer)
    assert labels(answer) == ["🌍 Other market · 1 credit"]


async def test_no_credits(tmp_path):
    async with living(tmp_path, monthly_allowance=0) as world:
        world.send()
        refused = await world.see("You have no credits left, so this was not searched.")
        assert labels(refused) == ["Try again · 1 credit"]
        assert world.charged == 0


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("monthly_budget", "used up for this month"),
        ("daily_budget", "used up for today"),
        ("new_account_limit", "on their first day"),
    ],
)
async def test_the_operators_limits_are_told_as_such_and_leave_ones_credits_alone(tmp_path, setting, told):
    async with living(tmp_path, **{setting: 1}) as world:
        world.send()
        await world.see("19 left")
        world.send(product="teapot")
        assert "You still have 19 credits." in said(await world.see(told))
        assert (await world.balance(), world.charged) == (19, 1)


async def test_a_groups_own_limit(tmp_path):
    async with living(tmp_path, chat_daily_limit=1) as world:
        world.send(ANN, GROUP, caption="/find")
        await world.see("19 left", GROUP)
        world.send(BEN, GROUP, product="teapot", caption="/find")
        await world.see("Searches in this chat are used up for today.", GROUP)
        world.send(BEN, product="teapot")
        await world.see("19 left", BEN)


async def test_a_person_who_is_blocked(world):
    await world.database.run(
        people.meet, Identity(platform="telegram", user=str(ANN)), "Ann", world.now(), pepper=b"pepper"
    )
    await world.database.run(chats.set_blocked, "telegram", str(ANN), world.now())
    world.send()
    refused = await world.see("An admin has switched searching off for you, or for this chat.")
    assert labels(refused) == []


async def test_searching_that_is_paused(world):
    await world.database.run(facts.put, PAUSED, "maintenance")
    world.send()
    paused = await world.see("Searching is paused at the moment. You were not charged.")
    await world.database.run(facts.put, PAUSED, None)
    world.press(paused, "Try again")
    await world.see("Closest products")
    assert len(world.said_in()) == 1


@pytest.mark.fault(16)
@pytest.mark.parametrize("behaviour", ["reset-after", "truncated", "504-html", "html-200"])
async def test_an_answer_that_does_not_arrive_costs_the_person_nothing(world, behaviour):
    world.endpoint.behave(behaviour)
    world.send()
    lost = await world.see(UNCERTAIN)
    assert "not charged · 20 left" in said(lost)
    assert labels(lost) == ["Try again · 1 credit"]
    assert await world.balance() == 20


@pytest.mark.fault(21)
async def test_an_endpoint_that_denies_access_is_told_to_people_kindly_and_to_admins_once(world):
    world.telegram.chats[ADMIN].opened = True
    world.endpoint.behave("401")
    for product in ("teapot", "sun-hat", "wrist-watch"):
        world.send(product=product)
    await world.see("Search is down at the moment. You were not charged.")
    await world.idle()
    assert len(world.said_in(ANN)) == 3
    assert await world.balance() == 20
    assert world.told_admins == ["search_denied"]
    (told,) = world.said_in(ADMIN)
    assert "the endpoint does not accept the key" in told
    assert "sk_live_test" not in told


async def test_a_search_that_takes_long_says_so_in_the_message_that_becomes_the_answer(world):
    world.be_impatient()
    world.endpoint.behave("slow", seconds=0.8)
    world.send()
    searching = await world.see("Searching…")
    answer = await world.see("Closest products")
    assert answer["message_id"] == searching["message_id"]
    assert world.telegram.counts["sendChatAction"] >= 1
    assert len(world.said_in()) == 1


@pytest.mark.fault(9)
async def test_what_waits_when_the_bot_stops_is_told_of_a_pause_and_answered_after_the_start(tmp_path):
    async with living(tmp_path, keyapi_concurrency=1) as world:
        world.endpoint.behave("slow", times=1, seconds=1.0)
        world.send(ANN)
        await world.until(lambda: world.endpoint.requests)
        world.send(BEN, product="teapot")
        await world.idle_updates()
        await world.stop()
        assert "Closest products" in world.said_in(ANN)[0]
        assert world.said_in(BEN) == ["A short pause for maintenance. Your answer will come by itself."]
        await world.start()
        await world.see("Closest products", BEN)
        assert (len(world.said_in(BEN)), world.charged) == (1, 2)


@pytest.mark.fault(3)
async def test_a_search_whose_answer_died_with_the_process_is_told_and_not_asked_again(world):
    world.endpoint.behave("black-hole", times=1)
    world.send()
    await world.until(lambda: world.endpoint.requests)
    await world.kill()
    await world.start()
    lost = await world.see(UNCERTAIN)
    await world.idle()
    assert (await world.balance(), world.endpoint.requests) == (20, 1)
    world.press(lost, "Try again")
    await world.see("19 left")


@pytest.mark.threat(8)
@pytest.mark.threat(9)
@pytest.mark.threat(10)
async def test_hostile_names_of_products_and_words_are_shown_as_they_are_and_mention_nobody(world):
    world.endpoint.behave("hostile-names")
    world.send(caption="<b>bold</b> & \u202eevil @benjamin")
    answer = await world.see("<script>alert(1)</script>")
    assert "“<b>bold</b> & evil @\N{WORD JOINER}benjamin”" in said(answer)
    assert all("tiktok.com" in entity["url"] for entity in answer["entities"] if "url" in entity)
    assert "mention" not in {entity["type"] for entity in answer["entities"]}


@pytest.mark.threat(25)
@pytest.mark.parametrize("behaviour", ["500", "code-500", "data-object", "no-usable-hit", "400"])
async def test_no_error_of_a_machine_reaches_a_chat(world, behaviour):
    world.endpoint.behave(behaviour)
    world.send()
    await world.idle()
    (told,) = world.said_in()
    assert not re.search(r"Error|Traceback|/v1/|http|code|sk_live|NoAnswer", told)


async def test_one_sign_a_chat_says_that_photos_are_worked_on(world):
    world.endpoint.behave("slow", seconds=0.5)
    for product in ("teapot", "sun-hat", "wrist-watch"):
        world.send(product=product)
    await world.idle()
    actions = [call.params for call in world.telegram.calls if call.method == "sendChatAction"]
    assert actions == [{"chat_id": ANN, "action": "typing"}]
    assert world.charged == 3
