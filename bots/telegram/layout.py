"""A card as a Telegram message: HTML, keyboard, link preview. Escaping happens here and only here."""

import html
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions

from bots.cards import Action, Card, Line, Press
from bots.wording import isolate
from core.texts import ELLIPSIS, cut_at_word

#: Bot API, sendMessage and sendPhoto: "characters after entities parsing", counted in UTF-16 units.
MAX_TEXT = 4096
MAX_CAPTION = 1024
#: Bot API, InlineKeyboardButton: callback_data is 1-64 bytes.
MAX_DATA = 64
#: What clients show: more buttons in a row, or in a message, are refused or cut.
MAX_ROW = 8
MAX_BUTTONS = 100
#: UTF-16 units of a heading's fact (a market, a hint of 40 characters); one that is longer is hostile.
_FACT = 120
#: UTF-16 units of a name that still tell something; before names get shorter than that, lines are left out.
_LEAST_NAME = 16
#: Characters of all labels of a row together that fit a phone of 360 points.
_ROW_CHARACTERS = 48
#: A search id is 96 random bits in URL-safe base64 (docs/promises.md, threat 12).
_SEARCH = r"[A-Za-z0-9_-]{16}"
_MARKET = r"[A-Z]{2}|\*"
#: The version of the format below: a button of another version is read as an unknown one.
_VERSION = "1"
#: An @ that no name follows: a word joiner, which is not seen, stands between them.
_AT = "@\N{WORD JOINER}"
#: Our own marks in our own lines.
_CODE = re.compile(r"`([^`]+)`")


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
    Press.PAGE: _Form("p", _SEARCH, r"[0-9]{1,2}"),
    Press.NOOP: _Form("n", f"(?:{_SEARCH})?", ""),
    Press.MARKET: _Form("m", _SEARCH, ""),
    Press.IN: _Form("i", _SEARCH, _MARKET),
    Press.RETRY: _Form("r", _SEARCH, ""),
    Press.FRESH: _Form("f", _SEARCH, ""),
    Press.WORDS: _Form("w", _SEARCH, ""),
    Press.ALBUM: _Form("a", _SEARCH, ""),
    Press.REGION: _Form("g", "", f"(?:{_MARKET})?"),
    Press.REGION_ALL: _Form("h", "", f"(?:{_MARKET})?"),
    Press.LANGUAGE: _Form("l", "", r"(?:[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3})?"),
    Press.FORGET: _Form("x", "", ""),
}
_READERS = {
    form.letter: (name, re.compile(f"({form.search}):({form.argument})", re.ASCII)) for name, form in _FORMS.items()
}


def button_data(action: Action) -> str:
    """What Telegram hands back when the button is pressed. Raises ValueError for what is no such button."""
    name = Press(action.name)
    data = f"{_VERSION}{_FORMS[name].letter}{action.search}:{action.argument}"
    if read_button(data) is None:
        raise ValueError(f"not a {name} button: search {action.search!r}, argument {action.argument!r}")
    return data


def read_button(data: str) -> Button | None:
    """What a pressed button asks for; None for forged, foreign and outdated data."""
    if len(data) > MAX_DATA or data[:1] != _VERSION:
        return None
    name, form = _READERS.get(data[1:2], (None, None))
    if name is None or form is None or not (found := form.fullmatch(data[2:])):
        return None
    return Button(name=name, search=found[1], argument=found[2])


def text(card: Card, limit: int | None = None) -> str:
    """The message as HTML, never longer than ``limit`` UTF-16 units after parsing.

    The limit of an answer is a caption's, as its message may have a picture; of any other card, a text's.
    Where that is too long, names from outside get shorter; if it is not enough, the last lines are left out.
    """
    if limit is None:
        limit = MAX_CAPTION if any(line.number is not None for line in card.lines) else MAX_TEXT
    card = _mentioning_nobody(card)
    whole = _parts(card, card.lines)
    if units(_plain(whole)) <= limit:
        return _markup(whole)
    lines: Sequence[Line] = card.lines
    if not _fits(card, lines, limit):
        kept = bisect_left(range(1, len(lines)), True, key=lambda count: not _fits(card, _first(lines, count), limit))
        lines = _first(lines, kept)
    shortened = _shorten_names(lines, _room(card, lines, limit))
    return _markup(_parts(card, shortened))


def units(plain: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(plain.encode("utf-16-le", "surrogatepass")) // 2


def keyboard(card: Card) -> InlineKeyboardMarkup | None:
    """The card's buttons, at most eight in a row; None for a card without."""
    rows = [row[at : at + MAX_ROW] for row in card.rows for at in range(0, len(row), MAX_ROW)]
    kept: list[list[InlineKeyboardButton]] = []
    for row in rows:
        if sum(map(len, kept)) + len(row) > MAX_BUTTONS:
            break
        kept.append([_button(action, _ROW_CHARACTERS // len(row)) for action in row])
    return InlineKeyboardMarkup(kept) if kept else None


def link_preview(card: Card, enabled: bool) -> LinkPreviewOptions:
    """The preview of the card's first product, large and above the text; Telegram fetches it, not we."""
    if not enabled or card.preview is None:
        return LinkPreviewOptions(is_disabled=True)
    return LinkPreviewOptions(url=card.preview, prefer_large_media=True, show_above_text=True)


def _mentioning_nobody(card: Card) -> Card:
    """Telegram makes a mention of every @name in a message, and tells whoever bears it: nobody must be."""
    if not any("@" in written for written in (*card.facts, *(line.text for line in card.lines))):
        return card
    return replace(
        card,
        facts=tuple(fact.replace("@", _AT) for fact in card.facts),
        lines=tuple(replace(line, text=line.text.replace("@", _AT)) for line in card.lines),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One line of the message: as it is read, and as it is sent."""

    plain: str
    markup: str


def _parts(card: Card, lines: Iterable[Line]) -> list[_Part]:
    parts = []
    if card.heading or card.facts:
        facts = [_shorten(fact, _FACT) for fact in card.facts]
        heading = [f"<b>{html.escape(card.heading)}</b>"] if card.heading else []
        plain = " · ".join([card.heading, *facts] if card.heading else facts)
        parts.append(_Part(plain, " · ".join([*heading, *map(html.escape, facts)])))
    parts.extend(map(_line, lines))
    if card.help:
        parts.append(_our_own(card.help))
    if card.receipt:
        parts.append(_Part(card.receipt, f"<i>{html.escape(card.receipt)}</i>"))
    return parts


def _line(line: Line) -> _Part:
    said = _outside(line.text) if line.name else _our_own(line.text)
    before = f"{line.number}. " if line.number is not None else ""
    after = f"\N{NO-BREAK SPACE}{line.flag}" if line.flag else ""  # never alone on a line
    markup = f'<a href="{html.escape(line.link)}">{said.markup}</a>' if line.link else said.markup
    return _Part(f"{before}{said.plain}{after}", f"{before}{markup}{html.escape(after)}")


def _outside(name: str) -> _Part:
    return _Part(isolate(name), html.escape(isolate(name)))


def _our_own(sentence: str) -> _Part:
    """A sentence of ours, where `backticks` make code."""
    return _Part(_CODE.sub(r"\1", sentence), _CODE.sub(r"<code>\1</code>", html.escape(sentence)))


def _plain(parts: Iterable[_Part]) -> str:
    return "\n".join(part.plain for part in parts)


def _markup(parts: Iterable[_Part]) -> str:
    return "\n".join(part.markup for part in parts)


def _first(lines: Sequence[Line], count: int) -> Sequence[Line]:
    return [*lines[:count], Line(ELLIPSIS)]


def _fits(card: Card, lines: Sequence[Line], limit: int) -> bool:
    """Whether these lines fit when names from outside are as short as they may become."""
    least = sum(min(_LEAST_NAME, length) for length in _name_lengths(lines))
    return _room(card, lines, limit) >= least


def _room(card: Card, lines: Iterable[Line], limit: int) -> int:
    """UTF-16 units that are left for names from outside when everything else is written."""
    unnamed = [replace(line, text="") if line.name else line for line in lines]
    return limit - units(_plain(_parts(card, unnamed)))


def _name_lengths(lines: Iterable[Line]) -> list[int]:
    return sorted(units(isolate(line.text)) for line in lines if line.name)


def _shorten_names(lines: Sequence[Line], room: int) -> Sequence[Line]:
    """Cut the longest names until all of them together have at most ``room`` UTF-16 units."""
    left = _name_lengths(lines)
    if sum(left) <= room:
        return lines
    share = 0
    while left:
        share = max(0, room) // len(left)
        if left[0] > share:
            break
        room -= left.pop(0)
    return [replace(line, text=_shorten(line.text, share)) if line.name else line for line in lines]


def _shorten(name: str, room: int) -> str:
    """``name`` within ``room`` UTF-16 units, isolated or not, cut where a reader would."""
    characters = min(len(name), room)
    while units(isolate(shorter := cut_at_word(name, characters))) > room:
        if characters <= len(ELLIPSIS):
            return ELLIPSIS[:room] if room > 0 else ""
        characters -= 1
    return shorter


def _button(action: Action, room: int) -> InlineKeyboardButton:
    label = cut_at_word(action.label, room)
    if action.url is not None:
        return InlineKeyboardButton(label, url=action.url)
    return InlineKeyboardButton(label, callback_data=button_data(action))
