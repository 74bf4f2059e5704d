"""What follows a command, as people type it: persons, numbers, days."""

import re
from datetime import date, datetime

from bots.wording import Words
from core.clock import end_of
from core.model import Identity
from core.texts import clean

#: Credits that one command moves at most: a slip of the finger should not cost a year's budget.
MOST_MOVED = 1_000_000
#: Years that a day without a year is looked for in: 29 February comes again within eight.
_YEARS = 8
_MONTHS = re.compile(
    r"(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?"
    r"|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)"
)
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNTIL = re.compile(
    r"until\s+(?P<written>(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    rf"|(?P<day>[0-9]{{1,2}})\.?\s+(?P<month>{_MONTHS.pattern})\.?(\s+(?P<year>[0-9]{{4}}))?)(?!\S)\s*",
    re.IGNORECASE,
)


class Misunderstood(Exception):
    """The arguments do not fit; the text says how they should be written."""


def is_number(text: str) -> bool:
    """Whether it is written in digits alone."""
    return text.isascii() and text.isdecimal()


def read_person(text: str, words: Words) -> Identity:
    """Read ``telegram:123``: a number, since names change hands. Raises Misunderstood."""
    if text.startswith("@"):
        raise Misunderstood(
            words(
                "Names change hands, so I go by numbers: reply to a message of theirs that you forwarded to me, "
                "or write `telegram:123`, as /id shows it to them."
            )
        )
    try:
        return Identity.parse(text)
    except ValueError:
        shown = words.outside(clean(text, 40)) or "…"
        raise Misunderstood(
            words("I do not know “{person}”: write a person as `telegram:123`, as /id shows it.", person=shown)
        ) from None


def read_until(text: str, now: datetime, words: Words) -> tuple[datetime | None, str]:
    """``until 2026-12-31`` or ``until 31 Dec`` at the beginning: the midnight after that day (UTC), and the rest.

    None where there is none. A day without a year is the next one. Raises Misunderstood.
    """
    found = _UNTIL.match(text)
    if found is None:
        return None, text
    written = found["written"]
    try:
        until = end_of(date.fromisoformat(written) if found["iso"] else _day(found, now.date()))
    except (ValueError, OverflowError):
        raise Misunderstood(words("{date} is no date: write it like 2026-12-31.", date=written)) from None
    if until <= now:
        raise Misunderstood(words("{date} is over already.", date=written))
    return until, text[found.end() :]


def _day(found: re.Match[str], today: date) -> date:
    """Raises ValueError."""
    month = _NAMES.index(found["month"][:3].lower()) + 1
    if found["year"]:
        return date(int(found["year"]), month, int(found["day"]))
    for year in range(today.year, today.year + _YEARS + 1):
        try:
            day = date(year, month, int(found["day"]))
        except ValueError:
            continue  # the 29 February of another year
        if day >= today:
            return day
    raise ValueError(found["written"])
