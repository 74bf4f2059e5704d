"""The sandbox's chat page: its static files, sample photos, and what happened underneath, as JSON."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources
from pathlib import PurePath
from typing import Protocol

from aiohttp import web

_FRESH = {"Cache-Control": "no-cache"}
_HEADERS = {
    # Everything comes from this server; whatever got into a name or a caption, it is never run.
    "Content-Security-Policy": "default-src 'none'; img-src 'self' blob: data:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
#: A behaviour is asked for by hand: more repeats or a longer wait is a mistake.
_MOST_TIMES, _MOST_SECONDS = 1000, 600


class Sample(Protocol):
    """A photo to try the bot with."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def jpeg(self) -> bytes: ...


class Endpoint(Protocol):
    """The endpoint's stand-in, as far as the page steers it."""

    def state(self) -> Mapping[str, object]:
        """Counters, log and the behaviour in force."""

    def behave(self, name: str, times: int | None, seconds: float | None) -> object:
        """Answer the next ``times`` requests (None: all) so. Unknown name: ValueError or LookupError."""


def add_page(
    app: web.Application,
    *,
    panel: Callable[[int], Awaitable[dict[str, object]]],
    samples: Sequence[Sample],
    endpoint: Endpoint,
    pictures: bool,
) -> None:
    """Add the page to ``app``: ``/``, ``/page/…`` and the JSON routes that only the page uses.

    ``panel`` tells what happened underneath for a person id (LookupError: nobody of that id). ``pictures``
    says whether answers come with product pictures. The whole of ``app`` gets the page's security headers.
    """
    files = _page_files()
    photos = {sample.id: sample.jpeg for sample in samples}
    listed = [{"id": s.id, "label": s.label, "url": f"/sandbox/samples/{s.id}"} for s in samples]

    async def file(request: web.Request) -> web.Response:
        name = request.match_info.get("file", "index.html")
        if name not in files:
            raise web.HTTPNotFound
        body, kind = files[name]
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_FRESH)

    async def sample(request: web.Request) -> web.Response:
        if (jpeg := photos.get(request.match_info["id"])) is None:
            raise web.HTTPNotFound
        return web.Response(body=jpeg, content_type="image/jpeg")

    async def underneath(request: web.Request) -> web.Response:
        try:
            return web.json_response(await panel(int(request.query["person"])))
        except (LookupError, ValueError):
            return web.json_response({"error": "There is nobody of that number here."}, status=404)

    async def behave(request: web.Request) -> web.Response:
        try:
            name, times, seconds = _behaviour(await request.json())
            endpoint.behave("normal", None, None)  # What was chosen before is not waited for.
            endpoint.behave(name, times, seconds)
        except (LookupError, TypeError, ValueError):
            return web.json_response({"error": "The endpoint here does not know how to do that."}, status=400)
        return web.json_response(endpoint.state())

    app.on_response_prepare.append(_protect)
    app.add_routes(
        [
            web.get("/", file),
            web.get("/page/{file}", file),
            web.get("/sandbox/samples", _telling(lambda: {"samples": listed})),
            web.get("/sandbox/samples/{id}", sample),
            web.get("/sandbox/panel", underneath),
            web.get("/sandbox/endpoint", _telling(endpoint.state)),
            web.post("/sandbox/endpoint", behave),
            web.get("/sandbox/config", _telling(lambda: {"pictures": pictures})),
        ]
    )


def _page_files() -> dict[str, tuple[bytes, str]]:
    """Read the page once: name -> (bytes, content type). Only what was packaged can be asked for."""
    page = resources.files("bots.sandbox").joinpath("page")
    kinds = {entry: _TYPES.get(PurePath(entry.name).suffix) for entry in page.iterdir()}
    return {entry.name: (entry.read_bytes(), kind) for entry, kind in kinds.items() if kind}


def _behaviour(body: object) -> tuple[str, int | None, float | None]:
    """Check a request to the endpoint's stand-in. Raises ValueError or TypeError."""
    if not isinstance(body, dict) or not isinstance(name := body.get("behaviour"), str):
        raise TypeError("a behaviour has a name")
    times, seconds = body.get("times"), body.get("seconds")
    counted = times is None or (type(times) is int and 1 <= times <= _MOST_TIMES)
    timed = seconds is None or (type(seconds) in (int, float) and 0 <= seconds <= _MOST_SECONDS)
    if not (counted and timed):
        raise ValueError("times and seconds are small numbers")
    return name, times, seconds


def _telling(facts: Callable[[], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response(facts())

    return handler


async def _protect(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
