"""Who is in a Telegram chat, and who administers one: asked of Telegram."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from telegram import Chat, ChatMember, ChatMemberRestricted
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

#: Seconds for one question; a handler has 10 for everything.
_TIMEOUT: Final = 4.0
#: How Telegram says that somebody was never in a chat (Bot API: getChatMember).
_STRANGER: Final = ("participant_id_invalid", "user not found", "user_not_participant", "member not found")
_ADMINS: Final = (ChatMember.OWNER, ChatMember.ADMINISTRATOR)
_MEMBERS: Final = (*_ADMINS, ChatMember.MEMBER)

log = structlog.get_logger(__name__)


def member_of(bot: ExtBot[Any]) -> Callable[[str, str], Awaitable[bool | None]]:
    """What asks whether a person is in a chat: yes, no, or None where Telegram does not say."""

    async def is_in(chat: str, user: str) -> bool | None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                found = await bot.get_chat_member(chat, int(user))
        except (TelegramError, TimeoutError) as error:
            reason = error.message if isinstance(error, TelegramError) else "timeout"
            if isinstance(error, BadRequest) and any(word in reason.lower() for word in _STRANGER):
                return False
            log.warning("membership_unknown", place=chat, error=type(error).__name__, reason=reason)
            return None
        if isinstance(found, ChatMemberRestricted):
            return found.is_member
        return found.status in _MEMBERS

    return is_in


async def is_chat_admin(bot: ExtBot[Any], chat: Chat, user: int) -> bool:
    """Whether a person administers a group; False where Telegram cannot be asked."""
    if chat.type == Chat.PRIVATE:
        return False
    try:
        member = await bot.get_chat_member(chat.id, user)
    except TelegramError as error:
        log.info("chat_admin_unknown", error=type(error).__name__)
        return False
    return member.status in _ADMINS
