"""Calls to Telegram over real sockets: what is sent, what a broken line becomes, and what never leaks."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import ExtBot

from bots.telegram import transport
from bots.telegram.flood import retry_seconds
from bots.telegram.transport import AiohttpRequest, FileTooLarge, NotSent

TOKEN = "1000000:CANARY-token"
MESSAGE = {"message_id": 7, "date": 1, "chat": {"id": 5, "type": "private", "first_name": "Ann"}}
OK = {"ok": True, "result": MESSAGE}

Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[ExtBot[None]]:
    request = AiohttpRequest(read_timeout=2)
    await request.initialize()
    try:
        yield ExtBot(TOKEN, base_url=f"{base_url}/bot", base_file_url=f"{base_url}/file/bot", request=request)
    finally:
        await request.shutdown()


@asynccontextmanager
async def telegram(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """An aiohttp server that answers every request in one way; its address."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(behave: Raw) -> AsyncIterator[str]:
    """A bare TCP server; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def request_of(bot: ExtBot[None]) -> AiohttpRequest:
    assert isinstance(bot.request, AiohttpRequest)
    return bot.request


# --- what is sent


async def test_a_photo_arrives_with_its_caption_and_keyboard_whole() -> None:
    picture, got = bytes(range(256)) * 400, {}

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        got.update({name: value for name, value in form.items() if isinstance(value, str)})
        got.update({name: value.file.read() for name, value in form.items() if isinstance(value, web.FileField)})
        return web.json_response(OK)

    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("“Ünïcode” 🌍", callback_data="x\r\ny")]])
    async with telegram(answer) as url, opened(url) as bot:
        caption = 'Mind the "quotes",\r\nline ends & 👜'
        message = await bot.send_photo(5, picture, caption=caption, reply_markup=keyboard)
    assert message.message_id == 7
    assert got["photo"] == picture
    assert got["chat_id"] == "5"
    assert got["caption"] == caption
    assert json.loads(got["reply_markup"])["inline_keyboard"][0][0]["text"] == "“Ünïcode” 🌍"


async def test_a_large_report_arrives_whole() -> None:
    report, got = b"day,person,searches,captured\n" * 100_000, b""

    async def answer(request: web.Request) -> web.Response:
        nonlocal got
        document = (await request.post())["document"]
        assert isinstance(document, web.FileField)
        got = document.file.read()
        return web.json_response(OK)

    async with telegram(answer) as url, opened(url) as bot:
        await bot.send_document(5, report, filename="usage.csv")
    assert got == report


async def test_a_text_message_can_become_a_picture() -> None:
    got = {}

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        media = json.loads(str(form["media"]))
        part = form[media["media"].removeprefix("attach://")]
        assert isinstance(part, web.FileField)
        got["bytes"] = part.file.read()
        return web.json_response(OK)

    async with telegram(answer) as url, opened(url) as bot:
        await bot.edit_message_media(InputMediaPhoto(BytesIO(b"jpeg bytes")), chat_id=5, message_id=7)
    assert got["bytes"] == b"jpeg bytes"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_caption_and_any_file_name_survive_the_way(caption: str, filename: str) -> None:
    """The body is read back by aiohttp's own reader, an independent reading of RFC 7578."""
    from telegram import InputFile
    from telegram.request import RequestData
    from telegram.request._requestparameter import RequestParameter

    async def read_back() -> dict[str, bytes]:
        from aiohttp import MultipartReader
        from aiohttp.base_protocol import BaseProtocol
        from aiohttp.streams import StreamReader

        document = InputFile(b"--\r\n\r\n--" + filename.encode(), filename=filename)
        data = RequestData(
            [RequestParameter.from_input(name, value) for name, value in (("caption", caption), ("document", document))]
        )
        body, content_type = transport._body(data)
        stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**20)
        stream.feed_data(body)
        stream.feed_eof()
        parts = {}
        async for part in MultipartReader({"Content-Type": content_type}, stream):
            assert not isinstance(part, MultipartReader)
            assert part is not None
            parts[part.name or ""] = bytes(await part.read())
        return parts

    parts = asyncio.run(read_back())
    assert parts["document"] == b"--\r\n\r\n--" + filename.encode()
    # A parameter that is empty is left out, as python-telegram-bot does everywhere.
    assert parts.get("caption", b"") == caption.encode()


async def test_one_connection_serves_many_calls() -> None:
    connections = set()

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        connections.add(request.transport.get_extra_info("peername"))
        await request.read()
        return web.json_response(OK)

    async with telegram(answer) as url, opened(url) as bot:
        for _ in range(5):
            await bot.send_message(5, "hello")
    assert len(connections) == 1


# --- what Telegram refuses


@pytest.mark.parametrize(
    ("status", "description", "parameters", "expected"),
    [
        (400, "Bad Request: message is not modified", {}, BadRequest),
        (401, "Unauthorized", {}, InvalidToken),
        (403, "Forbidden: bot was blocked by the user", {}, Forbidden),
        (409, "Conflict: terminated by other getUpdates request", {}, Conflict),
        (429, "Too Many Requests: retry after 9", {"retry_after": 9}, RetryAfter),
        (400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -1005}, ChatMigrated),
        (502, "Bad Gateway", {}, NetworkError),
    ],
)
async def test_a_refusal_keeps_its_meaning(
    status: int, description: str, parameters: dict[str, int], expected: type[TelegramError]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        refusal = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
        return web.json_response(refusal, status=status)

    async with telegram(answer) as url, opened(url) as bot:
        with pytest.raises(expected) as caught:
            await bot.send_message(5, "hello")
    if isinstance(caught.value, RetryAfter):
        assert retry_seconds(caught.value) == 9
    if isinstance(caught.value, ChatMigrated):
        assert caught.value.new_chat_id == -1005


@pytest.mark.parametrize("status", [200, 401, 404, 502])
async def test_a_page_from_something_in_between_is_a_broken_line_and_no_word_on_the_token(
    status: int,
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="<html>Sign in to this hotel's network</html>")

    async with telegram(answer) as url, opened(url) as bot:
        with pytest.raises(NetworkError, match="without an answer of the Bot API"):
            await bot.send_message(5, "hello")


async def test_redirects_are_not_followed() -> None:
    paths = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async with telegram(answer) as url, opened(url) as bot:
        with pytest.raises(NetworkError):
            await bot.send_message(5, "hello")
        with pytest.raises(NetworkError):
            await request_of(bot).download(f"{url}/file/bot{TOKEN}/photos/1.jpg")
    assert "/elsewhere" not in paths


# --- broken lines


async def nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Takes the request and says nothing."""
    while await reader.read(65536):
        pass


async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def half_a_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await writer.drain()


async def half_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"ok": true, "res')
    await writer.drain()


async def no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
    await writer.drain()


@pytest.mark.threat(6)
@pytest.mark.parametrize("behaviour", [hang_up, reset, half_a_head, half_a_body, no_http])
async def test_a_broken_line_is_a_network_error_that_names_no_token(behaviour: Raw) -> None:
    async with raw(behaviour) as url, opened(url) as bot:
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(5, "hello")
        with pytest.raises(NetworkError) as fetching:
            await request_of(bot).download(f"{url}/file/bot{TOKEN}/photos/1.jpg")
    for error in (caught.value, fetching.value):
        assert not isinstance(error, NotSent | TimedOut)
        assert_no_token(error)


@pytest.mark.threat(6)
async def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    async with raw(nothing) as url, opened(url) as bot:
        with pytest.raises(TimedOut) as caught:
            await bot.send_message(5, "hello", read_timeout=0.1)
        assert_no_token(caught.value)


@pytest.mark.threat(6)
async def test_what_could_not_be_sent_is_told_apart_from_what_may_have_been() -> None:
    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with opened(f"http://127.0.0.1:{port}") as bot:
        with pytest.raises(NotSent) as caught:
            await bot.send_message(5, "hello")
    assert_no_token(caught.value)


@pytest.mark.threat(6)
@pytest.mark.parametrize("root", ["http://telegram.invalid", "ftp://127.0.0.1", "http://127.0.0.1.invalid", "x"])
async def test_the_token_is_never_sent_in_clear_to_another_machine(root: str) -> None:
    async with opened(root) as bot:
        with pytest.raises(NotSent, match="neither https") as caught:
            await bot.send_message(5, "hello")
    assert_no_token(caught.value)


@pytest.mark.threat(6)
async def test_an_address_that_is_none_breaks_without_naming_the_token() -> None:
    async with opened("https://[::1]:99999999") as bot:
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(5, "hello")
    assert_no_token(caught.value)


async def test_a_proxy_is_asked_for_a_tunnel_and_never_sees_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with raw(proxy) as url, opened("https://telegram.invalid") as bot:
        monkeypatch.setenv("https_proxy", url.replace("http://", "http://user:pass@"))
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(NotSent):
            await bot.send_message(5, "hello")
    assert heard[0].startswith(b"CONNECT telegram.invalid:443 ")
    assert b"Proxy-Authorization: Basic" in heard[0]
    assert TOKEN.encode() not in heard[0]


async def test_a_server_on_this_machine_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(OK)

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with telegram(answer) as url, opened(url) as bot:
        assert (await bot.send_message(5, "hello")).message_id == 7


async def test_a_closed_transport_says_so_and_can_be_opened_again() -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(OK)

    async with telegram(answer) as url, opened(url) as bot:
        await bot.request.shutdown()
        with pytest.raises(NetworkError, match="not open"):
            await bot.send_message(5, "hello")
        await bot.request.initialize()
        assert (await bot.send_message(5, "hello")).message_id == 7


# --- files


async def test_a_file_over_the_limit_is_left_before_it_fills_the_memory() -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            sent += 65536
            await response.write(bytes(65536))
        return response

    async with telegram(answer) as url, opened(url) as bot:
        with pytest.raises(FileTooLarge):
            await request_of(bot).download(f"{url}/file", limit=300_000)
    assert sent < 10_000_000


async def test_a_file_of_exactly_the_limit_is_fetched() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 300_000)

    async with telegram(answer) as url, opened(url) as bot:
        assert await request_of(bot).download(f"{url}/file", limit=300_000) == b"x" * 300_000


@pytest.mark.fault(38)
async def test_a_download_that_trickles_ends_at_its_deadline() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.02)

    async with telegram(answer) as url, opened(url) as bot, asyncio.timeout(5):
        with pytest.raises(TimedOut):
            await request_of(bot).download(f"{url}/file", deadline=0.2)


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    ("status", "expected"), [(404, BadRequest), (410, BadRequest), (429, NetworkError), (500, NetworkError)]
)
async def test_a_file_that_is_gone_is_told_apart_from_one_to_be_tried_again(
    status: int, expected: type[TelegramError]
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with telegram(answer) as url, opened(url) as bot:
        with pytest.raises(expected) as caught:
            await request_of(bot).download(f"{url}/file/bot{TOKEN}/photos/1.jpg")
    assert type(caught.value) is expected
    assert_no_token(caught.value)


def assert_no_token(error: BaseException) -> None:
    """Neither in what is said nor in what a log would print of it, causes included."""
    seen = [repr(error), str(error), *traceback.format_exception(error)]
    assert not any("CANARY" in text for text in seen)
