"""One question to the search endpoint: one request at most, inside a deadline, with a bounded answer."""

import asyncio
import itertools
import random
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import stamina
from pydantic import SecretStr

from core.keyapi.errors import NoAnswer, NotSent
from core.keyapi.wire import parse, request_body
from core.model import Match
from core.regions import safe_address

PATH = "/v1/tiktok/product/image-search/analytics"
#: Seconds to connect, and to wait for a free connection.
_CONNECT = 5.0
#: Seconds that an idle connection is kept: the endpoint closes them sooner or later, which looks like a
#: lost request.
_KEEPALIVE = 5.0
#: httpx looks through all connections on every request.
_CONNECTIONS = 8
#: An answer has about 10 kB.
_LARGEST_ANSWER = 4 * 1024 * 1024
#: Seconds of the first and the longest pause before a request that was never sent is tried again.
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 4.0


class KeyApi:
    """The search endpoint. Build one and share it; close it at the end.

    The key goes into one header and nowhere else: httpx logs the address at INFO and httpcore the steps of
    a connection at DEBUG, both without request headers, so any log level is safe here. What the endpoint
    says is stripped of the key.
    """

    def __init__(self, *, url: str, key: SecretStr, timeout: float, http: httpx.AsyncClient | None = None) -> None:
        """``url`` is the endpoint's root, ``timeout`` the seconds that a whole search may take.

        Raises ValueError for an address that is neither https nor this machine's, and for an empty key.
        """
        if not safe_address(url):
            raise ValueError(f"{url!r} is neither an https address nor one of this machine")
        if not key.get_secret_value():
            raise ValueError("the key of the search endpoint is empty")
        self._url = url.rstrip("/") + PATH
        self._key = key
        self._timeout = timeout
        self._http = http or httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=_CONNECT, pool=_CONNECT),
            limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_KEEPALIVE),
            follow_redirects=False,
            # Proxies are for the world outside; none of them reaches this machine's loopback.
            trust_env=url.lower().startswith("https:"),
        )

    async def search(self, jpeg: bytes, *, hint: str | None, region: str | None) -> tuple[Match, ...]:
        """Ask for products like the one in the picture. At most one request is sent. Raises SearchFailed.

        What was certainly not sent is tried again inside the deadline. A cancellation from outside goes on
        as one: the request may or may not have been sent then.
        """
        body = request_body(jpeg, hint, region)
        sending = _Sending()
        try:
            async with asyncio.timeout(self._timeout):
                async for attempt in stamina.retry_context(
                    on=_unless_sent(sending), attempts=None, timeout=self._timeout
                ):
                    with attempt:
                        return await self._ask(body, sending)
        except TimeoutError as error:
            if sending.started:
                raise NoAnswer(f"nothing complete within {self._timeout:g} s") from error
            raise NotSent(f"no connection within {self._timeout:g} s") from error
        except httpx.TransportError as error:
            raise (NoAnswer if sending.started else NotSent)(_describe(error)) from error
        raise AssertionError("unreachable: an attempt returns or raises")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, body: bytes, sending: "_Sending") -> tuple[Match, ...]:
        key = self._key.get_secret_value()
        request = self._http.stream(
            "POST",
            self._url,
            content=body,
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                # A small compressed answer can unfold to hundreds of megabytes.
                "Accept-Encoding": "identity",
            },
            extensions={"trace": sending.trace},
        )
        async with request as response:
            try:
                answer = await _read(response)
            except (NoAnswer, httpx.TransportError):
                if response.is_success:
                    raise
                answer = b""  # The status alone says what happened.
        return parse(response.status_code, response.headers, answer.replace(key.encode(), b"[key]"))


class _Sending:
    """Whether any byte of the request may have left: httpcore tells it before it writes the first one."""

    def __init__(self) -> None:
        self.started = False

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        # A proxy's CONNECT is a request of its own, without anything of ours.
        if event.endswith("send_request_headers.started") and info["request"].method == b"POST":
            self.started = True


def _unless_sent(sending: _Sending) -> Callable[[Exception], bool | float]:
    """Retry what was never sent, after a pause with full jitter: between nothing and a doubling limit."""
    limits = (min(_FIRST_PAUSE * 2**n, _LONGEST_PAUSE) for n in itertools.count())

    def pause(error: Exception) -> bool | float:
        if sending.started or not isinstance(error, httpx.TransportError):
            return False
        return random.uniform(0.0, next(limits))  # noqa: S311 - no secret, only a spread

    return pause


async def _read(response: httpx.Response) -> bytes:
    """The whole body, decompressed, at most _LARGEST_ANSWER bytes either way. Raises NoAnswer."""
    received = bytearray()
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > _LARGEST_ANSWER:
            raise NoAnswer(f"HTTP {response.status_code} with more than {_LARGEST_ANSWER >> 20} MiB")
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return bytes(received)
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise NoAnswer(f"HTTP {response.status_code} in an encoding that was not asked for")
    try:
        # 32 + MAX_WBITS: zlib finds out whether it is gzip or zlib.
        whole = zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(received, _LARGEST_ANSWER + 1)
    except zlib.error as error:
        raise NoAnswer(f"HTTP {response.status_code} with broken compression") from error
    if len(whole) > _LARGEST_ANSWER:
        raise NoAnswer(f"HTTP {response.status_code} that unfolds to more than {_LARGEST_ANSWER >> 20} MiB")
    return whole


def _describe(error: httpx.TransportError) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
