"""The lab over HTTP: REST, gateway and attachments, with the faults that wait for them."""

import json
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import BodyPartReader, web

from tests.discord_lab.errors import VIOLATIONS, DiscordError, Json, invalid
from tests.discord_lab.faults import DOWNLOAD, Fault, Faults, strike
from tests.discord_lab.gateway import Gateway
from tests.discord_lab.messages import Part
from tests.discord_lab.rest import ROUTES, Answer, Ask, Route
from tests.discord_lab.world import Call, DiscordWorld

MAX_BODY = 200 * 1024 * 1024  # bytes: more than Discord takes, which must be refused by a check

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def discord_app(world: DiscordWorld, faults: Faults, gateway: Gateway) -> web.Application:
    """An application with everything that discord.py speaks to."""
    app = web.Application(client_max_size=MAX_BODY)
    for name, route in ROUTES.items():
        method, path = name.split(" ")
        app.router.add_route(method, f"/api/v10{path}", _rest(world, faults, name, route))
    app.router.add_get("/gateway", gateway.serve)
    app.router.add_get(DOWNLOAD.split(" ")[1], _download(world, faults))
    app.router.add_route("*", "/{unknown:.*}", _unknown(world))

    async def stop(_: web.Application) -> None:
        for socket in [*gateway.sockets]:
            await socket.ws.close(code=1001)

    app.on_shutdown.append(stop)
    return app


def _rest(world: DiscordWorld, faults: Faults, name: str, route: Route) -> Handler:
    # The token in the path of these is all that they ask for.
    public = name.split("/")[1] in ("interactions", "webhooks")

    async def handle(request: web.Request) -> web.StreamResponse:
        status, ask = 200, Ask(path=request.match_info)
        try:
            body, parts = await _body(request)
            ask = Ask(path=request.match_info, query=request.query, body=body, parts=parts)
            if not public and request.headers.get("Authorization") != f"Bot {world.token}":
                raise DiscordError(401, 0, message="401: Unauthorized")
            fault = faults.next(name, request.match_info.get("channel"), bool(parts))
            if fault is not None:
                await strike(fault)
                if fault.retry_after is not None:
                    status = 429
                    return _json(fault.rate_limit(), status, fault.headers)
            answer = _performed(world, name, route, ask)
            if fault is not None and fault.drop:
                return _cut(request)
            status = 200 if answer is not None else 204
            return _json(answer, status)
        except DiscordError as error:
            status = error.status
            return _json(error.json("data" if name.endswith("/callback") else ""), status)
        finally:
            files = {part.name: len(part.content) for part in ask.parts.values()}
            world.calls.append(Call(route=name, path=request.path, body=ask.body, files=files, status=status))
            world.changed()

    return handle


def _performed(world: DiscordWorld, name: str, route: Route, ask: Ask) -> Answer:
    """What the route answers; what only a bot that errs is refused is written down."""
    try:
        try:
            return route(world, ask)
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # a body of a wrong shape
            raise invalid("", "BASE_TYPE_BAD_TYPE", repr(error)) from error
    except DiscordError as error:
        if error.code in VIOLATIONS:
            world.violations.append(f"{name}: {error}")
        raise


async def _body(request: web.Request) -> tuple[Json, dict[int, Part]]:
    """The JSON and the files of a request; a list is found under "list"."""
    if not request.content_type.startswith("multipart/"):
        found = await request.json() if request.can_read_body else {}
        return ({"list": found} if isinstance(found, list) else found), {}
    body: Json = {}
    parts: dict[int, Part] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(content)
        elif number := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
            parts[int(number[1])] = Part(name=part.filename or "file", content=content)
    return body, parts


def _json(answer: Answer, status: int, headers: dict[str, str] | None = None) -> web.Response:
    if status == HTTPStatus.NO_CONTENT:
        return web.Response(status=status)
    # discord.py reads JSON only where the type stands alone, without a charset.
    about = {"Content-Type": "application/json"} | (headers or {})
    return web.Response(body=json.dumps(answer).encode(), status=status, headers=about)


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


def _download(world: DiscordWorld, faults: Faults) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        path = request.match_info
        fault = faults.next(DOWNLOAD, path["channel"], False) or Fault()
        try:
            await strike(fault)
        except DiscordError as error:
            return web.Response(status=error.status)
        if fault.drop:
            return _cut(request)
        file = world.files.get(int(path["attachment"]))
        alive = file and request.query.get("hm") == str(file.generation)
        if file is None or not alive or (path["channel"], path["file"]) != (str(file.channel), file.name):
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.content, headers={"Content-Type": file.mime})

    return handle


def _unknown(world: DiscordWorld) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/api/"):
            world.violations.append(f"{request.method} {request.path}: the lab has no such route")
        return _json({"message": "404: Not Found", "code": 0}, 404)

    return handle
