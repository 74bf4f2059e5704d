"""Updates by webhook: the same care as polling, as an aiohttp route."""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from telegram import Bot

from bots.telegram.updates import Dispatcher, Handle, Hook, read_update

#: Bot API: setWebhook, secret_token is sent in this header.
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 -- the name of a header
#: The path that is added to TELEGRAM_WEBHOOK_URL.
WEBHOOK_PATH: Final = "/telegram"
#: An update is a few kB; what is larger does not come from Telegram.
MAX_BODY: Final = 1024 * 1024


def telegram_webhook(
    handle: Handle,
    bot: Bot,
    secret: str,
    *,
    pause_on: tuple[type[Exception], ...],
    on_pause: Hook | None = None,
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of the route that Telegram posts updates to; the bot must be initialized.

    It answers 200 only after the handler's commit, or for an update that cannot be read or has failed too
    often; 503 when nothing can be committed (``pause_on``, see Dispatcher), and Telegram sends it again;
    403 without the secret; 413 over MAX_BODY.
    """
    dispatcher = Dispatcher(handle, pause_on=pause_on, on_pause=on_pause)
    expected = secret.encode()

    async def receive(request: web.Request) -> web.Response:
        # On bytes: compare_digest refuses text with other characters than ASCII, and aiohttp hands
        # undecodable bytes of a header on as lone surrogates.
        offered = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(offered, expected):
            return web.Response(status=403)
        body = bytearray()
        async for part in request.content.iter_any():
            body += part
            if len(body) > MAX_BODY:
                return web.Response(status=413)
        update = read_update(_json(body), bot)
        if update is not None:
            try:
                await dispatcher.take(update)
            except pause_on:
                return web.Response(status=503)
        return web.Response()

    return receive


def _json(body: bytearray) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
