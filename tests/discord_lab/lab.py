"""The whole local Discord, served over loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.discord_lab.faults import Faults
from tests.discord_lab.gateway import Gateway
from tests.discord_lab.patching import VARIABLE, pointed_at
from tests.discord_lab.people import People
from tests.discord_lab.server import discord_app
from tests.discord_lab.world import DiscordWorld

LAUNCH = Path(__file__).with_name("launch.py")  #: a script to run in the place of `snapshop`


class DiscordLab(People):
    """A world, its gateway, what goes wrong between them and the bot, and what people do (`People`)."""

    def __init__(self, world: DiscordWorld | None = None) -> None:
        super().__init__(world or DiscordWorld())
        self.faults = Faults()
        self.gateway = Gateway(self.world)
        self.world.tell = self.gateway.dispatch

    @property
    def url(self) -> str:
        """The root under which it is served."""
        return self.world.url

    @property
    def environment(self) -> dict[str, str]:
        """For a process that runs LAUNCH."""
        return {VARIABLE: self.url, "DISCORD_BOT_TOKEN": self.world.token}

    async def connected(self) -> None:
        """Wait until the bot listens; raises TimeoutError."""
        await self.wait_for(lambda: self.gateway.connected)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve it on a free port of the loopback; yields its root."""
        runner = web.AppRunner(discord_app(self.world, self.faults, self.gateway), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.world.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self.world.url
        finally:
            await runner.cleanup()


@asynccontextmanager
async def discord_lab(world: DiscordWorld | None = None) -> AsyncIterator[DiscordLab]:
    """A lab that is served, and the discord.py of this process speaks to it."""
    lab = DiscordLab(world)
    async with lab.serving() as root:
        with pointed_at(root):
            yield lab
