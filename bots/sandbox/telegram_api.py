"""The Bot API over HTTP: methods and file downloads."""

import inspect
import json
from collections.abc import Mapping

from aiohttp import web

from bots.sandbox.telegram_methods import METHODS, Method
from bots.sandbox.telegram_rules import ApiError, Json, Upload, refusal
from bots.sandbox.telegram_world import TelegramWorld

# A form has texts only: all but these are JSON, as the Bot API says of numbers, booleans and structures.
TEXTS = "text caption parse_mode callback_query_id url file_id photo action description short_description language_code"


def add_bot_api(app: web.Application, world: TelegramWorld, methods: Mapping[str, Method] = METHODS) -> None:
    """Serve `/bot{token}/{method}` for this world, and its files to the bot and to people."""
    side = BotSide(world, methods)
    app.router.add_route("*", "/bot{token}/{method}", side.call)
    app.router.add_get("/file/bot{token}/files/{file_id}", side.file)
    app.router.add_get("/sandbox/file/{file_id}", side.file)
    app.on_shutdown.append(side.stop)


class BotSide:
    """Answers a bot's requests as the Bot API does."""

    def __init__(self, world: TelegramWorld, methods: Mapping[str, Method]) -> None:
        self._world, self._methods = world, methods

    async def call(self, request: web.Request) -> web.Response:
        method = self._methods.get(request.match_info["method"])
        try:
            if request.match_info["token"] != self._world.token:
                raise ApiError(401, "Unauthorized")
            if method is None:
                raise ApiError(404, "Not Found: method not found")
            result = method(self._world, {name: _typed(name, value) for name, value in (await fields(request)).items()})
            result = await result if inspect.isawaitable(result) else result
            return web.json_response({"ok": True, "result": True if result is None else result})
        except ApiError as error:
            refused = error
        except (ValueError, KeyError, TypeError, AttributeError):
            refused = refusal("can't parse the parameters of the request")
        more = {"parameters": refused.parameters} if refused.parameters else {}
        answer = {"ok": False, "error_code": refused.status, "description": refused.description} | more
        return web.json_response(answer, status=refused.status)

    async def file(self, request: web.Request) -> web.Response:
        stored = self._world.files.get(request.match_info["file_id"])
        if request.match_info.get("token", self._world.token) != self._world.token or stored is None:
            raise web.HTTPNotFound
        mime = stored.about.get("mime_type", "image/jpeg")
        picture = mime.startswith("image/") and "svg" not in mime
        headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline" if picture else "attachment"}
        mime = mime if picture else "application/octet-stream"
        return web.Response(body=stored.data, content_type=mime, headers=headers)

    async def stop(self, _: web.Application) -> None:
        self._world.closed = True
        self._world.changed()


async def fields(request: web.Request) -> Json:
    """What a request says: query, JSON, urlencoded or multipart; raises ApiError."""
    try:
        form = await (request.json() if request.content_type == "application/json" else request.post())
        return dict(request.query) | dict(form)
    except (ValueError, TypeError):
        raise refusal("the request cannot be read") from None


def _typed(name: str, value: object) -> object:
    if isinstance(value, web.FileField):
        return Upload(value.file.read(), value.filename, value.content_type)
    if name in TEXTS.split() or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
