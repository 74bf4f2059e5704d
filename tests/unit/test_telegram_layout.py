"""What Telegram is handed: HTML that it can read, within its limits, and buttons that nobody can forge."""

import html
import re
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from telegram import LinkPreviewOptions

from bots.answer_cards import market_card
from bots.button_data import Button, button_data, read_button
from bots.cards import Action, Card, Line, Links, Press, Tone
from bots.outcome_cards import outcome_card
from bots.telegram.layout import (
    MAX_CAPTION,
    MAX_DATA,
    MAX_ROW,
    MAX_TEXT,
    keyboard,
    link_preview,
    text,
    units,
)
from bots.wording import words
from core.model import ANY_MARKET, Match
from core.regions import PRODUCT_URL
from core.texts import clean
from core.views import View, fitting_word
from tests.unit.test_cards import EVERY_OUTCOME, LINKS, SEARCH, every_outcome, found, several_markets

ENGLISH = words("en")
LINK = 'https://shop.tiktok.com/view/product/1729384756102938475?region=US&locale=en-US&x="<'


@dataclass(frozen=True)
class Read:
    """A message as a person sees it."""

    plain: str
    links: list[str]
    bold: list[str]
    italic: list[str]
    code: list[str]


#: Bot API, "HTML style": these tags and entities and no others; everything else is an error.
_TOKEN = re.compile(
    r'<(?P<open>b|i|code)>|<a href="(?P<href>[^"<>]*)">|</(?P<close>b|i|code|a)>'
    r"|&(?P<entity>amp|lt|gt|quot|#x27);|(?P<plain>[^<>&]+)"
)


def read(markup: str) -> Read:
    """Read HTML as strictly as Telegram does. Raises AssertionError on anything that it would refuse."""
    seen = Read("", [], [], [], [])
    plain, stack, at = "", [], 0
    while at < len(markup):
        token = _TOKEN.match(markup, at)
        assert token, f"Telegram cannot parse {markup[at : at + 40]!r}"
        if token["href"] is not None:
            seen.links.append(html.unescape(token["href"]))
            stack.append(("a", len(plain)))
        elif token["open"]:
            stack.append((token["open"], len(plain)))
        elif token["close"]:
            tag, start = stack.pop()
            assert tag == token["close"], "tags cross"
            {"b": seen.bold, "i": seen.italic, "code": seen.code, "a": []}[tag].append(plain[start:])
        else:
            plain += html.unescape(token[0])
        at = token.end()
    assert not stack, "a tag is never closed"
    return Read(plain, seen.links, seen.bold, seen.italic, seen.code)


#: Between a name and its flag, so that the flag never stands alone on a line.
NBSP = "\N{NO-BREAK SPACE}"


def answer(*names: str, **changes) -> Card:
    lines = tuple(Line(name, link=LINK, number=n, flag="🇺🇸", name=True) for n, name in enumerate(names, start=26))
    given = {"heading": "Closest products", "facts": ("🇺🇸 United States",), "receipt": "1 credit · 13 left"}
    return Card(tone=Tone.ANSWER, lines=lines, **(given | changes))


# Text


def test_an_answer_reads_as_designed():
    shown = outcome_card(found(hint="red leather bag", first=True), ENGLISH, LINKS)
    seen = read(text(shown))
    assert seen.plain.split("\n") == [
        "Closest products · 🇺🇸 United States · “red leather bag”",
        *(f"{n}. Bag number {n}{NBSP}🇺🇸" for n in range(1, 6)),
        "Words under a photo steer the search, #US picks a market. More: /help",
        "1 credit · 13 left · back to 20 on 1 Dec",
    ]
    assert seen.bold == ["Closest products"]
    assert seen.italic == ["1 credit · 13 left · back to 20 on 1 Dec"]
    assert seen.links == [line.link for line in shown.lines]


@every_outcome
def test_every_outcome_is_a_message_that_telegram_takes(outcome):
    shown = outcome_card(outcome, ENGLISH, LINKS)
    seen = read(text(shown))
    assert 1 <= units(seen.plain) <= MAX_CAPTION
    assert seen.plain.endswith(shown.receipt)


@pytest.mark.threat(9)
@given(st.lists(st.text(max_size=300), min_size=1, max_size=5), st.text(max_size=60))
@example(["<b>bold</b> & <a href='x'>", '"><script>'], "</b>")
@example(["&amp;lt;"], "&")
def test_names_and_hints_from_outside_stay_text(names, hint):
    shown = answer(*names, facts=("🇺🇸 United States", f"“{hint}”"))
    seen = read(text(shown))
    assert seen.bold == ["Closest products"]
    assert seen.code == []
    assert seen.links == [LINK] * len(names)


def test_a_name_is_shown_as_it_is():
    name = "Boots <b>& `bags`</b> \"10\" '5' &amp;"
    assert f"26. {name}{NBSP}🇺🇸" in read(text(answer(name))).plain


def test_a_right_to_left_name_leaves_its_number_and_flag_in_place():
    assert f"26. \u2068תיק עור\u2069{NBSP}🇺🇸" in read(text(answer("תיק עור"))).plain


def test_our_own_lines_may_hold_code():
    shown = Card(tone=Tone.NOTICE, lines=(Line("Send `/find <words>` & wait"),), help="or `/help`")
    seen = read(text(shown))
    assert seen.code == ["/find <words>", "/help"]
    assert seen.plain == "Send /find <words> & wait\nor /help"


# Limits

HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text("👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🇺🇸", max_size=400),
    st.text("<>&\"'`", max_size=400),
    st.text("אבג مرحبا", max_size=400),
    st.text("e\u0301\u0302\u0303", max_size=400),
    st.builds(lambda sign, n: sign * n, st.sampled_from("x𝕏👩é< "), st.integers(0, 3000)),
)


@given(st.lists(HOSTILE, min_size=1, max_size=5), HOSTILE, st.text(max_size=120))
def test_an_answer_with_the_worst_names_fits_under_a_picture(names, hint, receipt):
    shown = answer(*names, facts=("🇺🇸 United States", f"“{hint}”"), receipt=receipt, help="/help " * 12)
    seen = read(text(shown))
    assert units(seen.plain) <= MAX_CAPTION
    assert [line[:3] for line in seen.plain.split("\n") if re.match(r"2[6-9]\. |30\. ", line)]


@given(st.lists(HOSTILE, min_size=5, max_size=5), HOSTILE)
def test_a_real_answer_keeps_all_its_products_links_and_receipt(names, hint):
    cleaned = tuple(Match(id=f"1729384756102938{n:03}", name=f"{n} {clean(name, 200)}") for n, name in enumerate(names))
    shown = outcome_card(
        found(matches=cleaned, hint=clean(hint, 100)), ENGLISH, Links(product_url=PRODUCT_URL, pictures=True)
    )
    seen = read(text(shown))
    assert units(seen.plain) <= MAX_CAPTION
    assert len(seen.links) == 5
    assert seen.plain.endswith(shown.receipt)


@pytest.mark.threat(8)
@given(HOSTILE)
def test_no_name_and_no_words_mention_anybody(text_from_outside):
    shown = answer(f"for @tom {text_from_outside}", "@everyone", facts=(f"“@tom {text_from_outside}”",))
    assert not re.search(r"@\w", read(text(shown)).plain)


def test_long_names_are_shortened_and_short_ones_kept():
    seen = read(text(answer("Short bag", *["🎒" * 300] * 4)))
    assert f"26. Short bag{NBSP}🇺🇸" in seen.plain
    assert seen.plain.count("…") == 4
    assert MAX_CAPTION - 20 < units(seen.plain) <= MAX_CAPTION


def test_names_that_fit_are_not_touched():
    names = ["n" * 70] * 5
    assert all(f". {name}{NBSP}" in read(text(answer(*names))).plain for name in names)


def test_a_long_report_is_cut_at_a_line_and_keeps_its_end():
    lines = tuple(Line(f"Line {n} of a long report") for n in range(1000))
    shown = Card(tone=Tone.NOTICE, heading="Report", lines=lines, receipt="the end")
    seen = read(text(shown))
    assert MAX_TEXT - 40 < units(seen.plain) <= MAX_TEXT
    assert seen.plain.split("\n")[-2:] == ["…", "the end"]


def test_characters_are_counted_as_telegram_counts_them():
    assert [units(sign) for sign in ("a", "é", "👩", "🇺🇸")] == [1, 1, 2, 4]


# Buttons

LONG_WORD = fitting_word("กระเป๋าหนังสีแดงใบใหญ่มาก" * 3)
BUTTONS = [
    Action("›", Press.PAGE, search=SEARCH, argument="4"),
    Action("1–5 of 30", Press.NOOP, search=SEARCH),
    Action("info", Press.NOOP),
    Action("Other market", Press.MARKET, search=SEARCH),
    Action("US", Press.IN, search=SEARCH, argument="US"),
    Action("Any", Press.IN, search=SEARCH, argument=ANY_MARKET),
    Action("Try again", Press.RETRY, search=SEARCH),
    Action("Afresh", Press.FRESH, search=SEARCH),
    Action("Words", Press.WORDS, search=SEARCH),
    Action("Album", Press.ALBUM, search=SEARCH),
    Action("Mine", Press.REGION, argument="GB"),
    Action("Mine, none", Press.REGION),
    Action("Ours", Press.REGION_ALL, argument=ANY_MARKET),
    Action("Deutsch", Press.LANGUAGE, argument="de"),
    Action("Português (Brasil)", Press.LANGUAGE, argument="pt-BR"),
    Action("As my app", Press.LANGUAGE),
    Action("Deutsch with all", Press.LANGUAGE_ALL, argument="de"),
    Action("Only one market", Press.ONLY, search=SEARCH),
    Action("Containing", Press.CONTAINING, search=SEARCH),
    Action("As a file", Press.FILE, search=SEARCH),
    Action("Only US", Press.PAGE, search=SEARCH, argument=str(View(page=12, market="US"))),
    Action("Listings", Press.PAGE, search=SEARCH, argument=str(View(page=12, thing=30))),
    Action(
        "Red", Press.PAGE, search=SEARCH, argument=str(View(page=12, word=fitting_word("กระเป๋าหนังสีแดงใบใหญ่มาก" * 3)))
    ),
    Action("Forget me", Press.FORGET),
    Action("👍", Press.VOTE, search=SEARCH, argument="+"),
    Action("7 days", Press.USAGE, argument="7d|telegram:-1001234567890"),
    Action("50 a day", Press.CHAT_LIMIT, argument="50"),
    Action("Language", Press.SETTINGS, argument="language"),
]


@pytest.mark.parametrize("action", BUTTONS, ids=lambda action: action.label)
def test_a_button_comes_back_as_it_went(action):
    data = button_data(action)
    assert len(data.encode()) <= MAX_DATA
    assert read_button(data) == Button(name=Press(action.name), search=action.search, argument=action.argument)


def test_every_kind_of_button_is_tried_and_told_apart():
    assert {action.name for action in BUTTONS} == set(Press)
    assert len({button_data(action) for action in BUTTONS}) == len(BUTTONS)


def test_buttons_of_messages_sent_long_ago_still_work():
    """These are in people's chats: whoever changes the form must go on reading them."""
    assert read_button("1pZm9vYmFyYmF6cXV4:4") == Button(name=Press.PAGE, search=SEARCH, argument="4")
    assert read_button("1rZm9vYmFyYmF6cXV4:") == Button(name=Press.RETRY, search=SEARCH, argument="")
    assert read_button("1iZm9vYmFyYmF6cXV4:*") == Button(name=Press.IN, search=SEARCH, argument="*")
    assert read_button("1g:GB") == Button(name=Press.REGION, search="", argument="GB")


@pytest.mark.threat(12)
@pytest.mark.parametrize(
    "data",
    [
        "",
        "1",
        "1p",
        "2pZm9vYmFyYmF6cXV4:4",
        "1zZm9vYmFyYmF6cXV4:4",
        "1pZm9vYmFyYmF6cXV:4",
        "1pZm9vYmFyYmF6cXV4:",
        "1pZm9vYmFyYmF6cXV4:-1",
        "1pZm9vYmFyYmF6cXV4:999",
        "1pZm9vYmFyYmF6cXV4:٤",
        "1pZm9vYmFyYmF6cXV4:4\n",
        "1pZm9vYmFyYm' OR:4",
        "1iZm9vYmFyYmF6cXV4:usa",
        "1iZm9vYmFyYmF6cXV4:",
        "1rZm9vYmFyYmF6cXV4:extra",
        "1xZm9vYmFyYmF6cXV4:",
        "1p" + "a" * 100,
        "page:4",
        "\ud800",
    ],
)
def test_forged_and_unknown_buttons_are_nothing(data):
    assert read_button(data) is None


@pytest.mark.threat(12)
@given(st.one_of(st.text(), st.from_regex(r"\A1[a-z][A-Za-z0-9_-]{0,20}:?[A-Z0-9*]{0,4}\Z")))
def test_any_button_data_is_read_exactly_or_not_at_all(data):
    button = read_button(data)
    if button is not None:
        action = Action("", button.name, search=button.search, argument=button.argument)
        assert button_data(action) == data


@pytest.mark.parametrize(
    "action",
    [
        Action("", "unknown"),
        Action("", Press.PAGE, search="short", argument="1"),
        Action("", Press.IN, search=SEARCH, argument="x" * 60),
    ],
)
def test_a_button_that_could_not_be_read_again_is_never_sent(action):
    with pytest.raises(ValueError, match=r"button|Press"):
        button_data(action)


@pytest.mark.parametrize("outcome", EVERY_OUTCOME, ids=lambda outcome: type(outcome).__name__)
def test_every_button_of_every_outcome_can_be_sent_and_read(outcome):
    markup = keyboard(outcome_card(outcome, ENGLISH, LINKS))
    for button in (button for row in (markup.inline_keyboard if markup else ()) for button in row):
        assert button.text
        assert bool(button.url) != bool(button.callback_data)
        assert button.url or read_button(str(button.callback_data))


def test_a_card_without_buttons_has_no_keyboard():
    assert keyboard(Card(tone=Tone.NOTICE)) is None


def test_an_answer_has_its_links_pages_and_further_steps_in_few_rows():
    markup = keyboard(outcome_card(found(view=View(page=1)), ENGLISH, LINKS))
    assert markup
    assert [[button.text for button in row] for row in markup.inline_keyboard] == [
        ["6", "7", "8", "9", "10"],
        ["‹", "6–10 of 30", "›"],
        ["👍", "👎"],
        ["All 30 as a file"],
        ["🌍 Other market · 1 credit"],
    ]
    assert str(markup.inline_keyboard[0][0].url).endswith("00006?region=US&locale=en-US")


def test_few_markets_are_offered_at_once_and_listings_by_their_number():
    markup = keyboard(outcome_card(several_markets(), ENGLISH, LINKS))
    assert markup
    assert [[button.text for button in row] for row in markup.inline_keyboard] == [
        ["1", "2", "3", "4", "5"],
        ["1 · 3 listings ▸"],
        ["👍", "👎"],
        ["Only 🇺🇸", "Only 🇬🇧"],
        ["All 7 as a file"],
        ["🌍 Other market · 1 credit"],
    ]


def test_the_list_of_markets_fits_a_phone():
    markup = keyboard(market_card(SEARCH, ENGLISH, "US", frozenset({"GB"})))
    assert markup
    assert max(len(row) for row in markup.inline_keyboard) == 2
    assert not [button.text for row in markup.inline_keyboard for button in row if "…" in button.text]


def test_a_row_has_at_most_eight_buttons_and_a_message_a_hundred():
    row = tuple(Action(str(n), Press.NOOP) for n in range(30))
    markup = keyboard(Card(tone=Tone.NOTICE, rows=(row,) * 9))
    assert markup
    assert {len(row) for row in markup.inline_keyboard} == {MAX_ROW, 6}
    assert sum(map(len, markup.inline_keyboard)) <= 100


def test_a_long_label_is_cut():
    markup = keyboard(Card(tone=Tone.NOTICE, rows=((Action("Search again with " * 9, Press.NOOP),),)))
    assert markup
    assert markup.inline_keyboard[0][0].text.endswith("…")
    assert len(markup.inline_keyboard[0][0].text) <= 48


# Link preview


def test_the_first_product_is_previewed_large_above_the_text():
    shown = outcome_card(found(view=View(page=1)), ENGLISH, LINKS)
    assert link_preview(shown, enabled=True) == LinkPreviewOptions(
        url=shown.lines[0].link, prefer_large_media=True, show_above_text=True
    )


def test_nothing_is_previewed_where_it_is_off_or_there_is_no_product():
    assert link_preview(outcome_card(found(), ENGLISH, LINKS), enabled=False).is_disabled
    assert link_preview(Card(tone=Tone.NOTICE), enabled=True).is_disabled
