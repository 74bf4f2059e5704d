"""Ends the process at a named point, as `kill -9` would end it there."""

import os
import signal
from collections.abc import Callable
from typing import Any

from core import photos
from core.database import Database


def die() -> None:
    """At once: nothing more is sent, asked or written."""
    os.kill(os.getpid(), signal.SIGKILL)


def end_at_transaction(moment: str, name: str, call: int) -> None:
    """End before or after (committed) the transaction of this name, at its n-th call."""
    run = Database.run
    calls = 0

    async def counted(database: Database, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        here = f"{function.__module__}.{function.__name__}" == name
        calls += here
        mine = here and calls == call
        if mine and moment == "before":
            die()
        result = await run(database, function, *args, **kwargs)
        if mine and moment == "after":
            die()
        return result

    Database.run = counted


def end_at_decoding(mark: bytes, call: int) -> None:
    """A decoder that takes the process with it, each time from the n-th on that it meets such a file."""
    open_photo = photos.open_photo
    calls = 0

    def deadly(data: bytes) -> Any:
        nonlocal calls
        calls += mark in data
        if mark in data and calls >= call:
            die()
        return open_photo(data)

    photos.open_photo = deadly


def arm(moment: str, name: str, call: str) -> None:
    """``before core.searches.replied 1``: the moment (before or after), the core's transaction, at which of its calls.

    For a picture's decoder: ``decoding MARK 1`` ends the process when a file with these bytes in it is opened.
    """
    if moment == "decoding":
        end_at_decoding(name.encode(), int(call))
    else:
        end_at_transaction(moment, name, int(call))
