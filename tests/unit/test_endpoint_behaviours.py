"""Each way in which the endpoint's stand-in can misbehave: what arrives on the wire, and what it counts as charged."""

import asyncio
import base64
import json
import math
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from bots.sandbox import pictures
from bots.sandbox.endpoint import PATH, serve
from tests.endpoint_lab import BEHAVIOURS, EndpointLab
from tests.endpoint_lab.answers import ANSWERS
from tests.endpoint_lab.deliveries import DELIVERIES
from tests.endpoint_lab.refusals import REFUSALS

#: What a careful client reads at most, unfolded (bytes).
MOST = 4 * 1024 * 1024
BODY = json.dumps({"image_base64": base64.b64encode(pictures.card("ankle-boots")).decode(), "size": 30}).encode()
HEADERS = {"Authorization": "Bearer sk_test", "Content-Type": "application/json"}


@pytest.fixture
def endpoint():
    return EndpointLab()


@pytest.fixture
async def address(endpoint):
    async with serve(endpoint) as address:
        yield address


@pytest.fixture
async def client(address):
    async with httpx.AsyncClient(base_url=address, headers=HEADERS) as client:
        yield client


async def data(client: httpx.AsyncClient, behaviour: str) -> object:
    """What the answer holds, which must be a success of the right outer shape."""
    response = await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": behaviour})
    assert response.status_code == 200
    assert len(response.content) < MOST
    answer = response.json()
    assert (answer["code"], answer["message"]) == (0, "success")
    assert answer["requestId"]
    return answer["data"]


async def becomes(true: Callable[[], object]) -> None:
    """Wait until it is; fails after three seconds."""
    async with asyncio.timeout(3):
        while not true():  # noqa: ASYNC110 - a counter rings no bell
            await asyncio.sleep(0.01)


@asynccontextmanager
async def asked(address: str, behaviour: str, **headers: str) -> AsyncIterator[asyncio.StreamReader]:
    """The raw bytes that come back after a whole request."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"POST {PATH} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(BODY)}"]
    lines += [f"{k}: {v}" for k, v in (HEADERS | {"Sandbox-Behaviour": behaviour} | headers).items()]
    try:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + BODY)
        yield reader
    finally:
        writer.close()


async def test_every_behaviour_has_a_test_here():
    tested = {*CHECKS, *REFUSALS, *DELIVERIES, "429-retry-after", "reset-before", "reset-during"}
    assert tested == set(BEHAVIOURS)
    assert len(BEHAVIOURS) == 45


def scores(hits: list[dict[str, object]]) -> list[object]:
    return [hit.get("_score") for hit in hits]


def sources(hits: list[dict[str, object]], field: str) -> list[object]:
    return [hit.get("_source", {}).get(field) for hit in hits]


CHECKS = {
    "normal": lambda d: len(d) == 30 and scores(d) == sorted(scores(d), reverse=True),
    "one-hit": lambda d: len(d) == 1,
    "none": lambda d: d == [],
    "data-null": lambda d: d is None,
    "data-object": lambda d: isinstance(d, dict),
    "no-source": lambda d: "_source" not in d[0] and all("_source" in hit for hit in d[1:]),
    "only-id": lambda d: d[0]["_id"] and sources(d, "product_id")[0] is None and sources(d, "product_name")[0],
    "int-id": lambda d: all(isinstance(id_, int) and id_ > 2**53 for id_ in sources(d, "product_id")),
    "unsorted": lambda d: scores(d) == sorted(scores(d)) != sorted(scores(d), reverse=True),
    "tied": lambda d: len(set(scores(d))) == 1 and len(d) == 30,
    "missing-scores": lambda d: scores(d).count(None) == 15,
    "nan-scores": lambda d: sum(math.isnan(score) for score in scores(d)) == 15,
    "repeated-ids": lambda d: len(d) == 30 and len(set(sources(d, "product_id"))) == 15,
    "no-usable-hit": lambda d: d and not any(isinstance(hit, dict) and ("_id" in hit) for hit in d),
    "many-items": lambda d: len(d) == len(set(sources(d, "product_id"))) == 10_000,
    "long-names": lambda d: all(len(name) >= 100_000 for name in sources(d, "product_name")),
    "hostile-names": lambda d: all(
        any(bad in name for name in sources(d, "product_name"))
        for bad in ("<script>", "@everyone", "\u202e", "\n", "\u200b", "\u0301" * 100, "\x00", "=HYPERLINK")
    ),
}


@pytest.mark.parametrize("behaviour", ANSWERS)
async def test_an_answer_with_code_0_is_charged_whatever_it_holds(client, endpoint, behaviour):
    assert CHECKS[behaviour](await data(client, behaviour))
    assert (endpoint.requests, endpoint.charged, dict(endpoint.outcomes)) == (1, 1, {behaviour: 1})


@pytest.mark.parametrize("behaviour", REFUSALS)
async def test_a_refusal_is_never_charged(client, endpoint, behaviour):
    response = await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": behaviour})
    status, code, message = REFUSALS[behaviour]
    assert response.status_code == status
    if behaviour.startswith("code-"):
        assert status == 200
        assert code == int(behaviour[5:])
    elif behaviour[:3].isdecimal():
        assert status == int(behaviour[:3])
    if code is None:
        assert response.headers["Content-Type"].startswith("text/html")
        assert "<html>" in response.text
    else:
        assert response.json() == {"code": code, "data": None, "message": message}
    assert "Retry-After" not in response.headers
    assert (endpoint.requests, endpoint.charged, dict(endpoint.outcomes)) == (1, 0, {behaviour: 1})


async def test_retry_after_says_the_seconds_that_were_chosen(client, endpoint):
    endpoint.behave("429-retry-after", times=1, seconds=37)
    endpoint.behave("429-retry-after", times=1)
    for seconds in ("37", "2"):
        response = await client.post(PATH, content=BODY)
        assert (response.status_code, response.json()["code"]) == (429, 429)
        assert response.headers["Retry-After"] == seconds
    assert (endpoint.charged, dict(endpoint.outcomes)) == (0, {"429-retry-after": 2})


@pytest.mark.parametrize(("behaviour", "charged"), [("reset-before", 0), ("reset-during", 0), ("reset-after", 1)])
async def test_a_reset_is_a_real_one_and_charged_only_after_the_question_was_read(
    address, endpoint, behaviour, charged
):
    async with asked(address, behaviour) as reader:
        with pytest.raises(ConnectionResetError):  # RST; a FIN would be read as an empty end
            await reader.read()
    assert (endpoint.requests, endpoint.charged, dict(endpoint.outcomes)) == (1, charged, {behaviour: 1})


@pytest.mark.parametrize("behaviour", ["reset-before", "reset-during", "reset-after"])
async def test_a_client_library_sees_the_reset_as_an_error(client, behaviour):
    with pytest.raises(httpx.NetworkError):
        await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": behaviour})


async def test_a_slow_answer_is_whole_and_charged_before_it_arrives(client, endpoint):
    endpoint.behave("slow", seconds=0.3)
    asking = asyncio.create_task(client.post(PATH, content=BODY))
    start = time.monotonic()
    await becomes(lambda: endpoint.charged)
    assert not asking.done()
    assert len((await asking).json()["data"]) == 30
    assert time.monotonic() - start >= 0.25


async def test_a_drip_sends_one_byte_at_a_time(address, endpoint):
    async with asked(address, "drip", **{"Sandbox-Seconds": "0.05"}) as reader:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"200 OK" in head
        pieces = [await asyncio.wait_for(reader.read(100), 2) for _ in range(4)]
    assert b"".join(pieces) == b'{"co'
    assert endpoint.charged == 1


async def test_half_a_head_and_half_a_body_end_before_they_should(address, client, endpoint):
    async with asked(address, "half-head") as reader:
        assert await reader.read() == b"HTTP/1.1 200 OK\r\nContent-Type: applic"
    async with asked(address, "half-body") as reader:
        head = await reader.readuntil(b"\r\n\r\n")
        rest = await reader.read()
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert 0 < len(rest) < length
    for behaviour in ("half-head", "half-body"):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": behaviour})
    assert (endpoint.requests, endpoint.charged) == (4, 4)


async def test_a_black_hole_reads_everything_and_never_answers(client, endpoint):
    with pytest.raises(httpx.ReadTimeout):
        await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": "black-hole"}, timeout=0.3)
    assert (endpoint.requests, endpoint.charged) == (1, 1)


async def test_a_truncated_answer_is_good_http_and_broken_json(client, endpoint):
    response = await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": "truncated"})
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        response.json()
    assert endpoint.charged == 1


async def test_a_gateway_that_gives_up_answers_in_html_though_the_question_was_charged(client, endpoint):
    response = await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": "504-html"})
    assert (response.status_code, response.headers["Content-Type"].split(";")[0]) == (504, "text/html")
    assert endpoint.charged == 1


async def test_a_gzip_bomb_is_small_on_the_wire_and_200_mb_unfolded(client, endpoint):
    unfold, size, wire = zlib.decompressobj(16 + zlib.MAX_WBITS), 0, 0
    headers = {"Sandbox-Behaviour": "gzip-bomb", "Accept-Encoding": "identity"}
    async with client.stream("POST", PATH, content=BODY, headers=headers) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        async for piece in response.aiter_raw():
            wire += len(piece)
            block = unfold.decompress(piece, MOST)
            while block:
                size += len(block)
                block = unfold.decompress(unfold.unconsumed_tail, MOST)
    assert unfold.eof
    assert wire < 300_000
    assert 199_000_000 < size < 201_000_000
    assert endpoint.charged == 1


async def test_a_huge_answer_is_50_mb_of_good_json_and_ends_when_the_client_leaves(client, endpoint):
    async with client.stream("POST", PATH, content=BODY, headers={"Sandbox-Behaviour": "huge"}) as response:
        assert int(response.headers["Content-Length"]) > 50_000_000
        size = 0
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > MOST:
                break
    assert endpoint.charged == 1
    response = await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": "huge"})
    assert len(response.content) == int(response.headers["Content-Length"])
    assert len(json.loads(response.content)["data"]) == 30


@pytest.mark.parametrize("behaviour", ["slow", "drip", "black-hole", "half-head", "half-body"])
async def test_whatever_waits_ends_at_once_when_the_stand_in_stops(endpoint, behaviour):
    endpoint.behave(behaviour, seconds=500)
    async with serve(endpoint) as address:
        waiting = asyncio.create_task(read_all(address, behaviour))
        await becomes(lambda: endpoint.charged)
        await asyncio.sleep(0.1)
        start = time.monotonic()
    assert time.monotonic() - start < 3
    await asyncio.wait_for(waiting, 2)


async def read_all(address: str, behaviour: str) -> None:
    async with asked(address, behaviour, **{"Sandbox-Seconds": "500"}) as reader:
        try:
            await reader.read()
        except ConnectionResetError:
            return


@pytest.mark.parametrize("behaviour", ["slow", "drip", "black-hole", "huge"])
async def test_nothing_is_left_running_when_the_client_goes_away(address, endpoint, behaviour):
    before = asyncio.all_tasks()
    async with asked(address, behaviour) as reader:
        await becomes(lambda: endpoint.charged)
        if behaviour in ("drip", "huge"):
            await reader.readexactly(20)
    await becomes(lambda: not asyncio.all_tasks() - before)


async def test_a_misbehaving_stand_in_logs_no_errors(client, caplog):
    for behaviour in ("reset-before", "reset-after", "half-head", "half-body"):
        with pytest.raises(httpx.TransportError):
            await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": behaviour})
    await asyncio.sleep(0.05)
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


@pytest.mark.parametrize("headers", [{"Sandbox-Behaviour": "nonsense"}, {"Sandbox-Seconds": "x"}])
async def test_a_behaviour_that_does_not_exist_is_said_at_once(client, headers):
    response = await client.post(PATH, content=BODY, headers={"Sandbox-Behaviour": "slow"} | headers)
    assert response.status_code == 400
