"""What was sent while nobody listened: looked for in the chats that are known, after every new connection."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import aiohttp
import discord
import structlog

from bots.discord import incoming
from bots.discord.incoming import PLATFORM
from bots.discord.quiet import Quiet
from core import chats
from core.clock import Clock
from core.database import Database, DatabaseUnavailable

#: Chats in which somebody searched lately, and how many of them are looked into.
_LATELY: Final = timedelta(days=30)
_MOST_CHATS: Final = 200
#: Messages of each, none of them older than this: whoever waits longer has asked again.
_MOST_MESSAGES: Final = 50
_OLDEST: Final = timedelta(hours=1)

log = structlog.get_logger(__name__)


class CatchUp:
    """Brings missed messages to ``handle``, as if they came in now; their events are known again."""

    def __init__(
        self,
        client: discord.AutoShardedClient,
        database: Database,
        quiet: Quiet,
        handle: Callable[[discord.Message], Awaitable[None]],
        *,
        clock: Clock,
    ) -> None:
        self._client = client
        self._database = database
        self._quiet = quiet
        self._handle = handle
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def shard(self, number: int) -> None:
        """A shard has begun a new session: what happened since the last one is not brought by it."""
        async with self._one_at_a_time:
            try:
                known = await self._database.read(chats.known, PLATFORM, self._clock() - _LATELY)
            except DatabaseUnavailable as error:
                log.warning("not_caught_up", error=str(error))
                return
            for chat in known[:_MOST_CHATS]:
                if self._is_on(number, chat):
                    await self._chat(chat)

    def _is_on(self, number: int, chat: str) -> bool:
        """Whether a shard brings a chat's messages: those of no server that is known come by the first."""
        guild = getattr(self._client.get_channel(int(chat)), "guild", None)
        return number == (guild.shard_id if guild is not None else 0)

    async def _chat(self, chat: str) -> None:
        if self._quiet.is_quiet(chat):
            return
        try:
            for message in await self._missed(chat):
                await self._handle(message)
        except (discord.Forbidden, discord.NotFound) as error:
            self._quiet.hush(chat)
            log.info("chat_not_read", chat=chat, code=error.code)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("chat_not_read", chat=chat, error=type(error).__name__)

    async def _missed(self, chat: str) -> list[discord.Message]:
        """What nobody has answered, oldest first."""
        channel: Any = self._client.get_channel(int(chat)) or await self._client.fetch_channel(int(chat))
        since, messages = self._clock() - _OLDEST, []
        async for message in channel.history(limit=_MOST_MESSAGES):
            if message.created_at < since:
                break
            messages.append(message)
        bot = self._client.user
        ours = [message.reference for message in messages if message.author == bot and message.reference]
        answered = {reference.message_id for reference in ours}
        # The first picture of several may have been answered when the others were not yet written down.
        return [
            message
            for message in reversed(messages)
            if message.id not in answered or len(incoming.pictures_of(message)) > 1
        ]
