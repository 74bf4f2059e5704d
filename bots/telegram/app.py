"""Telegram, wired: the bot, what it receives, what it shows; from start to close."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from aiohttp import web
from telegram import Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import ExtBot

from bots.albums import AlbumAnswers, Albums
from bots.alerts import alert_for
from bots.background import Background
from bots.cards import Card, Links
from bots.chat_app import PlatformDown, PlatformRefused
from bots.commands import Commands
from bots.membership import Membership
from bots.presses import Presses
from bots.product_images import ProductImages
from bots.telegram.buttons import Buttons
from bots.telegram.flood import Flood
from bots.telegram.handlers import Handlers, Parts
from bots.telegram.incoming import PLATFORM
from bots.telegram.members import member_of
from bots.telegram.messages import TelegramMessenger
from bots.telegram.moves import Moves
from bots.telegram.photos import TelegramPhotos
from bots.telegram.pictures import Pictures
from bots.telegram.polling import AnotherInstance, Poller
from bots.telegram.posting import Place, Poster
from bots.telegram.setup import set_up
from bots.telegram.signs import Signs
from bots.telegram.transport import AiohttpRequest
from bots.telegram.webhook import WEBHOOK_PATH, telegram_webhook
from core.adapter import Platform, Unreachable
from core.clock import Clock, utc_now
from core.database import Database, DatabaseUnavailable
from core.model import Identity
from core.service import Service
from core.settings import Settings

#: What is asked for; everything else (edits, posts of channels) is not even sent.
ALLOWED_UPDATES: Final = ("message", "callback_query", "my_chat_member")
#: Seconds between the tries to reach Telegram at the start.
_START_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
#: Seconds until a process that receives nothing counts as not healthy: two polls and a half.
_SILENCE: Final = 100.0
#: Seconds that the last poll has to end.
_LAST_POLL: Final = 15.0

log = structlog.get_logger(__name__)


class TelegramRefused(PlatformRefused):
    """One sentence for the operator: why Telegram cannot be used, and what to do."""


class WrongToken(TelegramRefused):
    """Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from @BotFather."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class TelegramApp:
    """The Telegram adapter of one process. ``start`` it before anything is shown, ``close`` it at the end.

    ``flood`` and ``albums`` are for tests, whose time is short.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        service: Service,
        commands: Commands,
        *,
        clock: Clock = utc_now,
        flood: Flood | None = None,
        albums: Albums | None = None,
    ) -> None:
        """Raises ValueError for a PRODUCT_PICTURE_URL that cannot be used. Needs TELEGRAM_BOT_TOKEN."""
        if settings.telegram_bot_token is None:
            raise TelegramRefused("TELEGRAM_BOT_TOKEN is missing: make a bot with @BotFather and write its token.")
        self._settings = settings
        self._database = database
        self._commands = commands
        request = AiohttpRequest()
        self._requests = (AiohttpRequest(), request)
        self.bot: ExtBot[Any] = ExtBot(
            settings.telegram_bot_token.get_secret_value(),
            base_url=f"{settings.telegram_api_url}/bot",
            base_file_url=f"{settings.telegram_api_url}/file/bot",
            request=request,
            get_updates_request=self._requests[0],
            rate_limiter=flood or Flood(),
        )
        moves, albums = Moves(database), albums or Albums()
        self._images = ProductImages(settings.product_picture_url)
        self._signs = Signs(self.bot)
        self._poster = Poster(self.bot, link_preview=settings.link_preview, moved=moves.move)
        self._background = Background(TelegramError, Unreachable)
        links = Links(product_url=settings.product_url, pictures=self._images.enabled)
        messenger = TelegramMessenger(
            self._poster, self._signs, Pictures(self._images), AlbumAnswers(albums, service), links
        )
        membership = Membership("telegram", settings.members_of, member_of(self.bot))
        presses = Presses(service, commands, membership.is_member)
        buttons = Buttons(self.bot, presses, self._poster, messenger, self._background)
        parts = Parts(
            bot=self.bot,
            service=service,
            commands=commands,
            database=database,
            membership=membership,
            albums=albums,
            moves=moves,
            poster=self._poster,
            background=self._background,
            buttons=buttons,
            clock=clock,
        )
        self._handlers = Handlers(parts)
        #: Updates that came in.
        self.received = 0
        #: What the core knows of Telegram.
        self.platform = Platform(photos=TelegramPhotos(self.bot, request), messenger=messenger)
        self._poller = Poller(
            self.bot,
            self._handle,
            allowed_updates=ALLOWED_UPDATES,
            pause_on=(DatabaseUnavailable,),
            on_conflict=self._tell("another_instance"),
            on_pause=self._tell("cannot_write"),
        )
        self._receive: Callable[[web.Request], Awaitable[web.Response]] | None = None
        self._stopping = asyncio.Event()
        self._running: asyncio.Future[None] | None = None

    @property
    def username(self) -> str:
        """The bot's @name, without the @; known once started."""
        return self.bot.username

    @property
    def address(self) -> str:
        """The t.me link; known once started."""
        return f"https://t.me/{self.username}"

    async def start(self) -> None:
        """Reach Telegram, and settle how updates come. Raises TelegramRefused, PlatformDown, with one sentence."""
        await self._reach()
        webhook, secret = self._settings.telegram_webhook_url, self._settings.telegram_webhook_secret
        if webhook is None or secret is None:
            await self._leave_webhook()
        else:
            await self._take_webhook(webhook.removesuffix(WEBHOOK_PATH) + WEBHOOK_PATH, secret.get_secret_value())
        self._background.later(self._set_up())

    async def _handle(self, update: Update) -> None:
        self.received += 1
        structlog.contextvars.clear_contextvars()  # updates of one chat come in one task
        await self._handlers.handle(update)

    async def _leave_webhook(self) -> None:
        """Polls are answered only where no webhook is set; what waits for one is kept."""
        try:
            await self.bot.delete_webhook()
        except TelegramError as error:
            # If there is one, the polls say so; a server that knows no webhooks needs none taken away.
            log.warning("webhook_not_deleted", error=error.message)

    async def _take_webhook(self, url: str, secret: str) -> None:
        self._receive = telegram_webhook(
            self._handle,
            self.bot,
            secret,
            pause_on=(DatabaseUnavailable,),
            on_pause=self._tell("cannot_write"),
        )
        try:
            await self.bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED_UPDATES)
        except TelegramError as error:
            raise TelegramRefused(f"Telegram does not take the webhook's settings: {error.message}.") from None

    async def run(self) -> None:
        """Receive until ``stop_receiving``. Raises TelegramRefused."""
        self._running = asyncio.get_running_loop().create_future()
        try:
            if self._receive is not None:
                await self._stopping.wait()
            elif not self._stopping.is_set():
                await self._poller.run()
        except InvalidToken:
            raise WrongToken from None
        except AnotherInstance as error:
            raise TelegramRefused("Another process receives the updates of this bot: stop that one first.") from error
        finally:
            self._running.set_result(None)

    async def stop_receiving(self) -> None:
        """Take nothing new; what was begun is finished and confirmed."""
        self._stopping.set()
        self._poller.stop()
        if self._running is not None:
            await asyncio.wait([self._running], timeout=_LAST_POLL)

    async def close(self) -> None:
        """Finish what is being sent, and close every connection."""
        await self._background.close()
        await self._signs.close()
        await self._images.aclose()
        await self.bot.shutdown()
        for request in self._requests:
            await request.shutdown()

    async def webhook(self, request: web.Request) -> web.Response:
        """The route at WEBHOOK_PATH; 404 where updates are polled."""
        if self._receive is None or self._stopping.is_set():
            return web.Response(status=404 if self._receive is None else 503)
        return await self._receive(request)

    @property
    def healthy(self) -> bool:
        """Whether updates come in: by polls that were answered lately, or by webhook."""
        if self._receive is not None:
            return True
        last = self._poller.last_poll
        return last is not None and not self._poller.paused and time.monotonic() - last < _SILENCE

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """Tell the operator's admins here in private; who cannot be reached is passed over. Never raises."""
        for admin in self._settings.admins:
            if admin.platform == PLATFORM:
                await self.show_admin(admin, await alert_for(admin, event, facts, self._database))

    async def show_admin(self, admin: Identity, card: Card) -> None:
        """Show a card to an admin in private. Never raises."""
        try:
            await self._poster.put(Place(chat=admin.user), card)
        except (TelegramError, Unreachable) as error:
            log.info("admin_not_told", error=type(error).__name__)
        except Exception:
            log.exception("admin_not_told")

    def _tell(self, event: str) -> Callable[[], Awaitable[None]]:
        async def tell() -> None:
            self._background.later(self.tell_admins(event, {}))

        return tell

    async def _reach(self) -> None:
        for pause in (*_START_PAUSES, None):
            try:
                await self.bot.initialize()
            except InvalidToken:
                raise WrongToken from None
            except TelegramError as error:
                if pause is None:
                    raise PlatformDown(f"Telegram cannot be reached: {error.message}. Is the network up?") from None
                log.warning("telegram_not_reached", error=error.message, seconds=pause)
                await asyncio.sleep(pause)
            else:
                return

    async def _set_up(self) -> None:
        try:
            if await set_up(self.bot, self._commands.all, self._settings.admins, self._database):
                log.debug("commands_told")
        except (TelegramError, DatabaseUnavailable) as error:
            log.warning("commands_not_told", error=type(error).__name__)
