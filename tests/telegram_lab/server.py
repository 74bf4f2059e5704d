"""The lab over HTTP: the sandbox's routes with the lab's methods, and connections that stall or break."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bots.sandbox.telegram_people import add_routes
from tests.telegram_lab.connection import REQUEST, Dropped
from tests.telegram_lab.faults import Fault
from tests.telegram_lab.methods import LAB_METHODS
from tests.telegram_lab.world import TelegramLab

MAX_BODY = 200 * 1024 * 1024  # bytes: ten files of 20 MB

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def telegram_app(lab: TelegramLab) -> web.Application:
    """An application with the Bot API and the person side, and nothing else."""

    @web.middleware
    async def with_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
        REQUEST.set(request)
        try:
            answer = await handler(request)
        except web.HTTPRequestEntityTooLarge:
            refused = {"ok": False, "error_code": 413, "description": "Request Entity Too Large"}
            return web.json_response(refused, status=413)
        except Dropped:
            return _cut(request)
        if request.path.startswith("/file/") and isinstance(answer, web.Response):
            lab.counts["download"] += 1
            if fault := lab.faults.next("download", None):
                return await _broken(lab, request, answer, fault)
        return answer

    async def start(_: web.Application) -> None:
        lab.closed = False

    async def stop(_: web.Application) -> None:
        if lab.webhook.task:
            lab.webhook.task.cancel()

    app = web.Application(client_max_size=MAX_BODY)
    app.middlewares.append(with_faults)
    app.on_startup.append(start)
    app.on_shutdown.append(stop)
    add_routes(app, lab, LAB_METHODS)
    return app


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


async def _broken(lab: TelegramLab, request: web.Request, whole: web.Response, fault: Fault) -> web.StreamResponse:
    """A download that stalls in its middle, or ends there."""
    data = whole.body
    assert isinstance(data, bytes)
    half = web.StreamResponse(headers={"Content-Type": whole.content_type, "Content-Length": str(len(data))})
    await half.prepare(request)
    await half.write(data[: len(data) // 2])
    if fault.drop:
        return _cut(request)
    clock = asyncio.get_running_loop().time
    ends = clock() + fault.delay
    while clock() < ends and not lab.closed:
        await lab.next_change(ends - clock())
    await half.write(data[len(data) // 2 :])
    return half
