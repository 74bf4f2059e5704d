"""What the local Bot API lets into a message, and Telegram's own words where it does not."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.sandbox.telegram_rules import ApiError, parse_html, utf16_length, words
from tests.telegram_lab.checks import keyboard

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(ANY_TEXT)
def test_escaped_text_arrives_as_it_was_written(text):
    assert parse_html(html.escape(text)) == (text, [])


@given(ANY_TEXT, ANY_TEXT)
def test_a_tag_marks_exactly_its_words_in_utf16_units(before, inside):
    text, entities = parse_html(f"{html.escape(before)}<b>{html.escape(inside)}</b>")
    expected = {"type": "bold", "offset": utf16_length(before), "length": utf16_length(inside)}
    assert text == before + inside
    wanted = [expected] if inside else []
    assert entities == wanted


@given(st.text("<>/ab &;=\"'x1", max_size=60))
def test_any_markup_is_parsed_or_refused_but_never_breaks(source):
    try:
        said = words("caption", source, "HTML")
    except ApiError as error:
        assert error.description.startswith("Bad Request: can't parse entities: ")
    else:
        end = utf16_length(said.get("caption", ""))
        assert all(0 <= e["offset"] < e["offset"] + e["length"] <= end for e in said.get("caption_entities", ()))


@pytest.mark.threat(9)
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a <3 b", "Unclosed start tag at byte offset 2"),
        ("a <3> b", 'Unsupported start tag "3" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("é<b>x</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
        ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
        ("<b/>", 'Unsupported start tag "b/" at byte offset 0'),
    ],
)
def test_broken_html_is_refused_in_telegrams_words(source, reason):
    with pytest.raises(ApiError) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"


@pytest.mark.parametrize(
    ("source", "entity"),
    [
        ("<strong>x</strong>", {"type": "bold"}),
        ("<em>x</em>", {"type": "italic"}),
        ("<ins>x</ins>", {"type": "underline"}),
        ("<strike>x</strike>", {"type": "strikethrough"}),
        ("<tg-spoiler>x</tg-spoiler>", {"type": "spoiler"}),
        ("<blockquote>x</blockquote>", {"type": "blockquote"}),
        ('<a href="https://shop/?a=1&amp;b=>">x</a>', {"type": "text_link", "url": "https://shop/?a=1&b=>"}),
        ("<pre>x</pre>", {"type": "pre"}),
    ],
)
def test_every_allowed_tag_has_its_entity(source, entity):
    assert parse_html(source) == ("x", [{"offset": 0, "length": 1, **entity}])


def test_a_link_to_nowhere_is_plain_text():
    assert parse_html('<a href="javascript:alert(1)">x</a>') == ("x", [])


def test_commands_mentions_links_and_market_tags_are_found():
    said = words("text", "/find@snapshop_bot red bag #US see https://a.example/x for @someone")
    assert [(e["type"], said["text"][e["offset"] :][: e["length"]]) for e in said["entities"]] == [
        ("bot_command", "/find@snapshop_bot"),
        ("hashtag", "#US"),
        ("url", "https://a.example/x"),
        ("mention", "@someone"),
    ]


def test_nothing_is_found_inside_code_and_links():
    source = '<code>/find #US</code> <a href="https://a.example">@someone</a>'
    assert [entity["type"] for entity in words("text", source, "HTML")["entities"]] == ["code", "text_link"]


def test_blanks_around_a_text_are_cut():
    said = words("text", " \n <b>hi</b> there ", "HTML")
    assert said == {"text": "hi there", "entities": [{"type": "bold", "offset": 0, "length": 2}]}


@pytest.mark.parametrize(
    ("kind", "limit", "reason"),
    [("text", 4096, "message is too long"), ("caption", 1024, "message caption is too long")],
)
def test_limits_count_utf16_units_after_parsing(kind, limit, reason):
    longest = "😀" * (limit // 2)
    assert words(kind, f"<b>{longest}</b>", "HTML")[kind] == longest
    with pytest.raises(ApiError, match=f"Bad Request: {reason}"):
        words(kind, longest + "x")


def test_an_empty_text_is_refused_and_an_empty_caption_is_none():
    with pytest.raises(ApiError, match="message text is empty"):
        words("text", "<b> </b>", "HTML")
    assert words("caption", "") == {}


BUTTON = {"text": "1", "callback_data": "x"}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[BUTTON] * 9], "reply markup is too long"),
        ([[BUTTON] * 8] * 13, "reply markup is too long"),
        ([[{"callback_data": "x"}]], "can't parse inline keyboard button: Can't find field \"text\""),
        (
            [[{"text": "1"}]],
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        ([[BUTTON | {"url": "https://a.example"}]], "can't parse inline keyboard button: Too many actions"),
        ([[{"text": "1", "callback_data": "é" * 33}]], "BUTTON_DATA_INVALID"),
        ([[{"text": "1", "callback_data": ""}]], "BUTTON_DATA_INVALID"),
        (
            [[{"text": "1", "url": "ftp://a.example"}]],
            "inline keyboard button URL 'ftp://a.example' is invalid: Unsupported URL protocol",
        ),
    ],
)
def test_a_keyboard_outside_the_limits_is_refused(rows, reason):
    with pytest.raises(ApiError) as refused:
        keyboard({"inline_keyboard": rows})
    assert refused.value.description == f"Bad Request: {reason}"


def test_the_largest_keyboard_is_let_through():
    rows = [[BUTTON | {"callback_data": "é" * 32}] * 8] * 12 + [[BUTTON] * 4]
    keyboard({"inline_keyboard": rows})
