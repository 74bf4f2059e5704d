"""A whole bot in one process: the real adapter and core between the local Bot API and the endpoint's stand-in."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from bots.albums import Albums
from bots.commands import Commands
from bots.context import Context
from bots.runtime import Core, build_core
from bots.sandbox import pictures
from bots.sandbox.endpoint import serve
from bots.telegram.app import TelegramApp
from bots.telegram.flood import Flood
from core import ledger, people
from core.check import check
from core.database import Database
from core.model import Identity
from core.settings import Settings, load_settings
from tests.builders import empty_database
from tests.endpoint_lab import EndpointLab
from tests.telegram_judge import judge
from tests.telegram_lab import TelegramLab, telegram_app

Json = dict[str, Any]

ANN, BEN, ADMIN = 11, 22, 99
GROUP = -100_500
#: How much faster the bot's own waits for Telegram's limits are in tests.
_SPEED = 200.0
#: Seconds until something that should happen counts as missing: machines are busy at times.
_LONGEST = 20.0
#: A search says that it goes on after 2 s; here only in flows that want to see it.
_PATIENCE = 60.0


@cache
def photo(product: str = "leather-handbag", backdrop: str = "wall") -> bytes:
    """A photo of a product that the shop sells."""
    return pictures.photo(product, backdrop)


class World:
    """Telegram, the endpoint, and the bot between them; what people do and what they see."""

    settings: Settings
    database: Database
    core: Core
    app: TelegramApp

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.telegram = TelegramLab()
        self.endpoint = EndpointLab()
        self.now_is = timedelta()
        file = folder / "snapshop.db"
        file.write_bytes(empty_database())
        self.database_url = f"sqlite:///{file}"
        #: Whether product pictures are configured.
        self.pictures = bool(settings.get("pictures"))
        self._wanted = {name: value for name, value in settings.items() if name != "pictures"}
        self.told_admins: list[str] = []
        self._receiving: asyncio.Task[None] | None = None
        #: The roots of the Bot API and of the endpoint.
        self.urls = ("", "")
        self.telegram.person(ANN, "Ann", username="ann")
        self.telegram.person(BEN, "Ben")
        self.telegram.person(ADMIN, "Olga", role="admin")
        self.telegram.group(GROUP, "Friends", [ANN, BEN], admins=[BEN])

    # --- the bot's life
    async def start(self, **settings: Any) -> None:
        """Start the bot, with other settings than before if there are any."""
        self._wanted |= settings
        telegram_url, endpoint_url = self.urls
        wanted = {
            "telegram_bot_token": self.telegram.token,
            "telegram_api_url": telegram_url,
            "keyapi_key": "sk_live_test",
            "keyapi_url": endpoint_url,
            "keyapi_rate": 1000,
            "database_url": self.database_url,
            "admins": f"telegram:{ADMIN}",
        }
        if self.pictures:
            wanted["product_picture_url"] = f"{endpoint_url}/pictures/{{bucket}}/{{key}}"
        self.settings = load_settings(env_file=None, **(wanted | self._wanted))
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
        flood = Flood(clock=lambda: time.monotonic() * _SPEED, sleep=lambda wait: asyncio.sleep(wait / _SPEED))
        self.app = TelegramApp(
            self.settings,
            self.database,
            core.service,
            Commands(context),
            clock=self.now,
            flood=flood,
            albums=Albums(quiet=0.15),
        )
        core.platforms["telegram"] = replace(self.app.platform, patience=_PATIENCE)
        await self.app.start()
        await core.service.resume(core.platforms)
        self._receiving = asyncio.create_task(self.app.run())

    async def stop(self) -> None:
        """SIGTERM."""
        await self.app.stop_receiving()
        await self.core.service.drain()
        await self._close()

    async def kill(self) -> None:
        """The process ends at once: nothing more is sent, asked or written."""
        tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith(("search ", "sign "))]
        if self._receiving is not None:
            tasks.append(self._receiving)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._close()

    async def restart(self, **settings: Any) -> None:
        """Stop and start."""
        await self.stop()
        await self.start(**settings)

    async def _close(self) -> None:
        await self.app.close()
        await self.core.close()
        self.database.close()
        if self._receiving is not None:
            with suppress(asyncio.CancelledError):
                await self._receiving

    def now(self) -> datetime:
        """The bot's clock."""
        return datetime.now(UTC) + self.now_is

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """The core's alerts, on their way to the admins' chats."""
        self.told_admins.append(event)
        await self.app.tell_admins(event, facts)

    def be_impatient(self) -> None:
        """From now on a search soon says that it goes on."""
        self.core.platforms["telegram"] = replace(self.app.platform, patience=0.2)

    # --- what people do
    def send(self, person: int = ANN, chat: int | None = None, caption: str = "", **how: Any) -> Json:
        """A photo of a product (``product=``), in private where no chat is named."""
        data = how.pop("data", None) or photo(how.pop("product", "leather-handbag"))
        return self.telegram.send_photos(person, chat or person, [data], caption, **how)[0]

    def write(self, text: str, person: int = ANN, chat: int | None = None, **how: Any) -> Json:
        """A text, in private where no chat is named."""
        return self.telegram.send_text(person, chat or person, text, **how)

    def press(self, message: Json, label: str, person: int = ANN) -> str:
        """Press the button whose label holds ``label``; the id of the press."""
        return self.telegram.press(person, message["chat"]["id"], message["message_id"], self.data(message, label))

    def data(self, message: Json, label: str) -> str:
        """What pressing the button whose label holds ``label`` sends."""
        return next(str(key["callback_data"]) for key in keys(message) if label in key["text"])

    async def alert(self, press: str) -> str:
        """What the presser is told in an alert; empty for none."""
        answer = await self.telegram.wait_until(lambda: self.telegram.presses[press].answer, timeout=_LONGEST)
        return answer["text"] if answer["show_alert"] else ""

    # --- what people see
    async def see(
        self,
        text: str,
        chat: int = ANN,
        *,
        after: Json | None = None,
        look: Callable[[Json], object] | None = None,
    ) -> Json:
        """The newest message of the bot in a chat with this text (with ``look``: in what that finds), once there."""
        number = after["message_id"] if after else 0

        def fits(message: Json) -> bool:
            return message["message_id"] > number and is_bots(message) and text in str((look or said)(message))

        try:
            return await self.telegram.wait_for(fits, chat=chat, timeout=_LONGEST)
        except TimeoutError:
            seen = [(said(message), labels(message)) for message in self.telegram.messages(chat)]
            raise AssertionError(f"nobody saw {text!r}, but {seen}") from None

    def said_in(self, chat: int = ANN) -> list[str]:
        """Everything that the bot says in a chat at this moment."""
        return [said(message) for message in self.telegram.messages(chat) if is_bots(message)]

    async def idle(self) -> None:
        """Until every update was received and nothing is under way any more."""
        await self.until(self._is_idle)

    async def idle_updates(self) -> None:
        """Until every update was received and journaled."""
        await self.until(lambda: not self.telegram.pending and not self.telegram.repeats)

    async def until(self, look: Callable[[], object]) -> None:
        """Until this is true."""
        async with asyncio.timeout(_LONGEST):
            while not look():  # noqa: ASYNC110 -- what is looked at tells nobody
                await asyncio.sleep(0.01)

    def _is_idle(self) -> bool:
        answered = sum(call.method == "getUpdates" for call in self.telegram.calls)
        is_receiving = self.telegram.webhook.url or self.telegram.counts["getUpdates"] > answered
        busy = any(task.get_name().startswith(("search ", "reply ")) for task in asyncio.all_tasks())
        return bool(is_receiving) and not (self.telegram.pending or self.telegram.repeats or busy)

    # --- what the books say
    async def balance(self, person: int = ANN) -> int:
        """Credits left; the month's allowance counts once it was given."""
        identity = Identity(platform="telegram", user=str(person))
        found = await self.database.read(people.find, identity)
        return await self.database.read(ledger.balance, found.id, self.now()) if found else 0

    @property
    def charged(self) -> int:
        """What the endpoint counted."""
        return self.endpoint.charged


def said(message: Json) -> str:
    """The text or the caption of a message."""
    return str(message.get("text") or message.get("caption") or "")


def is_bots(message: Json) -> bool:
    """Whether the bot wrote it."""
    return bool(message.get("from", {}).get("username") == "snapshop_bot")


def keys(message: Json) -> list[Json]:
    """The buttons under a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [key for row in rows for key in row if "callback_data" in key]


def labels(message: Json) -> list[str]:
    """What the buttons under a message say, links left out."""
    return [key["text"] for key in keys(message)]


@asynccontextmanager
async def living(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """A world with a running bot; in the end the books must be right and every request well-formed."""
    world = World(folder, settings)
    async with AsyncExitStack() as stack:
        endpoint_url = await stack.enter_async_context(serve(world.endpoint))
        runner = web.AppRunner(telegram_app(world.telegram), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.urls = (f"http://127.0.0.1:{runner.addresses[0][1]}", endpoint_url)
        await world.start()
        try:
            yield world
            assert await world.database.read(check) == []
        finally:
            await world.stop()
        assert judge(world.telegram) == []
