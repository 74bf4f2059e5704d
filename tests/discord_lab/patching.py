"""Lets the discord.py of this process speak to a local Discord instead of the real one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import yarl
from discord import Asset, Client
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.state import ConnectionState

#: Where the local Discord is, for a process that is started by a test.
VARIABLE = "SNAPSHOP_TEST_DISCORD"
#: Seconds after the last server until discord.py says that it is ready; its own default is 2.
READY_AFTER = 0.05


@contextmanager
def pointed_at(root: str) -> Iterator[None]:
    """Within it, discord.py speaks to `root` ("http://127.0.0.1:…") and does not pace itself as Discord asks it to."""
    build = ConnectionState.__init__

    def impatient(self: Any, **options: Any) -> None:
        build(self, **({"guild_ready_timeout": READY_AFTER} | options))

    async def at_once(_: Client, __: int | None, *, initial: bool = False) -> None:
        """In place of 5 s before each further IDENTIFY."""

    with ExitStack() as stack:
        for thing, name, value in (
            (Route, "BASE", f"{root}/api/v10"),
            (Asset, "BASE", root),
            (DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(root.replace("http", "ws", 1)) / "gateway"),
            (ConnectionState, "__init__", impatient),
            (Client, "before_identify_hook", at_once),
        ):
            stack.enter_context(patch.object(thing, name, value))
        yield
