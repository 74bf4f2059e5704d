"""Questions that are read, charged and answered, and then the answer does not arrive as it should."""

import asyncio
import zlib
from collections.abc import Iterable
from functools import cache
from itertools import chain

from aiohttp import web

from bots.sandbox.behaviours import BEHAVIOURS, Behaviour, Exchange, proxy_page, reset, success

BOMB_SIZE = 200_000_000  # bytes, unfolded
HUGE_SIZE = 50_000_000  # bytes
LONGEST_WAIT = 600.0  # seconds
_BLOCK = b" " * 65536


async def _answer(exchange: Exchange) -> bytes:
    body = success(await exchange.hits()).body
    assert isinstance(body, bytes)
    return body


def _json(body: bytes, **headers: str) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=headers)


async def _truncated(exchange: Exchange) -> web.StreamResponse:
    answer = await _answer(exchange)
    return _json(answer[: len(answer) // 2])


async def _gzip_bomb(exchange: Exchange) -> web.StreamResponse:
    await exchange.hits()
    response = _json(await asyncio.to_thread(_bomb))
    response.headers["Content-Encoding"] = "gzip"
    return response


async def _huge(exchange: Exchange) -> web.StreamResponse:
    answer = await _answer(exchange)
    blanks = (_BLOCK[: HUGE_SIZE - start] for start in range(0, HUGE_SIZE, len(_BLOCK)))
    return await _stream(exchange.request, chain([answer], blanks), len(answer) + HUGE_SIZE)


async def _drip(exchange: Exchange) -> web.StreamResponse:
    """One byte after every so many seconds, 1 unless chosen."""
    answer = await _answer(exchange)
    pace = 1.0 if exchange.seconds is None else exchange.seconds
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            return await _stream(exchange.request, (bytes([byte]) for byte in answer), len(answer), pace)
    except TimeoutError:
        return reset(exchange.request)


async def _half_body(exchange: Exchange) -> web.StreamResponse:
    answer = await _answer(exchange)
    await _stream(exchange.request, [answer[: len(answer) // 2]], len(answer))
    return await _hang_up(exchange)


async def _half_head(exchange: Exchange) -> web.StreamResponse:
    await exchange.hits()
    if exchange.request.transport is not None:
        exchange.request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: applic")
    return await _hang_up(exchange)


async def _black_hole(exchange: Exchange) -> web.StreamResponse:
    await exchange.hits()
    await asyncio.sleep(LONGEST_WAIT)
    return reset(exchange.request)


async def _gateway_gives_up(exchange: Exchange) -> web.StreamResponse:
    await exchange.hits()
    return proxy_page(504, "504 Gateway Time-out")


async def _hang_up(exchange: Exchange) -> web.Response:
    """Close the connection after the seconds chosen, or at once."""
    await asyncio.sleep(exchange.seconds or 0.0)
    if exchange.request.transport is not None:
        exchange.request.transport.close()
    return web.Response()


async def _stream(request: web.Request, parts: Iterable[bytes], length: int, pace: float = 0.0) -> web.StreamResponse:
    """Begin an answer of that length and send the parts, a wait of `pace` seconds before each."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(length)})
    await response.prepare(request)
    for part in parts:
        await asyncio.sleep(pace)
        await response.write(part)
    return response


@cache
def _bomb() -> bytes:
    """A valid answer without hits, blanks in it: about 200 kB of gzip that unfold to BOMB_SIZE."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    start = packer.compress(b'{"code": 0, "message": "success", "data": [],')
    blanks = [packer.compress(_BLOCK) for _ in range(BOMB_SIZE // len(_BLOCK))]
    return b"".join((start, *blanks, packer.compress(b'"requestId": null}'), packer.flush()))


DELIVERIES: dict[str, Behaviour] = {
    "slow": BEHAVIOURS["slow"],
    "drip": _drip,
    "truncated": _truncated,
    "gzip-bomb": _gzip_bomb,
    "huge": _huge,
    "half-head": _half_head,
    "half-body": _half_body,
    "reset-after": BEHAVIOURS["reset-after"],
    "black-hole": _black_hole,
    "504-html": _gateway_gives_up,
}
