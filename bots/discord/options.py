"""What commands take on Discord, where every argument has a field of its own; and the one text they make of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

#: The fields of each command, in the order in which its text takes them; what is not here takes none.
FIELDS: Mapping[str, tuple[Field, ...]] = {
    "find": (_WORDS, _MARKET),
    "region": (_MARKET,),
    "language": (_LANGUAGE,),
    "grant": (_WHO, _CREDITS, _UNTIL, _REASON),
    "take": (_WHO, _CREDITS, _REASON),
    "block": (_WHO, _REASON),
    "unblock": (_WHO,),
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
            parts.append(f"until {value}" if field is _UNTIL else value)
    return " ".join(parts)
