"""Who and what there is: people, places, files, messages, interactions."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from PIL import Image, UnidentifiedImageError

from tests.discord_lab.errors import Json

EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15  # Discord API: Message Flags
COMMAND, COMPONENT, AUTOCOMPLETE, FORM = 2, 3, 4, 5  # Discord API: Interaction Types
ROW, BUTTON, SELECT, TEXT_INPUT, SECTION, TEXT = 1, 2, 3, 4, 9, 10  # Discord API: Component Types
THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 11, 12, 13, 14, 17, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of Discord; the bot is one too."""

    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False

    @property
    def mention(self) -> str:
        """How one writes them into a message."""
        return f"<@{self.id}>"


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server."""

    id: int
    name: str
    members: set[int]
    admins: set[int]
    locale: str = "en-US"
    bot: bool = True  #: False: the bot is here only for those who have installed it for themselves


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channel:
    """A text channel of a server, or the direct messages between one person and the bot."""

    id: int
    name: str
    guild: Guild | None = None
    person: Person | None = None  #: of direct messages


@dataclass(slots=True, kw_only=True, eq=False)
class File:
    """A file that somebody has uploaded, and its link, which expires."""

    id: int
    channel: int
    name: str
    content: bytes = field(repr=False)
    mime: str
    description: str | None = None
    generation: int = 1  #: links with another are dead
    size: tuple[int, int] | None = None  #: width and height of a picture

    def __post_init__(self) -> None:
        if self.mime.startswith("image/"):
            try:
                with Image.open(io.BytesIO(self.content)) as picture:
                    self.size = picture.size
            except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
                self.size = None


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """A message as it stands now."""

    id: int
    channel: Channel
    author: Person
    at: float  #: seconds of the world's clock
    content: str = ""
    components: list[Json] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    flags: int = 0
    mentions: list[int] = field(default_factory=list)
    reply_to: int | None = None
    snapshot: list[File] = field(default_factory=list)  #: a forward: the pictures of what was forwarded
    only_for: int | None = None  #: ephemeral: the one person who sees it
    nonce: str | None = None
    edited_at: float | None = None
    interaction: "Interaction | None" = None  #: what it answers
    deleted: bool = False

    @property
    def v2(self) -> bool:
        """Whether it is made of components alone."""
        return bool(self.flags & COMPONENTS_V2)

    @property
    def loading(self) -> bool:
        """Whether people see "… is thinking"."""
        return bool(self.flags & LOADING)

    @property
    def text(self) -> str:
        """All words in it, from top to bottom."""
        return "\n".join([self.content] * bool(self.content) + texts(self.components))

    @property
    def controls(self) -> dict[str, Json]:
        """Buttons and menus by their custom_id."""
        return {part["custom_id"]: part for part in walk(self.components) if "custom_id" in part}

    @property
    def links(self) -> dict[str, str]:
        """Addresses of the link buttons by label (or emoji)."""
        found = [part for part in walk(self.components) if part["type"] == BUTTON and "url" in part]
        return {part.get("label") or part["emoji"]["name"]: part["url"] for part in found}


@dataclass(slots=True, kw_only=True, eq=False)
class Interaction:
    """A command, press, choice, or form, and what the bot has answered so far."""

    id: int
    token: str
    kind: int  #: COMMAND, COMPONENT, AUTOCOMPLETE, FORM
    person: Person
    channel: Channel
    at: float  #: seconds of the world's clock
    message: Message | None = None  #: what the pressed control is part of
    files: list[File] = field(default_factory=list)  #: uploaded with the command
    answered: int | None = None  #: Discord API: Interaction Callback Type; None: not yet
    response: Message | None = None  #: "@original"
    follow_ups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)  #: of autocomplete
    form: Json | None = None  #: the modal that it opened

    @property
    def acknowledged(self) -> bool:
        """False: the person reads "The application did not respond"."""
        return self.answered is not None


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Every component, the nested ones too, from top to bottom."""
    for part in components:
        yield part
        nested = [part[key] for key in ("accessory", "component") if key in part]
        yield from walk([*part.get("components", ()), *nested])


def texts(components: Iterable[Json]) -> list[str]:
    """The texts of all text displays."""
    return [part["content"] for part in walk(components) if part["type"] == TEXT]


def media(part: Json) -> list[Json]:
    """The media items of one component: {"url": …}."""
    if part["type"] == GALLERY:
        return [item["media"] for item in part["items"]]
    return [part[key] for key in ("media", "file") if key in part]
