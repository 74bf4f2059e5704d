"""The words of Snapshop: queries in, outcomes out."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.views import WHOLE, View

#: Ids are 64-bit numbers on both platforms; Telegram's of groups are below zero.
_IDENTITY = re.compile(r"(telegram|discord):(-?[1-9][0-9]{0,19})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Someone on a platform: what an operator writes as ``telegram:123``."""

    platform: str
    user: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.user}"

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Read ``telegram:123`` or ``discord:456``. Raises ValueError on anything else."""
        found = _IDENTITY.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text[:60]!r} is not a person: write it as telegram:123 or discord:456")
        return cls(platform=found[1].lower(), user=found[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a query came from and where its answer goes."""

    platform: str
    chat: str
    #: A topic inside the chat, where the platform has them.
    thread: str | None = None
    #: The message that the answer replies to.
    message: str | None = None
    #: True in a private chat with one person.
    private: bool = True
    #: The idempotency key of the event; two deliveries of one event share it.
    event: str
    #: How the platform loads the photo again (a file id, a message id); opaque to the core.
    photo: str
    #: The platform's own stable name of the file: the same file is known again without a download.
    file: str | None = None
    #: Photos sent together share it; the first one is searched, the others are offered.
    album: str | None = None
    #: The message that shows the answer, once there is one: it is edited, never sent again.
    answer: str | None = None
    #: The language of the answer: a BCP 47 tag. Of an event: that of the person's app; empty where it does not say.
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoQuery:
    """One photo from one person."""

    origin: Origin
    person: Identity
    #: What the platform calls the person: for reports, cleaned before it is shown.
    name: str = ""
    #: Words that steer the search, cleaned, at most HINT_LIMIT characters; None for none.
    hint: str | None = None
    #: A market for this search only: a code, ANY_MARKET, or None for the person's or chat's own.
    region: str | None = None
    #: When the photo was sent, by the platform's clock (UTC).
    sent_at: datetime
    #: False where MEMBERS_OF names places and the person is in none of them.
    member: bool = True
    #: True where the person pressed a button that says what it costs: never stale, never offered.
    asked_for: bool = False
    #: True for "Search afresh": stored answers are not used.
    fresh: bool = False
    #: Bytes that the platform announced for the file; None when it did not.
    size: int | None = None


#: Characters of words that are sent along; what the endpoint takes is not published (docs/promises.md, threat 26).
HINT_LIMIT = 100
#: "Any market": the endpoint is asked without a region.
ANY_MARKET = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One product in an answer, in the endpoint's order."""

    id: str
    name: str
    #: The market it is sold in, an upper-case ISO code, or None where the endpoint did not say.
    region: str | None = None
    #: Bucket and key of its picture, for PRODUCT_PICTURE_URL; never an address that a client can open.
    picture: tuple[str, str] | None = None


class Charge(StrEnum):
    """What an outcome cost its person."""

    PAID = "paid"
    #: Free: this question was answered before.
    STORED = "stored"
    #: Free: somebody asked the same at the same moment.
    SHARED = "shared"
    #: Nothing was charged because nothing was answered.
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What it cost, what is left, and what comes back."""

    charge: Charge
    #: Credits left after this.
    balance: int
    #: The balance goes back to this many credits (the monthly allowance) …
    allowance: int
    #: … on this day (UTC).
    renews_on: date


class Problem(StrEnum):
    """Why a photo could not be used. Nothing is charged for any of them."""

    #: The bytes are not a picture.
    NOT_A_PICTURE = "not_a_picture"
    #: A picture of a kind that is not taken (SVG, TIFF, video …).
    UNSUPPORTED = "unsupported"
    #: Broken, cut off, or a decoder gave up on it.
    BROKEN = "broken"
    #: More bytes than the platform hands out.
    TOO_LARGE = "too_large"
    #: More pixels than are decoded.
    TOO_MANY_PIXELS = "too_many_pixels"
    #: Its short side is under 100 px.
    TOO_SMALL = "too_small"
    #: One colour: nothing to look for.
    BLANK = "blank"
    #: The platform no longer has it, or it did not arrive.
    UNFETCHED = "unfetched"


class Limit(StrEnum):
    """Which of the operator's limits was reached."""

    MONTH = "month"
    DAY = "day"
    CHAT = "chat"
    NEW_ACCOUNT = "new_account"


class Wait(StrEnum):
    """Why a query was not taken."""

    #: Its own wait in the queue would be longer than QUEUE_WAIT.
    QUEUE = "queue"
    #: This person has too many photos waiting.
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The closest products, all that were found; ``view`` is what of them is on screen."""

    search: str
    matches: tuple[Match, ...]
    region: str | None
    hint: str | None
    receipt: Receipt
    #: How many other photos of the album can be searched as well.
    offered: int = 0
    view: View = WHOLE
    #: The person's first answer ever: it carries one line of help.
    first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingFound:
    """The endpoint answered, with no product."""

    search: str
    region: str | None
    hint: str | None
    receipt: Receipt
    offered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCredits:
    """The person has no credit left."""

    search: str
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSpent:
    """The operator's limit is reached; the person's own credits are untouched."""

    search: str
    limit: Limit
    #: When searching goes on (UTC).
    until: datetime
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersOnly:
    """Only members of the places in MEMBERS_OF may search."""

    search: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """An admin blocked this person or this chat."""

    search: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The photo could not be used; not charged."""

    search: str
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Too many are waiting; not charged."""

    search: str
    wait: Wait
    #: Seconds after which it is worth trying again.
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """An admin paused searching; not charged."""

    search: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The endpoint was asked and no answer came: the operator may have paid, the person has not."""

    search: str
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """The endpoint cannot be asked at the moment; certainly not charged."""

    search: str
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Sent long ago while the bot was away: not searched unasked."""

    search: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """The stored answer is gone (retention, /forget), or the button belongs to nobody here."""

    search: str


Outcome = (
    Found
    | NothingFound
    | NoCredits
    | BudgetSpent
    | MembersOnly
    | Blocked
    | Unreadable
    | Busy
    | Paused
    | Lost
    | Unavailable
    | Stale
    | Expired
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Not an outcome: the search goes on. Shown quietly (a typing sign) or as a message that becomes the answer."""

    search: str
    #: Searches of others before this one, and about how long they take; both 0 when it is this one's turn.
    before: int = 0
    seconds: float = 0.0
    #: True: a sign only, no message.
    quiet: bool = False
    #: True while the bot restarts: "a short pause, your answer will come".
    pausing: bool = False
