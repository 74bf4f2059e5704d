"""A press of a button of ours: whose message it is under, and which search it is about."""

from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Message

from bots.context import Asker
from bots.telegram import incoming
from bots.telegram.incoming import PLATFORM
from bots.telegram.layout import Button
from bots.telegram.posting import Place
from core.model import HINT_LIMIT
from core.searches import Search
from core.service import Service
from core.texts import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A press of a button of ours."""

    query: CallbackQuery
    button: Button
    chat: Chat
    #: The message's number: all that is left of a message that is too old to be handed out.
    number: str
    #: The message, where Telegram hands it out.
    message: Message | None

    @property
    def event(self) -> str:
        """The idempotency key of the press."""
        return f"{PLATFORM}:callback:{self.query.id}"

    @property
    def asker(self) -> Asker:
        """Who pressed."""
        return incoming.asker_of(self.query.from_user, self.chat, self.event)

    @property
    def place(self) -> Place:
        """The message itself, to be edited."""
        return Place(chat=str(self.chat.id), message=self.number)

    @property
    def is_owner(self) -> bool:
        """Whether the message answers one of the presser's own; in a private chat all are."""
        if self.chat.type == Chat.PRIVATE:
            return True
        asked = self.message.reply_to_message if self.message else None
        return bool(asked and asked.from_user and asked.from_user.id == self.query.from_user.id)


async def usable(service: Service, search_id: str, chat: Chat) -> Search | None:
    """The search behind a button in this chat; None where it was forgotten, or never was one of this chat's."""
    search = await service.search(search_id)
    if search is None or not search.origin.photo:
        return None
    here = (search.origin.platform, search.origin.chat) == (PLATFORM, str(chat.id))
    return search if here else None


def offered_words(pressed: Pressed) -> str | None:
    """The words that the pressed offer is about: they stand in its last line, which only the bot can write.

    None where the message is no such offer (the press is forged), or is not handed out any more.
    """
    message = pressed.message
    if message is None or not message.text or pressed.button not in incoming.buttons_of(message):
        return None
    return clean(message.text.rpartition("\n")[2], HINT_LIMIT) or None
