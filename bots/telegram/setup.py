"""What Telegram shows of the bot beside its messages: lists of commands, descriptions. Told when it changed."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    MenuButtonCommands,
)
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bots.context import Command
from bots.wording import SOURCE, Words, languages
from bots.wording import words as words_of
from core import facts
from core.database import Database
from core.model import Identity

#: Bot API: setMyDescription 0-512, setMyShortDescription 0-120 characters.
MAX_DESCRIPTION: Final = 512
MAX_SHORT_DESCRIPTION: Final = 120
#: Bot API: BotCommand, description 1-256 characters.
MAX_COMMAND: Final = 256
#: Bot API: setMyCommands, language_code is "a two-letter ISO 639-1 language code".
_CODES: Final = {"fil": "tl"}
#: The fact that remembers what was told.
_FACT: Final = "telegram_setup"

log = structlog.get_logger(__name__)


async def set_up(bot: ExtBot[Any], commands: Sequence[Command], admins: Iterable[Identity], database: Database) -> bool:
    """Tell Telegram the commands and descriptions in every language, if they changed. True when they were told.

    What people may do does not hang on it. Raises TelegramError, DatabaseUnavailable; then it is told anew at the
    next start.
    """
    chats = sorted(admin.user for admin in admins if admin.platform == "telegram")
    texts = {tag: _texts(words_of(tag), commands) for tag in languages()}
    digest = sha256(json.dumps([bot.id, chats, texts]).encode()).hexdigest()
    if await database.read(facts.get, _FACT) == digest:
        return False
    for tag, text in texts.items():
        await _tell(bot, "" if tag == SOURCE else _CODES.get(tag, tag.split("-")[0]), text)
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    everything = _listed(texts[SOURCE]["all"])
    for chat in chats:
        try:
            await bot.set_my_commands(everything, scope=BotCommandScopeChat(int(chat)))
        except (TelegramError, ValueError) as error:
            # Until an admin has opened the chat with the bot there is none.
            log.info("admin_commands_not_listed", error=type(error).__name__)
    await database.run(facts.put, _FACT, digest)
    return True


def _texts(words: Words, commands: Sequence[Command]) -> dict[str, Any]:
    def listed(chosen: Iterable[Command]) -> list[tuple[str, str]]:
        return [(command.name, command.description(words)[:MAX_COMMAND]) for command in chosen]

    about = words(
        "Send me a photo of a thing, and I look for the closest products in TikTok Shop. Each search says what it cost."
    )
    return {
        "private": listed(command for command in commands if not command.admin),
        "groups": listed(command for command in commands if not command.admin and command.groups),
        "all": listed(commands),
        "description": about[:MAX_DESCRIPTION],
        "short": words("Photo in, TikTok Shop products out.")[:MAX_SHORT_DESCRIPTION],
    }


async def _tell(bot: ExtBot[Any], language: str, text: dict[str, Any]) -> None:
    """In one language; "" is for everybody whose language is not told."""
    scopes: tuple[tuple[str, BotCommandScope], ...] = (
        ("private", BotCommandScopeAllPrivateChats()),
        ("groups", BotCommandScopeAllGroupChats()),
    )
    for name, scope in scopes:
        await bot.set_my_commands(_listed(text[name]), scope=scope, language_code=language)
    await bot.set_my_description(text["description"], language_code=language)
    await bot.set_my_short_description(text["short"], language_code=language)


def _listed(commands: Iterable[tuple[str, str]]) -> list[BotCommand]:
    return [BotCommand(name, description) for name, description in commands]
