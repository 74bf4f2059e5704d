"""Telegram refuses, forgets, is slow or is not there: nobody pays twice, and nobody waits for ever."""

import asyncio

import pytest

from bots.sandbox.telegram_rules import ApiError
from core import chats
from core.database import DatabaseUnavailable
from tests.flows.world import ANN, BEN, GROUP, labels, said
from tests.telegram_lab.faults import Fault


async def is_gone(world, chat):
    def gone(connection):
        return connection.exec_driver_sql(
            "select gone_at is not null from chats where chat = ?", (str(chat),)
        ).scalar_one_or_none()

    return bool(await world.database.read(gone))


@pytest.mark.fault(6)
async def test_an_answer_that_is_marked_as_shown_is_not_sent_again_by_a_restart(world):
    world.send()
    await world.see("Closest products")
    await world.idle()
    await world.kill()
    await world.start()
    await world.idle()
    assert (len(world.said_in()), world.telegram.counts["sendMessage"], world.charged) == (1, 1, 1)


@pytest.mark.fault(6)
async def test_a_process_that_dies_between_showing_and_noting_it_edits_the_message_it_has(world, monkeypatch):
    world.be_impatient()
    world.endpoint.behave("slow", times=1, seconds=0.8)
    world.send()
    await world.see("Searching…")
    insist = world.core.service._delivery.insist

    async def dies(function, *args, **kwargs):
        if function.__name__ == "replied":
            await asyncio.Event().wait()  # what a dead process does next
        return await insist(function, *args, **kwargs)

    monkeypatch.setattr(world.core.service._delivery, "insist", dies)
    await world.see("Closest products")
    await world.kill()
    await world.start()
    await world.idle()
    assert (len(world.said_in()), world.charged) == (1, 1)


@pytest.mark.fault(5)
async def test_an_answer_that_was_paid_and_not_shown_is_shown_after_the_start(world):
    world.telegram.faults.add(Fault(method="sendMessage", delay=30))
    world.send()
    await world.until(lambda: world.charged)
    unsettled = "select count(*) from searches where state in ('received', 'asked')"
    while await world.database.read(lambda rows: rows.exec_driver_sql(unsettled).scalar_one()):  # noqa: ASYNC110 -- nobody tells
        await asyncio.sleep(0.01)
    await world.kill()
    world.telegram.faults.waiting.clear()
    await world.start()
    await world.see("1 credit · 19 left")
    await world.idle()
    assert (len(world.said_in()), world.charged, await world.balance()) == (1, 1, 19)


@pytest.mark.fault(34)
async def test_an_answer_that_telegram_holds_up_comes_later_once_and_in_order(world):
    world.telegram.faults.flood(ANN, 1, times=2)
    world.send()
    world.send(product="teapot")
    await world.see("18 left")
    await world.idle()
    costs = [text.split("\n")[-1][:17] for text in world.said_in()]
    assert sorted(costs) == ["1 credit · 18 lef", "1 credit · 19 lef"]
    assert world.charged == 2


@pytest.mark.fault(34)
async def test_a_chat_that_is_held_up_holds_nobody_else_up(world):
    world.telegram.faults.flood(ANN, 40, times=1)
    world.send(ANN)
    world.send(BEN, product="teapot")
    await world.see("Closest products", BEN)


@pytest.mark.fault(34)
async def test_a_photo_in_a_group_is_one_message_and_no_more(world):
    world.send(ANN, GROUP, caption="/find")
    await world.see("Closest products", GROUP)
    await world.idle()
    calls = [call.method for call in world.telegram.calls if call.params.get("chat_id") in (GROUP, str(GROUP))]
    assert [method for method in calls if method.startswith(("send", "edit"))] == ["sendMessage"]


@pytest.mark.fault(35)
@pytest.mark.parametrize(
    ("status", "description"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: not enough rights to send text messages to the chat"),
    ],
)
async def test_a_chat_that_is_gone_is_marked_and_left_in_peace(world, status, description):
    world.telegram.faults.add(Fault(method="sendMessage", times=50, error=ApiError(status, description)))
    world.send()
    await world.telegram.wait_until(lambda: world.telegram.counts["sendMessage"])
    await world.idle()
    assert world.telegram.counts["sendMessage"] == 1
    assert await is_gone(world, ANN)
    assert (await world.balance(), world.charged) == (19, 1)


@pytest.mark.fault(35)
async def test_who_blocks_the_bot_is_marked_and_welcome_back(world):
    world.telegram.block(ANN)
    await world.idle()
    assert await is_gone(world, ANN)
    world.telegram.unblock(ANN)
    await world.idle()
    assert not await is_gone(world, ANN)
    world.send()
    await world.see("Closest products")


@pytest.mark.fault(35)
async def test_a_group_that_removed_the_bot_is_marked(world):
    world.telegram.set_bot(GROUP, BEN, "kicked")
    await world.idle()
    assert await is_gone(world, GROUP)


@pytest.mark.fault(36)
async def test_a_group_that_becomes_a_supergroup_takes_its_market_and_its_answer_along(world):
    old = -700
    world.telegram.group(old, "Old friends", [ANN, BEN], admins=[BEN], kind="group")
    await world.database.run(chats.set_region, "telegram", str(old), "GB")
    world.endpoint.behave("slow", times=1, seconds=0.5)
    world.send(ANN, old, caption="/find")
    await world.until(lambda: world.endpoint.requests)
    new = world.telegram.migrate(old, BEN)
    answer = await world.see("🇬🇧 United Kingdom", new)
    await world.idle()
    assert world.said_in(old) == []
    world.press(answer, "›")
    await world.see("6. ", new)
    world.send(BEN, new, product="teapot", caption="/find")
    await world.see("🇬🇧 United Kingdom", new, after=answer)
    assert (await world.balance(ANN), await world.balance(BEN)) == (19, 19)


@pytest.mark.fault(36)
async def test_a_move_told_again_after_a_restart_undoes_nothing(world):
    old = -700
    world.telegram.group(old, "Old friends", [ANN, BEN], admins=[BEN], kind="group")
    new = world.telegram.migrate(old, BEN)
    await world.idle()
    await world.database.run(chats.set_region, "telegram", str(new), "GB")
    await world.restart()
    world.telegram.redeliver()
    await world.idle()
    assert (await world.database.read(chats.find, "telegram", str(new))).region == "GB"


@pytest.mark.fault(36)
async def test_a_move_that_nobody_announced_is_learnt_from_the_refusal(world):
    old = -700
    world.telegram.group(old, "Old friends", [ANN], admins=[ANN], kind="group")
    await world.database.run(chats.set_region, "telegram", str(old), "GB")
    world.endpoint.behave("slow", times=1, seconds=0.5)
    world.send(ANN, old, caption="/find")
    await world.until(lambda: world.endpoint.requests)
    await world.idle_updates()
    world.telegram.allowed_updates = ["callback_query"]
    new = world.telegram.migrate(old, ANN)
    await world.see("🇬🇧 United Kingdom", new)
    assert (await world.database.read(chats.find, "telegram", str(new))).region == "GB"


@pytest.mark.fault(37)
async def test_a_photo_that_was_deleted_meanwhile_is_answered_in_a_plain_message(world):
    world.endpoint.behave("slow", times=1, seconds=0.3)
    sent = world.send()
    await world.until(lambda: world.endpoint.requests)
    world.telegram.delete(ANN, sent["message_id"])
    answer = await world.see("Closest products")
    assert "reply_to_message" not in answer


@pytest.mark.fault(37)
async def test_a_searching_message_that_was_deleted_is_replaced_by_the_answer(world):
    world.be_impatient()
    world.endpoint.behave("slow", times=1, seconds=0.8)
    world.send()
    searching = await world.see("Searching…")
    world.telegram.delete(ANN, searching["message_id"])
    answer = await world.see("Closest products")
    assert answer["message_id"] != searching["message_id"]


@pytest.mark.fault(37)
async def test_an_answer_that_is_too_old_to_be_edited_is_followed_by_a_new_one(world):
    world.send()
    answer = await world.see("Closest products")
    world.telegram.faults.fail("editMessageText", 400, "Bad Request: message can't be edited")
    world.press(answer, "›")
    second = await world.see("6. ")
    assert second["message_id"] != answer["message_id"]


@pytest.mark.fault(37)
async def test_a_page_that_is_shown_already_is_no_mistake(world):
    world.send()
    answer = await world.see("Closest products")
    await world.idle()
    for _ in range(2):
        world.press(answer, "›")
    await world.idle()
    second = await world.see("6. ")
    assert {"‹", "6–10 of 24", "›"} < set(labels(second))
    assert (len(world.said_in()), world.telegram.counts["editMessageText"]) == (1, 2)


async def test_markup_that_telegram_refuses_is_said_in_plain_words(world):
    refusal = ApiError(400, "Bad Request: can't parse entities: Unsupported start tag at byte offset 0")
    world.telegram.faults.add(Fault(method="sendMessage", error=refusal))
    world.send()
    answer = await world.see("Closest products")
    assert "<" not in said(answer)
    assert not [entity for entity in answer["entities"] if entity["type"] in ("bold", "italic", "text_link")]


async def test_a_card_that_telegram_refuses_in_every_form_is_not_tried_for_ever(world):
    world.telegram.faults.add(Fault(method="sendMessage", times=50, error=ApiError(400, "Bad Request: WHAT")))
    world.send()
    await world.telegram.wait_until(lambda: world.telegram.counts["sendMessage"] == 2)
    await world.idle()
    assert (await world.balance(), world.telegram.counts["sendMessage"]) == (19, 2)


async def test_a_server_error_of_telegram_delays_the_answer_and_no_more(world):
    world.telegram.faults.fail("sendMessage", 502, "Bad Gateway")
    world.send()
    await world.see("Closest products")
    await world.idle()
    assert (len(world.said_in()), world.charged) == (1, 1)


@pytest.mark.fault(28)
@pytest.mark.fault(30)
async def test_while_nothing_can_be_written_people_are_told_once_and_answered_afterwards(world, monkeypatch):
    run, down = world.database.run, True

    async def refuses(function, *args, **kwargs):
        if down and function.__name__ == "accept":
            raise DatabaseUnavailable("database or disk is full")
        return await run(function, *args, **kwargs)

    monkeypatch.setattr(world.database, "run", refuses)
    world.send()
    await world.see("I cannot take photos just now. You were not charged.")
    await world.telegram.wait_until(lambda: world.said_in(99))
    assert world.telegram.pending
    down = False
    await world.see("Closest products")
    await world.idle()
    assert (len(world.said_in()), len(world.said_in(99)), world.charged) == (2, 1, 1)
