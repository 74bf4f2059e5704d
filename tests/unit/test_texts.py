"""Text from outside is safe to show: one line, nothing invisible, nothing split."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.texts import clean, cut_at_word

FAMILY = "👨‍👩‍👧‍👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
PIECES = [
    *("a", "Z", "7", " ", "\n", "\t", "\u00a0", "\u2028", "é", "e\u0301", "\u0301", "\u0323", "ß", "x\u20dd"),
    *(FAMILY, SCOTLAND, "🇬🇧", "🇬", "👍🏽", "❤️", "1️⃣", "🏳️‍🌈", "\u200d", "\ufe0f", "\U000e0041"),
    *("مرحبا", "لَّا", "กำ", "ที่", "कपड़ों", "क्षि", "각", "\u1100\u1161\u11a8", "日本", "ﾊﾞ"),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200e",
        "\ufeff",
        "\x00",
        "\x1b",
        "\u0085",
        "\ud800",
        "\udfff",
        "\ue000",
        "\u3164",
    ),
]
texts = st.one_of(st.text(), st.text(st.sampled_from("".join(PIECES))), st.lists(st.sampled_from(PIECES)).map("".join))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  Summer\n\n dress\t 2024 ", "Summer dress 2024"),
        ("a\u00a0\u2003b\u2028c", "a b c"),
        ("cafe\u0301", "café"),
        ("moc.live\u202e evil", "moc.live evil"),
        ("\u2066bag\u2069\u200e", "bag"),
        ("sh\u200bo\ufeffe", "shoe"),
        ("bell\x07\x00 red\x1b[31m", "bell red[31m"),
        ("half \ud83d emoji", "half emoji"),
        ("private \ue000use", "private use"),
        ("smuggled\U000e0041\U000e0042 words", "smuggled words"),
        ("\u3164\u3164", ""),
        ("\u200d\u200d", ""),
        ("a \u200d b\u200d", "a b"),
        ("", ""),
    ],
)
@pytest.mark.threat(10)
def test_a_name_cannot_hide_turn_or_break_the_line(raw: str, shown: str) -> None:
    assert clean(raw, 100) == shown


@pytest.mark.parametrize(
    "text",
    [
        *(FAMILY, SCOTLAND, "🇬🇧🇺🇸", "👍🏽", "❤️ bag", "1️⃣", "🏳️‍🌈", "👩‍❤️‍👨", "🧑🏿‍🚀"),
        *(
            "حقيبة جلدية للنساء",
            "مُحَمَّد",
            "קָפֶה",
            "กระเป๋าที่น้ำหนักเบา",
            "जोड़ों के कपड़े",
            "Đầm dự tiệc",
            "日本のバッグ",
            "가방",
        ),
    ],
)
@pytest.mark.threat(10)
def test_emoji_families_and_other_scripts_survive(text: str) -> None:
    assert clean(text, 100) == unicodedata.normalize("NFC", text)


@pytest.mark.threat(10)
def test_a_tower_of_marks_is_cut_to_two() -> None:
    assert clean("Z" + "\u0335" * 500 + "a", 100) == "Z\u0335\u0335a"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        (f"ab{FAMILY}", 8, "ab"),
        (f"ab{FAMILY}", 9, f"ab{FAMILY}"),
        (f"{SCOTLAND}!", 6, ""),
        (f"{SCOTLAND}!", 7, SCOTLAND),
        ("🇬🇧🇺🇸", 3, "🇬🇧"),
        ("👍🏽", 1, ""),
        ("x\u0335\u0336y", 2, ""),
        ("ab cd", 3, "ab"),
        ("กำ", 1, ""),
        ("क्षि", 3, ""),
        ("plain words", 5, "plain"),
    ],
)
@pytest.mark.threat(10)
def test_a_cut_never_splits_what_people_see_as_one(text: str, limit: int, shown: str) -> None:
    assert clean(text, limit) == shown


def test_a_name_of_100_kb_costs_no_more_than_a_long_one() -> None:
    """Judged by what is read, not by time: what stands far behind the limit changes nothing."""
    assert clean("é" * 100_000, 200) == "é" * 200
    assert clean("\u200b" * 100_000 + "late", 10) == ""
    assert clean("\u200b" * 156 + FAMILY, 10) == ""


@given(texts, st.integers(0, 60))
@example("\u0344", 5)
@example("\u0958\u0301\u0301", 5)
@pytest.mark.threat(10)
def test_whatever_comes_the_shown_text_keeps_its_promises(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    shown.encode()
    assert shown == unicodedata.normalize("NFC", shown)
    assert shown == " ".join(shown.split())
    for char in shown.replace(SCOTLAND, "").replace("\u200d", ""):
        assert unicodedata.category(char)[0] != "C" or 0xE0020 <= ord(char) <= 0xE007F
    marks = "".join("m" if unicodedata.category(char) in ("Mn", "Me") else "." for char in shown)
    assert "mmm" not in marks
    assert clean(shown, limit) == shown


@given(texts, st.integers(0, 60))
def test_a_shorter_limit_gives_a_beginning_of_the_same_text(text: str, limit: int) -> None:
    assert clean(text, 60).startswith(clean(clean(text, 60), limit))


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("Short", 5, "Short"),
        ("Women's leather shoulder bag", 20, "Women's leather…"),
        ("Women's leather, shoulder bag", 17, "Women's leather…"),
        ("a Donaudampfschifffahrtsgesellschaft", 12, "a Donaudampf…"[:11] + "…"),
        ("日本語のとても長い名前", 5, "日本語の…"),
        (f"ab{FAMILY}cd", 5, "ab…"),
        ("words", 1, "…"),
        ("words", 0, ""),
    ],
)
def test_a_long_name_ends_after_a_word_with_an_ellipsis(text: str, limit: int, shown: str) -> None:
    assert cut_at_word(text, limit) == shown


@given(texts.map(lambda text: clean(text, 200)), st.integers(0, 80))
def test_a_cut_name_fits_and_says_that_it_was_cut(text: str, limit: int) -> None:
    shown = cut_at_word(text, limit)
    assert len(shown) <= limit or shown == text
    assert (shown == text) == (len(text) <= limit)
    assert shown == text or limit == 0 or shown.endswith("…")
