"""A local Telegram on a loopback port of the system's choice, and photos to send in it."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from aiohttp import web
from PIL import Image

from bots.sandbox.telegram_people import add_routes
from bots.sandbox.telegram_world import TelegramWorld
from tests.telegram_lab import TelegramLab, telegram_app


@asynccontextmanager
async def serving(world: TelegramWorld) -> AsyncIterator[str]:
    """The root address of a running Bot API and person side: the lab's, or as the demo serves them."""
    if isinstance(world, TelegramLab):
        app = telegram_app(world)
    else:
        add_routes(app := web.Application(client_max_size=200 * 1024 * 1024), world)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@cache
def photo(width: int = 400, height: int = 300, *, kind: str = "JPEG", color: str = "teal") -> bytes:
    """A picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), color).save(stream, kind)
    return stream.getvalue()
