"""Who is in a Discord server: asked of Discord."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import discord
import structlog

#: Seconds for one question.
_TIMEOUT: Final = 4.0
#: How Discord says that somebody is not in a server, or is nobody (its documentation, "JSON Error Codes").
_STRANGER: Final = (10007, 10013)

log = structlog.get_logger(__name__)


def member_of(client: discord.Client) -> Callable[[str, str], Awaitable[bool | None]]:
    """What asks whether a person is in a server: yes, no, or None where Discord does not say."""

    async def is_in(server: str, user: str) -> bool | None:
        guild = client.get_guild(int(server))
        if guild is None:
            log.warning("membership_unknown", place=server, reason="the bot is not in this server")
            return None
        try:
            async with asyncio.timeout(_TIMEOUT):
                await guild.fetch_member(int(user))
        except (discord.DiscordException, OSError, TimeoutError) as error:
            if isinstance(error, discord.NotFound) and error.code in _STRANGER:
                return False
            log.warning("membership_unknown", place=server, error=type(error).__name__)
            return None
        return True

    return is_in
