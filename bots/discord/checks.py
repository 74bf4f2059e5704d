"""What `snapshop doctor` asks Discord."""

from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
from discord.http import Route

from bots.discord.invitation import invitation
from bots.findings import Finding, Verdict, clock
from core.settings import Settings

#: Seconds for all questions together.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)


async def check_discord(settings: Settings) -> AsyncIterator[Finding]:
    """The token, the clock, the operator's server, and whether the bot is in MEMBERS_OF's servers."""
    assert settings.discord_bot_token is not None, "the caller looked"
    headers = {"Authorization": f"Bot {settings.discord_bot_token.get_secret_value()}"}
    async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT, trust_env=True) as session:
        try:
            async with session.get(f"{Route.BASE}/users/@me") as response:
                refused, sent, me = response.status == 401, response.headers.get("Date"), await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            yield _broken(f"Discord did not answer ({type(error).__name__}): check the network.")
            return
        if refused or "id" not in me:
            yield _broken(
                "Discord refuses DISCORD_BOT_TOKEN: copy it again from the developer portal (Bot, Reset Token)."
            )
            return
        invite = invitation(int(me["id"]))
        yield Finding(check="discord", verdict=Verdict.OK, text=f"The bot is {me['username']}. Invite it: {invite}")
        if sent:
            yield clock(sent, "Discord")
        yield await _own_server(session, settings)
        for place in settings.members_of:
            if place.platform == "discord":
                yield await _members(session, place.user)


async def _own_server(session: aiohttp.ClientSession, settings: Settings) -> Finding:
    """Commands for admins appear in the operator's server only."""
    if settings.discord_guild is None:
        text = "DISCORD_GUILD is not set: commands for admins appear nowhere. Write your server's number."
        return Finding(check="server", verdict=Verdict.LOOK, text=text)
    server = await _server(session, settings.discord_guild)
    if server is None:
        text = f"The bot is not in the server {settings.discord_guild} (DISCORD_GUILD): invite it there."
        return Finding(check="server", verdict=Verdict.BROKEN, text=text)
    return Finding(check="server", verdict=Verdict.OK, text=f"Admins have their commands in “{server['name']}”.")


async def _members(session: aiohttp.ClientSession, number: str) -> Finding:
    if await _server(session, number) is None:
        text = f"The bot cannot see the members of discord:{number}: invite it there."
        return Finding(check="members", verdict=Verdict.BROKEN, text=text)
    return Finding(check="members", verdict=Verdict.OK, text=f"The bot sees the members of discord:{number}.")


async def _server(session: aiohttp.ClientSession, number: str) -> dict[str, Any] | None:
    """A server that the bot is in; None: it is not, or there is no answer."""
    try:
        async with session.get(f"{Route.BASE}/guilds/{number}") as response:
            return await response.json() if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


def _broken(text: str) -> Finding:
    return Finding(check="discord", verdict=Verdict.BROKEN, text=text)
