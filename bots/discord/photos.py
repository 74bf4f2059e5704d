"""The photo again, from its message or its address: asked for when its turn has come; small ones are kept a while."""

import asyncio
import re
from collections import OrderedDict
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import discord
import structlog
from yarl import URL

from bots.discord.incoming import BY_ADDRESS, BY_MESSAGE, pictures_in_sight, pictures_of, thumbnail_in
from bots.discord.layout import PHOTO_FILE
from bots.discord.thumbnails import Thumbnails
from core.adapter import PhotoGone
from core.model import Origin, Problem
from core.photo_files import LARGEST_FILE

#: Seconds for one photo, however often it is tried.
DOWNLOAD_TIMEOUT: Final = 30.0
#: How often it is tried: a connection may break.
_ATTEMPTS: Final = 2
#: Where Discord serves pictures from, besides its own files (`discord.Asset.BASE`): its proxies for what embeds show.
_PROXIES: Final = re.compile(r"media\.discordapp\.net|images-ext-[0-9]{1,3}\.discordapp\.net")
#: Addresses remembered, of pictures whose messages were seen.
_ADDRESSES: Final = 2000
#: Bytes of small pictures kept: some hundred, for the answers that show the photo that they are about.
_SMALL_BYTES: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024

log = structlog.get_logger(__name__)


class _Expired(Exception):
    """The address leads nowhere any more."""


class DiscordPhotos:
    """Loads photos: ``Origin.photo`` is ``m:{channel}:{message}:{n}`` or ``u:{address}``."""

    def __init__(self, client: discord.Client, thumbnails: Thumbnails, *, deadline: float = DOWNLOAD_TIMEOUT) -> None:
        """``deadline`` is in seconds."""
        self._client = client
        self._thumbnails = thumbnails
        self._deadline = deadline
        self._addresses: OrderedDict[str, str] = OrderedDict()
        #: Of photos that no message shows, small ones.
        self._small: OrderedDict[str, bytes] = OrderedDict()
        self._small_bytes = 0
        self._session: aiohttp.ClientSession | None = None

    def remember(self, photo: str, address: str) -> None:
        """A message with this photo was seen: until it runs out, its address saves asking for the message."""
        self._addresses[photo] = address
        self._addresses.move_to_end(photo)
        while len(self._addresses) > _ADDRESSES:
            self._addresses.popitem(last=False)

    async def load(self, origin: Origin) -> bytes:
        """The photo's bytes, at most LARGEST_FILE. Raises PhotoGone."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(self._deadline / _ATTEMPTS):
                    return await (
                        self._from_message(origin.photo) if _is_message(origin) else self._from_address(origin)
                    )
            except (_Expired, discord.NotFound, discord.Forbidden) as error:
                log.info("photo_gone", error=type(error).__name__)
                break
            except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                log.info("photo_not_fetched", attempt=attempt, error=type(error).__name__)
        raise PhotoGone

    async def small(self, origin: Origin) -> bytes | None:
        """The photo as a JPEG of at most 800 px, where no message shows it; None where there is none to be had.

        Never raises.
        """
        if _is_message(origin):
            return None
        if origin.photo not in self._small:
            try:
                await self.load(origin)
            except PhotoGone:
                return None
        return self._small.get(origin.photo)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _from_message(self, photo: str) -> bytes:
        """From the address that its message had, or has now."""
        if (address := self._addresses.get(photo)) is not None:
            try:
                return await self._download(address)
            except _Expired:
                del self._addresses[photo]
        channel, message, number = photo.removeprefix(BY_MESSAGE).split(":")
        found = await self._message(channel, message)
        pictures = [picture for picture in pictures_of(found) if picture.photo == photo]
        if not pictures:
            raise _Expired(f"the message has no picture {number}")
        self.remember(photo, pictures[0].address)
        return await self._download(pictures[0].address)

    async def _from_address(self, origin: Origin) -> bytes:
        """From where a command found it; once that has run out, from its message or from our answer, which shows it."""
        address = origin.photo.removeprefix(BY_ADDRESS)
        try:
            data = await self._download(address)
        except _Expired:
            if (kept := self._small.get(origin.photo)) is not None:
                return kept
            data = await self._download(await self._found_anew(origin, address))
        if (small := await self._thumbnails.small(data)) is not None:
            self._keep(origin.photo, small)
        return data

    async def _found_anew(self, origin: Origin, address: str) -> str:
        """Where a photo is now whose address has run out. Raises _Expired."""
        path = urlsplit(address).path
        for message in filter(None, (origin.message, origin.answer)):
            try:
                found = await self._message(origin.chat, message)
            except discord.HTTPException as error:
                log.info("message_not_read", error=type(error).__name__)
                continue
            same = (picture.address for picture in pictures_in_sight(found) if urlsplit(picture.address).path == path)
            if (now := next(same, None) or thumbnail_in(found, PHOTO_FILE)) is not None:
                return now
        raise _Expired

    async def _message(self, channel: str, message: str) -> discord.Message:
        return await self._client.get_partial_messageable(int(channel)).fetch_message(int(message))

    async def _download(self, address: str) -> bytes:
        if not is_discords(address):
            raise ValueError("not an address of Discord's")
        if self._session is None:
            # The same proxies as for everything else, from the environment; cookies are for browsers.
            self._session = aiohttp.ClientSession(trust_env=True, cookie_jar=aiohttp.DummyCookieJar())
        async with self._session.get(URL(address, encoded=True), allow_redirects=False) as response:
            if response.status in (403, 404, 410):
                raise _Expired
            if response.status != 200:
                raise ValueError(f"answered with {response.status}")
            if (response.content_length or 0) > LARGEST_FILE:
                raise PhotoGone(Problem.TOO_LARGE)
            data = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > LARGEST_FILE:
                    raise PhotoGone(Problem.TOO_LARGE)
        return bytes(data)

    def _keep(self, photo: str, small: bytes) -> None:
        self._small_bytes += len(small) - len(self._small.pop(photo, b""))
        self._small[photo] = small
        while self._small_bytes > _SMALL_BYTES:
            self._small_bytes -= len(self._small.popitem(last=False)[1])


def is_discords(address: str) -> bool:
    """Whether Discord serves this address: only there are photos fetched from (docs/promises.md, threat 5)."""
    here, files = urlsplit(address), urlsplit(discord.Asset.BASE)
    if (here.scheme, here.netloc) == (files.scheme, files.netloc):
        return True
    return here.scheme == "https" and _PROXIES.fullmatch(here.netloc) is not None


def _is_message(origin: Origin) -> bool:
    return origin.photo.startswith(BY_MESSAGE)
