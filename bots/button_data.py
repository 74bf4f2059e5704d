"""What a button carries: a press, a search and an argument, as one short text; the same on every platform."""

import re
from dataclasses import dataclass

from bots.cards import Action, Press
from core import views

#: A search id is 96 random bits in URL-safe base64 (docs/promises.md, threat 12).
_SEARCH = r"[A-Za-z0-9_-]{16}"
_MARKET = r"[A-Z]{2}|\*"
_LANGUAGE = r"(?:[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3})?"
#: Characters of what a platform with longer buttons may write into one.
_WORDS = r"[^\n]{0,60}"
#: The version of the format below: a button of another version is read as an unknown one.
_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button as it was pressed: already checked for its form, not for whose it is."""

    name: Press
    search: str
    argument: str


@dataclass(frozen=True, slots=True)
class _Form:
    """How a button is written: ``1``, a letter, the search, ``:``, the argument."""

    letter: str
    search: str
    argument: str


#: Letters stay for ever: buttons in old messages hold them.
_FORMS = {
    Press.PAGE: _Form("p", _SEARCH, views.PATTERN),
    Press.NOOP: _Form("n", f"(?:{_SEARCH})?", ""),
    Press.MARKET: _Form("m", _SEARCH, ""),
    Press.IN: _Form("i", _SEARCH, _MARKET),
    Press.ONLY: _Form("o", _SEARCH, ""),
    Press.CONTAINING: _Form("c", _SEARCH, ""),
    Press.FILE: _Form("d", _SEARCH, ""),
    Press.RETRY: _Form("r", _SEARCH, ""),
    Press.FRESH: _Form("f", _SEARCH, ""),
    Press.WORDS: _Form("w", _SEARCH, _WORDS),
    Press.ALBUM: _Form("a", _SEARCH, ""),
    Press.REGION: _Form("g", "", f"(?:{_MARKET})?"),
    Press.REGION_ALL: _Form("h", "", f"(?:{_MARKET})?"),
    Press.LANGUAGE: _Form("l", "", _LANGUAGE),
    Press.LANGUAGE_ALL: _Form("k", "", _LANGUAGE),
    Press.SETTINGS: _Form("s", "", "(?:market|language|limit)?"),
    Press.FORGET: _Form("x", "", ""),
    Press.VOTE: _Form("v", _SEARCH, r"[+-]"),
    Press.USAGE: _Form("u", "", r"[a-z0-9.:|-]{1,60}"),
    Press.CHAT_LIMIT: _Form("b", "", r"none|[0-9]{1,6}"),
}
_READERS = {
    form.letter: (name, re.compile(f"(?P<search>{form.search}):(?P<argument>{form.argument})", re.ASCII))
    for name, form in _FORMS.items()
}


def button_data(action: Action) -> str:
    """What the platform hands back when the button is pressed. Raises ValueError for what is no such button."""
    name = Press(action.name)
    data = f"{_VERSION}{_FORMS[name].letter}{action.search}:{action.argument}"
    if read_button(data) is None:
        raise ValueError(f"not a {name} button: search {action.search!r}, argument {action.argument!r}")
    return data


def read_button(data: str) -> Button | None:
    """What a pressed button asks for; None for forged, foreign and outdated data."""
    if data[:1] != _VERSION:
        return None
    name, form = _READERS.get(data[1:2], (None, None))
    if name is None or form is None or not (found := form.fullmatch(data[2:])):
        return None
    return Button(name=name, search=found["search"], argument=found["argument"])
