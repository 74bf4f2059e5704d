"""What `snapshop doctor` asks Discord."""

from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
from discord.http import Route

from bots.discord.invitation import invitation, personal_invitation
from bots.findings import Finding, broken, clock, look, ok
from core.settings import Settings

#: Seconds for all questions together.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
#: Discord API, Application: integration_types_config, 1 is the installation to a user.
_USER_INSTALL: Final = "1"
#: Sessions of the gateway that should be left: discord.py begins one at each start, and after long breaks.
_FEW_SESSIONS: Final = 10


async def check_discord(settings: Settings) -> AsyncIterator[Finding]:
    """The token, the clock, the gateway, the operator's server, and whether the bot is in MEMBERS_OF's servers."""
    assert settings.discord_bot_token is not None, "the caller looked"
    headers = {"Authorization": f"Bot {settings.discord_bot_token.get_secret_value()}"}
    async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT, trust_env=True) as session:
        try:
            async with session.get(f"{Route.BASE}/users/@me") as response:
                refused, sent, me = response.status == 401, response.headers.get("Date"), await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            yield broken("discord", f"Discord did not answer ({type(error).__name__}): check the network.")
            return
        if refused or "id" not in me:
            text = "Discord refuses DISCORD_BOT_TOKEN: copy it again from the developer portal (Bot, Reset Token)."
            yield broken("discord", text)
            return
        number = int(me["id"])
        yield ok("discord", f"The bot is {me['username']}. Invite it: {invitation(number)}")
        if sent:
            yield clock(sent, "Discord")
        yield await _gateway(session)
        yield await _own_server(session, settings)
        if settings.discord_user_install:
            yield await _user_install(session, number)
        for place in settings.members_of:
            if place.platform == "discord":
                yield await _members(session, place.user)


async def _gateway(session: aiohttp.ClientSession) -> Finding:
    """Discord closes a token that begins too many sessions a day (Discord API: Session Start Limit Object)."""
    gateway = await _get(session, "/gateway/bot")
    if gateway is None:
        return look("gateway", "Discord did not say how often the bot may connect today.")
    left = int(gateway["session_start_limit"]["remaining"])
    if left < _FEW_SESSIONS:
        text = f"The bot may connect {left} more times today: find out why it starts so often before it is shut out."
        return look("gateway", text)
    return ok("gateway", f"The bot may connect {left} more times today. It needs no privileged intent.")


async def _own_server(session: aiohttp.ClientSession, settings: Settings) -> Finding:
    """Commands for admins appear in the operator's server only."""
    if settings.discord_guild is None:
        text = "DISCORD_GUILD is not set: commands for admins appear nowhere. Write your server's number."
        return look("server", text)
    server = await _get(session, f"/guilds/{settings.discord_guild}")
    if server is None:
        text = f"The bot is not in the server {settings.discord_guild} (DISCORD_GUILD): invite it there."
        return broken("server", text)
    return ok("server", f"Admins have their commands in “{server['name']}”.")


async def _user_install(session: aiohttp.ClientSession, number: int) -> Finding:
    about = await _get(session, "/applications/@me")
    if about is None or _USER_INSTALL not in (about.get("integration_types_config") or {}):
        text = "People cannot add the bot to themselves yet: developer portal, Installation, tick User Install, save."
        return broken("install", text)
    return ok("install", f"People add the bot to themselves: {personal_invitation(number)}")


async def _members(session: aiohttp.ClientSession, number: str) -> Finding:
    if await _get(session, f"/guilds/{number}") is None:
        return broken("members", f"The bot cannot see the members of discord:{number}: invite it there.")
    return ok("members", f"The bot sees the members of discord:{number}.")


async def _get(session: aiohttp.ClientSession, path: str) -> dict[str, Any] | None:
    """What Discord has there; None: it is not for this bot, or there is no answer."""
    try:
        async with session.get(f"{Route.BASE}{path}") as response:
            return await response.json() if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
