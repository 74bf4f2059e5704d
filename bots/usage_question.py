"""What /usage is asked for: a period, and what the report is about; as people write it, and as a button carries it."""

import re
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from bots.arguments import Misunderstood, read_person
from bots.wording import Words
from core.figures import EVERYTHING, Scope
from core.model import ANY_MARKET, Identity
from core.periods import Period
from core.regions import find_market
from core.texts import clean

#: The period where none is named.
_USUAL = "month"
#: Who is no person of a chat: who searched in a terminal, and the operator's own account.
_TERMINAL = re.compile(r"cli:[a-z0-9.-]{1,20}")
#: What parts a button's argument.
_BAR = "|"
#: Of a button: the file instead of the figures.
_FILE = "csv"
#: Characters of what was not understood that are shown.
_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for."""

    #: As it was written: ``7d``; it means other days tomorrow.
    written: str
    period: Period
    scope: Scope = EVERYTHING
    #: Whether the file is asked for, not the figures.
    file: bool = False


def read_question(text: str, replied: Identity | None, words: Words, *, today: date, zone: ZoneInfo) -> Question:
    """``[PERIOD] [PERSON | CHAT | MARKET]`` in any order; about ``replied`` where it names nobody.

    A number with a platform may be a person or a chat: where nobody tells, it is read as a person. Raises
    Misunderstood.
    """
    written, scope = _USUAL, EVERYTHING
    for part in text.lower().split():
        if is_period(part, today, zone):
            written = part
        else:
            scope = _read_scope(part, words)
    if scope == EVERYTHING and replied is not None:
        scope = Scope(person=replied)
    return Question(written=written, period=Period.parse(written, today, zone), scope=scope)


def read_argument(argument: str, words: Words, *, today: date, zone: ZoneInfo) -> Question:
    """What ``argument_of`` wrote, or somebody who forged it. Raises Misunderstood."""
    written, _, rest = argument.partition(_BAR)
    about, _, what = rest.partition(_BAR)
    if not is_period(written, today, zone):
        raise Misunderstood(_example(written, words))
    scope = _read_scope(about, words) if about else EVERYTHING
    return Question(written=written, period=Period.parse(written, today, zone), scope=scope, file=what == _FILE)


def argument_of(written: str, scope: Scope, *, file: bool = False) -> str:
    """What a button carries that asks for it: ``7d``, ``7d|telegram:123``, ``2026-10||csv``."""
    parts = [written, _name(scope), _FILE if file else ""]
    while not parts[-1]:
        parts.pop()
    return _BAR.join(parts)


def is_period(text: str, today: date, zone: ZoneInfo) -> bool:
    """Whether it names a period."""
    try:
        return bool(text) and Period.parse(text, today, zone) is not None
    except ValueError:
        return False


def _name(scope: Scope) -> str:
    if scope.market is not None:
        return "any" if scope.market == ANY_MARKET else scope.market.lower()
    return str(scope.chat or scope.person or "")


def _read_scope(text: str, words: Words) -> Scope:
    if code := find_market(text):
        return Scope(market=code)
    if _TERMINAL.fullmatch(text):
        platform, _, user = text.partition(":")
        return Scope(person=Identity(platform=platform, user=user))
    if ":" not in text and not text.startswith("@"):
        raise Misunderstood(_example(text, words))
    who = read_person(text, words)
    return Scope(chat=who) if who.user.startswith("-") else Scope(person=who)


def _example(text: str, words: Words) -> str:
    shown = words.outside(clean(text, _SHOWN)) or "…"
    return words(
        "I do not know “{text}”. Write it like this: `/usage 7d`, `/usage 2026-10`, `/usage 2026-10-01..2026-10-15`; "
        "after it perhaps a person, a chat or a market: `/usage 7d telegram:123`, `/usage month US`.",
        text=shown,
    )
