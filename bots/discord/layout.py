"""A card as a Discord message of components. What is written into texts is escaped here and only here."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from typing import Any, Final

import discord

from bots.cards import Card, Choice, Line
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
#: Lines with a picture or a button of their own, of three components each; there are five on a page.
_MOST_SECTIONS: Final = 8
#: Characters of a heading, of what stands small beside it and below, and of each of its facts: a market, a hint of 40
#: characters. What is longer, or more, is hostile.
_HEADING: Final = 100
_SMALL: Final = 200
_FACT: Final = 120
_MOST_FACTS: Final = 4
#: UTF-16 units of what is one line on a phone: what is longer is a paragraph, with room around it. And how many of
#: those there are room for; what comes after them stands together.
_PHONE_LINE: Final = 50
_MOST_PARAGRAPHS: Final = 12
#: The attachment that is the photo which was searched with.
PHOTO_FILE: Final = "photo.jpg"
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
    for item in _controls(card):
        if 1 + sum(map(_count, (*items, item))) >= MAX_COMPONENTS:
            break
        items.append(item)
    sections = [item for item in items if isinstance(item, discord.ui.Section)]
    used = {item.accessory.media.url for item in sections if isinstance(item.accessory, discord.ui.Thumbnail)}
    files = [*shown.values(), *([_Picture(PHOTO_FILE, photo)] if photo is not None else [])]
    return Sheet(
        view=Panel(*items, tone=card.tone),
        files=[discord.File(BytesIO(file.data), file.name) for file in files if file.address in used],
    )


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
        first, *others = _paragraphs(head, [text for _, text in lines], tail)
        return [_beside_photo(first) if with_photo else _text(first), *map(_text, others)]
    above = [_beside_photo(head) if with_photo else _text(head), _separator()] if head else []
    return [*above, *_listed(lines, pictures, card.opening), *([_text(tail)] if tail else [])]


def _paragraphs(head: str, lines: Iterable[str], tail: str) -> Iterator[str]:
    """What stands apart: the heading, long lines, runs of short ones. The small print belongs to the last of them."""
    parts = [head] if head else []
    was_short = False
    for line in lines:
        short = units(line) <= _PHONE_LINE
        if (short and was_short) or len(parts) == _MOST_PARAGRAPHS:
            parts[-1] += f"\n{line}"
        else:
            parts.append(line)
        was_short = short
    last = parts.pop() if parts else ""
    yield from parts
    yield "\n".join(filter(None, (last, tail)))


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
    lengths = list(accumulate(units(text) + 1 for _, text in written))
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


def _controls(card: Card) -> Iterator[_Item]:
    """What can be pressed and chosen, below a line where it stands under a list."""
    slots = Slots()
    if any(line.number is not None for line in card.lines) and (card.rows or card.choices):
        yield _separator()
    for row in card.rows:
        for at in range(0, len(row), MAX_ROW):
            yield discord.ui.ActionRow(*map(slots.button, row[at : at + MAX_ROW]))
    if any(line.more for line in card.lines):
        yield discord.ui.ActionRow(_more(card.lines, slots))
    for choice in card.choices:
        if choice.options:
            yield discord.ui.ActionRow(_menu(choice, slots))


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
