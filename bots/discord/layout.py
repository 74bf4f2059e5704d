"""A card as a Discord message of components. What is written into texts is escaped here and only here."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import accumulate
from typing import Any, Final

import discord

from bots.cards import Action, Card, Choice, Line
from bots.discord import markdown
from bots.discord.controls import MAX_LABEL, Slots, option
from bots.discord.markdown import fit, units
from bots.discord.panel import Panel
from core.model import ANY_MARKET
from core.regions import MARKETS, flag, safe_address
from core.texts import ELLIPSIS, cut_at_word

#: Discord API: Component Reference. "Messages allow up to 40 total components", nested ones too; one is kept free
#: for a sentence above.
MAX_COMPONENTS: Final = 40
#: Discord API: Component Reference, Text Display: characters of all texts of a message; some are kept free.
MAX_TEXT: Final = 4000
_TEXT: Final = MAX_TEXT - 300
#: Buttons side by side.
MAX_ROW: Final = 5
#: Characters of a link button's address, and of a picture's description (discord.py says 256, Discord more).
MAX_ADDRESS: Final = 512
MAX_DESCRIPTION: Final = 256
#: Characters of a label that is one sign.
_SIGN: Final = 2
#: Lines with a picture or a button of their own, of three components each; there are five on a page.
_MOST_SECTIONS: Final = 8
#: Characters of a heading, of what stands small beside it and below, and of each of its facts: a market, a hint of 40
#: characters. What is longer, or more, is hostile.
_HEADING: Final = 100
_SMALL: Final = 200
_FACT: Final = 120
_MOST_FACTS: Final = 4
#: UTF-16 units of what is about one line on a phone: what is longer is a paragraph, with an empty line around it.
_ONE_LINE: Final = 50
#: The attachment that is the photo which was searched with.
PHOTO_FILE: Final = "photo.jpg"
_CHART_FILE: Final = "chart.png"
#: Flags that are emojis of Discord's; in a label, some systems show two letters in their place.
_FLAGGED: Final = re.compile(f"({'|'.join(flag(code) for code in (ANY_MARKET, *(m.code for m in MARKETS)))}) (.+)")

_Item = discord.ui.Item[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A message to send once: discord.py closes the files, so another try needs another sheet."""

    view: Panel
    files: list[discord.File]


def sheet_of(card: Card, *, pictures: Sequence[bytes | None] = (), photo: bytes | None = None) -> Sheet:
    """The card, within Discord's limits: what does not fit is left out, the last lines and the last controls first.

    ``pictures`` are JPEGs for ``card.pictures``, in their order; ``photo`` is the one that was searched with.
    """
    shown = {
        picture.number: _Picture(f"product-{picture.number}.jpg", data, picture.name)
        for picture, data in zip(card.pictures, pictures, strict=False)
        if data
    }
    items = _content(card, shown, with_photo=photo is not None)
    if card.document is not None:
        items.append(discord.ui.File(f"attachment://{card.document.name}"))
    controls = list(_controls(card))
    if 1 + sum(map(_count, (*items, *controls))) >= MAX_COMPONENTS:
        controls = list(_controls(card, tight=True))
    for item in controls:
        if 1 + sum(map(_count, (*items, item))) >= MAX_COMPONENTS:
            break
        items.append(item)
    sections = [item for item in items if isinstance(item, discord.ui.Section)]
    used = {item.accessory.media.url for item in sections if isinstance(item.accessory, discord.ui.Thumbnail)}
    files = [*shown.values(), *([_Picture(PHOTO_FILE, photo)] if photo is not None else [])]
    sent = [discord.File(BytesIO(file.data), file.name) for file in files if file.address in used]
    if card.chart is not None:
        sent.append(discord.File(BytesIO(card.chart), _CHART_FILE))
    if card.document is not None:
        sent.append(discord.File(BytesIO(card.document.data), card.document.name))
    return Sheet(view=Panel(*items, tone=card.tone), files=sent)


def without_files(card: Card) -> Card:
    """The card for where files are refused: a button hands its document out."""
    action = card.document.action if card.document is not None else None
    rows = (*card.rows, (action,)) if action is not None else card.rows
    return replace(card, chart=None, document=None, rows=rows)


def under(line: str, sheet: Sheet) -> Sheet:
    """A sheet that was not sent yet, with a sentence of ours above it."""
    return Sheet(view=Panel(_text(markdown.sentence(line)), *sheet.view.items, tone=sheet.view.tone), files=sheet.files)


@dataclass(frozen=True, slots=True)
class _Picture:
    """A file that a thumbnail shows."""

    name: str
    data: bytes
    #: What somebody hears who does not see it.
    description: str = ""

    @property
    def address(self) -> str:
        """How a thumbnail of the same message names it."""
        return f"attachment://{self.name}"


def _content(card: Card, pictures: Mapping[int, _Picture], *, with_photo: bool) -> list[_Item]:
    head, tail = _head(card), _tail(card)
    lines = _within(card.lines, _TEXT - units(head) - units(tail))
    if not any(line.number is not None for line, _ in lines):
        if card.chart is not None:
            return _around_chart(card, head, lines, tail)
        said = _joined(head, [text for _, text in lines], tail)
        return [_beside_photo(said) if with_photo else _text(said)]
    above = [_beside_photo(head) if with_photo else _text(head), _separator()] if head else []
    return [*above, *_listed(lines, pictures, card.opening), *([_text(tail)] if tail else [])]


def _around_chart(card: Card, head: str, lines: Sequence[tuple[Line, str]], tail: str) -> list[_Item]:
    above = [text for line, text in lines if not line.below_chart]
    below = [*(text for line, text in lines if line.below_chart), *filter(None, [tail])]
    shown = discord.MediaGalleryItem(f"attachment://{_CHART_FILE}", description=fit(card.alt, MAX_DESCRIPTION))
    under_it = [_text("\n".join(below))] if below else []
    return [_text("\n".join([*([head, ""] if head else []), *above])), discord.ui.MediaGallery(shown), *under_it]


def _joined(head: str, lines: Iterable[str], tail: str) -> str:
    """One text: long lines apart from all others, short ones below each other as a list."""
    said, was_long = head, "\n" in head
    for at, line in enumerate(lines):
        said += ("\n\n" if was_long or (at and _is_long(line)) else "\n") + line
        was_long = _is_long(line)
    return f"{said}\n{tail}"


def _is_long(line: str) -> bool:
    return units(line) > _ONE_LINE


def _head(card: Card) -> str:
    """The heading, and small below it what it is about and what it cost."""
    if not card.heading:
        return ""
    facts = [markdown.plain(cut_at_word(fact, _FACT)) for fact in card.facts[:_MOST_FACTS]]
    receipt = [markdown.sentence(card.receipt, _SMALL)] if card.receipt else []
    small = " · ".join([*facts, *receipt])
    return f"### {markdown.sentence(card.heading, _HEADING)}" + (f"\n-# {small}" if small else "")


def _tail(card: Card) -> str:
    small = [card.help] if card.heading else [card.help, card.receipt]
    return "\n".join(f"-# {markdown.sentence(said, _SMALL)}" for said in small if said)


def _within(lines: Sequence[Line], room: int) -> list[tuple[Line, str]]:
    """As many of the lines, as they are written, as have room; dots for those that have none."""
    written = [(line, _line(line)) for line in lines]
    lengths = list(accumulate(units(text) + (len("\n\n\n") if _is_long(text) else 1) for _, text in written))
    kept = bisect_right(lengths, room)
    return written if kept == len(written) else [*written[:kept], (Line(ELLIPSIS), ELLIPSIS)]


def _line(line: Line) -> str:
    limit = markdown.NAME_LIMIT if line.number is not None else markdown.OUTSIDE_LIMIT
    said = markdown.outside(line.text, limit) if line.name else markdown.sentence(line.text)
    if address := _address(line):
        said = markdown.link(said, address)
    if line.number is not None:
        said = f"**{line.number}. {said}**"
    place = markdown.plain(f"{line.flag} {line.place}")
    note = f"-# {markdown.plain(line.note)}" if line.note else ""
    return "\n".join(filter(None, (said, place, note)))


def _address(line: Line) -> str | None:
    """Where a line leads: https, or this machine's own http; None where no client would go."""
    return line.link if line.link and len(line.link) <= MAX_ADDRESS and safe_address(line.link) else None


def _listed(lines: Iterable[tuple[Line, str]], pictures: Mapping[int, _Picture], opening: str) -> Iterator[_Item]:
    """A section for each line that has a picture or a link; what has neither is text."""
    left = _MOST_SECTIONS
    run: list[str] = []
    for line, text in lines:
        accessory = _accessory(line, pictures, opening) if left else None
        if accessory is None:
            run.append(text)
            continue
        if run:
            yield _text("\n".join(run))
            run.clear()
        left -= 1
        yield discord.ui.Section(_text(text), accessory=accessory)
    if run:
        yield _text("\n".join(run))


def _accessory(line: Line, pictures: Mapping[int, _Picture], opening: str) -> _Item | None:
    if line.number is None:
        return None
    if picture := pictures.get(line.number):
        return discord.ui.Thumbnail(picture.address, description=fit(picture.description, MAX_DESCRIPTION))
    address = _address(line)
    return discord.ui.Button(label=fit(opening, MAX_LABEL), url=address) if address else None


def _controls(card: Card, *, tight: bool = False) -> Iterator[_Item]:
    """What can be pressed and chosen, below a line where it stands under a list."""
    slots = Slots()
    if any(line.number is not None for line in card.lines) and (card.rows or card.choices):
        yield _separator()
    for row in _beside(card.rows, tight=tight):
        for at in range(0, len(row), MAX_ROW):
            yield discord.ui.ActionRow(*map(slots.button, row[at : at + MAX_ROW]))
    if any(line.more for line in card.lines):
        yield discord.ui.ActionRow(_more(card.lines, slots))
    for choice in card.choices:
        if choice.options:
            yield discord.ui.ActionRow(_menu(choice, slots))


def _beside(rows: Iterable[tuple[Action, ...]], *, tight: bool) -> list[tuple[Action, ...]]:
    """Signs, as 👍 👎, stand beside the buttons above them; where it is tight, so does whatever has room."""
    merged: list[tuple[Action, ...]] = []
    for row in rows:
        signs = all(len(action.label) <= _SIGN for action in row)
        if merged and (tight or signs) and len(merged[-1]) + len(row) <= MAX_ROW:
            merged[-1] += row
        else:
            merged.append(row)
    return merged


def _more(lines: Iterable[Line], slots: Slots) -> discord.ui.Select[Any]:
    """A menu of the lines that have more to them."""
    labels, options = [], []
    for line in lines:
        if line.more:
            labels.append(f"{line.number} · {line.more.short or line.more.label}")
            options.append(option(line.more, f"{line.number}. {line.text}", note=line.note))
    return slots.menu("   ".join(labels), options)


def _menu(choice: Choice, slots: Slots) -> discord.ui.Select[Any]:
    """A menu of what can be chosen. Under an answer it goes on saying what it is for and what that costs."""
    options = []
    for action in choice.options:
        flagged = _FLAGGED.fullmatch(action.label)
        emoji, label = flagged.groups() if flagged else (None, action.label)
        shown = action.chosen and choice.opens is None
        options.append(
            option(action, f"✓ {label}" if action.chosen and not shown else label, emoji=emoji, chosen=shown)
        )
    return slots.menu(choice.label, options)


def _text(said: str) -> discord.ui.TextDisplay[Any]:
    return discord.ui.TextDisplay(said.strip() or ELLIPSIS)  # Discord refuses a whole message for one blank text


def _separator() -> discord.ui.Separator[Any]:
    return discord.ui.Separator()


def _beside_photo(said: str) -> _Item:
    return discord.ui.Section(_text(said), accessory=discord.ui.Thumbnail(f"attachment://{PHOTO_FILE}"))


def _count(item: _Item) -> int:
    """The item and those inside it."""
    nested = item.walk_children() if isinstance(item, discord.ui.Section | discord.ui.ActionRow) else ()
    return 1 + sum(1 for _ in nested)
