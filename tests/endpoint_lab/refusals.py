"""Refusals, none charged: HTTP status, the body's code, its message. No code: a proxy's HTML page with that title."""

from aiohttp import web

from bots.sandbox.behaviours import Behaviour, Exchange, proxy_page, refusal, refusing, reset

REFUSALS: dict[str, tuple[int, int | None, str]] = {
    "code-402": (200, 402, "apiKey quota is not enough"),
    "code-429": (200, 429, "qps limit exceeded"),
    "code-500": (200, 500, "Internal server error"),
    "usage-limit-500": (500, 500, "Usage Limit Exceeded"),
    "usage-limit-403": (403, 403, "Usage Limit Exceeded"),
    "400": (400, 400, "Invalid parameter: image_base64"),
    "401": (401, 401, "apiKey is null"),
    "402": (402, 402, "apiKey quota is not enough"),
    "403": (403, 403, "Forbidden"),
    "413-html": (413, None, "413 Request Entity Too Large"),
    "429": (429, 429, "qps limit exceeded"),
    "500": (500, 500, "Internal server error"),
    "502-html": (502, None, "502 Bad Gateway"),
    "503": (503, 503, "Service unavailable"),
    "html-200": (200, None, "Just a moment..."),
}


def refused(name: str) -> Behaviour:
    """The refusal of that name."""
    status, code, message = REFUSALS[name]
    return refusing(lambda: proxy_page(status, message) if code is None else refusal(code, message, status))


async def retry_after(exchange: Exchange) -> web.Response:
    """429 with the seconds chosen, or 2, as Retry-After."""
    await exchange.request.read()
    exchange.free()
    response = refusal(429, "qps limit exceeded")
    response.headers["Retry-After"] = f"{2.0 if exchange.seconds is None else exchange.seconds:.0f}"
    return response


async def reset_before(exchange: Exchange) -> web.Response:
    """The connection is reset before the question is read."""
    exchange.free()
    return reset(exchange.request)


async def reset_during(exchange: Exchange) -> web.Response:
    """The connection is reset when the question has begun to arrive."""
    await exchange.request.content.readany()
    exchange.free()
    return reset(exchange.request)
