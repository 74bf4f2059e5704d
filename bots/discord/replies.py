"""How an interaction is taken up, and what is told to nobody but who asked."""

from io import BytesIO
from typing import Any

import discord
import structlog

from bots.cards import Card
from bots.discord.layout import sheet_of

log = structlog.get_logger(__name__)


async def begin(interaction: discord.Interaction[Any], *, alone: bool = False, thinking: bool = False) -> bool:
    """Tell Discord within its 3 s that an answer comes; False where it is too late for one.

    ``thinking``: the answer is a message of its own, and ``alone``: for who asked; a press without it changes the
    message that it is under.
    """
    try:
        await interaction.response.defer(ephemeral=alone, thinking=thinking)
    except (discord.DiscordException, OSError) as error:
        log.warning("too_late_to_answer", error=type(error).__name__)
        return False
    return True


async def tell(interaction: discord.Interaction[Any], card: Card) -> None:
    """Show a card to nobody but who asked; never raises, since the interaction may have run out."""
    sheet = sheet_of(card)
    try:
        if interaction.response.is_done():
            await interaction.followup.send(view=sheet.view, files=sheet.files, ephemeral=True)
        else:
            await interaction.response.send_message(view=sheet.view, files=sheet.files, ephemeral=True)
    except (discord.DiscordException, OSError) as error:
        log.info("not_told", error=type(error).__name__)


async def hand(interaction: discord.Interaction[Any], name: str, data: bytes) -> None:
    """Give a file to nobody but who asked. Raises DiscordException, OSError."""
    await interaction.followup.send(file=discord.File(BytesIO(data), name), ephemeral=True)
