"""The bot's own HTTP server: whether it is ready, and the route that Telegram's webhook posts to."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(
    host: str, port: int, posts: Mapping[str, Handler], *, health: Callable[[], Mapping[str, bool]]
) -> AsyncIterator[int]:
    """Serve POST routes by path, and ``/readyz``, until left; yields the port. Raises OSError when it is taken.

    ``/readyz`` tells by platform whether events come in; 503 where one of them is down.
    """

    async def ready(_: web.Request) -> web.Response:
        up = health()
        told = {name: "up" if is_up else "down" for name, is_up in up.items()}
        return web.json_response(told, status=200 if all(up.values()) else 503)

    app = web.Application()
    app.router.add_get("/readyz", ready)
    for path, handler in posts.items():
        app.router.add_post(path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
