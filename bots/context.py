"""What a command is given: who asks, where, and what it works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bots.cards import Card, Line, Tone
from bots.guesses import Guesses
from bots.wording import Words
from bots.wording import words as words_of
from core import chats
from core.clock import Clock
from core.database import Database
from core.keyapi.pacing import Breaker
from core.model import Identity
from core.policy import Policy
from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who sends a command, and where."""

    identity: Identity
    #: What the platform calls the person.
    name: str
    chat: str
    private: bool
    #: Whether the person administers this chat, as the platform says.
    chat_admin: bool = False
    #: The language of the person's app: a BCP 47 tag; empty where the platform does not say.
    language: str = ""
    #: The idempotency key of the message or press.
    event: str
    #: Whose message the command replies to.
    replied: Identity | None = None

    @property
    def platform(self) -> str:
        """The platform of the person and the chat."""
        return self.identity.platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What commands work with."""

    database: Database
    breaker: Breaker
    settings: Settings
    policy: Policy
    pepper: bytes
    clock: Clock
    #: Wrong codes, which anybody may try.
    guesses: Guesses = field(default_factory=Guesses)

    def is_admin(self, identity: Identity) -> bool:
        """Whether this is one of ADMINS: by id, asked anew for every command."""
        return identity in self.settings.admins

    async def words(self, asker: Asker) -> Words:
        """The sentences for a person: their own choice, the chat's, the client's language."""
        return words_of(await self.database.read(chats.language_for, asker.identity, asker.chat, asker.language))


#: What a command does. It may write; raises DatabaseUnavailable when it cannot, and then has done nothing.
Run = Callable[[Context, Asker, Words, str], Awaitable[Card]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command."""

    name: str
    run: Run
    #: Its name where a platform translates those: one word in lower case.
    #: One line for a platform's list of commands.
    description: Callable[[Words], str]
    #: Its name where a platform translates those: one word in lower case.
    title: Callable[[Words], str] | None = None
    #: Only ADMINS may use it.
    admin: bool = False
    #: A chat's own admins may use it there as well: what it shows then is of that chat alone.
    chat_admins: bool = False
    #: Listed in groups as well.
    groups: bool = False
    #: What it says is for the asker's eyes only.
    alone: bool = False


def said(*sentences: str, tone: Tone = Tone.NOTICE, heading: str = "") -> Card:
    """A card of plain lines."""
    return Card(tone=tone, heading=heading, lines=tuple(Line(sentence) for sentence in sentences))
