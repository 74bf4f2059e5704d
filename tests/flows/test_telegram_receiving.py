"""Updates reach the same answers by webhook and by polling, once, also when nothing can be written."""

import asyncio
from unittest.mock import patch

import pytest
from aiohttp import ClientSession, web
from telegram import Update

from bots.chat_app import PlatformDown
from bots.sandbox.telegram_rules import ApiError
from bots.telegram import app
from bots.telegram.app import WEBHOOK_PATH
from core.database import DatabaseUnavailable
from tests.flows.world import ADMIN, ANN, living
from tests.telegram_lab.faults import Fault

SECRET = "s" * 40


async def test_a_photo_by_webhook_gets_its_answer(tmp_path):
    async with living(tmp_path) as world:
        await world.stop()

        async def route(request):
            return await world.app.webhook(request)

        server = web.Application()
        server.router.add_post(WEBHOOK_PATH, route)
        runner = web.AppRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        root = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await world.start(telegram_webhook_url=root, telegram_webhook_secret=SECRET, http_port=runner.addresses[0][1])
        assert world.telegram.webhook.url == root + WEBHOOK_PATH
        world.send()
        answer = await world.see("19 left")
        world.press(answer, "›")
        await world.see("6. ")
        assert world.app.healthy
        await world.restart(telegram_webhook_url=None, telegram_webhook_secret=None)
        assert world.telegram.webhook.url == ""
        world.send(product="teapot")
        await world.see("18 left")
        await runner.cleanup()


@pytest.mark.fault(11)
async def test_the_same_update_ten_times_at_once_is_one_search(world):
    world.telegram.allowed_updates = ["nothing"]
    world.send()
    raw = {"update_id": 5, "message": world.telegram.messages(ANN)[0]}
    update = Update.de_json(raw, world.app.bot)
    await asyncio.gather(*(world.app._handlers.handle(update) for _ in range(10)))
    await world.see("19 left")
    await world.idle()
    assert (await world.balance(), world.charged, len(world.said_in())) == (19, 1, 1)


@pytest.mark.fault(28)
async def test_a_press_while_nothing_can_be_written_is_told_and_done_later(world, monkeypatch):
    world.send()
    answer = await world.see("Closest products")
    await world.idle()
    run, down = world.database.run, True

    async def refuses(function, *args, **kwargs):
        if down and function.__name__ == "accept":
            raise DatabaseUnavailable("database or disk is full")
        return await run(function, *args, **kwargs)

    monkeypatch.setattr(world.database, "run", refuses)
    world.press(answer, "Other market")
    press = world.press(await world.see("Where shall I look"), "United Kingdom")
    assert (await world.alert(press)).startswith("I cannot take photos just now.")
    down = False
    await world.see("🇬🇧 United Kingdom")
    await world.idle()
    assert (await world.balance(), world.charged) == (18, 2)


async def test_a_photo_whose_words_begin_with_a_slash_is_searched(world):
    world.send(caption="/w red bag")
    await world.see("“/w red bag”")


async def test_health_is_known(world):
    world.send()
    await world.see("Closest products")
    assert world.app.healthy
    assert world.app.username == "snapshop_bot"


@pytest.mark.fault(14)
async def test_admins_are_told_that_another_process_uses_the_token(world):
    world.send()
    await world.see("Closest products")
    async with ClientSession() as somebody_else:
        await somebody_else.get(f"{world.urls[0]}/bot{world.telegram.token}/getUpdates")
    await world.see("Another process receives messages with this bot's token.", ADMIN)


async def test_the_bot_waits_for_a_network_that_comes_up_after_it(tmp_path):
    async with living(tmp_path) as world:
        await world.stop()
        for _ in range(2):
            world.telegram.faults.fail("getMe", 502, "Bad Gateway")
        with patch.object(app, "_START_PAUSES", (0.05, 0.05, 0.05)):
            await world.start()
        world.send()
        await world.see("Closest products")


async def test_a_telegram_that_is_not_there_is_one_sentence(tmp_path):
    async with living(tmp_path) as world:
        await world.stop()
        world.telegram.faults.add(Fault(method="getMe", times=2, error=ApiError(502, "Bad Gateway")))
        with patch.object(app, "_START_PAUSES", (0.05,)), pytest.raises(PlatformDown, match="Is the network up"):
            await world.start()
        await world._close()
        await world.start()


async def test_a_server_that_knows_no_webhooks_is_polled_all_the_same(world):
    await world.stop()
    world.telegram.faults.fail("deleteWebhook", 404, "Not Found: method not found")
    await world.start()
    world.send()
    await world.see("Closest products")
