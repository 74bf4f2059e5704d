"""The client over a real socket: one request, as the endpoint documents it, and the key nowhere else."""

import asyncio
import contextlib
import gzip
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from core.keyapi import AccessDenied, KeyApi, NoAnswer

KEY = "sk_live_canary_5f1c"
HIT = {
    "_id": "1731083827559830517",
    "_score": 3.5,
    "_source": {"product_name": "Red shoe", "priority_region": "US"},
}
ANSWER = json.dumps({"code": 0, "data": [HIT]}).encode()


class Endpoint:
    """A server on loopback that keeps the requests it read and gives each one the same answer."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.status = "200 OK"
        self.headers: dict[str, str] = {}
        self.body = ANSWER
        self.close_after_answer = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
                body = await reader.readexactly(int(headers["content-length"]))
                self.requests.append((head[0], headers, body))
                answer = {"Content-Length": str(len(self.body)), **self.headers}
                lines = [
                    f"HTTP/1.1 {self.status}",
                    *(f"{name}: {value}" for name, value in answer.items()),
                    "",
                    "",
                ]
                writer.write("\r\n".join(lines).encode() + self.body)
                await writer.drain()
                if self.close_after_answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def client_of(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]],
) -> AsyncIterator[KeyApi]:
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = KeyApi(url=f"http://127.0.0.1:{port}", key=SecretStr(KEY), timeout=20)
    try:
        yield client
    finally:
        await client.aclose()
        server.close()
        await asyncio.gather(*serving)
        await server.wait_closed()


async def test_a_search_is_one_request_as_the_endpoint_documents_it() -> None:
    endpoint = Endpoint()
    async with client_of(endpoint.serve) as client:
        (match,) = await client.search(b"jpeg", hint="red", region="US")
    assert (match.name, match.region) == ("Red shoe", "US")
    ((line, headers, body),) = endpoint.requests
    assert line == "POST /v1/tiktok/product/image-search/analytics HTTP/1.1"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert json.loads(body) == {"image_base64": "anBlZw==", "size": 30, "product_name": "red", "region": "US"}


async def test_searches_share_a_connection_and_survive_one_that_was_closed_meanwhile() -> None:
    endpoint = Endpoint()
    async with client_of(endpoint.serve) as client:
        for _ in range(3):
            await client.search(b"jpeg", hint=None, region=None)
        assert endpoint.connections == 1
        endpoint.close_after_answer = True
        await client.search(b"jpeg", hint=None, region=None)
        await asyncio.sleep(0.05)
        await client.search(b"jpeg", hint=None, region=None)
    assert (len(endpoint.requests), endpoint.connections) == (5, 2)


async def test_at_most_eight_connections_are_open_at_once() -> None:
    endpoint = Endpoint()
    async with client_of(endpoint.serve) as client:
        await asyncio.gather(*(client.search(b"jpeg", hint=None, region=None) for _ in range(40)))
    assert len(endpoint.requests) == 40
    assert endpoint.connections <= 8


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP"])
async def test_an_answer_that_is_compressed_all_the_same_is_read(coding: str) -> None:
    endpoint = Endpoint()
    endpoint.headers, endpoint.body = {"Content-Encoding": coding}, gzip.compress(ANSWER)
    async with client_of(endpoint.serve) as client:
        assert len(await client.search(b"jpeg", hint=None, region=None)) == 1


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_an_answer_that_cannot_be_unfolded_may_have_been_charged(coding: str) -> None:
    endpoint = Endpoint()
    endpoint.headers = {"Content-Encoding": coding}
    async with client_of(endpoint.serve) as client:
        with pytest.raises(NoAnswer):
            await client.search(b"jpeg", hint=None, region=None)


async def test_a_redirect_is_not_followed() -> None:
    endpoint, elsewhere = Endpoint(), Endpoint()
    async with client_of(endpoint.serve) as client, client_of(elsewhere.serve) as other:
        endpoint.status, endpoint.headers = "307 Temporary Redirect", {"Location": other._url}
        with pytest.raises(NoAnswer, match="HTTP 307"):
            await client.search(b"jpeg", hint=None, region=None)
    assert not elsewhere.requests


@pytest.mark.threat(6)
async def test_the_key_is_in_no_log_and_no_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = Endpoint()
    endpoint.status, endpoint.body = (
        "401 Unauthorized",
        b'{"code":401,"message":"no such key: %s"}' % KEY.encode(),
    )
    async with client_of(endpoint.serve) as client:
        with pytest.raises(AccessDenied, match="no such key") as caught:
            await client.search(b"jpeg", hint=None, region=None)
        assert KEY not in repr(client) + repr(vars(client))
    assert "httpcore" in {record.name.split(".")[0] for record in caplog.records}
    assert KEY not in caplog.text + str(caught.value) + repr(caught.value)


async def test_a_cancelled_search_is_a_cancellation() -> None:
    reached = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with client_of(silent) as client:
        search = asyncio.create_task(client.search(b"jpeg", hint=None, region=None))
        await reached.wait()
        search.cancel()
        with pytest.raises(asyncio.CancelledError):
            await search


@pytest.mark.parametrize("url", ["http://api.example", "ftp://127.0.0.1", "api.example", "https://", "http://10.0.0.1"])
def test_the_key_is_never_sent_in_the_clear_to_another_machine(url: str) -> None:
    with pytest.raises(ValueError, match="neither an https address nor one of this machine"):
        KeyApi(url=url, key=SecretStr(KEY), timeout=1)


def test_an_empty_key_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="key of the search endpoint is empty"):
        KeyApi(url="https://api.example", key=SecretStr(""), timeout=1)
