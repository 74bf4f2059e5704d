"""Pictures of products, fetched from where the operator has them, and from nowhere else."""

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections import OrderedDict
from collections.abc import Sequence
from string import Formatter
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bots.cards import Picture
from core.regions import is_this_machine

#: Bytes and seconds for each picture, and how many are fetched at once.
MAX_BYTES = 5 * 1024 * 1024
SECONDS = 5.0
AT_ONCE = 5
#: Bytes of pictures kept: some hundred products, so that turning pages back fetches nothing.
CACHE_BYTES = 32 * 1024 * 1024

#: What may stand in the template, and what fills it; anything else in an answer is no picture.
_PLACEHOLDERS = {
    "bucket": re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,99}"),
    "key": re.compile(r"[^\s\\]{1,500}"),
    "product_id": re.compile(r"[A-Za-z0-9_-]{1,64}"),
}
#: A host and perhaps a port, as a client can send it: other alphabets are written in punycode.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
#: How the formats that are taken begin: JPEG, PNG, and WebP after its RIFF header.
_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)


class ProductImages:
    """Fetches pictures of products from the one host of the operator's template; whatever fails is None.

    ``template`` is PRODUCT_PICTURE_URL with ``{bucket}``, ``{key}`` or ``{product_id}`` in its path or query;
    None for no pictures. Raises ValueError, in the operator's words, on a template that cannot be used.
    """

    def __init__(self, template: str | None) -> None:
        self._template = _checked(template) if template else None
        self._session: aiohttp.ClientSession | None = None
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._cached = 0

    @property
    def enabled(self) -> bool:
        """Whether there are pictures at all."""
        return self._template is not None

    async def fetch(self, pictures: Sequence[Picture]) -> list[bytes | None]:
        """The bytes of each picture, in order; None where there is none, or none to be had. Never raises."""
        return await asyncio.gather(*map(self._fetch, pictures))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _fetch(self, picture: Picture) -> bytes | None:
        address = picture_address(self._template, picture) if self._template else None
        if address is None:
            return None
        if address in self._cache:
            self._cache.move_to_end(address)
            return self._cache[address]
        try:
            # The wait for a connection counts too: a slow server delays an answer by these seconds, never by more.
            async with asyncio.timeout(SECONDS):
                data = await self._download(address)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None
        if data is not None:
            self._remember(address, data)
        return data

    async def _download(self, address: str) -> bytes | None:
        if self._session is None:
            host = URL(address, encoded=True).host or ""
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=AT_ONCE, resolver=_Resolver(host)),
                cookie_jar=aiohttp.DummyCookieJar(),
                # A packed answer could unfold to anything; pictures are packed already.
                headers={"Accept-Encoding": "identity", "Accept": "image/jpeg, image/png, image/webp"},
                auto_decompress=False,
                # A proxy would resolve the name in our stead, where its address cannot be checked.
                trust_env=False,
            )
        async with self._session.get(URL(address, encoded=True), allow_redirects=False) as response:
            if response.status != 200 or (response.content_length or 0) > MAX_BYTES:
                return None
            data = bytearray()
            async for chunk in response.content.iter_chunked(64 * 1024):
                data += chunk
                if len(data) > MAX_BYTES:
                    return None
        return bytes(data) if _MAGIC.match(data) else None

    def _remember(self, address: str, data: bytes) -> None:
        self._cached += len(data) - len(self._cache.pop(address, b""))
        self._cache[address] = data
        while self._cached > CACHE_BYTES:
            self._cached -= len(self._cache.popitem(last=False)[1])


class _Resolver(AbstractResolver):
    """Names lead to public addresses only; ``localhost`` to this machine only.

    An address that the operator wrote in figures never comes here: aiohttp asks a resolver for names alone.
    """

    def __init__(self, host: str) -> None:
        self._host = host.lower()
        self._names = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host.lower() != self._host:
            raise OSError(f"{host} is not the host of the product pictures")
        found = await self._names.resolve(host, port, family)
        allowed = [answer for answer in found if _may_reach(self._host, answer["host"])]
        if not allowed:
            raise OSError(f"{host} leads to no address that may be reached")
        return allowed

    async def close(self) -> None:
        await self._names.close()


def _may_reach(host: str, address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    return ip.is_loopback if host == "localhost" else ip.is_global and not ip.is_multicast


def picture_address(template: str, picture: Picture) -> str | None:
    """The address of a picture, always at the template's own host; None for an odd bucket, key or id."""
    values = {"bucket": picture.bucket, "key": picture.key, "product_id": picture.product_id}
    for name in _names(template):
        if not _PLACEHOLDERS[name].fullmatch(values[name]) or not values[name].isprintable():
            return None
        if name == "key" and not {"", ".", ".."}.isdisjoint(values[name].split("/")):
            return None
    path, question, query = template.partition("?")
    in_path = path.format(**{name: quote(value, safe="/") for name, value in values.items()})
    in_query = query.format(**{name: quote(value, safe="") for name, value in values.items()})
    address = in_path + question + in_query
    wanted, built = urlsplit(template), urlsplit(address)
    return address if (built.scheme, built.netloc) == (wanted.scheme, wanted.netloc) else None


def _names(template: str) -> set[str]:
    """What stands in braces. Raises ValueError for an open brace, and for more than a name in it."""
    fields = [field for field in Formatter().parse(template) if field[1] is not None]
    if any(spec or conversion for _, _, spec, conversion in fields):
        raise ValueError("more than a name in braces")
    return {str(name) for _, name, _, _ in fields}


def _checked(template: str) -> str:
    """Return the template. Raises ValueError saying what is wrong with it."""
    try:
        parts = urlsplit(template)
        host, _ = parts.hostname or "", parts.port
        names = _names(template)
    except ValueError as error:
        raise ValueError("PRODUCT_PICTURE_URL is not an address") from error
    if names - _PLACEHOLDERS.keys():
        raise ValueError("PRODUCT_PICTURE_URL may have {bucket}, {key} and {product_id} in braces, nothing else")
    if not names & {"key", "product_id"}:
        raise ValueError("PRODUCT_PICTURE_URL needs {key} or {product_id}, or else all products have one picture")
    if not _HOST.fullmatch(parts.netloc) or not template.isprintable() or " " in template:
        raise ValueError("PRODUCT_PICTURE_URL needs a plain host, without a password or braces in it")
    if _is_nobodys(host):
        raise ValueError(f"PRODUCT_PICTURE_URL must not lead to {host}")
    if parts.fragment or ".." in parts.path.split("/"):
        raise ValueError("PRODUCT_PICTURE_URL must not have '..' or '#' in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(host)):
        raise ValueError("PRODUCT_PICTURE_URL must be https (http only on this machine)")
    return template


def _is_nobodys(host: str) -> bool:
    """Whether the host is an address in figures that no server of pictures has, as of a cloud's metadata."""
    with contextlib.suppress(ValueError):
        ip = ipaddress.ip_address(host)
        return ip.is_link_local or ip.is_unspecified or ip.is_multicast
    return False
