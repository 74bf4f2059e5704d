"""Signs that a photo is being worked on: "typing…" in a private chat, eyes on the photo in a group."""

import asyncio
from typing import Any, Final

import structlog
from telegram.constants import ChatAction, ReactionEmoji
from telegram.error import TelegramError
from telegram.ext import ExtBot

from core.model import Origin

#: Bot API: sendChatAction, "the status is set for 5 seconds or less".
_AGAIN_AFTER: Final = 4.5
#: A sign ends by itself after so many (four and a half minutes): no search takes longer.
_LONGEST: Final = 60

log = structlog.get_logger(__name__)


class Signs:
    """The signs that are shown at the moment: one for a chat, however many photos are worked on in it."""

    def __init__(self, bot: ExtBot[Any]) -> None:
        self._bot = bot
        #: The private chats of searches that are under way.
        self._chats: dict[str, str] = {}
        self._typing: dict[str, asyncio.Task[None]] = {}
        self._eyes: set[asyncio.Task[None]] = set()

    def show(self, search: str, origin: Origin) -> None:
        """Begin to show that this search is under way; never waits, never raises."""
        if origin.private:
            self._chats[search] = origin.chat
            if origin.chat not in self._typing:
                self._typing[origin.chat] = asyncio.create_task(self._type(origin.chat), name=f"sign {search}")
        elif origin.message is not None and origin.answer is None:
            looking = asyncio.create_task(self._look(origin.chat, int(origin.message)), name=f"sign {search}")
            self._eyes.add(looking)
            looking.add_done_callback(self._eyes.discard)

    def end(self, search: str) -> None:
        """The search has been told. Eyes stay where they are: taking them off would be one call more."""
        chat = self._chats.pop(search, None)
        if chat is not None and chat not in self._chats.values() and (task := self._typing.pop(chat, None)):
            task.cancel()

    async def close(self) -> None:
        """End all of them."""
        tasks = [*self._typing.values(), *self._eyes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _type(self, chat: str) -> None:
        for _ in range(_LONGEST):
            try:
                await self._bot.send_chat_action(chat, ChatAction.TYPING)
            except TelegramError as error:
                log.debug("sign_not_shown", reason=error.message)
                break
            await asyncio.sleep(_AGAIN_AFTER)
        self._typing.pop(chat, None)

    async def _look(self, chat: str, message: int) -> None:
        try:
            await self._bot.set_message_reaction(chat, message, ReactionEmoji.EYES)
        except TelegramError as error:  # a group may allow no reactions, or not these
            log.debug("sign_not_shown", reason=error.message)
