"""The photo again, from its file id: asked for when its turn has come, never kept."""

import asyncio
from typing import Any, Final

import structlog
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

from bots.telegram.transport import DOWNLOAD_TIMEOUT, MAX_DOWNLOAD, AiohttpRequest, FileTooLarge
from core.adapter import PhotoGone
from core.model import Origin, Problem

#: How often it is fetched: an address of getFile may have run out, a connection may break.
_ATTEMPTS: Final = 2
#: How getFile refuses what is over its 20 MB (Bot API: getFile).
_TOO_BIG: Final = "file is too big"

log = structlog.get_logger(__name__)


class TelegramPhotos:
    """Loads photos: ``Origin.photo`` is a file id. ``deadline``: seconds for one, however often it is tried."""

    def __init__(self, bot: ExtBot[Any], request: AiohttpRequest, *, deadline: float = DOWNLOAD_TIMEOUT) -> None:
        self._bot = bot
        self._request = request
        self._deadline = deadline

    async def load(self, origin: Origin) -> bytes:
        """The photo's bytes, at most 20 MB. Raises PhotoGone."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(self._deadline / _ATTEMPTS):
                    return await self._fetch(origin.photo)
            except FileTooLarge:
                raise PhotoGone(Problem.TOO_LARGE) from None
            except (TelegramError, TimeoutError) as error:
                if isinstance(error, BadRequest) and _TOO_BIG in error.message.lower():
                    raise PhotoGone(Problem.TOO_LARGE) from None
                log.info("photo_not_fetched", attempt=attempt, error=type(error).__name__)
        raise PhotoGone

    async def _fetch(self, file_id: str) -> bytes:
        file = await self._bot.get_file(file_id)
        if not file.file_path:
            raise BadRequest("There is no path to the file")
        return await self._request.download(file.file_path, limit=MAX_DOWNLOAD, deadline=self._deadline)
