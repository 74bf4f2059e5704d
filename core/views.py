"""What of a stored answer is on screen: a page of all of it, or of a part."""

import re
from dataclasses import dataclass, replace

from core.texts import cut

#: Bytes of a word in UTF-8: with it, a button of Telegram's (64 bytes) still holds the search and the page.
WORD_LIMIT = 40
#: How a view is written in a button: the page, then perhaps what it is a page of.
PATTERN = r"([0-9]{1,2})(?:=([A-Z]{2})|\^([0-9]{1,2})|~([^\n]{1,40}))?"
_PATTERN = re.compile(PATTERN, re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A page of an answer. At most one of ``market``, ``word`` and ``thing`` is set; none: of all of it."""

    #: From 0.
    page: int = 0
    #: Only what is sold there: an upper-case ISO code.
    market: str | None = None
    #: Only names that contain this; at most WORD_LIMIT bytes.
    word: str | None = None
    #: Every listing of one thing: the rank, from 1, of the first.
    thing: int | None = None

    @classmethod
    def parse(cls, text: str) -> "View":
        """Read what ``str`` wrote. Raises ValueError."""
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:60]!r} is no view of an answer")
        page, market, thing, word = found.groups()
        return cls(page=int(page), market=market, word=word, thing=int(thing) if thing else None)

    def __str__(self) -> str:
        if self.market is not None:
            return f"{self.page}={self.market}"
        if self.thing is not None:
            return f"{self.page}^{self.thing}"
        return f"{self.page}~{self.word}" if self.word is not None else str(self.page)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.market is None and self.word is None and self.thing is None

    def at(self, page: int) -> "View":
        """Another page of the same."""
        return replace(self, page=page)


def fitting_word(text: str) -> str:
    """As much of a text as a view may carry, cut where a reader would; cleaned already, not empty."""
    word = cut(text, WORD_LIMIT)
    while len(word.encode()) > WORD_LIMIT:
        word = cut(word, len(word) - 1)
    return word.rstrip()


#: The first page of all of it.
WHOLE = View()
