"""What is a photo, and what the words under it ask for: a market, and words that steer the search."""

import re
from dataclasses import dataclass

from core.model import HINT_LIMIT
from core.regions import take_market
from core.texts import clean

#: Characters of a person's name that are kept for reports.
NAME_LIMIT = 64
#: Characters of a language tag (the journal's column).
LANGUAGE_LIMIT = 16


#: What phones call pictures that a platform names no type for.
_PICTURE_NAME = re.compile(r"\.(jpe?g|png|webp|gif|heic|heif|avif|bmp|tiff?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a caption, or what follows /find, asks for."""

    region: str | None
    hint: str | None


def is_picture(mime: str | None, name: str | None) -> bool:
    """Whether a file is said to be a picture, by its type or its name; its bytes decide later."""
    return (mime or "").startswith("image/") or bool(_PICTURE_NAME.search(name or ""))


def question_of(text: str) -> Question:
    """The market (``#US``) and the words in a text."""
    region, rest = take_market(text)
    return Question(region=region, hint=clean(rest, HINT_LIMIT) or None)
