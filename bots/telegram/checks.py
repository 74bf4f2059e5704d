"""What `snapshop doctor` asks Telegram."""

from collections.abc import AsyncIterator

import aiohttp

from bots.findings import Finding, Verdict, clock
from core.settings import Settings


async def check_telegram(settings: Settings) -> AsyncIterator[Finding]:
    """The token, the clock, and whether the bot sees the members of MEMBERS_OF's chats."""
    assert settings.telegram_bot_token is not None, "the caller looked"
    root = f"{settings.telegram_api_url}/bot{settings.telegram_bot_token.get_secret_value()}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), trust_env=True) as session:
        try:
            async with session.post(f"{root}/getMe") as response:
                answer = await response.json()
                sent = response.headers.get("Date")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            text = f"Telegram did not answer ({type(error).__name__}): check the network and TELEGRAM_API_URL."
            yield Finding(check="telegram", verdict=Verdict.BROKEN, text=text)
            return
        if not answer.get("ok"):
            text = "Telegram refuses TELEGRAM_BOT_TOKEN: copy it again from @BotFather (/mybots, API Token)."
            yield Finding(check="telegram", verdict=Verdict.BROKEN, text=text)
            return
        bot, number = answer["result"]["username"], answer["result"]["id"]
        yield Finding(check="telegram", verdict=Verdict.OK, text=f"The bot is @{bot}: https://t.me/{bot}")
        if sent:
            yield clock(sent, "Telegram")
        for place in settings.members_of:
            if place.platform == "telegram":
                yield await _place(session, root, number, place.user)


async def _place(session: aiohttp.ClientSession, root: str, bot: int, chat: str) -> Finding:
    """Whether the bot can see who is a member there: guaranteed to admins only (Bot API: getChatMember)."""
    name = f"telegram:{chat}"
    try:
        async with session.post(f"{root}/getChatMember", data={"chat_id": chat, "user_id": str(bot)}) as response:
            answer = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Finding(check="members", verdict=Verdict.BROKEN, text=f"{name}: no answer ({type(error).__name__}).")
    if not answer.get("ok") or answer["result"]["status"] != "administrator":
        text = f"The bot cannot see the members of {name}: add it there, as an admin."
        return Finding(check="members", verdict=Verdict.BROKEN, text=text)
    return Finding(check="members", verdict=Verdict.OK, text=f"The bot sees the members of {name}.")
