"""Who may search, where MEMBERS_OF names Telegram chats: asked of Telegram, remembered for a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from telegram import ChatMember, ChatMemberRestricted
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

from core.model import Identity

#: Seconds that "is a member" is remembered, and "is not": whoever just joined should not wait long.
REMEMBERED: Final = 6 * 3600.0
REMEMBERED_NOT: Final = 60.0
#: People remembered.
_KEPT: Final = 10_000
#: Seconds for one question; a handler has 10 for everything.
_TIMEOUT: Final = 4.0
#: How Telegram says that somebody was never in a chat (Bot API: getChatMember).
_STRANGER: Final = ("participant_id_invalid", "user not found", "user_not_participant", "member not found")
_MEMBERS: Final = (ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    member: bool
    until: float


class Membership:
    """Whether people are members of one of the operator's chats. Without places everybody is."""

    def __init__(
        self,
        bot: ExtBot[Any],
        places: Sequence[Identity],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``places`` are all of MEMBERS_OF: nobody is a member here where only other platforms are named."""
        self._bot = bot
        self._open = not places
        self._chats = [place.user for place in places if place.platform == "telegram"]
        self._clock = clock
        self._known: OrderedDict[int, _Known] = OrderedDict()

    async def is_member(self, user: int) -> bool:
        """Whether this person may search. Where Telegram cannot be asked, what was known last; else no."""
        if self._open:
            return True
        known, now = self._known.get(user), self._clock()
        if known and now < known.until:
            return known.member
        answers = await asyncio.gather(*(self._is_in(chat, user) for chat in self._chats))
        if True not in answers and None in answers:
            return known.member if known else False
        member = True in answers
        self._known[user] = _Known(member, now + (REMEMBERED if member else REMEMBERED_NOT))
        self._known.move_to_end(user)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return member

    async def _is_in(self, chat: str, user: int) -> bool | None:
        """None: Telegram did not say."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                found = await self._bot.get_chat_member(chat, user)
        except (TelegramError, TimeoutError) as error:
            reason = error.message if isinstance(error, TelegramError) else "timeout"
            if isinstance(error, BadRequest) and any(word in reason.lower() for word in _STRANGER):
                return False
            log.warning("membership_unknown", place=chat, error=type(error).__name__, reason=reason)
            return None
        if isinstance(found, ChatMemberRestricted):
            return found.is_member
        return found.status in _MEMBERS
