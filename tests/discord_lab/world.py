"""The state of the local Discord, and what a test sets up in it."""

import asyncio
import mimetypes
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.discord_lab.errors import Json
from tests.discord_lab.records import Channel, File, Guild, Interaction, Message, Person

Upload = bytes | tuple[str, bytes]  #: a file, with a name or as "photo.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of the bot and how it ended."""

    route: str  #: as in the documentation: "POST /channels/{channel}/messages"
    path: str
    body: Json
    files: dict[str, int]  #: name of an uploaded file -> bytes
    status: int


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody's phone rings."""

    message: int
    target: str  #: "11" (a person), "role 5", "everyone", "here"


@dataclass(slots=True, kw_only=True)
class DiscordWorld:
    """People, places and what has been said; also everything that the bot did wrong."""

    token: str = "lab.token.of-the-bot"  #: of no real account
    url: str = ""  #: the root under which the lab is served
    clock: Callable[[], float] = time.time  #: seconds since 1970
    bot: Person = field(default_factory=lambda: Person(id=100_000, name="Snapshop", bot=True))
    people: dict[int, Person] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    files: dict[int, File] = field(default_factory=dict)
    interactions: dict[int, Interaction] = field(default_factory=dict)
    commands: dict[int | None, list[Json]] = field(default_factory=dict)  #: by guild; None: everywhere
    typing: Counter[int] = field(default_factory=Counter)  #: how often "… is typing" was shown, by channel
    mentioned: list[Mention] = field(default_factory=list)  #: whom the bot's messages have pinged
    violations: list[str] = field(default_factory=list)  #: what Discord would have refused the bot for
    calls: list[Call] = field(default_factory=list)
    tell: Callable[[str, Json], None] = field(default=lambda _event, _data: None)  #: an event to the gateway
    _serial: int = 0
    _change: asyncio.Event = field(default_factory=asyncio.Event)

    # --- what a test sets up
    def person(self, number: int, name: str = "Ann", *, locale: str = "en-US") -> Person:
        """Somebody with an account."""
        person = self.people[number] = Person(id=number, name=name, locale=locale)
        return person

    def guild(
        self,
        number: int,
        name: str,
        members: Iterable[Person],
        *,
        admins: Iterable[Person] = (),
        locale: str = "en-US",
        bot: bool = True,
    ) -> Guild:
        """A server; admins are members too. `bot=False`: the bot is not a member."""
        leading = {person.id for person in admins}
        joined = {person.id for person in members} | leading
        guild = Guild(id=number, name=name, members=joined, admins=leading, locale=locale, bot=bot)
        self.guilds[number] = guild
        return guild

    def channel(self, number: int, guild: Guild, name: str = "general") -> Channel:
        """A text channel that all members see."""
        channel = self.channels[number] = Channel(id=number, name=name, guild=guild)
        return channel

    def dm(self, person: Person) -> Channel:
        """The direct messages between a person and the bot; always the same."""
        for channel in self.channels.values():
            if channel.person == person:
                return channel
        number = self.new_id()
        channel = self.channels[number] = Channel(id=number, name="", person=person)
        return channel

    def expire(self, files: Iterable[File]) -> None:
        """The links that were handed out are dead; a message fetched anew has new ones."""
        for file in files:
            file.generation += 1

    # --- what happens in it
    def new_id(self) -> int:
        """A snowflake of now: 42 bits of ms since 2015, then a serial number (Discord API: Reference, Snowflakes)."""
        self._serial += 1
        return (int(self.clock() * 1000) - 1_420_070_400_000) << 22 | self._serial

    def upload(self, channel: int, upload: Upload, *, description: str | None = None) -> File:
        """Keep a file that somebody has uploaded."""
        name, content = upload if isinstance(upload, tuple) else ("photo.jpg", upload)
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        number = self.new_id()
        self.files[number] = file = File(
            id=number, channel=channel, name=name, content=content, mime=mime, description=description
        )
        return file

    def everyone(self) -> dict[int, Person]:
        """All accounts by number, the bot's too."""
        return self.people | {self.bot.id: self.bot}

    def changed(self) -> None:
        """Wake whoever waits for something to happen."""
        self._change.set()
        self._change = asyncio.Event()

    async def change(self) -> None:
        """Wait for the next thing that happens."""
        await self._change.wait()
