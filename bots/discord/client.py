"""The connection to Discord: discord.py's client with as little as is needed, and where its events go."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import discord
from discord.http import Route

from bots.discord.commands import Tree
from bots.discord.controls import DYNAMIC_ITEMS
from core.regions import is_this_machine

#: No privileged one: what is sent to the bot, names it or replies to it can be read without.
_INTENTS: Final = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
#: Seconds that a call waits for a rate limit before it fails: it is tried again later all the same.
_LONGEST_LIMIT: Final = 30.0

_Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What is done with what comes in."""

    set_up: Callable[[], Awaitable[None]]
    message: Callable[[discord.Message], Awaitable[None]]
    press: Callable[[_Interaction, str], Awaitable[None]]
    form: Callable[[_Interaction], Awaitable[None]]
    #: A shard has begun a new session; after a short break the old one is resumed, and nothing was missed.
    identified: Callable[[int], Awaitable[None]]


class SnapshopClient(discord.AutoShardedClient):
    """Set ``events`` before it logs in."""

    events: Events

    def __init__(self) -> None:
        # It would warn that it cannot speak: it never does.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=_INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=_LONGEST_LIMIT,
            proxy=_proxy(),
        )
        self.tree = Tree(self)
        self.tree.on_call = self._begun
        #: Events that are being handled.
        self._handling: set[asyncio.Task[Any]] = set()
        #: Messages, commands and presses that came in.
        self.received = 0

    async def setup_hook(self) -> None:
        """Called by discord.py, logged in and not yet connected."""
        self.add_dynamic_items(*DYNAMIC_ITEMS)
        await self.events.set_up()

    async def on_message(self, message: discord.Message) -> None:
        """Called by discord.py; the bot's own messages too."""
        self._begun()
        await self.events.message(message)

    async def on_press(self, interaction: _Interaction, data: str) -> None:
        """Called by the controls (``controls.py``)."""
        self._begun()
        await self.events.press(interaction, data)

    async def on_interaction(self, interaction: _Interaction) -> None:
        """Called by discord.py for every interaction; commands and controls are found by their own ways."""
        if interaction.type is discord.InteractionType.modal_submit:
            self._begun()
            await self.events.form(interaction)

    async def on_shard_ready(self, shard_id: int) -> None:
        """Called by discord.py after READY, never after RESUMED."""
        await self.events.identified(shard_id)

    @property
    def connected(self) -> bool:
        """Whether events come in, on every shard."""
        return self.is_ready() and not self.is_closed() and not any(one.is_closed() for one in self.shards.values())

    async def disconnect(self) -> None:
        """Receive no more; messages can still be sent."""
        for shard in self.shards.values():
            await shard.disconnect()

    async def handled(self, seconds: float) -> None:
        """Wait until what has come in is written down, so many seconds at most."""
        if self._handling:
            await asyncio.wait(self._handling, timeout=seconds)

    def _begun(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "discord.py does everything in tasks"
        self.received += 1
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)


def _proxy() -> str | None:
    """The environment's proxy: discord.py's own session does not look for one."""
    parts = urlsplit(Route.BASE)
    host = parts.hostname or ""
    if is_this_machine(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
