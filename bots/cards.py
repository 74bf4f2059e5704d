"""What a person is shown: what is said, what it cost, and what can be pressed; the same on every platform."""

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What kind of news a card is: platforms may colour it."""

    ANSWER = "answer"
    #: Work goes on.
    QUIET = "quiet"
    #: Nothing found, no credits, not a usable photo: said kindly.
    NOTICE = "notice"
    ERROR = "error"


class Press(StrEnum):
    """What pressing a button asks for."""

    #: What of a stored answer is on screen; argument: a View.
    PAGE = "page"
    #: A button that only shows something.
    NOOP = "noop"
    #: The list of markets.
    MARKET = "market"
    #: The same photo in another market; argument: its code or ANY_MARKET.
    IN = "in"
    #: The list of markets that occur in an answer, to see one of them only.
    ONLY = "only"
    #: Asks for a word that names in the answer must contain.
    CONTAINING = "containing"
    #: The whole answer as a file.
    FILE = "file"
    #: The same photo again.
    RETRY = "retry"
    #: The same photo again, past the stored answer.
    FRESH = "fresh"
    #: The same photo with the words just written; argument: those, where a button can carry them.
    WORDS = "words"
    #: The other photos of the album.
    ALBUM = "album"
    #: One's own market, and that of everyone in a chat; argument: a code, ANY_MARKET, or empty for none.
    REGION = "region"
    REGION_ALL = "region_all"
    #: The language one is answered in, and that of everyone in a chat; argument: its tag, or empty for the app's own.
    LANGUAGE = "language"
    LANGUAGE_ALL = "language_all"
    #: What is set for everyone in a chat; argument: which of its lists to open, or empty for all of it.
    SETTINGS = "settings"
    #: Forget me: pressed means sure.
    FORGET = "forget"
    #: Whether an answer was useful; argument: + or -.
    VOTE = "vote"
    #: The usage report; argument: its period, and what of it.
    USAGE = "usage"
    #: Credits a day for everyone in a chat; argument: a number, or "none".
    CHAT_LIMIT = "chat_limit"


@dataclass(frozen=True, slots=True)
class Action:
    """One button: it asks for ``name``, a ``Press``."""

    label: str
    name: str
    _: KW_ONLY
    #: The search it is about: the id of a journal row.
    search: str = ""
    argument: str = ""
    #: What it is called where buttons stand side by side on a phone; empty: as everywhere.
    short: str = ""
    #: True: it is what is on screen already.
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Buttons of which one is chosen: a menu where the platform has menus."""

    #: What is chosen.
    label: str
    options: tuple[Action, ...]
    #: Where there are no menus: the button that lists them; None: they are listed at once.
    opens: Action | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card."""

    text: str
    _: KW_ONLY
    #: Where the text leads: an https address.
    link: str | None = None
    #: Its number in a list that goes on over pages.
    number: int | None = None
    #: The emoji flag after it, and the name of the market that it is of.
    flag: str = ""
    place: str = ""
    #: What else there is to know of it, in a few words.
    note: str = ""
    #: What can be pressed about this line alone.
    more: Action | None = None
    #: True: the text comes from outside and is shown as it is; else `backticks` make code of their inside.
    name: bool = False
    #: True: it stands below the card's chart, where that can stand between lines.
    below_chart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The picture of the product with this number; bucket and key are empty where the product has none."""

    number: int
    bucket: str
    key: str
    product_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file."""

    name: str
    data: bytes
    #: What hands it out, where a message cannot hold a chart and a file.
    action: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a person is shown."""

    tone: Tone
    #: A title; empty where one sentence says it all.
    heading: str = ""
    #: What the heading is about (market, hint); may hold text from outside.
    facts: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    #: One line for those who see this for the first time.
    help: str = ""
    #: What it cost, what is left, when more comes.
    receipt: str = ""
    rows: tuple[tuple[Action, ...], ...] = ()
    choices: tuple[Choice, ...] = ()
    #: What a button is called that opens a line's link.
    opening: str = ""
    #: One for every numbered line, or none at all.
    pictures: tuple[Picture, ...] = ()
    #: The link whose preview may be shown.
    preview: str | None = None
    #: A PNG of numbers, and those in words for who does not see it.
    chart: bytes | None = None
    alt: str = ""
    #: What belongs to the card; one without lines and chart is nothing but its document.
    document: Document | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What the operator configured about products."""

    #: PRODUCT_URL: the address of a product, with {id}, {region}, {locale}.
    product_url: str
    #: Whether pictures of products can be had.
    pictures: bool
