"""What commands take on Discord, where every argument has a field of its own; and the one text they make of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bots.wording import Words


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    #: Somebody: their number reaches the command as ``discord:456``.
    PERSON = "person"
    #: A market, offered by name, code and flag while it is typed.
    MARKET = "market"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One argument of a command."""

    #: Its name in English; what the command's function is handed is the text that ``arguments_of`` makes.
    name: str
    kind: Kind
    title: Callable[[Words], str]
    description: Callable[[Words], str]
    required: bool = False
    #: Where only some words are taken: those.
    one_of: tuple[str, ...] = ()
    #: Of a number: the smallest.
    least: int = 1
    #: What stands before it in the text: ``until 2026-12-31``, ``x20``.
    before: str = ""


_MARKET = Field(
    name="market",
    kind=Kind.MARKET,
    title=lambda words: words("market"),
    description=lambda words: words("A market by name, code or flag"),
)
_WHO = Field(
    name="person",
    kind=Kind.PERSON,
    title=lambda words: words("person"),
    description=lambda words: words("Who"),
    required=True,
)
_CREDITS = Field(
    name="credits",
    kind=Kind.NUMBER,
    title=lambda words: words("credits"),
    description=lambda words: words("How many"),
    required=True,
)
_REASON = Field(
    name="reason",
    kind=Kind.TEXT,
    title=lambda words: words("reason"),
    description=lambda words: words("Why"),
)
_UNTIL = Field(
    name="until",
    kind=Kind.TEXT,
    title=lambda words: words("until"),
    description=lambda words: words("The last day on which they can be used, like 2026-12-31"),
    before="until ",
)
_CODES = Field(
    name="codes",
    kind=Kind.NUMBER,
    title=lambda words: words("codes"),
    description=lambda words: words("How many codes; one if you leave it out"),
    before="x",
)
_CODE = Field(
    name="code",
    kind=Kind.TEXT,
    title=lambda words: words("code"),
    description=lambda words: words("The code that you were given"),
    required=True,
)
_LINK_CODE = Field(
    name="code",
    kind=Kind.TEXT,
    title=lambda words: words("code"),
    description=lambda words: words("The code from your other account; leave it out to get one"),
)
_BUDGET = Field(
    name="period",
    kind=Kind.TEXT,
    title=lambda words: words("period"),
    description=lambda words: words("For which time; leave all out to see what holds"),
    one_of=("day", "month"),
)
_WHOSE = Field(
    name="whose",
    kind=Kind.TEXT,
    title=lambda words: words("whose"),
    description=lambda words: words("Of a chat in a day, or of a new account; leave all out to see what holds"),
    one_of=("chat", "new"),
)
_LIMIT = Field(
    name="credits",
    kind=Kind.TEXT,
    title=lambda words: words("credits"),
    description=lambda words: words("A number, `none` for no limit, or `default` for what .env says"),
)
_USED = Field(
    name="used",
    kind=Kind.NUMBER,
    title=lambda words: words("used"),
    description=lambda words: words("Credits that the provider's dashboard counts"),
    required=True,
    least=0,
)
_MONTH = Field(
    name="month",
    kind=Kind.TEXT,
    title=lambda words: words("month"),
    description=lambda words: words("A month like 2026-10; this one if you leave it out"),
)
_ACTIONS = Field(
    name="number",
    kind=Kind.NUMBER,
    title=lambda words: words("number"),
    description=lambda words: words("How many"),
)
_LANGUAGE = Field(
    name="language",
    kind=Kind.LANGUAGE,
    title=lambda words: words("language"),
    description=lambda words: words("One of the languages I speak"),
)
_WORDS = Field(
    name="words",
    kind=Kind.TEXT,
    title=lambda words: words("words"),
    description=lambda words: words("Words that steer the search"),
)
_PERIOD = Field(
    name="period",
    kind=Kind.TEXT,
    title=lambda words: words("period"),
    description=lambda words: words("today, 7d, month, last, 2026-10, or 2026-10-01..2026-10-15"),
)
_ABOUT = replace(_WHO, required=False)
_CHAT = Field(
    name="chat",
    kind=Kind.TEXT,
    title=lambda words: words("chat"),
    description=lambda words: words("A chat of any platform, as /id shows it there"),
)

#: The fields of each command, in the order in which its text takes them; what is not here takes none.
FIELDS: Mapping[str, tuple[Field, ...]] = {
    "find": (_WORDS, _MARKET),
    "region": (_MARKET,),
    "language": (_LANGUAGE,),
    "usage": (_PERIOD, _ABOUT, _CHAT, _MARKET),
    "grant": (_WHO, _CREDITS, _UNTIL, _REASON),
    "take": (_WHO, _CREDITS, _REASON),
    "block": (_WHO, _REASON),
    "unblock": (_WHO,),
    "gift": (_CREDITS, _CODES, _UNTIL),
    "redeem": (_CODE,),
    "link": (_LINK_CODE,),
    "budget": (_BUDGET, _LIMIT),
    "limit": (_WHOSE, _LIMIT),
    "audit": (_ACTIONS,),
    "reconcile": (_USED, _MONTH, _REASON),
    "pause": (_REASON,),
}


def photo_title(words: Words) -> str:
    """The name of /find's photo."""
    return words("photo")


def photo_description(words: Words) -> str:
    """What /find's photo is."""
    return words("The photo to search with")


def arguments_of(command: str, values: Mapping[str, str]) -> str:
    """The text that a command takes, from its filled fields: ``discord:5 10 until 2026-12-31 for the raffle``."""
    parts = []
    for field in FIELDS.get(command, ()):
        value = " ".join(values.get(field.name, "").split())
        if value:
            parts.append(f"{field.before}{value}")
    return " ".join(parts)
