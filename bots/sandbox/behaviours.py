"""How the endpoint's stand-in can answer a search, by name: as it should, or as the demo's page lets people choose."""

import asyncio
import socket
import struct
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Hit = dict[str, Any]  # of the answer's JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One search request, and what a behaviour may do about it: `free` or `hits`, once."""

    request: web.Request
    seconds: float | None  #: as chosen together with the behaviour
    free: Callable[[], None]  #: count the request as not charged
    hits: Callable[[], Awaitable[list[Hit]]]  #: read the question, count it as charged, search; raises Refused


Behaviour = Callable[[Exchange], Awaitable[web.StreamResponse]]


def success(data: object) -> web.Response:
    """A whole answer; `data` should be a list of hits."""
    return web.json_response({"code": 0, "message": "success", "data": data, "requestId": str(uuid.uuid4())})


def refusal(code: int, message: str, status: int | None = None) -> web.Response:
    """A refusal in the endpoint's own words. Without a status it is the code."""
    return web.json_response({"code": code, "data": None, "message": message}, status=status or code)


def proxy_page(status: int, title: str) -> web.Response:
    """What a proxy before the endpoint says in its place: HTML."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return web.Response(text=page, status=status, content_type="text/html")


def reset(request: web.Request) -> web.Response:
    """End the connection with a TCP reset instead of an answer."""
    if request.transport is not None:
        opened = request.transport.get_extra_info("socket")
        # On, with a time of 0: the kernel drops what was not sent and sends RST, not FIN (SO_LINGER).
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


def answering(change: Callable[[list[Hit]], object]) -> Behaviour:
    """The behaviour that answers with what it makes of the hits."""

    async def answer(exchange: Exchange) -> web.Response:
        return success(change(await exchange.hits()))

    return answer


def refusing(make: Callable[[], web.Response]) -> Behaviour:
    """The behaviour that reads the whole request, answers so and charges nothing."""

    async def refuse(exchange: Exchange) -> web.Response:
        await exchange.request.read()
        exchange.free()
        return make()

    return refuse


async def _slow(exchange: Exchange) -> web.Response:
    hits = await exchange.hits()
    await asyncio.sleep(40.0 if exchange.seconds is None else exchange.seconds)  # longer than any client waits
    return success(hits)


async def _reset_after(exchange: Exchange) -> web.Response:
    await exchange.hits()
    return reset(exchange.request)


#: What the page offers; "normal" must be there.
BEHAVIOURS: Mapping[str, Behaviour] = {
    "normal": answering(lambda hits: hits),
    "none": answering(lambda _: []),
    "slow": _slow,
    "402": refusing(lambda: refusal(402, "apiKey quota is not enough")),
    "reset-after": _reset_after,
    "500": refusing(lambda: refusal(500, "Internal server error")),
}
