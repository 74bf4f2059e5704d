"""Every sentence a person reads: English in the code, other languages as gettext files in ``bots/locales``.

A sentence is written where it is used, as ``words("{balance} left", balance=words.number(13))`` or
``words.plural("{n} credit", "{n} credits", 3)``, and is found there by Babel's extractor: the object must be
called ``words``, and the call must not stand inside an f-string. ``python -m bots.wording`` brings every file
in ``bots/locales`` up to date with the code.
"""

import gettext
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.numbers import format_decimal, format_percent

from core.model import ANY_MARKET

#: The language of the sentences in the code, and of everybody whose language nobody has written yet.
SOURCE = "en"
#: A BCP 47 tag as chat clients send it; anything else is answered in English.
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
#: Unicode FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE: what they enclose does not turn a sentence.
_ISOLATE, _POP = "\u2068", "\u2069"
#: Languages whose name in Unicode's data (CLDR) is that of a people or a country alone.
_CALLED = {"id": "Bahasa Indonesia", "ms": "Bahasa Melayu"}
#: Other codes that clients send for a language: ISO 639-1's for Filipino, Java's old one for Indonesian.
_ALSO = {"tl": "fil", "in": "id"}
#: How Babel's extractor finds sentences: the name before the bracket, and which arguments are sentences.
_KEYWORDS = {"words": None, "plural": (1, 2), "self": None}


class Words:
    """The sentences, numbers, dates and market names of one language."""

    def __init__(self, language: str, catalog: Catalog) -> None:
        #: A BCP 47 tag, one of ``languages()``.
        self.language = language
        self._locale = Locale.parse(language, sep="-")
        self.right_to_left = self._locale.text_direction == "rtl"
        compiled = BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        self._translations = gettext.GNUTranslations(compiled)

    def __call__(self, sentence: str, **fields: object) -> str:
        """The sentence in this language, ``{names}`` filled in."""
        return self._translations.gettext(sentence).format(**fields)

    def plural(self, one: str, many: str, n: int, **fields: object) -> str:
        """The form that goes with ``n``, which also fills ``{n}``, as this language writes numbers."""
        return self._translations.ngettext(one, many, n).format(n=self.number(n), **fields)

    def date(self, day: date) -> str:
        """A day near enough to need no year: ``1 Dec``."""
        if self.language == SOURCE:  # Babel's plain "en" is American: "Dec 1".
            return format_date(day, "d MMM", locale=self._locale)
        return format_skeleton("MMMd", day, locale=self._locale)

    def time(self, moment: datetime) -> str:
        """A time of day, ``00:00 UTC``; a moment without a zone is UTC already."""
        utc = moment.astimezone(UTC) if moment.tzinfo else moment
        return self("{time} UTC", time=format_datetime(utc, "HH:mm", locale=self._locale))

    def number(self, n: float) -> str:
        """``1,000`` as this language writes it."""
        return format_decimal(n, locale=self._locale)

    def percent(self, share: float) -> str:
        """``86%`` as this language writes it."""
        return format_percent(share, locale=self._locale)

    def market(self, code: str | None) -> str:
        """The name of a market: ``United States``; ``any market`` for None and ANY_MARKET."""
        if code is None or code == ANY_MARKET:
            return self("any market")
        return str(self._locale.territories.get(code, code))

    def together(self, *sentences: str) -> str:
        """Sentences one after the other; Japanese has no space between them."""
        return ("" if self.language == "ja" else " ").join(sentences)

    def language_name(self) -> str:
        """What this language calls itself: ``English``, ``Deutsch``, as its speakers look for it in a list."""
        if self.language in _CALLED:
            return _CALLED[self.language]
        name = self._locale.get_display_name() or self.language
        return name[:1].upper() + name[1:]

    def duration(self, seconds: float) -> str:
        """A wait, rounded up so that nobody comes back too early: ``about 6 s``, ``2 min``, ``3 h``."""
        if seconds <= 90:
            return self("about {seconds} s", seconds=self.number(max(1, math.ceil(seconds))))
        if seconds <= 90 * 60:
            return self("{minutes} min", minutes=self.number(math.ceil(seconds / 60)))
        return self("{hours} h", hours=self.number(math.ceil(seconds / 3600)))

    def all_of(self, names: list[str]) -> str:
        """``Japan, Germany, and France``."""
        return format_list(names, locale=self._locale)

    def outside(self, text: str) -> str:
        """Text of other people, ready to stand inside one of our sentences."""
        return isolate(text.replace("`", "’"), right_to_left=self.right_to_left)


def isolate(text: str, *, right_to_left: bool = False) -> str:
    """Wrap text of another writing direction so that it leaves the order of its surroundings alone.

    ``right_to_left`` is the direction of the surroundings; plain left-to-right text in them stays as it is.
    """
    if not right_to_left and (
        text.isascii() or not any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in text)
    ):
        return text
    return f"{_ISOLATE}{text}{_POP}"


def languages() -> list[str]:
    """The BCP 47 tags that sentences exist in, in alphabetical order."""
    return sorted(_all_words())


def words(language: str) -> Words:
    """The sentences for a BCP 47 tag: that language, else one of the same family, else English."""
    return nearest(language, _all_words())


def nearest(language: str, known: Mapping[str, Words]) -> Words:
    """The one of ``known`` that serves a BCP 47 tag best; whatever is not a tag gets English."""
    by_tag = {tag.lower(): tag for tag in known}
    parts = language.replace("_", "-").lower().split("-") if _TAG.fullmatch(language) else []
    parts[:1] = [_ALSO.get(family, family) for family in parts[:1]]
    for end in range(len(parts), 0, -1):
        if tag := by_tag.get("-".join(parts[:end])):
            return known[tag]
    family = (tag for tag in sorted(known) if tag.lower().split("-")[0] in parts[:1])
    return known[next(family, SOURCE)]


@cache
def _all_words() -> dict[str, Words]:
    return read_languages(files("bots") / "locales")


def read_languages(folder: Traversable) -> dict[str, Words]:
    """Every ``.po`` file in ``folder``, by the language tag that is its name."""
    found: dict[str, Words] = {}
    for file in folder.iterdir():
        name, _, kind = file.name.rpartition(".")
        if kind == "po":
            catalog = read_po(BytesIO(file.read_bytes()), locale=name.replace("-", "_"))
            for sentence in list(wrong_placeholders(catalog)):
                catalog.delete(sentence)  # This one sentence is then said in English.
            found[name.replace("_", "-")] = Words(name.replace("_", "-"), catalog)
    return found


def wrong_placeholders(catalog: Catalog) -> Iterator[str]:
    """The sentences whose translation does not fill in exactly what the English one does.

    A form of a plural may leave ``{n}`` out ("one credit").
    """
    for message in catalog:
        if not message.id or not message.string:
            continue
        sources, forms = _forms(message.id), _forms(message.string)
        optional = {"n"} if len(sources) > 1 else set()
        wanted = set[str]().union(*map(_placeholders, sources)) | optional
        if any(form and _placeholders(form) | optional != wanted for form in forms):
            yield sources[0]


def _forms(sentence: str | Sequence[str]) -> Sequence[str]:
    """A sentence's forms: one, or those of a plural."""
    return (sentence,) if isinstance(sentence, str) else sentence


def _placeholders(sentence: str) -> set[str]:
    try:
        fields = list(Formatter().parse(sentence))
    except ValueError:
        return {"a bracket that is never closed"}
    return {
        name if not spec and not conversion and name.isidentifier() else f"not a plain name: {name}"
        for _, name, spec, conversion in fields
        if name is not None
    }


def source_catalog(folder: Path) -> Catalog:
    """What the code under ``folder`` says, by Babel's extractor; no line numbers, they always change."""
    catalog = Catalog(project="Snapshop", header_comment="# The sentences of Snapshop, from the code.")
    methods = [
        ("sandbox/**.py", "ignore"),
        ("**.py", "python"),
    ]  # The sandbox plays others, who say words too.
    for _, _, message, _, _ in extract_from_dir(folder, methods, keywords=_KEYWORDS):
        catalog.add(message)
    return catalog


def refresh(folder: Path, template: Catalog) -> None:
    """Bring every ``.po`` file in ``folder`` up to date: new sentences come in empty, old ones go."""
    for file in sorted(folder.glob("*.po")):
        with file.open("rb") as text:
            catalog = read_po(text, locale=file.stem.replace("-", "_"))
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        with file.open("wb") as text:
            write_po(text, catalog, width=110, sort_output=True, omit_header=False)


if __name__ == "__main__":
    refresh(Path(__file__).parent / "locales", source_catalog(Path(__file__).parent))
