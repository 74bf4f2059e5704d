"""What everything that comes in works with."""

from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import structlog

from bots.background import Background
from bots.cards import Card
from bots.commands import Commands
from bots.context import Asker
from bots.discord.locales import Locales
from bots.discord.messages import DiscordMessenger
from bots.discord.outages import Outages
from bots.discord.taking import Taking
from bots.discord.tokens import Interactions
from bots.membership import Membership
from bots.wording import Words
from bots.wording import words as words_of
from core.adapter import Unreachable
from core.clock import Clock
from core.database import Database, DatabaseUnavailable
from core.service import Service
from core.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Built once in ``app.py``."""

    client: discord.Client
    settings: Settings
    service: Service
    commands: Commands
    database: Database
    membership: Membership
    interactions: Interactions
    messenger: DiscordMessenger
    locales: Locales
    outages: Outages
    taking: Taking
    background: Background
    clock: Clock

    async def show(self, interaction: discord.Interaction[Any], card: Card) -> None:
        """Answer a command with a card; who has left meanwhile is not told."""
        try:
            await self.messenger.show_card(interaction, card, theirs=True)
        except (Unreachable, discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("command_not_answered", error=type(error).__name__)

    async def words(self, asker: Asker) -> Words:
        """The sentences for a person; while the database is away, in the language of their app."""
        try:
            return await self.commands.context.words(asker)
        except DatabaseUnavailable:
            return words_of(asker.language)
