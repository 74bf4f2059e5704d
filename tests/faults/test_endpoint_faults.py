"""The endpoint fails in every way that a network knows: what each one means for the credit, over real sockets."""

import asyncio
import contextlib
import gzip
import json
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.keyapi import (
    AccessDenied,
    KeyApi,
    NoAnswer,
    NotSent,
    RateLimited,
    Refused,
    SearchFailed,
    TooLarge,
)
from core.model import Match

ROOT = Path(__file__).parents[2]
#: Seconds: long enough for a request on a busy machine, short enough for a test of silence.
DEADLINE = 1.0
#: Seconds for what never gets as far as a request.
SHORT = 0.4
PICTURE = b"\xff\xd8" + b"p" * 60_000
HIT = {"_id": "1731083827559830517", "_score": 3.5, "_source": {"product_name": "Red shoe"}}


@dataclass
class Wire:
    """One connection, as a server sees it that means no good."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> None:
        """Read one whole request."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        await self.reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes, status: str = "200 OK", headers: str = "") -> None:
        await self.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def hang_up_seen(self) -> None:
        """Wait for the client to go away."""
        await self.reader.read()


Behaviour = Callable[[Wire], Awaitable[None]]


@asynccontextmanager
async def endpoint(behave: Behaviour, held: socket.socket | None = None) -> AsyncIterator[tuple[str, list[Wire]]]:
    """A server on loopback, on a port held for it or any: its root address, and the connections it got."""
    wires: list[Wire] = []
    serving: set[asyncio.Task[None]] = set()

    async def serve(wire: Wire) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await behave(wire)
        wire.writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wires.append(Wire(reader, writer))
        serving.add(asyncio.create_task(serve(wires[-1])))

    place = {"sock": held} if held else {"host": "127.0.0.1", "port": 0}
    server = await asyncio.start_server(connected, **place)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", wires
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        for wire in wires:
            wire.writer.transport.abort()
        await server.wait_closed()


async def search(url: str, timeout: float = 20.0) -> tuple[Match, ...]:
    client = KeyApi(url=url, key=SecretStr("sk_live_test"), timeout=timeout)
    try:
        return await client.search(PICTURE, hint=None, region=None)
    finally:
        await client.aclose()


async def failure(behave: Behaviour, timeout: float = 20.0) -> SearchFailed:
    """How a search fails; the endpoint was asked once and not again."""
    async with endpoint(behave) as (url, wires):
        with pytest.raises(SearchFailed) as caught:
            await search(url, timeout)
        assert len(wires) == 1
    return caught.value


# Row 15: never reached.


def unused_port() -> socket.socket:
    """A socket that holds a port of this machine on which nobody listens."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held


@pytest.mark.fault(15)
async def test_an_endpoint_that_refuses_connections_was_certainly_not_asked() -> None:
    with unused_port() as held:
        began = time.monotonic()
        with pytest.raises(NotSent) as caught:
            await search(f"http://127.0.0.1:{held.getsockname()[1]}", SHORT)
        assert time.monotonic() - began < 10 * SHORT
    assert not caught.value.perhaps_charged


@pytest.mark.fault(15)
async def test_an_endpoint_that_comes_up_inside_the_deadline_is_asked_once() -> None:
    requests = 0

    async def late(wire: Wire) -> None:
        nonlocal requests
        await wire.request()
        requests += 1
        await wire.answer(json.dumps({"code": 0, "data": [HIT]}).encode())

    held = unused_port()
    asked = asyncio.create_task(search(f"http://127.0.0.1:{held.getsockname()[1]}"))
    await asyncio.sleep(0.3)
    assert not asked.done()
    async with endpoint(late, held):
        assert [match.name for match in await asked] == ["Red shoe"]
    assert requests == 1


@pytest.mark.fault(15)
async def test_a_name_that_does_not_resolve_was_certainly_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unresolved(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)
    with pytest.raises(NotSent):
        await search("https://endpoint.invalid", SHORT)


@pytest.mark.fault(15)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux drops what a full backlog does not hold")
async def test_a_connection_that_nobody_takes_was_certainly_not_asked() -> None:
    with unused_port() as held:
        held.listen(0)
        address = held.getsockname()
        with contextlib.ExitStack() as waiting:
            for _ in range(3):
                filler = waiting.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(address)
            with pytest.raises(NotSent, match=r"no connection within 0\.4 s"):
                await search(f"http://127.0.0.1:{address[1]}", SHORT)


@pytest.mark.fault(15)
async def test_an_endpoint_that_speaks_no_tls_was_certainly_not_asked() -> None:
    async def plain(wire: Wire) -> None:
        await wire.send(b"220 mail.example ESMTP\r\n")
        await wire.hang_up_seen()

    async with endpoint(plain) as (url, wires):
        with pytest.raises(NotSent):
            await search(url.replace("http:", "https:"), SHORT)
    assert wires, "it was tried"


# Rows 16, 17, 22: reached, and no answer.


async def reset_at_once(wire: Wire) -> None:
    wire.reset()


async def reset_in_the_middle(wire: Wire) -> None:
    await wire.reader.readexactly(1000)
    wire.reset()


async def reset_after_the_request(wire: Wire) -> None:
    await wire.request()
    wire.reset()


async def close_without_an_answer(wire: Wire) -> None:
    await wire.request()


async def half_a_head(wire: Wire) -> None:
    await wire.request()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Le")


async def half_a_body(wire: Wire) -> None:
    await wire.request()
    await wire.send(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"code":0,"data":[')


async def broken_chunks(wire: Wire) -> None:
    await wire.request()
    await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")


async def not_http(wire: Wire) -> None:
    await wire.request()
    await wire.send(b"+OK hello\r\n\r\n")


@pytest.mark.parametrize(
    "behave", [reset_at_once, reset_in_the_middle, reset_after_the_request, close_without_an_answer]
)
@pytest.mark.fault(16)
async def test_a_lost_connection_may_have_cost_a_credit_and_nothing_is_sent_again(behave: Behaviour) -> None:
    error = await failure(behave)
    assert type(error) is NoAnswer
    assert error.perhaps_charged


@pytest.mark.parametrize("behave", [half_a_head, half_a_body, broken_chunks, not_http])
@pytest.mark.fault(17)
async def test_a_torn_answer_may_have_cost_a_credit_and_nothing_is_sent_again(behave: Behaviour) -> None:
    assert (await failure(behave)).perhaps_charged


async def black_hole(wire: Wire) -> None:
    await wire.hang_up_seen()


async def reads_nothing(wire: Wire) -> None:
    transport = wire.writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    await asyncio.sleep(2 * DEADLINE)


async def drip(wire: Wire) -> None:
    await wire.request()
    for byte in b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"code": 0, "data": [' + b" " * 1000:
        await wire.send(bytes([byte]))
        await asyncio.sleep(0.03)


async def stalls_in_the_body(wire: Wire) -> None:
    await half_a_body(wire)
    await wire.hang_up_seen()


async def answers_after_the_deadline(wire: Wire) -> None:
    await wire.request()
    await asyncio.sleep(1.3 * DEADLINE)
    await wire.answer(json.dumps({"code": 0, "data": [HIT]}).encode())


@pytest.mark.fault(17)
@pytest.mark.fault(22)
async def test_silence_ends_with_the_deadline_may_have_cost_a_credit_and_nothing_is_sent_again() -> None:
    silences = [black_hole, reads_nothing, drip, stalls_in_the_body, answers_after_the_deadline]
    began = time.monotonic()
    errors = await asyncio.gather(*(failure(behave, DEADLINE) for behave in silences))
    assert time.monotonic() - began < 4 * DEADLINE
    assert {behave.__name__: str(error) for behave, error in zip(silences, errors, strict=True)} == {
        behave.__name__: f"{(NoAnswer.__doc__ or '').removesuffix('.')} (nothing complete within 1 s)."
        for behave in silences
    }
    assert all(error.perhaps_charged for error in errors)


# Rows 18, 20: answers that are none.


def says(status: str, body: bytes | dict[str, object], headers: str = "") -> Behaviour:
    async def behave(wire: Wire) -> None:
        await wire.request()
        await wire.answer(body if isinstance(body, bytes) else json.dumps(body).encode(), status, headers)

    return behave


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        (says("502 Bad Gateway", b"<html><h1>502 Bad Gateway</h1></html>"), NoAnswer),
        (says("200 OK", b"<html>welcome</html>"), NoAnswer),
        (says("200 OK", b'{"code":0,"data":[{"_id"'), NoAnswer),
        (says("200 OK", {"code": 0, "data": None}), NoAnswer),
        (says("200 OK", {"code": "zero", "data": {}}), NoAnswer),
        (says("200 OK", {"code": 500, "message": "Internal server error"}), NoAnswer),
        (says("200 OK", {"code": 402, "message": "apiKey quota is not enough"}), AccessDenied),
        (says("200 OK", {"code": 429, "message": "qps limit exceeded"}), RateLimited),
        (says("400 Bad Request", {"code": 400, "message": "Missing required parameter"}), Refused),
        (says("401 Unauthorized", {"code": 401, "message": "apiKey is null"}), AccessDenied),
        (says("403 Forbidden", b""), AccessDenied),
        (says("413 Request Entity Too Large", b"<html>413</html>"), TooLarge),
        (says("500 Internal Server Error", {"message": "Usage Limit Exceeded"}), AccessDenied),
        (says("402 Payment Required", b"?", "Content-Encoding: br\r\n"), AccessDenied),
    ],
)
@pytest.mark.fault(18)
async def test_an_answer_that_is_none_is_told_apart(behave: Behaviour, kind: type[SearchFailed]) -> None:
    error = await failure(behave)
    assert type(error) is kind
    assert error.perhaps_charged is (kind is NoAnswer)


@pytest.mark.fault(18)
async def test_a_refusal_counts_although_its_text_is_lost() -> None:
    async def torn(wire: Wire) -> None:
        await wire.request()
        await wire.send(b"HTTP/1.1 402 Payment Required\r\nContent-Length: 1000\r\n\r\n{")

    assert type(await failure(torn)) is AccessDenied


@pytest.mark.parametrize(("header", "seconds"), [("", None), ("Retry-After: 3600\r\n", 3600.0)])
@pytest.mark.fault(20)
async def test_too_fast_is_not_charged_and_says_how_long_to_wait(header: str, seconds: float | None) -> None:
    error = await failure(says("429 Too Many Requests", {"code": 429, "message": "qps limit exceeded"}, header))
    assert isinstance(error, RateLimited)
    assert not error.perhaps_charged
    assert error.retry_after == seconds


# Row 19: answers that are too much.


@pytest.mark.fault(19)
async def test_ten_thousand_products_with_long_names_become_thirty_short_ones() -> None:
    hits = [
        {"_id": str(10**18 + at), "_score": at, "_source": {"product_name": "long name " * 20}} for at in range(10_000)
    ]
    async with endpoint(says("200 OK", {"code": 0, "data": hits})) as (url, _):
        found = await search(url)
    assert len(found) == 30
    assert max(len(match.name) for match in found) <= 200


MEASURED = """
import asyncio, resource, sys
from pydantic import SecretStr
from core.keyapi import KeyApi, NoAnswer

def peak():
    # Linux counts in KiB. Not ru_maxrss: a child begins with its parent's.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

async def main(small, *urls):
    async def ask(url):
        client = KeyApi(url=url, key=SecretStr("k"), timeout=20)
        try:
            await client.search(b"p" * 60_000, hint=None, region=None)
        except NoAnswer as error:
            return str(error)
        finally:
            await client.aclose()
    await ask(small)
    before = peak()
    for url in urls:
        print(await ask(url))
    print(peak() - before)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.fault(19)
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
async def test_a_gzip_bomb_and_a_50_mb_answer_cost_little_memory() -> None:
    bomb = gzip.compress(b" " * 100_000_000, compresslevel=1)

    async def flood(wire: Wire) -> None:
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(50):
            await wire.send(b" " * 1_000_000)

    small = says("200 OK", {"code": 0, "data": [HIT]})
    folded = says("200 OK", bomb, "Content-Encoding: gzip\r\n")
    async with endpoint(small) as (calm, _), endpoint(folded) as (bombed, _), endpoint(flood) as (flooded, _):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MEASURED, calm, bombed, flooded, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
    bomb_error, flood_error, grown = out.decode().splitlines()
    assert "unfolds to more than 4 MiB" in bomb_error
    assert "more than 4 MiB" in flood_error
    assert int(grown) < 50 * 1024
