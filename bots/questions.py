"""What the words under a photo ask for: a market, and words that steer the search."""

from dataclasses import dataclass

from core.model import HINT_LIMIT
from core.regions import take_market
from core.texts import clean

#: Characters of a person's name that are kept for reports.
NAME_LIMIT = 64
#: Characters of a language tag (the journal's column).
LANGUAGE_LIMIT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a caption, or what follows /find, asks for."""

    region: str | None
    hint: str | None


def question_of(text: str) -> Question:
    """The market (``#US``) and the words in a text."""
    region, rest = take_market(text)
    return Question(region=region, hint=clean(rest, HINT_LIMIT) or None)
