"""The connection on which a call of the bot came."""

from contextvars import ContextVar

from aiohttp import web

REQUEST: ContextVar[web.Request] = ContextVar("request")  #: the request that a method answers


class Dropped(Exception):
    """The call was performed, and the connection breaks before the answer."""


def gone() -> bool:
    """Whether the caller of the running method has closed the connection."""
    transport = REQUEST.get().transport
    return transport is None or transport.is_closing()
