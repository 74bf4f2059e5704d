"""What `snapshop doctor` asks Telegram."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from bots.findings import Finding, broken, clock, look, ok
from bots.telegram.webhook import WEBHOOK_PATH
from core.settings import Settings
from core.texts import clean

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
#: Updates that wait before somebody should look: a bot that runs takes them within a second.
_MANY: Final = 100
#: How long an error of the webhook is news.
_NEWS: Final = timedelta(hours=1)
#: Characters of what Telegram says that are shown.
_SAID: Final = 200
_FAILURES: Final = (aiohttp.ClientError, TimeoutError, ValueError)


async def check_telegram(settings: Settings) -> AsyncIterator[Finding]:
    """The token, the clock, how messages come, and whether the bot sees the members of MEMBERS_OF's chats."""
    assert settings.telegram_bot_token is not None, "the caller looked"
    root = f"{settings.telegram_api_url}/bot{settings.telegram_bot_token.get_secret_value()}"
    async with aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True) as session:
        try:
            async with session.post(f"{root}/getMe") as response:
                answer = await response.json()
                sent = response.headers.get("Date")
        except _FAILURES as error:
            text = f"Telegram did not answer ({type(error).__name__}): check the network and TELEGRAM_API_URL."
            yield broken("telegram", text)
            return
        if not answer.get("ok"):
            text = "Telegram refuses TELEGRAM_BOT_TOKEN: copy it again from @BotFather (/mybots, API Token)."
            yield broken("telegram", text)
            return
        bot = answer["result"]
        yield ok("telegram", f"The bot is @{bot['username']}: https://t.me/{bot['username']}")
        for finding in _groups(bot):
            yield finding
        if sent:
            yield clock(sent, "Telegram")
        yield await _delivery(session, root, settings)
        for place in settings.members_of:
            if place.platform == "telegram":
                yield await _place(session, root, bot["id"], place.user)


def _groups(bot: dict[str, Any]) -> list[Finding]:
    """What @BotFather was told about groups (Bot API: User, of getMe only)."""
    found = []
    if bot.get("can_join_groups") is False:
        found.append(look("groups", "Nobody can add the bot to a group: @BotFather, /setjoingroups, Enable."))
    if bot.get("can_read_all_group_messages") is True:
        text = (
            "The bot is sent everything that is said in groups, and needs none of it: @BotFather, /setprivacy, Enable."
        )
        found.append(look("groups", text))
    return found


async def _delivery(session: aiohttp.ClientSession, root: str, settings: Settings) -> Finding:
    """How messages come, how many wait, and what went wrong last (Bot API: WebhookInfo)."""
    try:
        async with session.post(f"{root}/getWebhookInfo") as response:
            answer = await response.json()
    except _FAILURES as error:
        return look("messages", f"Telegram did not say how messages come ({type(error).__name__}).")
    if not answer.get("ok"):
        return look("messages", "This Bot API server does not say how messages come.")
    info = answer["result"]
    url, waiting = clean(str(info.get("url", "")), _SAID), int(info.get("pending_update_count", 0))
    wait = f"{waiting} {'update waits' if waiting == 1 else 'updates wait'}"
    if settings.telegram_webhook_url is None:
        if url:
            return look("messages", f"{wait} for a webhook at {url}; `snapshop run` takes it away and fetches them.")
        if waiting >= _MANY:
            return look("messages", f"{wait} to be fetched: is the bot running?")
        return ok("messages", f"They are fetched; {wait}.")
    wanted = settings.telegram_webhook_url.removesuffix(WEBHOOK_PATH) + WEBHOOK_PATH
    if url != wanted:
        return look("messages", f"Telegram sends to {url or 'nowhere'}; `snapshop run` sets {wanted}.")
    said = clean(str(info.get("last_error_message", "")), _SAID)
    failed_at = datetime.fromtimestamp(int(info.get("last_error_date", 0)), UTC)
    if said and datetime.now(UTC) - failed_at < _NEWS:
        step = f"does your proxy pass {WEBHOOK_PATH} on to HTTP_PORT, and is the bot running?"
        return broken("messages", f"Telegram could not deliver at {failed_at:%H:%M} UTC: {said}. {wait}: {step}")
    return ok("messages", f"Telegram sends them to {wanted}; {wait}.")


async def _place(session: aiohttp.ClientSession, root: str, bot: int, chat: str) -> Finding:
    """Whether the bot can see who is a member there: guaranteed to admins only (Bot API: getChatMember)."""
    name = f"telegram:{chat}"
    try:
        async with session.post(f"{root}/getChatMember", data={"chat_id": chat, "user_id": str(bot)}) as response:
            answer = await response.json()
    except _FAILURES as error:
        return broken("members", f"{name}: no answer ({type(error).__name__}).")
    if not answer.get("ok") or answer["result"]["status"] != "administrator":
        return broken("members", f"The bot cannot see the members of {name}: add it there, as an admin.")
    return ok("members", f"The bot sees the members of {name}.")
