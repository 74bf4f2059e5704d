"""Calls to the Bot API over aiohttp, and files from it.

python-telegram-bot brings httpx, whose pool costs 3 to 15 times more CPU a call when many photos come.
No error raised here carries an address: addresses of the Bot API contain the bot's token.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Final
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass
from uuid import uuid4

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from core.regions import is_this_machine

#: Bot API: getFile, "bots can download files of up to 20MB in size".
MAX_DOWNLOAD: Final = 20 * 1024 * 1024
#: An answer of the Bot API itself: 100 updates are a few hundred kB.
MAX_ANSWER: Final = 32 * 1024 * 1024
#: Seconds for a connection, its turn in the pool included.
CONNECT_TIMEOUT: Final = 5.0
#: Seconds that an upload may take on top of the wait for its answer.
UPLOAD_TIMEOUT: Final = 20.0
#: Seconds that a download may take in all.
DOWNLOAD_TIMEOUT: Final = 20.0
#: Seconds an idle connection is kept: shorter than servers keep theirs, or a call meets one just closed.
KEEPALIVE: Final = 15.0
#: Bytes that are handed to a socket at once.
MAX_PIECE: Final = 1024 * 1024
#: More than the chats worked on at once, so that no call waits for another's connection.
MAX_CONNECTIONS: Final = 256

_FORM: Final = "application/x-www-form-urlencoded"
_UNQUOTABLE: Final = re.compile(r'[\x00-\x1f\x7f";]')


class NotSent(NetworkError):
    """Telegram could not be reached: the call was certainly not carried out."""


class FileTooLarge(TelegramError):
    """The file is larger than bots may download."""


class AiohttpRequest(BaseRequest):
    """How python-telegram-bot reaches the Bot API: a connection pool of its own, opened by ``initialize``.

    ``read_timeout``: seconds until an answer begins, and between its parts, unless the call says otherwise.
    Calls raise TimedOut, NotSent, or another NetworkError where an answer did not come.
    """

    __slots__ = ("_read_timeout", "_session")

    def __init__(self, *, read_timeout: float = 15.0) -> None:
        self._read_timeout = read_timeout
        self._session: ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return self._read_timeout

    async def initialize(self) -> None:
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT, "Accept-Encoding": "identity"},
                # Proxies are honoured by _proxy: aiohttp's own way asks two threads before every call, and
                # would send an entry of ~/.netrc along.
                trust_env=False,
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call. Only ``read_timeout`` is heeded; the other limits are the same for every call."""
        read = read_timeout if isinstance(read_timeout, int | float) else self._read_timeout
        total = CONNECT_TIMEOUT + UPLOAD_TIMEOUT + read
        async with self._answer(url, method, request_data, read=read, total=total) as answer:
            payload = await _read(answer, MAX_ANSWER)
            if method == "POST" and not payload.lstrip().startswith(b"{"):
                # Said by something in between: its 401 or 404 is no word on the token.
                raise NetworkError(f"HTTP {answer.status} without an answer of the Bot API")
            return answer.status, payload

    async def download(self, url: str, *, limit: int = MAX_DOWNLOAD, deadline: float = DOWNLOAD_TIMEOUT) -> bytes:
        """Fetch the file at getFile's ``file_path``: at most ``limit`` bytes, in ``deadline`` seconds.

        Raises FileTooLarge; BadRequest where the file is gone (ask getFile again); TimedOut or another
        NetworkError where trying again may help.
        """
        async with self._answer(url, "GET", None, read=deadline, total=deadline) as answer:
            if 400 <= answer.status < 500 and answer.status != 429:
                raise BadRequest(f"The file is not there any more: HTTP {answer.status}")
            if answer.status != 200:
                raise NetworkError(f"The file could not be fetched: HTTP {answer.status}")
            return await _read(answer, limit)

    @asynccontextmanager
    async def _answer(
        self, url: str, method: str, data: RequestData | None, *, read: float, total: float
    ) -> AsyncIterator[ClientResponse]:
        """Send a request; what goes wrong until the block ends is a TelegramError without an address."""
        if self._session is None:
            raise RuntimeError("The connection to Telegram is not open")
        body, content_type = _body(data)
        try:
            async with self._session.request(
                method,
                url,
                # aiohttp wants large bodies as a file, and writes them in pieces.
                data=(body if len(body) < MAX_PIECE else BytesIO(body)) or None,
                headers={"Content-Type": content_type} if body else None,
                proxy=_proxy(url),
                allow_redirects=False,
                timeout=ClientTimeout(
                    total=total, connect=CONNECT_TIMEOUT, sock_connect=CONNECT_TIMEOUT, sock_read=read
                ),
            ) as answer:
                yield answer
        except (ClientConnectorError, ClientHttpProxyError, ConnectionTimeoutError) as error:
            raise NotSent(f"Telegram could not be reached ({type(error).__name__})") from None
        except TimeoutError:
            raise TimedOut("Telegram did not answer in time") from None
        except (ClientError, OSError) as error:
            raise NetworkError(f"The connection to Telegram broke ({type(error).__name__})") from None


def _body(data: RequestData | None) -> tuple[bytes, str]:
    """The parameters in one piece and its content type: a form, multipart (RFC 7578) where there are files.

    A form is what python-telegram-bot sends by itself, so every server of the Bot API takes it.
    In one piece because aiohttp's own FormData writes each header and each part to the socket by itself,
    which took as much CPU as the rest of the call.
    """
    if data is None:
        return b"", _FORM
    if not data.contains_files:
        return urlencode(data.json_parameters).encode(), _FORM
    boundary = uuid4().hex
    pieces: list[bytes] = []
    for name, value in data.json_parameters.items():
        pieces.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'.encode())
        pieces += (value.encode(), b"\r\n")
    for name, (filename, content, content_type) in data.multipart_data.items():
        disposition = f'form-data; name="{_quoted(name)}"; filename="{_quoted(filename)}"'
        head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {content_type}\r\n\r\n"
        pieces += (head.encode(), content if isinstance(content, bytes) else content.read(), b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    """A name inside a multipart header: quotes and line ends escaped as browsers do (WHATWG, multipart form
    data), and with them every control character, which no header may hold, and the semicolon, at which some
    readers end a value even inside quotes."""
    return _UNQUOTABLE.sub(lambda found: f"%{ord(found[0]):02X}", name)


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this address; None for none.

    Raises NotSent where the token would travel in clear: neither https, nor http inside this machine.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http" and is_this_machine(host):
        return None
    if parts.scheme != "https":
        raise NotSent("The address is neither https nor http on this machine")
    return None if proxy_bypass(host) else getproxies().get("https")


async def _read(answer: ClientResponse, limit: int) -> bytes:
    """The whole body; raises FileTooLarge as soon as more than ``limit`` bytes have come."""
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > limit:
            raise FileTooLarge(f"More than {limit} bytes")
        parts.append(part)
    return b"".join(parts)
