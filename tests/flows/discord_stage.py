"""A whole bot on a simulated Discord: the real adapter and core; photos and the endpoint over real sockets.

simcord plays Discord: it settles after everything that people do, so that what follows may be looked at at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import discord
import simcord
from aiohttp import web
from simcord.actors import MemberActor
from simcord.backend import cdn
from simcord.builders import UserHandle
from simcord.components import walk_components
from simcord.results import InteractionResult

from bots.commands import Commands
from bots.context import Context
from bots.discord.app import DiscordApp
from bots.runtime import Core, build_core
from bots.sandbox.endpoint import serve
from core import ledger, people
from core.check import check
from core.database import Database
from core.model import Identity
from core.settings import load_settings
from tests.endpoint_lab import EndpointLab
from tests.flows.discord_gaps import Gaps
from tests.flows.discord_sights import BUTTON, SELECT, Json, Seen
from tests.flows.world import empty_database, photo

#: The server that DISCORD_GUILD names.
HOME = 900_000_000_000_000_000
FIND_MENU = "Find this product"
#: A search says that it goes on after 1.5 s; here only in flows that want to see it.
_PATIENCE = 60.0


class Stage(Gaps):
    """Discord, the endpoint, and the bot between them; what people do and what they see."""

    database: Database
    core: Core
    app: DiscordApp
    ben: MemberActor
    olga: MemberActor

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.endpoint = EndpointLab()
        self.endpoint_url = ""
        file = folder / "snapshop.db"
        file.write_bytes(empty_database())
        self.database_url = f"sqlite:///{file}"
        self.pictures = bool(settings.get("pictures"))
        self._settings = {name: value for name, value in settings.items() if name != "pictures"}
        self.told_admins: list[str] = []
        self._clock: Callable[[], datetime] = lambda: datetime(2026, 1, 1, tzinfo=UTC)
        self.later = timedelta()

    # --- the bot's life
    def build(self, **settings: Any) -> DiscordApp:
        """A bot that is not connected yet, with other settings than before if there are any."""
        self._settings |= settings
        wanted: Json = {
            "discord_bot_token": "simcord.fake.token",
            "discord_guild": str(HOME),
            "keyapi_key": "sk_live_test",
            "keyapi_url": self.endpoint_url,
            "keyapi_rate": 1000,
            "database_url": self.database_url,
        }
        if self.pictures:
            wanted["product_picture_url"] = f"{self.endpoint_url}/pictures/{{bucket}}/{{key}}"
        self.settings = load_settings(env_file=None, **(wanted | self._settings))
        self.database = Database(self.settings.database_url.get_secret_value())
        pepper = b"pepper"
        self.core = core = build_core(self.settings, self.database, alerts=self, pepper=pepper, clock=self.now)
        context = Context(
            database=self.database,
            breaker=core.breaker,
            settings=self.settings,
            policy=core.policy,
            pepper=pepper,
            clock=self.now,
        )
        self.app = app = DiscordApp(self.settings, self.database, core.service, Commands(context), clock=self.now)
        core.platforms["discord"] = replace(app.platform, patience=_PATIENCE)
        events = app.client.events

        async def set_up() -> None:
            await core.service.resume(core.platforms)
            await events.set_up()

        app.client.events = replace(events, set_up=set_up)
        return app

    def inhabit(self, env: simcord.Env) -> None:
        """The people and places that every flow has."""
        self.env = env
        self._clock = env.now
        home = env.create_guild("Home", id=HOME)
        self.home = home
        self.channel = home.create_text_channel("finds")
        self.ann, self.ben, self.olga = (
            home.add_member(env.create_user(name, global_name=name.title())) for name in ("ann", "ben", "olga")
        )

    async def stop(self) -> None:
        """SIGTERM."""
        await self.app.stop_receiving()
        await self.core.service.drain()
        await self.app.close()
        await self.core.close()
        self.database.close()

    async def restart(self, meanwhile: Callable[[], Awaitable[object]] | None = None, **settings: Any) -> None:
        """Stop, perhaps let something happen that no bot sees, and start again."""
        await self.stop()
        if meanwhile is not None:
            await meanwhile()
        await self.env.restart_bot(self.build(**settings).client)

    def now(self) -> datetime:
        """The bot's clock."""
        return self._clock() + self.later

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """The core's alerts, on their way to the admins."""
        self.told_admins.append(event)
        await self.app.tell_admins(event, facts)

    def be_impatient(self) -> None:
        """From now on a search soon says that it goes on."""
        self.core.platforms["discord"] = replace(self.app.platform, patience=0.05)

    # --- what people do
    async def say(
        self,
        text: str = "",
        person: MemberActor | None = None,
        *,
        photos: Sequence[bytes] = (),
        files: Sequence[tuple[str, bytes]] = (),
        **how: Any,
    ) -> discord.Message:
        """A message in the channel that names the bot."""
        named = f"{text} <@{self.bot}>".strip()
        return await self.write(named, person, photos=photos, files=files, **how)

    async def write(
        self,
        text: str = "",
        person: MemberActor | None = None,
        *,
        photos: Sequence[bytes] = (),
        files: Sequence[tuple[str, bytes]] = (),
        **how: Any,
    ) -> discord.Message:
        """A message in the channel."""
        attached = [*pictures(photos), *files]
        return await (person or self.ann).send(how.pop("channel", self.channel), text, attachments=attached, **how)

    async def direct(
        self,
        text: str = "",
        person: MemberActor | None = None,
        *,
        photos: Sequence[bytes] = (),
        files: Sequence[tuple[str, bytes]] = (),
        **how: Any,
    ) -> discord.Message:
        """A message to the bot alone."""
        user = (person or self.ann).user
        stored = self.env.backend.store_attachments(user.dm_channel.id, [*pictures(photos), *files])
        return await user.send_dm(text, attachments=stored, **how)

    async def find(self, person: MemberActor | UserHandle | None = None, **options: Any) -> InteractionResult:
        """/find with a photo; in private for a user."""
        options.setdefault("photo", ("photo.jpg", photo()))
        return await self.slash("find", person, **options)

    async def slash(
        self, name: str, who: MemberActor | UserHandle | None = None, /, **options: Any
    ) -> InteractionResult:
        """A command; in private for a user, else in the channel."""
        who = who or self.ann
        result = await (
            who.slash(name, **options) if isinstance(who, UserHandle) else who.slash(self.channel, name, **options)
        )
        assert result.acknowledged
        return result

    async def press(self, seen: Seen, label: str, person: MemberActor | UserHandle | None = None) -> InteractionResult:
        """Press the button whose label holds ``label``, or pick the option."""
        message = self.stored(seen.id)
        who, handle = person or self.ann, self.message(seen)
        for component in walk_components(message.components):
            if component["type"] == BUTTON and label in component.get("label", ""):
                result = await who.click(handle, custom_id=component["custom_id"])
            elif component["type"] == SELECT and (
                values := [option["value"] for option in component["options"] if label in option["label"]]
            ):
                result = await who.select(handle, values[:1], custom_id=component["custom_id"])
            else:
                continue
            assert result.acknowledged
            return result
        raise AssertionError(f"{label!r} is not among {seen.labels} and {list(seen.options)}")

    async def until(self, look: Callable[[], object]) -> None:
        """Until this is true, in real time."""
        async with asyncio.timeout(20):
            while not look():  # noqa: ASYNC110 -- what is looked at tells nobody
                await asyncio.sleep(0.01)

    # --- what the books say
    async def balance(self, person: MemberActor | None = None) -> int:
        """Credits left; the month's allowance counts once it was given."""
        identity = Identity(platform="discord", user=str((person or self.ann).id))
        found = await self.database.read(people.find, identity)
        return await self.database.read(ledger.balance, found.id, self.now()) if found else 0

    @property
    def charged(self) -> int:
        """What the endpoint counted."""
        return self.endpoint.charged


def pictures(photos: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Photos as files."""
    return [(f"photo-{number}.jpg", data) for number, data in enumerate(photos)]


@asynccontextmanager
async def stage(folder: Path, **settings: Any) -> AsyncIterator[Stage]:
    """A Discord with a running bot; in the end the books must be right."""
    world = Stage(folder, settings)
    async with AsyncExitStack() as stack:
        world.endpoint_url = await stack.enter_async_context(serve(world.endpoint))
        files = web.Application()
        files.router.add_get("/{path:.*}", world.serve_file)
        runner = web.AppRunner(files, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        root = f"http://127.0.0.1:{runner.addresses[0][1]}"
        # Discord's files are where `discord.Asset.BASE` says.
        for thing, name, value in (
            (cdn, "CDN_BASE", root),
            (discord.Asset, "BASE", root),
            (simcord.interactions, "base_payload", world.payload),
        ):
            stack.enter_context(patch.object(thing, name, value))
        env = simcord.Env(world.build().client, shard_count=1)
        world.inhabit(env)
        await env.start()
        try:
            yield world
            assert await world.database.read(check) == []
        finally:
            await world.stop()
            await env.shutdown()
        env.raise_errors()
