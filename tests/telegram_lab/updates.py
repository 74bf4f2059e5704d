"""How updates reach the bot in the lab: polls that exclude each other, and webhooks that push until they are heard."""

import asyncio
import re
from urllib.parse import urlsplit

import aiohttp

from bots.sandbox.telegram_methods import Method, get_updates
from bots.sandbox.telegram_people import LOOPBACK
from bots.sandbox.telegram_rules import ApiError, Json, refusal
from tests.telegram_lab.connection import gone
from tests.telegram_lab.world import Repeat, TelegramLab, Webhook

FUTURE = 10  # the server's margin: an offset further ahead of its queue is not of this queue
RETRY_SECONDS = 0.2  # Telegram waits longer and longer; here tests wait
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
OTHER_POLL = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_SET = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


async def _get_updates(lab: TelegramLab, p: Json) -> list[Json]:
    """The sandbox's long poll; a newer poll ends an older one."""
    if lab.webhook.url:
        raise ApiError(409, WEBHOOK_SET)
    lab.poll = mine = lab.poll + 1
    if "allowed_updates" in p:
        lab.allowed_updates = p["allowed_updates"]
    _confirm(lab, p.get("offset", 0))
    lab.changed()
    poll = asyncio.create_task(get_updates(lab, p | {"offset": 0}))
    try:
        while not poll.done():
            change = asyncio.create_task(lab.next_change(60))
            await asyncio.wait({poll, change}, return_when=asyncio.FIRST_COMPLETED)
            change.cancel()
            if lab.poll != mine:
                raise ApiError(409, OTHER_POLL)
            if gone():  # what comes now is for the next process
                return []
    finally:
        poll.cancel()
    batch = poll.result()
    taken = {id(update) for update in batch if isinstance(update, Repeat)}
    lab.pending = [update for update in lab.pending if id(update) not in taken]
    return batch


def _confirm(lab: TelegramLab, offset: int) -> None:
    """Bot API: getUpdates, an update is confirmed by an offset higher than its id; negative: from the end."""
    offset += lab.next_update_id if offset < 0 else 0
    if offset > lab.next_update_id + FUTURE:
        return

    def confirmed(update: Json) -> bool:
        return not isinstance(update, Repeat) and update["update_id"] < offset

    lab.confirmed.extend(filter(confirmed, lab.pending))
    lab.pending = [update for update in lab.pending if not confirmed(update)]


async def _set_webhook(lab: TelegramLab, p: Json) -> bool:
    url, secret = p.get("url", ""), str(p.get("secret_token", ""))
    if url and not url.startswith("https://") and urlsplit(url).hostname not in LOOPBACK:
        raise refusal("bad webhook: An HTTPS URL must be provided for webhook")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise refusal("secret token contains unallowed characters")
    if "allowed_updates" in p:
        lab.allowed_updates = p["allowed_updates"]
    if p.get("drop_pending_updates"):
        lab.pending.clear()
    if lab.webhook.task:
        lab.webhook.task.cancel()
    lab.poll += 1  # ends a poll that waits
    lab.webhook = Webhook(url=url, secret=secret, max_connections=p.get("max_connections", 40))
    if url:
        lab.webhook.task = asyncio.create_task(_push(lab, lab.webhook))
    lab.changed()
    return True


async def _delete_webhook(lab: TelegramLab, p: Json) -> bool:
    return await _set_webhook(lab, p | {"url": ""})


def _webhook_info(lab: TelegramLab, _: Json) -> Json:
    hook = lab.webhook
    info: Json = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": len(lab.pending)}
    return info | ({"max_connections": hook.max_connections} if hook.url else {}) | hook.last_error


async def _push(lab: TelegramLab, hook: Webhook) -> None:
    """Deliver each update until it is answered with 2xx: in order within a chat, chats side by side."""
    headers = {SECRET_HEADER: hook.secret} if hook.secret else {}

    async def deliver(update: Json) -> None:
        try:
            async with session.post(hook.url, json=update, headers=headers) as response:
                wrong = "" if response.ok else f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            wrong = str(error) or "Read timeout expired"
        if wrong:
            hook.last_error = {"last_error_date": int(lab.clock()), "last_error_message": wrong}
            await asyncio.sleep(RETRY_SECONDS)
        elif any(update is waiting for waiting in lab.pending):
            lab.pending = [waiting for waiting in lab.pending if waiting is not update]
            if not isinstance(update, Repeat):
                lab.confirmed.append(update)
            lab.changed()

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        while True:
            heads: dict[object, Json] = {}
            for update in lab.pending:
                heads.setdefault(_chat_of(update), update)
            await asyncio.gather(*map(deliver, list(heads.values())[: hook.max_connections]))
            if not lab.pending:
                await lab.next_change(60)


def _chat_of(update: Json) -> object:
    """The chat whose order an update keeps; malformed updates keep their own."""
    for payload in update.values():
        if isinstance(payload, dict):
            return payload.get("message", payload).get("chat", {}).get("id")
    return update["update_id"]


UPDATE_METHODS: dict[str, Method] = {
    "getUpdates": _get_updates,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "getWebhookInfo": _webhook_info,
}
