"""Discord, wired: the client, what it receives, what it shows; from start to close."""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
import discord
import structlog

from bots.albums import AlbumAnswers, Albums
from bots.alerts import alert_for
from bots.background import Background
from bots.cards import Card, Links
from bots.chat_app import PlatformDown, PlatformRefused
from bots.commands import Commands
from bots.discord.catch_up import CatchUp
from bots.discord.client import Events, SnapshopClient
from bots.discord.commands import SlashCommands
from bots.discord.finding import Finding
from bots.discord.handlers import Handlers
from bots.discord.incoming import PLATFORM
from bots.discord.invitation import invitation, personal_invitation
from bots.discord.locales import Locales
from bots.discord.members import member_of
from bots.discord.messages import DiscordMessenger, made_of
from bots.discord.outages import Outages
from bots.discord.parts import Parts
from bots.discord.photos import DiscordPhotos
from bots.discord.posting import Place, Poster
from bots.discord.presses import DiscordPresses
from bots.discord.quiet import Quiet
from bots.discord.registration import register
from bots.discord.taking import Taking
from bots.discord.thumbnails import Thumbnails
from bots.discord.tokens import Interactions
from bots.membership import Membership
from bots.product_images import ProductImages
from core.adapter import Platform, Unreachable
from core.clock import Clock, utc_now
from core.database import Database, DatabaseUnavailable
from core.model import Identity
from core.service import Service
from core.settings import Settings
from core.texts import clean

#: Seconds between the tries to reach Discord, at the start and after its gateway was not to be found.
_START_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
_LONGEST_PAUSE: Final = 60.0
#: Seconds after which a person is told that their search goes on: what takes longer than "is typing" looks broken.
_PATIENCE: Final = 1.5
#: Seconds until a connection that does not end is told again.
_SWALLOWED: Final = 0.5
#: Seconds that what has just come in has to be written down when the bot stops.
_LAST_EVENTS: Final = 5.0
#: Discord's documentation, "Gateway Close Event Codes": the token is not known (any more).
_WRONG_TOKEN: Final = 4004
#: Characters of what Discord says is wrong.
_REASON: Final = 100
#: What discord.py and what it stands on raise for calls that fail.
_FAILED: Final = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)

log = structlog.get_logger(__name__)


class DiscordRefused(PlatformRefused):
    """One sentence for the operator: why Discord cannot be used, and what to do."""


class WrongToken(DiscordRefused):
    """Discord does not know DISCORD_BOT_TOKEN: copy it again in the developer portal (Bot, Reset Token)."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class DiscordApp:
    """The Discord adapter of one process. ``start`` it before anything is shown, ``close`` it at the end."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        service: Service,
        commands: Commands,
        *,
        clock: Clock = utc_now,
    ) -> None:
        """Raises ValueError for a PRODUCT_PICTURE_URL that cannot be used. Needs DISCORD_BOT_TOKEN."""
        if settings.discord_bot_token is None:
            raise DiscordRefused("DISCORD_BOT_TOKEN is missing: make a bot in Discord's developer portal.")
        self._settings = settings
        self._database = database
        self.client = SnapshopClient()
        self._background = Background(*_FAILED, Unreachable)
        self._images = ProductImages(settings.product_picture_url)
        albums, quiet, interactions = Albums(), Quiet(), Interactions()
        thumbnails = Thumbnails(self._images)
        self._photos = DiscordPhotos(self.client, thumbnails)
        self._poster = Poster(self.client, interactions, quiet)
        messenger = DiscordMessenger(
            poster=self._poster,
            interactions=interactions,
            pictures=thumbnails,
            albums=AlbumAnswers(albums, service),
            links=Links(product_url=settings.product_url, pictures=self._images.enabled),
            photo_of=self._photos.small,
        )
        parts = Parts(
            client=self.client,
            settings=settings,
            service=service,
            commands=commands,
            database=database,
            membership=Membership(PLATFORM, settings.members_of, member_of(self.client)),
            interactions=interactions,
            messenger=messenger,
            locales=Locales(database),
            outages=Outages(self._tell_outage),
            taking=Taking(service, albums, self._background),
            background=self._background,
            clock=clock,
        )
        self._handlers = Handlers(parts, self._poster, self._photos)
        presses = DiscordPresses(parts)
        SlashCommands(parts, Finding(parts)).add_to(self.client.tree)
        self.client.events = Events(
            set_up=self._set_up,
            message=self._handlers.message,
            press=presses.press,
            form=presses.form,
            identified=CatchUp(self.client, database, quiet, self._handlers.message, clock=clock).shard,
        )
        #: What the core knows of Discord.
        self.platform = Platform(photos=self._photos, messenger=messenger, patience=_PATIENCE)
        self._stopping = asyncio.Event()
        self._running: asyncio.Future[None] | None = None

    @property
    def username(self) -> str:
        """The bot's name; known once started."""
        return self.client.user.name if self.client.user is not None else ""

    @property
    def address(self) -> str:
        """The address that adds it to a server, with exactly what it needs there; known once started."""
        return invitation(self.client.application_id) if self.client.application_id is not None else ""

    @property
    def received(self) -> int:
        """Events that came in."""
        return self.client.received

    @property
    def healthy(self) -> bool:
        """Whether events come in."""
        return self.client.connected

    async def start(self) -> None:
        """Reach Discord. Raises DiscordRefused, PlatformDown, with one sentence."""
        for pause in (*_START_PAUSES, None):
            try:
                await self._log_in()
                break
            except _FAILED as error:
                if pause is None:
                    raise PlatformDown(f"Discord cannot be reached: {_reason(error)}. Is the network up?") from None
                log.warning("discord_not_reached", error=_reason(error), seconds=pause)
                await asyncio.sleep(pause)
        if self._settings.discord_user_install and self.client.application_id is not None:
            log.info("people add it to themselves", address=personal_invitation(self.client.application_id))

    async def run(self) -> None:
        """Receive until ``stop_receiving``. Raises DiscordRefused."""
        self._running = asyncio.get_running_loop().create_future()
        stopped = asyncio.create_task(self._stopping.wait())
        receiving = asyncio.create_task(self._receive())
        try:
            await asyncio.wait([stopped, receiving], return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                receiving.result()
        finally:
            stopped.cancel()
            while not receiving.done():
                # discord.py, Shard.reidentify: a cancellation while a shard connects again is swallowed.
                receiving.cancel()
                await asyncio.wait([receiving], timeout=_SWALLOWED)
            self._running.set_result(None)

    async def stop_receiving(self) -> None:
        """Take nothing new; what has come in is written down."""
        self._stopping.set()
        if self._running is not None:
            await self._running
        await self.client.disconnect()
        await self._handlers.close()
        await self.client.handled(_LAST_EVENTS)

    async def close(self) -> None:
        """Finish what is being sent, and close every connection."""
        await self._background.close()
        await self._images.aclose()
        await self._photos.close()
        if self.client.user is not None:
            await self.client.close()

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """Tell the operator's admins here in private; who cannot be reached is passed over. Never raises."""
        for admin in self._settings.admins:
            if admin.platform == PLATFORM:
                await self.show_admin(admin, await alert_for(admin, event, facts, self._database))

    async def show_admin(self, admin: Identity, card: Card) -> None:
        """Show a card to an admin in private. Never raises."""
        try:
            channel = await self.client.create_dm(discord.Object(int(admin.user)))
            await self._poster.put(Place(chat=str(channel.id)), made_of(card))
        except (*_FAILED, Unreachable) as error:
            log.info("admin_not_told", error=type(error).__name__)
        except Exception:
            log.exception("admin_not_told")

    def _tell_outage(self) -> None:
        self._background.later(self.tell_admins("cannot_write", {}))

    async def _log_in(self) -> None:
        token = self._settings.discord_bot_token
        assert token is not None, "the constructor looked"
        try:
            await self.client.login(token.get_secret_value())
        except discord.LoginFailure:
            await self.client.http.close()
            raise WrongToken from None
        except _FAILED:
            # Another try opens a session of its own.
            await self.client.http.close()
            self.client.http.connector = discord.utils.MISSING
            raise

    async def _receive(self) -> None:
        """Receive for ever; discord.py connects again by itself, once it has found the gateway."""
        pauses = iter(_START_PAUSES)
        while True:
            try:
                await self.client.connect()
            except discord.ConnectionClosed as error:
                if error.code == _WRONG_TOKEN:
                    raise WrongToken from None
                raise _broken(f"code {error.code}") from None
            except _FAILED as error:
                if self.client.is_closed():
                    raise _broken(_reason(error)) from None
                pause = next(pauses, _LONGEST_PAUSE)
                log.warning("gateway_not_found", error=_reason(error), seconds=pause)
                await asyncio.sleep(pause)
            except Exception as error:
                log.exception("gateway_failed")
                raise _broken(type(error).__name__) from None
            else:
                return

    async def _set_up(self) -> None:
        self._background.later(self._register())

    async def _register(self) -> None:
        """Tell Discord the commands; without them, photos in messages are answered all the same."""
        try:
            if await register(self.client.tree, self._database, self._settings.discord_guild):
                log.debug("commands_told")
        except (*_FAILED, DatabaseUnavailable) as error:
            log.warning("commands_not_told", error=_reason(error))


def _broken(why: str) -> DiscordRefused:
    """Discord does not take this connection any more, and a new one from this process neither."""
    return DiscordRefused(f"Discord has ended the connection for good ({why}): start the bot again.")


def _reason(error: BaseException) -> str:
    """A short reason without addresses."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status} {clean(error.text, _REASON)}".strip()
    return type(error).__name__
