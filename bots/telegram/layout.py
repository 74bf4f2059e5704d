"""A card as a Telegram message: HTML, keyboard, link preview. Escaping happens here and only here."""

import html
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions

from bots.button_data import button_data
from bots.cards import Action, Card, Choice, Line, Press
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
#: Buttons side by side, of a list to choose from, and of others that have no row of their own: what fits a phone.
_CHOICES_A_ROW = 2
_BESIDE = 3
#: A choice of so few is listed at once, where it has short names.
_FEW = 3
#: What is done with words here, in reply to the answer.
_BY_REPLY = frozenset({Press.CONTAINING})
#: An @ that no name follows: a word joiner, which is not seen, stands between them.
_AT = "@\N{WORD JOINER}"
#: Our own marks in our own lines.
_CODE = re.compile(r"`([^`]+)`")


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
    rows = [row[at : at + MAX_ROW] for row in _rows(card) for at in range(0, len(row), MAX_ROW)]
    kept: list[list[InlineKeyboardButton]] = []
    for row in rows:
        if sum(map(len, kept)) + len(row) > MAX_BUTTONS:
            break
        kept.append(list(row))
    return InlineKeyboardMarkup(kept) if kept else None


def _rows(card: Card) -> Iterable[Sequence[InlineKeyboardButton]]:
    """What opens or belongs to single lines, what is chosen here, the buttons, and what opens lists."""
    links = [InlineKeyboardButton(str(line.number), url=line.link) for line in card.lines if line.number and line.link]
    if links:
        yield links
    more = [replace(line.more, short=f"{line.number} · {line.more.short}") for line in card.lines if line.more]
    yield from _in_rows(more)
    at_once = [choice for choice in card.choices if choice.opens is None]
    for choice in at_once:
        yield from _in_rows([replace(option, short="") for option in choice.options], most=_CHOICES_A_ROW)
    single: list[Action] = []
    for row in card.rows:
        kept = [action for action in row if action.name not in _BY_REPLY]
        if len(kept) == 1:
            single += kept
        elif kept:
            yield _row(kept)
    if card.document is not None and card.document.action is not None:
        single.append(card.document.action)
    for choice in card.choices:
        if choice.opens is not None and _is_short(choice):
            yield _row(choice.options)
        elif choice.opens is not None:
            single.append(choice.opens)
    yield from _in_rows(single)


def _is_short(choice: Choice) -> bool:
    return len(choice.options) <= _FEW and all(option.short for option in choice.options)


def _in_rows(actions: Sequence[Action], *, most: int = _BESIDE) -> Iterable[Sequence[InlineKeyboardButton]]:
    """As many side by side as fit uncut: what a button costs stands at its end."""
    row: list[Action] = []
    for action in actions:
        if row and (len(row) == most or not _fit((*row, action))):
            yield _row(row)
            row = []
        row.append(action)
    if row:
        yield _row(row)


def _fit(row: Sequence[Action]) -> bool:
    """Whether buttons of a row, which all get the same width, are shown whole."""
    return all(len(_label(action)) <= _ROW_CHARACTERS // len(row) for action in row)


def _label(action: Action) -> str:
    return ("✓ " if action.chosen else "") + (action.short or action.label)


def _row(actions: Sequence[Action]) -> list[InlineKeyboardButton]:
    return [_button(action, _ROW_CHARACTERS // len(actions)) for action in actions]


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
    after += f" · {line.note}" if line.note else ""
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
    data = button_data(action)
    if len(data.encode()) > MAX_DATA:
        raise ValueError(f"a button of {len(data.encode())} bytes: {action.name}")
    return InlineKeyboardButton(cut_at_word(_label(action), room), callback_data=data)
