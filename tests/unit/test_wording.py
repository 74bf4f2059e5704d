"""People are answered in their language, and every sentence they read can be translated."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from hypothesis import given
from hypothesis import strategies as st

import bots
from bots.wording import (
    Words,
    isolate,
    languages,
    nearest,
    read_languages,
    refresh,
    source_catalog,
    words,
    wrong_placeholders,
)

BOTS = Path(bots.__file__).parent
LOCALES = sorted((BOTS / "locales").glob("*.po"))
#: The operator's own screens are in English: they are no chat.
OPERATOR = {"cli.py", "doctor.py", "runtime.py"}


@cache
def in_the_code() -> Catalog:
    """Every sentence that the code says; reading all of it takes half a second."""
    return source_catalog(BOTS)


def written(folder: Path, tag: str, sentences: dict[str | tuple[str, str], str | tuple[str, ...]]) -> Path:
    """A translator's file."""
    catalog = Catalog(locale=tag.replace("-", "_"))
    for sentence, translation in sentences.items():
        catalog.add(sentence, translation)
    file = folder / f"{tag}.po"
    with file.open("wb") as text:
        write_po(text, catalog)
    return file


def spoken(folder: Path, tag: str, sentences: dict[str | tuple[str, str], str | tuple[str, ...]]) -> Words:
    written(folder, tag, sentences)
    return read_languages(folder)[tag]


# Which language


def test_english_is_there():
    assert "en" in languages()
    assert words("en")("Closest products") == "Closest products"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("pt-BR", "pt-BR"),
        ("pt_br", "pt-BR"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("de-AT", "de"),
        ("zh-Hant-TW", "zh-Hant"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        ("../../etc/passwd", "en"),
        ("x" * 5000, "en"),
    ],
)
def test_a_person_is_answered_in_the_nearest_language_there_is(tmp_path, asked, answered):
    for tag in ("en", "de", "pt-BR", "zh-Hant"):
        written(tmp_path, tag, {})
    assert nearest(asked, read_languages(tmp_path)).language == answered


@given(st.text())
def test_any_language_tag_gets_an_answer(tag):
    assert words(tag)("Closest products")


def test_a_language_is_only_a_file(tmp_path):
    german = spoken(tmp_path, "de", {"{balance} left": "noch {balance}"})
    assert german("{balance} left", balance=13) == "noch 13"
    assert german("Closest products") == "Closest products"


# Plurals, dates, numbers


def test_plurals_follow_the_rules_of_the_language(tmp_path):
    forms = ("{n} kredyt", "{n} kredyty", "{n} kredytów", "{n} kredytu")
    polish = spoken(tmp_path, "pl", {("{n} credit", "{n} credits"): forms})
    said = [polish.plural("{n} credit", "{n} credits", n) for n in (1, 3, 5, 22)]
    assert said == ["1 kredyt", "3 kredyty", "5 kredytów", "22 kredyty"]


def test_english_plurals():
    assert [words("en").plural("{n} credit", "{n} credits", n) for n in (0, 1, 1000)] == [
        "0 credits",
        "1 credit",
        "1,000 credits",
    ]


def test_dates_times_and_numbers_are_written_as_people_write_them(tmp_path):
    english, german = words("en"), spoken(tmp_path, "de", {})
    assert english.date(date(2026, 12, 1)) == "1 Dec"
    assert german.date(date(2026, 12, 1)) == "1. Dez."
    assert german.number(1000) == "1.000"
    assert english.time(datetime(2026, 12, 1, tzinfo=UTC)) == "00:00 UTC"


def test_a_time_of_day_is_in_utc():
    summer = datetime(2026, 7, 1, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    assert words("en").time(summer) == "00:30 UTC"


def test_markets_have_their_name_in_the_language(tmp_path):
    assert words("en").market("US") == "United States"
    assert words("en").market(None) == words("en").market("*") == "any market"
    assert words("en").market("XQ") == "XQ"
    assert spoken(tmp_path, "de", {}).market("US") == "Vereinigte Staaten"


def test_a_language_is_named_in_itself(tmp_path):
    assert words("en").language_name() == "English"
    assert spoken(tmp_path, "pt-BR", {}).language_name() == "Português (Brasil)"
    assert spoken(tmp_path, "ja", {}).language_name() == "日本語"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "about 1 s"),
        (5.2, "about 6 s"),
        (90, "about 90 s"),
        (91, "2 min"),
        (3600, "60 min"),
        (5401, "2 h"),
    ],
)
def test_a_wait_is_said_short_and_never_too_short(seconds, said):
    assert words("en").duration(seconds) == said


# Text of other people inside our sentences


@pytest.mark.threat(10)
def test_a_right_to_left_name_does_not_turn_our_sentence_around(tmp_path):
    assert words("en").outside("red bag") == "red bag"
    assert words("en").outside("תיק") == "\u2068תיק\u2069"
    assert spoken(tmp_path, "ar", {}).outside("red bag (new)") == "\u2068red bag (new)\u2069"
    assert isolate("عربي") == "\u2068عربي\u2069"


def test_words_of_other_people_make_no_code_in_our_sentences():
    assert "`" not in words("en").outside("`rm`")


def test_braces_in_what_is_filled_in_stay_as_they_are():
    assert words("en")("“{hint}”", hint="{balance}") == "“{balance}”"


# Translations that went wrong


@pytest.mark.parametrize(
    "translation",
    [
        "noch",
        "noch {Balance}",
        "noch {balance} {language}",
        "noch {balance",
        "{balance!r}",
        "{balance:>99}",
        "{0}",
    ],
)
def test_a_translation_with_the_wrong_placeholders_is_said_in_english(tmp_path, translation):
    german = spoken(tmp_path, "de", {"{balance} left": translation, "Closest products": "Nächste Produkte"})
    assert german("{balance} left", balance=13) == "13 left"
    assert german("Closest products") == "Nächste Produkte"


def test_a_plural_with_the_wrong_placeholders_is_said_in_english(tmp_path):
    forms = ("ein Punkt", "{m} Punkte")
    german = spoken(tmp_path, "de", {("{n} credit", "{n} credits"): forms})
    assert german.plural("{n} credit", "{n} credits", 3) == "3 credits"


def test_a_plural_may_leave_the_number_out_where_it_is_one(tmp_path):
    forms = ("ein Punkt", "{n} Punkte")
    german = spoken(tmp_path, "de", {("{n} credit", "{n} credits"): forms})
    assert german.plural("{n} credit", "{n} credits", 1) == "ein Punkt"


@pytest.mark.parametrize("file", LOCALES, ids=lambda file: file.stem)
def test_every_translation_we_ship_fills_in_what_the_english_does(file):
    assert list(wrong_placeholders(read_po(BytesIO(file.read_bytes())))) == []


# The code and the files agree


@pytest.mark.parametrize("file", LOCALES, ids=lambda file: file.stem)
def test_every_sentence_in_the_code_is_in_the_file_and_no_other(file):
    """If this fails, run: python -m bots.wording"""
    listed = {message.id for message in read_po(BytesIO(file.read_bytes())) if message.id}
    assert listed == {message.id for message in in_the_code() if message.id}


def test_refreshing_adds_new_sentences_drops_old_ones_and_keeps_translations(tmp_path):
    file = written(tmp_path, "de", {"Gone": "Weg", "Kept": "Behalten"})
    template = Catalog()
    template.add("Kept")
    template.add("New")
    refresh(tmp_path, template)
    once = file.read_bytes()
    refreshed = {message.id: message.string for message in read_po(BytesIO(once)) if message.id}
    assert refreshed == {"Kept": "Behalten", "New": ""}
    refresh(tmp_path, template)
    assert file.read_bytes() == once


# No sentence goes around the translators.
# The rule: in a module that imports bots.wording (it talks to people), a string with a letter and a blank
# is an argument of words(…) or .plural(…), or else a docstring, an error being raised, a log line, a pattern,
# an annotation or HTML. And no such call stands in an f-string: Python 3.11 hides it from the extractor.


def talking_modules() -> list[Path]:
    return [
        file
        for file in sorted(BOTS.rglob("*.py"))
        if "from bots.wording import" in file.read_text() and file.name not in OPERATOR and "sandbox" not in file.parts
    ]


def untranslated(source: str) -> Iterator[str]:
    """The sentences in a module that nobody can translate."""
    yield from _untranslated(ast.parse(source))


def _is_translated(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="words") | ast.Attribute(attr="plural" | "words"), args=[ast.Constant(), *_]):
            return True
    return False


def _untranslated(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.JoinedStr() if any(map(_is_translated, ast.walk(node))):
            yield ast.unparse(node)
            return
        case ast.Expr(value=ast.Constant()) | ast.Raise() | ast.Assert():
            return
        case ast.Call(func=ast.Name(id="words") | ast.Attribute(attr="plural" | "words")):
            children: list[ast.AST] = [
                *(arg for arg in node.args if not isinstance(arg, ast.Constant)),
                *(keyword.value for keyword in node.keywords),
            ]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re" | "log" | "logger" | "_log" | "warnings"))):
            return
        case ast.AnnAssign():
            children = [node.value] if node.value else []
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            children = [*node.body, *node.args.defaults, *(value for value in node.args.kw_defaults if value)]
        case ast.Constant(value=str() as text):
            if re.search(r"[^\W\d_]\s+\w|\w\s+[^\W\d_]", re.sub(r"<[^>]*>?", "", text)):
                yield text
            return
        case _:
            children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _untranslated(child)


def test_no_sentence_goes_around_the_translators():
    modules = talking_modules()
    assert BOTS / "outcome_cards.py" in modules
    assert BOTS / "sentences.py" in modules
    found = {str(file.relative_to(BOTS)): list(untranslated(file.read_text())) for file in modules}
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    "code",
    [
        'Line("Not translated")',
        'Card(heading=f"{n} credits left")',
        'label = "Try again"',
        "f'{words(\"Hidden\")}!'",
        'words(x, y="not a placeholder")',
        'def f(label="Try again"): pass',
    ],
)
def test_the_search_for_untranslated_sentences_finds_them(code):
    assert list(untranslated(code))


@pytest.mark.parametrize(
    "code",
    [
        'Line(words("Translated text"))',
        'words.plural("{n} old credit", "{n} old credits", n)',
        '"""A docstring here."""',
        'raise ValueError("not for people")',
        'log.info("not for people")',
        "x = f'<a href=\"{link}\">{name}</a>'",
        'p = re.compile("a b")',
        'x: "str | None" = None',
    ],
)
def test_the_search_for_untranslated_sentences_finds_nothing_else(code):
    assert list(untranslated(code)) == []
