"""Updates by webhook: what Telegram posts over real sockets, and what others try."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update
from telegram.ext import ExtBot

from bots.telegram import updates
from bots.telegram.transport import AiohttpRequest
from bots.telegram.updates import read_update
from bots.telegram.webhook import MAX_BODY, SECRET_HEADER, telegram_webhook
from tests.telegram_lab import TelegramLab, telegram_app

SECRET = "s" * 20 + "_" + "t" * 20
ANN, BEN = 11, 22


class JournalDown(Exception):
    """Nothing can be written."""


class Receiver:
    """A bot with its webhook route; its handler commits unless it is told otherwise."""

    def __init__(self) -> None:
        self.written: list[tuple[int, str]] = []
        self.before: Callable[[Update], Awaitable[None]] | None = None
        self.told = 0
        self.url = ""

    async def handle(self, update: Update) -> None:
        assert update.message is not None
        if self.before is not None:
            await self.before(update)
        self.written.append((update.message.chat.id, update.message.text or ""))

    async def paused(self) -> None:
        self.told += 1

    def texts(self, chat: int) -> list[str]:
        return [text for where, text in self.written if where == chat]


async def serve(app: web.Application) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture
async def world() -> AsyncIterator[TelegramLab]:
    world = TelegramLab()
    world.person(ANN, "Ann")
    world.person(BEN, "Ben")
    return world


@pytest.fixture
async def telegram_url(world: TelegramLab) -> AsyncIterator[str]:
    runner, url = await serve(telegram_app(world))
    yield url
    await runner.cleanup()


@pytest.fixture
async def receiver(telegram_url: str, world: TelegramLab) -> AsyncIterator[Receiver]:
    """A receiver whose address Telegram does not know yet."""
    request, receiver = AiohttpRequest(), Receiver()
    bot = ExtBot(world.token, base_url=f"{telegram_url}/bot", request=request, get_updates_request=request)
    await bot.initialize()
    route = telegram_webhook(receiver.handle, bot, SECRET, pause_on=(JournalDown,), on_pause=receiver.paused)
    app = web.Application()
    app.router.add_post("/telegram", route)
    runner, url = await serve(app)
    receiver.url = f"{url}/telegram"
    yield receiver
    await runner.cleanup()
    await bot.shutdown()


@pytest.fixture
async def pushed(receiver: Receiver, telegram_url: str, world: TelegramLab) -> AsyncIterator[Receiver]:
    """A receiver that Telegram pushes updates to."""
    request = AiohttpRequest()
    await request.initialize()
    bot = ExtBot(world.token, base_url=f"{telegram_url}/bot", request=request)
    await bot.set_webhook(receiver.url, secret_token=SECRET, allowed_updates=["message"])
    yield receiver
    await bot.delete_webhook()
    await request.shutdown()


async def post(url: str, body: bytes, secret: str | None = SECRET) -> int:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


def message(number: int, text: str = "hello", chat: int = ANN) -> bytes:
    place = {"id": chat, "type": "private", "first_name": "Ann"}
    content = {"message_id": number, "date": 1, "chat": place, "text": text}
    return json.dumps({"update_id": number, "message": content}).encode()


async def test_what_people_write_arrives_once_and_in_order(pushed: Receiver, world: TelegramLab) -> None:
    for number in range(20):
        world.send_text(ANN, ANN, f"Ann {number}")
        world.send_text(BEN, BEN, f"Ben {number}")
    await world.wait_until(lambda: not world.pending)
    assert pushed.texts(ANN) == [f"Ann {number}" for number in range(20)]
    assert pushed.texts(BEN) == [f"Ben {number}" for number in range(20)]


async def test_telegram_hears_ok_only_when_the_message_is_written(receiver: Receiver) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_: Update) -> None:
        begun.set()
        await go_on.wait()

    receiver.before = wait
    answer = asyncio.create_task(post(receiver.url, message(1)))
    await begun.wait()
    await asyncio.sleep(0.02)
    assert not answer.done()
    go_on.set()
    assert await answer == 200
    assert receiver.texts(ANN) == ["hello"]


async def test_two_messages_of_one_chat_at_the_same_moment_wait_for_each_other_and_others_do_not(
    receiver: Receiver,
) -> None:
    go_on = asyncio.Event()

    async def wait(update: Update) -> None:
        if update.update_id == 1:
            await go_on.wait()

    receiver.before = wait
    first = asyncio.create_task(post(receiver.url, message(1, "first")))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(post(receiver.url, message(2, "second")))
    assert await post(receiver.url, message(3, "other", chat=BEN)) == 200
    await asyncio.sleep(0.02)
    assert receiver.written == [(BEN, "other")]
    go_on.set()
    assert await asyncio.gather(first, second) == [200, 200]
    assert receiver.texts(ANN) == ["first", "second"]


@pytest.mark.threat(7)
@pytest.mark.parametrize(
    "secret",
    [None, "", "wrong", SECRET[:-1], SECRET + "x", SECRET.upper(), "sécret", "п" * 40, "\udcff" * 41],
)
async def test_without_the_secret_nothing_gets_in(receiver: Receiver, secret: str | None) -> None:
    assert receiver.url
    host, port = receiver.url.removeprefix("http://").removesuffix("/telegram").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = "POST /telegram HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    if secret is not None:
        head += f"{SECRET_HEADER}: {secret}\r\n"
    body = message(1)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("utf-8", "surrogateescape") + body)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert receiver.written == []


@pytest.mark.threat(7)
async def test_a_body_over_one_megabyte_is_refused(receiver: Receiver) -> None:
    assert await post(receiver.url, b" " * (MAX_BODY + 1)) == 413
    assert await post(receiver.url, message(1).ljust(MAX_BODY)) == 200
    assert receiver.texts(ANN) == ["hello"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"5",
        b"null",
        b'{"update_id": "x"}',
        b'{"message": 5}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_what_cannot_be_read_is_passed_by_and_not_sent_again(receiver: Receiver, body: bytes) -> None:
    assert await post(receiver.url, body) == 200
    assert await post(receiver.url, message(2)) == 200
    assert receiver.texts(ANN) == ["hello"]


async def test_while_nothing_can_be_written_telegram_keeps_it_and_the_admins_are_told_once(
    pushed: Receiver, world: TelegramLab
) -> None:
    refused = Counter[int]()

    async def down(update: Update) -> None:
        refused[update.update_id] += 1
        if refused.total() > 4:
            pushed.before = None
        raise JournalDown

    pushed.before = down
    for number in range(3):
        world.send_text(ANN, ANN, f"message {number}")
    await world.wait_until(lambda: not world.pending)
    assert pushed.texts(ANN) == ["message 0", "message 1", "message 2"]
    assert pushed.told == 1
    assert "503" in str(world.webhook.last_error)


async def test_a_message_whose_handler_always_fails_is_passed_by_after_three_attempts(
    pushed: Receiver, world: TelegramLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "RETRY_PAUSES", (0.0, 0.0))
    attempts = Counter[str]()

    async def fail(update: Update) -> None:
        assert update.message is not None
        attempts[update.message.text or ""] += 1
        if update.message.text == "bad":
            raise ZeroDivisionError

    pushed.before = fail
    world.send_text(ANN, ANN, "bad")
    world.send_text(ANN, ANN, "good")
    await world.wait_until(lambda: not world.pending)
    assert attempts == {"bad": 3, "good": 1}
    assert pushed.texts(ANN) == ["good"]


A_BOT = ExtBot("1:x", request=AiohttpRequest(), get_updates_request=AiohttpRequest())

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["update_id", "message", "chat", "from", "callback_query", "photo", "entities", "date", "my_chat_member"]
)


@given(anything | st.dictionaries(fields, anything | st.dictionaries(fields, anything)))
def test_no_update_whatever_it_looks_like_stops_the_reader(raw: object) -> None:
    update = read_update(raw, A_BOT)
    assert update is None or isinstance(update.update_id, int)
