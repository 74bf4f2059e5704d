"""What Discord is handed: components within its limits, texts in which nobody else writes, controls that are found."""

import re
from dataclasses import dataclass, field, replace
from io import BytesIO

import discord
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from simcord.preview._markdown import markdown_tokens

from bots import notices
from bots.answer_cards import market_card
from bots.button_data import read_button
from bots.cards import Action, Card, Choice, Line, Picture, Press, Tone
from bots.discord.controls import DYNAMIC_ITEMS
from bots.discord.layout import MAX_COMPONENTS, MAX_TEXT, PHOTO_FILE, Sheet, sheet_of, under
from bots.discord.markdown import fit, units
from bots.outcome_cards import outcome_card
from bots.wording import words
from core.model import Charge, Match, NothingFound
from core.texts import clean
from core.views import View
from tests.discord_lab.components import message_problems
from tests.discord_lab.records import BUTTON, SECTION, SELECT, THUMBNAIL, texts, walk
from tests.unit.test_cards import LINKS, SEARCH, WITH_PICTURES, every_outcome, found, matches, receipt

ENGLISH = words("en")
LINK = "https://shop.tiktok.com/view/product/1729384756102938475?region=US&locale=en-US"
JOINER = "\N{WORD JOINER}"


def jpeg(colour: str = "teal") -> bytes:
    out = BytesIO()
    Image.new("RGB", (120, 160), colour).save(out, "JPEG")
    return out.getvalue()


def components(sheet: Sheet) -> list[dict]:
    """What is sent, and taken by Discord as it is."""
    sent = sheet.view.to_components()
    names = [file.filename for file in sheet.files]
    assert [str(problem) for problem in message_problems(sent, v2=True, uploaded=names)] == []
    assert len(names) == len(set(names)) <= 10
    assert sum(map(units, texts(sent))) <= MAX_TEXT
    assert all(len(part.get("description") or "") <= 256 for part in walk(sent))
    return sent


def written(card: Card, **shown) -> list[str]:
    """The texts of the card's message."""
    return texts(components(sheet_of(card, **shown)))


def parts(card: Card, kind: int, **shown) -> list[dict]:
    """The components of one kind."""
    return [part for part in walk(components(sheet_of(card, **shown))) if part["type"] == kind]


def answer(*names: str, **changes) -> Card:
    lines = tuple(
        Line(name, link=LINK, number=n, flag="🇺🇸", place="United States", name=True)
        for n, name in enumerate(names, start=26)
    )
    given = {"heading": "Closest products", "facts": ("🇺🇸 United States",), "receipt": "1 credit", "opening": "Open"}
    return Card(tone=Tone.ANSWER, lines=lines, **(given | changes))


# What a person reads


@dataclass
class Read:
    """A text as a person sees it."""

    plain: str = ""
    links: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


#: Of Discord's markdown: escapes, the bold, code and links that are ours, and whatever has no meaning. Nothing else.
_TOKEN = re.compile(
    r"\\(?P<escaped>[^0-9A-Za-z\s])|(?P<bold>\*\*)|`(?P<code>[^`]+)`|\[(?P<open>)|\]\((?P<href>[^\s()<>\\]+)\)"
    r"|(?P<plain>[^\\*_~|`<>\[\]#:]+|:(?![\w:/]))"
)


def read(text: str) -> Read:
    """Read a text as Discord does. Raises AssertionError for any mark that somebody else may have made."""
    seen = Read()
    for marked in text.split("\n"):
        line = re.sub(r"\A(### |-# )", "", marked)
        assert not re.match(r"[-+*>]\s|\d+\.\s|#|>", line), f"the line becomes a list, a heading or a quote: {line!r}"
        at, bold, label = 0, 0, False
        while at < len(line):
            token = _TOKEN.match(line, at)
            assert token, f"Discord would make something of {line[at : at + 40]!r}"
            if token["href"]:
                assert label, "a link without a text"
                seen.links.append(token["href"])
                label = False
            elif token["open"] is not None:
                label = True
            elif token["bold"]:
                bold += 1
            elif token["code"]:
                seen.code.append(token["code"])
            seen.plain += token["escaped"] or token["code"] or token["plain"] or ""
            at = token.end()
        assert bold in (0, 2), f"bold is not closed: {line!r}"
        assert not label, "a link is not closed"
        seen.plain += "\n"
    # Discord looks for these before it reads anything else, and for addresses again when it has.
    raw = re.sub(r"\]\([^)]*\)", "", text)
    assert not re.search(r"<[@#/:\w]", raw), "somebody or something is mentioned"
    assert not re.search(r"@everyone|@here|\w://", raw + seen.plain), "everybody is, or an address"
    seen.plain = seen.plain.rstrip("\n")
    return seen


def second_opinion(text: str) -> tuple[list[str], set[str]]:
    """The links, and the kinds of what else there is, by a reader of markdown that others wrote."""
    numbers = {"1", "11", "123"}
    known = dict.fromkeys(numbers, "x")
    emojis = {number: {"name": "x", "animated": False} for number in numbers}
    context = {"users": known, "roles": known, "channels": known, "commands": known, "emojis": emojis, "everyone": True}
    found: list[dict] = []

    def collect(tokens: list[dict]) -> None:
        for token in tokens:
            found.append(token)
            collect(token.get("children", []))

    collect(markdown_tokens(text, "text_display", context=context))
    return [token["href"] for token in found if "href" in token], {token["type"] for token in found}


def test_an_answer_reads_as_designed():
    shown = outcome_card(found(hint="red leather bag", first=True), ENGLISH, LINKS)
    seen = [read(text) for text in written(shown)]
    assert [text.plain for text in seen] == [
        "Closest products\n🇺🇸 United States · “red leather bag” · 1 credit · 13 left · back to 20 on 1 Dec",
        *(f"{n}. Bag number {n}\n🇺🇸 United States" for n in range(1, 6)),
        "Words under a photo steer the search, #US picks a market. More: /help",
    ]
    assert [link for text in seen for link in text.links] == [line.link for line in shown.lines]
    assert [part["label"] for part in parts(shown, BUTTON)] == [
        *["Open"] * 5,
        *("1 / 6", "More ›", "Containing a word …", "All 30 as a file", "👍", "👎"),
    ]
    assert [part["disabled"] for part in parts(shown, BUTTON) if part["label"] == "1 / 6"] == [True]


@every_outcome
def test_every_outcome_is_a_message_that_discord_takes(outcome):
    shown = outcome_card(outcome, ENGLISH, WITH_PICTURES)
    photo, pictures = jpeg("red"), [jpeg()] * len(shown.pictures)
    for sheet in (sheet_of(shown), sheet_of(shown, photo=photo, pictures=pictures)):
        sent = components(under(notices.answered_here(ENGLISH), sheet))
        assert read(texts(sent)[0]).plain == "I may not write in that channel, so your answer is here."
        assert shown.receipt in "\n".join(read(text).plain for text in texts(sent))
    assert sheet_of(shown).view.timeout is None


def test_the_colour_says_what_kind_of_news_it_is():
    colours = {tone: sheet_of(Card(tone=tone)).view.to_components()[0]["accent_color"] for tone in Tone}
    assert colours[Tone.ANSWER] == 0x14B8A6
    assert len(set(colours.values())) == len(Tone)


def test_a_thing_with_several_listings_says_so_and_its_menu_lists_them():
    several = tuple(replace(match, picture=("shop", "same.jpg")) for match in matches(9)) + matches(30)[9:]
    shown = outcome_card(found(matches=several), ENGLISH, LINKS)
    assert read(written(shown)[1]).plain == "1. Bag number 1\n🇺🇸 United States\nsame item, 9 listings"
    menu = parts(shown, SELECT)[0]
    assert menu["placeholder"] == "1 · 9 listings ▸"
    opening = menu["options"][0]
    assert (opening["label"], opening["description"]) == ("1. Bag number 1", "same item, 9 listings")
    assert read_button(opening["value"]).argument == str(View(thing=1))


def test_our_own_sentences_have_code_and_nothing_else():
    said = "Write it like this: `/grant telegram:123 10` for “*me* [x](https://evil.example)”"
    seen = read(written(Card(tone=Tone.NOTICE, lines=(Line(said), Line("You are `telegram:1`."))))[0])
    assert seen.code == ["/grant telegram:123 10", "telegram:1"]
    assert seen.links == []
    assert seen.plain.startswith("Write it like this: /grant telegram:123 10 for “*me* (x)(https:")


def test_a_sentence_without_a_heading_says_below_what_it_cost():
    shown = Card(tone=Tone.ERROR, lines=(Line("The answer was lost on the way."),), receipt="not charged")
    assert written(shown) == ["The answer was lost on the way.\n-# not charged"]


def test_paragraphs_stand_apart_and_short_lines_make_a_list():
    long = "Send a photo, or several: they are one question. Each search says what it cost."
    lines = (long, long, "/credits · What is left", "/id · Your number")
    shown = Card(tone=Tone.ANSWER, heading="What I can do", lines=tuple(map(Line, lines)), help="small")
    (text,) = written(shown)
    assert text.split("\n") == ["### What I can do", long, "", long, "", *lines[2:], "-# small"]


def test_what_was_found_and_what_it_cost_stands_apart_from_what_may_find_more():
    nothing = NothingFound(search=SEARCH, region="GB", hint="red", receipt=receipt(Charge.PAID))
    (text,) = written(outcome_card(nothing, ENGLISH, LINKS))
    heading, small, apart, advice = text.split("\n")
    assert (heading, small[:3], apart) == ("### Nothing found", "-# ", "")
    assert advice.startswith("A closer photo")


# Text from outside

_MARKUP = [
    *("@everyone", "@here", "<@11>", "<@&11>", "<#11>", "<t:1>", "</x:11>", "<:x:11>", "<a:x:1>", ":bomb:", "||", "**"),
    *(
        "](https://evil.example)",
        "[a](",
        "https://evil.example",
        "javascript:alert(1)",
        "\n# ",
        "-# ",
        "> ",
        "```",
        "1. ",
    ),
    *("- ", " ", "\u202e", "\u200b", "e" + "\u0301" * 500, "\N{WOMAN}\u200d\N{GIRL}", "\u05de\u05e8\u05d7"),
]
HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text("\\*_~|`<>#:@[]()!-+.1 \n", max_size=120),
    st.lists(st.sampled_from(_MARKUP), max_size=12).map("".join),
    st.builds(lambda sign, n: sign * n, st.sampled_from("x𝕏👩é<*[@"), st.integers(0, 900)),
)


@pytest.mark.threat(8)
@pytest.mark.threat(9)
@settings(max_examples=150)
@given(st.lists(HOSTILE, min_size=1, max_size=5), HOSTILE)
@example(["[x](https://evil.example) @everyone"], "- <@1> https://evil.example")
@example(["](javascript:alert(1)) **"], "1. `code` \\")
@example(["x\\"], "a](b")
def test_no_name_and_no_words_write_anything_but_text(names, hint):
    shown = answer(*names, facts=("🇺🇸 United States", f"“{hint}”"), help=f"Words: {hint}")
    for text in written(shown):
        seen = read(text)
        assert set(seen.links) <= {LINK}
        assert seen.code == [] or "Words" in seen.plain
        hrefs, kinds = second_opinion(text)
        assert set(hrefs) <= {LINK}
        assert not kinds & {"mention", "emoji", "timestamp", "command", "em_open", "s_open", "spoiler_open", "fence"}
    listed = [text for text in written(shown) if text.startswith("**")]
    assert [text.count("\n") for text in listed] == [1] * len(names), "a name is one line, its place another"


@pytest.mark.threat(10)
@given(HOSTILE)
def test_words_that_stand_alone_are_one_harmless_line(hint):
    shown = notices.search_with(SEARCH, clean(hint, 100) or "x", ENGLISH)
    question, apart, words = read(written(shown)[0]).plain.split("\n")
    assert question and words and not apart


def test_a_long_name_is_cut_at_a_word():
    seen = read(written(answer("Women's genuine leather crossbody handbag with a gold chain strap, medium size"))[1])
    assert seen.plain.split("\n")[0] == "26. Women's genuine leather crossbody handbag with a gold chain…"


def test_a_name_from_right_to_left_leaves_its_surroundings_alone():
    assert "\u2068حقيبة جلد\u2069" in read(written(answer("حقيبة جلد"))[1]).plain


@pytest.mark.threat(11)
@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "tos://x", "http://evil.example/", "https://", "//x", "x" * 600]
)
def test_an_odd_link_is_no_link(link):
    shown = replace(answer("Bag"), lines=(Line("Bag", link=link, number=1, name=True),))
    assert [read(text).links for text in written(shown)] == [[], []]
    assert parts(shown, SECTION) == parts(shown, BUTTON) == []


def test_an_address_cannot_end_its_link():
    shown = replace(answer("Bag"), lines=(Line("Bag", link="https://shop.example/a)b (c)*|`", number=1, name=True),))
    assert read(written(shown)[1]).links == ["https://shop.example/a%29b%20%28c%29%2A%7C%60"]


# Pictures


def test_a_picture_stands_beside_its_product_and_a_button_where_there_is_none():
    shown = outcome_card(found(), ENGLISH, WITH_PICTURES)
    sheet = sheet_of(shown, pictures=[jpeg("red"), None, jpeg("blue"), None, None], photo=jpeg())
    pictured = [part for part in walk(components(sheet)) if part["type"] == THUMBNAIL]
    assert [(part["media"]["url"], part["description"]) for part in pictured] == [
        (f"attachment://{PHOTO_FILE}", None),
        ("attachment://product-1.jpg", "Bag number 1"),
        ("attachment://product-3.jpg", "Bag number 3"),
    ]
    assert {file.filename: file.fp.read() for file in sheet.files} == {
        PHOTO_FILE: jpeg(),
        "product-1.jpg": jpeg("red"),
        "product-3.jpg": jpeg("blue"),
    }
    assert [part.get("url") for part in parts(shown, BUTTON)][:5] == [line.link for line in shown.lines]


def test_the_photo_stands_beside_a_sentence_as_well():
    shown = Card(tone=Tone.ERROR, lines=(Line("The answer was lost."),))
    assert [part["media"]["url"] for part in parts(shown, THUMBNAIL, photo=jpeg())] == [f"attachment://{PHOTO_FILE}"]


def test_only_what_is_shown_is_uploaded():
    count = 14
    pictures = tuple(Picture(number=n, bucket="", key="", product_id="", name="") for n in range(26, 26 + count))
    shown = answer(*["Bag"] * count, pictures=pictures)
    sheet = sheet_of(shown, pictures=[jpeg()] * count, photo=jpeg())
    components(sheet)
    assert len(sheet.files) == 9


# Controls


def controls(card: Card) -> list[tuple[str, str]]:
    """The id of each control, and the button data behind it."""
    behind = []
    for part in walk(components(sheet_of(card))):
        for data in [option["value"] for option in part.get("options", ())] or [None]:
            if "custom_id" in part:
                fitting = [
                    found
                    for item in DYNAMIC_ITEMS
                    if (found := item.__discord_ui_compiled_template__.fullmatch(part["custom_id"]))
                ]
                assert len(fitting) == 1, "exactly one kind of control answers to an id"
                behind.append((part["custom_id"], data or fitting[0]["data"]))
    return behind


@every_outcome
def test_every_control_of_every_outcome_is_found_by_its_id_alone(outcome):
    shown = outcome_card(outcome, ENGLISH, LINKS)
    behind = controls(shown)
    assert len(set(behind)) == len(behind)
    offered = {action for row in shown.rows for action in row}
    offered |= {option for choice in shown.choices for option in choice.options}
    offered |= {line.more for line in shown.lines if line.more}
    asked = {(button.name, button.search, button.argument) for _, data in behind if (button := read_button(data))}
    assert asked == {(action.name, action.search, action.argument) for action in offered}


def test_a_menu_that_costs_goes_on_saying_so():
    menu = parts(outcome_card(found(), ENGLISH, LINKS), SELECT)[-1]
    assert menu["placeholder"] == "Other market · 1 credit"
    assert not [option for option in menu["options"] if option["default"]]
    chosen = next(option for option in menu["options"] if option["label"].startswith("✓"))
    assert (chosen["label"], chosen["emoji"]["name"]) == ("✓ United States", "🇺🇸")


def test_a_menu_of_settings_shows_what_is_set():
    options = (Action("🇺🇸 United States", Press.REGION, argument="US", chosen=True), Action("?", Press.REGION))
    shown = Card(tone=Tone.ANSWER, choices=(Choice(label="Pick your market", options=options),))
    assert [option["default"] for option in parts(shown, SELECT)[0]["options"]] == [True, False]


def test_a_flag_that_is_no_emoji_stays_in_its_label():
    some = tuple(replace(match, region=region) for match, region in zip(matches(3), ("US", "ZZ", "ZZ"), strict=True))
    menu = parts(outcome_card(found(matches=some), ENGLISH, LINKS), SELECT)[-2]
    assert ["emoji" in option for option in menu["options"]] == [False, True]


def test_all_markets_fit_a_menu():
    options = parts(market_card(SEARCH, ENGLISH, "US", frozenset({"GB"})), SELECT)[0]["options"]
    assert len(options) == 18
    assert "United Kingdom · free" in [option["label"] for option in options]


@given(st.text(max_size=60), st.sampled_from("x𝕏界"))
def test_a_button_carries_the_words_that_it_searches_with(hint, sign):
    carried = clean(hint, 60) or sign * 60
    shown = notices.search_with(SEARCH, carried, ENGLISH, carried=carried)
    custom_id, data = controls(shown)[0]
    assert units(custom_id) <= 100
    button = read_button(data)
    assert button.name is Press.WORDS
    assert carried.startswith(button.argument)
    assert button.argument == carried or units(carried) > 60


# Limits


def stretched(card: Card) -> Card:
    """The card in a language that needs 1.6 times the room."""

    def longer(text: str) -> str:
        return text + "m" * int(len(text) * 0.6)

    def wide(action: Action) -> Action:
        return replace(action, label=longer(action.label), short=longer(action.short))

    return replace(
        card,
        heading=longer(card.heading),
        facts=tuple(map(longer, card.facts)),
        help=longer(card.help),
        receipt=longer(card.receipt),
        opening=longer(card.opening),
        rows=tuple(tuple(map(wide, row)) for row in card.rows),
        choices=tuple(
            replace(choice, label=longer(choice.label), options=tuple(map(wide, choice.options)))
            for choice in card.choices
        ),
        lines=tuple(
            replace(line, note=longer(line.note), place=longer(line.place), more=wide(line.more)) if line.more else line
            for line in card.lines
        ),
    )


@pytest.mark.parametrize("names", ["Bag, leather, red, large " * 9, "*" * 200, "👜" * 200])
def test_the_fullest_answer_keeps_every_product_and_every_control(names):
    pairs = tuple(
        Match(id=f"{10**29 + n}", name=f"{n} {names}", region=("US", "SA", "GB")[n % 3], picture=("shop", f"{n // 2}"))
        for n in range(30)
    )
    fullest = found(
        matches=pairs, hint="w" * 100, view=View(page=1), first=True, offered=9, receipt=receipt(Charge.STORED)
    )
    shown = stretched(outcome_card(fullest, ENGLISH, WITH_PICTURES))
    sheet = sheet_of(shown, pictures=[jpeg()] * 5, photo=jpeg())
    sent = components(under(notices.answered_here(ENGLISH), sheet))
    kinds = [part["type"] for part in walk(sent)]
    assert len(kinds) <= MAX_COMPONENTS
    assert len([text for text in texts(sent) if text.startswith("**")]) == 5
    assert kinds.count(BUTTON) == sum(map(len, shown.rows)) == 9
    assert kinds.count(SELECT) == 3


def test_a_card_with_too_many_controls_loses_the_last():
    shown = answer("Bag", rows=tuple((Action(f"Button {n}", Press.NOOP),) for n in range(40)))
    labels = [part["label"] for part in parts(shown, BUTTON)]
    assert labels == ["Open", *(f"Button {n}" for n in range(len(labels) - 1))]
    assert len(labels) > 10


def test_a_row_of_many_buttons_is_several_rows():
    shown = Card(tone=Tone.NOTICE, rows=(tuple(Action(str(n), Press.NOOP) for n in range(12)),))
    assert [part["label"] for part in parts(shown, BUTTON)] == [str(n) for n in range(12)]


def test_a_long_report_is_cut_at_a_line():
    shown = Card(
        tone=Tone.ANSWER, heading="Report", lines=tuple(Line(f"Line {n} of it") for n in range(999)), help="end"
    )
    (text,) = written(shown)
    assert MAX_TEXT - 400 < units(text) <= MAX_TEXT - 200
    assert text.split("\n")[-2:] == ["…", "-# end"]


@settings(max_examples=60)
@given(st.lists(HOSTILE, max_size=12), HOSTILE, st.lists(HOSTILE, max_size=6), st.text(max_size=300))
def test_whatever_a_card_says_discord_takes_it(names, heading, facts, label):
    lines = [Line(name, number=n, name=True, link=LINK, note=heading, place=heading) for n, name in enumerate(names)]
    components(
        sheet_of(
            Card(
                tone=Tone.NOTICE,
                heading=heading,
                facts=tuple(facts),
                lines=(*lines, *map(Line, names)),
                help=heading,
                receipt=heading,
                opening=label,
                rows=((Action(label, Press.FORGET),),),
                choices=(Choice(label=label, options=(Action(label, Press.LANGUAGE, argument="de"),) * 30),),
            )
        )
    )


@given(st.text(), st.integers(1, 40))
def test_a_text_that_must_fit_fits_and_is_never_empty(text, limit):
    assert 1 <= units(fit(text, limit)) <= limit
    if text.strip() and units(text) <= limit:
        assert fit(text, limit) == text.strip()


def test_a_sheet_is_never_listened_to():
    """discord.py would forget all controls when one view that it listens to comes to its end."""
    view = sheet_of(outcome_card(found(), ENGLISH, LINKS)).view
    assert not view.is_dispatchable()
    assert isinstance(view, discord.ui.LayoutView)
