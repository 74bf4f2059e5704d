"""The bot's own HTTP server: health, readiness, figures, and the route that Telegram's webhook posts to."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from bots.metrics import CONTENT_TYPE, Metrics
from bots.readiness import Readiness

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(
    host: str, port: int, posts: Mapping[str, Handler], *, readiness: Readiness, metrics: Metrics
) -> AsyncIterator[int]:
    """Serve until left; yields the port. Raises OSError when it is taken.

    ``/healthz``: 200 as long as the event loop turns. ``/readyz``: every part by name, 503 where one that counts is
    down. ``/metrics``: for Prometheus. ``posts``: POST routes by path.
    """

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_: web.Request) -> web.Response:
        is_ready, parts = await readiness.look()
        return web.json_response(parts, status=200 if is_ready else 503)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    for path, answer in (("/healthz", alive), ("/readyz", ready), ("/metrics", figures)):
        app.router.add_get(path, answer)
    for path, handler in posts.items():
        app.router.add_post(path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
