"""Telling Discord the commands: when they changed, since what is told counts against a limit of its own."""

import json
from hashlib import sha256
from typing import Final

import discord
import structlog

from bots.discord.commands import Tree
from bots.discord.translation import Translator
from core import facts
from core.database import Database

#: The fact that remembers what was told, and for which server.
_FACT: Final = "discord_setup"

log = structlog.get_logger(__name__)


async def register(tree: Tree, database: Database, server: str | None) -> bool:
    """Tell Discord the commands, if they changed since they were told last. True when they were told.

    Raises DiscordException, OSError, DatabaseUnavailable; then they are told anew at the next start.
    """
    translator = Translator()
    scopes = (None, discord.Object(int(server))) if server is not None else (None,)
    payloads = [
        [await command.get_translated_payload(tree, translator) for command in tree.get_commands(guild=scope)]
        for scope in scopes
    ]
    digest = sha256(json.dumps([tree.client.application_id, server, payloads]).encode()).hexdigest()
    told = (await database.read(facts.get, _FACT) or "").partition(" ")
    if told[0] == digest:
        return False
    await tree.set_translator(translator)
    if told[2] and told[2] != server:
        await _clear(tree, told[2])
    for scope in scopes:
        await tree.sync(guild=scope)
    await database.run(facts.put, _FACT, f"{digest} {server or ''}")
    return True


async def _clear(tree: Tree, server: str) -> None:
    """Commands for admins leave a server that is the operator's no more; the bot may have left it, too."""
    try:
        await tree.sync(guild=discord.Object(int(server)))
    except discord.DiscordException as error:
        log.info("old_commands_stay", error=type(error).__name__)
