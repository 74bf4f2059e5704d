"""What people are told: every outcome in one kind sentence, what it cost, and what they can do next."""

import re
import types
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from bots.answer_cards import PAGE_SIZE, market_card, only_card
from bots.cards import Action, Card, Links, Press, Tone
from bots.outcome_cards import outcome_card
from bots.sentences import receipt_line
from bots.wording import Words, words
from core.model import (
    ANY_MARKET,
    Blocked,
    BudgetSpent,
    Busy,
    Charge,
    Expired,
    Found,
    Limit,
    Lost,
    Match,
    MembersOnly,
    NoCredits,
    NothingFound,
    Outcome,
    Paused,
    Problem,
    Receipt,
    Stale,
    Unavailable,
    Unreadable,
    Wait,
    Working,
)
from core.regions import MARKETS, PRODUCT_URL
from core.views import View
from tests.unit.test_wording import in_the_code

SEARCH = "Zm9vYmFyYmF6cXV4"
ENGLISH = words("en")
LINKS = Links(product_url=PRODUCT_URL, pictures=False)
WITH_PICTURES = Links(product_url=PRODUCT_URL, pictures=True)
MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)


def receipt(charge: Charge = Charge.PAID, balance: int = 13, allowance: int = 20) -> Receipt:
    return Receipt(charge=charge, balance=balance, allowance=allowance, renews_on=date(2026, 12, 1))


NOT_CHARGED = receipt(Charge.NOTHING)


def matches(count: int) -> tuple[Match, ...]:
    return tuple(
        Match(id=f"17293847561029{n:05}", name=f"Bag number {n}", region="US", picture=("shop", f"bags/{n}.jpg"))
        for n in range(1, count + 1)
    )


def found(**changes) -> Found:
    given = {"search": SEARCH, "matches": matches(30), "region": "US", "hint": None, "receipt": receipt()}
    return Found(**(given | changes))


EVERY_OUTCOME: list[Outcome | Working] = [
    found(hint="red leather bag", offered=3, view=View(page=1), first=True, receipt=receipt(Charge.STORED)),
    NothingFound(search=SEARCH, region=None, hint="red", receipt=receipt(), offered=1),
    NoCredits(search=SEARCH, receipt=receipt(Charge.NOTHING, 0)),
    NoCredits(search=SEARCH, receipt=receipt(Charge.NOTHING, 0, 0)),
    *(BudgetSpent(search=SEARCH, limit=limit, until=MIDNIGHT, receipt=NOT_CHARGED) for limit in Limit),
    MembersOnly(search=SEARCH),
    Blocked(search=SEARCH),
    *(Unreadable(search=SEARCH, problem=problem) for problem in Problem),
    *(Busy(search=SEARCH, wait=wait, seconds=40) for wait in Wait),
    Paused(search=SEARCH),
    Lost(search=SEARCH, receipt=NOT_CHARGED),
    Unavailable(search=SEARCH, receipt=NOT_CHARGED),
    Stale(search=SEARCH),
    Expired(search=SEARCH),
    Working(search=SEARCH),
    Working(search=SEARCH, before=3, seconds=5.2),
    Working(search=SEARCH, pausing=True),
]
NAMES = [f"{type(outcome).__name__}-{at}" for at, outcome in enumerate(EVERY_OUTCOME)]
every_outcome = pytest.mark.parametrize("outcome", EVERY_OUTCOME, ids=NAMES)


def card(outcome: Outcome | Working, links: Links = LINKS) -> Card:
    return outcome_card(outcome, ENGLISH, links)


def said(card: Card) -> str:
    """Everything that can be read on a card."""
    parts = [card.heading, *card.facts, *(line.text for line in card.lines), card.help, card.receipt]
    return " ".join(part for part in parts if part)


def labels(card: Card) -> list[list[str]]:
    return [[action.label for action in row] for row in card.rows]


def actions(card: Card) -> list[Action]:
    """Everything that can be pressed on a card."""
    single = [action for row in card.rows for action in row]
    opening = [choice.opens for choice in card.choices if choice.opens]
    chosen = [option for choice in card.choices for option in choice.options]
    return [*single, *opening, *chosen, *(line.more for line in card.lines if line.more)]


def all_labels(card: Card) -> list[str]:
    return [action.label for action in actions(card)] + [choice.label for choice in card.choices if choice.label]


# An answer


def test_an_answer_shows_five_products_what_it_looked_for_and_what_it_cost():
    shown = card(found(hint="red leather bag"))
    assert shown.tone is Tone.ANSWER
    assert shown.heading == "Closest products"
    assert shown.facts == ("🇺🇸 United States", "“red leather bag”")
    assert [(line.number, line.text, line.flag) for line in shown.lines] == [
        (n, f"Bag number {n}", "🇺🇸") for n in range(1, 6)
    ]
    assert shown.receipt == "1 credit · 13 left · back to 20 on 1 Dec"
    assert labels(shown) == [["1 / 6", "More ›"], ["Containing a word …", "All 30 as a file"], ["👍", "👎"]]
    assert [choice.label for choice in shown.choices] == ["Other market · 1 credit"]


def test_every_line_leads_to_its_product():
    shown = card(found(view=View(page=2)))
    assert shown.lines[0].link == "https://shop.tiktok.com/view/product/1729384756102900011?region=US&locale=en-US"
    assert shown.preview == shown.lines[0].link


def test_numbers_run_on_over_the_pages_and_the_ends_have_no_arrow():
    assert labels(card(found(view=View(page=0))))[0] == ["1 / 6", "More ›"]
    second = card(found(view=View(page=1)))
    assert [line.number for line in second.lines] == [6, 7, 8, 9, 10]
    assert labels(second)[0] == ["‹ Back", "2 / 6", "More ›"]
    assert [action.short for action in second.rows[0]] == ["‹", "6–10 of 30", "›"]
    assert labels(card(found(view=View(page=5))))[0] == ["‹ Back", "6 / 6"]


def test_the_arrows_turn_one_page():
    back, here, on = card(found(view=View(page=3))).rows[0]
    assert (back.name, back.argument, on.name, on.argument) == (Press.PAGE, "2", Press.PAGE, "4")
    assert here.name == Press.NOOP
    assert back.search == here.search == on.search == SEARCH


def test_one_page_has_no_turning():
    assert labels(card(found(matches=matches(3)))) == [["Containing a word …", "All 3 as a file"], ["👍", "👎"]]


@given(st.integers(1, 30), st.integers(0, 40))
def test_every_page_shows_products_and_every_product_is_on_one_page(total, page):
    shown = card(found(matches=matches(total), view=View(page=page)))
    assert 1 <= len(shown.lines) <= PAGE_SIZE
    pages = {View.parse(action.argument).page for row in shown.rows for action in row if action.name == Press.PAGE}
    assert all(0 <= page <= (total - 1) // PAGE_SIZE for page in pages)


def test_any_market_is_said_too():
    assert card(found(region=None)).facts == ("any market",)
    assert card(found(region=ANY_MARKET)).facts == ("any market",)


def test_a_long_name_is_cut_at_a_word_and_a_long_hint_too():
    long = Match(id="1729384756102938475", name="Waterproof Hiking Boots " * 6)
    shown = card(found(matches=(long,), hint="a very long wish " * 6))
    assert shown.lines[0].text == "Waterproof Hiking Boots Waterproof Hiking Boots Waterproof Hiking…"
    assert shown.facts[1] == "“a very long wish a very long wish a…”"


def test_a_product_without_a_usable_id_or_name_is_listed_without_a_link():
    odd = Match(id="javascript:alert(1)", name="")
    shown = card(found(matches=(odd,)))
    assert shown.lines[0].text == "Product without a name"
    assert shown.lines[0].link is None
    assert shown.preview is None
    assert labels(shown) == [["The one as a file"], ["👍", "👎"]]


def test_a_stored_answer_is_free_and_can_be_searched_afresh():
    shown = card(found(receipt=receipt(Charge.STORED)))
    assert shown.receipt.startswith("free: asked before · 13 left")
    assert shown.rows[-1][0].label == "Search afresh · 1 credit"
    assert shown.rows[-1][0].name == Press.FRESH
    assert "Search afresh · 1 credit" not in all_labels(card(found()))


def test_the_other_photos_of_an_album_are_offered_with_their_price():
    assert ["Also the other 3 · 3 credits"] in labels(card(found(offered=3)))
    assert ["Also the other photo · 1 credit"] in labels(card(found(offered=1)))
    nothing = NothingFound(search=SEARCH, region=None, hint=None, receipt=receipt(), offered=2)
    assert ["Also the other 2 · 2 credits"] in labels(card(nothing))


def test_the_first_answer_carries_one_line_of_help():
    assert "/help" in card(found(first=True)).help
    assert card(found()).help == ""


def test_pictures_are_named_only_where_the_operator_has_them():
    assert card(found()).pictures == ()
    shown = card(found(view=View(page=1)), WITH_PICTURES).pictures
    assert [picture.number for picture in shown] == [6, 7, 8, 9, 10]
    assert (shown[0].bucket, shown[0].key, shown[0].name) == ("shop", "bags/6.jpg", "Bag number 6")


def test_a_product_without_a_picture_keeps_its_place_in_the_collage():
    two = (*matches(1), Match(id="1729384756102938475", name="No picture"))
    shown = card(found(matches=two), WITH_PICTURES).pictures
    assert [(picture.number, picture.key) for picture in shown] == [(1, "bags/1.jpg"), (2, "")]


# A part of an answer


def several_markets() -> Found:
    """Five things in two markets, the first of which is listed three times."""
    names = ["Red bag", "Blue shoe", "RED BAG", "Green hat", "Watch", "Lipstick", "Bag, red!"]
    places = ["US", "US", "GB", "US", "GB", "US", "US"]
    listed = zip(names, places, strict=True)
    answer = (Match(id=f"172938475610290{n:04}", name=name, region=at) for n, (name, at) in enumerate(listed))
    return found(region=None, matches=tuple(answer))


def test_listings_of_the_same_thing_are_one_line_that_opens_them():
    shown = card(several_markets())
    assert [line.text for line in shown.lines] == ["Red bag", "Blue shoe", "Green hat", "Watch", "Lipstick"]
    assert shown.lines[0].note == "same item, 3 listings"
    assert [line.note for line in shown.lines[1:]] == [""] * 4
    more = shown.lines[0].more
    assert more is not None
    opened = card(replace(several_markets(), view=View.parse(more.argument)))
    assert [line.text for line in opened.lines] == ["Red bag", "RED BAG", "Bag, red!"]
    assert opened.facts == ("any market", "listings of one item")
    assert labels(opened) == [["‹ All 7"]]


def test_one_market_of_an_answer_can_be_seen_alone():
    answer = several_markets()
    only = card(answer).choices[0]
    assert (only.label, [option.label for option in only.options]) == (
        "Only one market …",
        ["🇺🇸 United States · 5", "🇬🇧 United Kingdom · 2"],
    )
    assert [option.label for option in only_card(answer, ENGLISH).choices[0].options] == [
        option.label for option in only.options
    ]
    british = card(replace(answer, view=View.parse(only.options[1].argument)))
    assert [line.text for line in british.lines] == ["RED BAG", "Watch"]
    assert british.facts == ("any market", "only 🇬🇧 United Kingdom")


def test_names_with_a_word_can_be_seen_alone_and_none_is_said_too():
    words_in = card(replace(several_markets(), view=View(word="red")))
    assert [(line.text, line.note) for line in words_in.lines] == [("Red bag", "same item, 3 listings")]
    assert words_in.facts == ("any market", "with “red” in the name")
    none = card(replace(several_markets(), view=View(word="unicorn")))
    assert [line.text for line in none.lines] == ["No product of this answer has that in its name."]
    assert labels(none) == [["‹ All 7"]]


# The receipt


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (receipt(), "1 credit · 13 left · back to 20 on 1 Dec"),
        (receipt(Charge.STORED), "free: asked before · 13 left · back to 20 on 1 Dec"),
        (
            receipt(Charge.SHARED),
            "free: somebody asked the same at this moment · 13 left · back to 20 on 1 Dec",
        ),
        (NOT_CHARGED, "not charged · 13 left · back to 20 on 1 Dec"),
        (receipt(balance=20), "1 credit · 20 left"),
        (receipt(balance=1020), "1 credit · 1,020 left"),
        (receipt(balance=0, allowance=0), "1 credit · 0 left"),
    ],
)
def test_a_receipt_says_what_it_cost_what_is_left_and_what_comes_back(given, line):
    assert receipt_line(given, ENGLISH) == line


# Everything else that can happen


def test_every_outcome_is_in_these_tests():
    assert isinstance(Outcome, types.UnionType)
    assert {type(outcome) for outcome in EVERY_OUTCOME} == {*get_args(Outcome), Working}


@every_outcome
def test_every_outcome_that_has_a_receipt_shows_it(outcome):
    has = any(field.name == "receipt" for field in fields(outcome))
    assert bool(card(outcome).receipt) is has


@every_outcome
def test_every_outcome_without_an_answer_says_that_nothing_was_charged(outcome):
    if isinstance(outcome, (Found, NothingFound, Working, Expired)):
        return
    text = said(card(outcome)).lower()
    assert "not charged" in text or "nothing was charged" in text


@every_outcome
def test_what_costs_a_credit_says_so_on_its_button(outcome):
    for action in actions(card(outcome)):
        if action.name == Press.IN:
            continue  # the head of the list says so
        spends = {Press.MARKET, Press.RETRY, Press.FRESH, Press.ALBUM}
        assert ("credit" in action.label) is (action.name in spends)


@every_outcome
@pytest.mark.threat(25)
def test_no_outcome_promises_what_we_do_not_know_or_speaks_of_machinery(outcome):
    text = said(card(outcome)).lower() + " ".join(all_labels(card(outcome)))
    for word in ("%", "★", "$", "€", "exact", "price", "error", "exception", "endpoint", "timeout", "tos://"):
        assert word not in text


@every_outcome
def test_a_sentence_is_short(outcome):
    if not isinstance(outcome, (Found, NothingFound)):
        assert len(card(outcome).lines) == 1
        assert len(card(outcome).lines[0].text) <= 125


def test_nothing_found_says_where_and_for_what_and_offers_another_market():
    shown = card(NothingFound(search=SEARCH, region="GB", hint="red", receipt=receipt()))
    assert shown.heading == "Nothing found"
    assert shown.facts == ("🇬🇧 United Kingdom", "“red”")
    assert shown.receipt.startswith("1 credit")
    assert [choice.opens.label for choice in shown.choices if choice.opens] == ["🌍 Other market · 1 credit"]


def test_no_credits_says_when_there_are_more():
    text = said(card(NoCredits(search=SEARCH, receipt=receipt(Charge.NOTHING, 0))))
    assert "You have no credits left" in text
    assert "You get 20 again on 1 Dec." in text


def test_without_an_allowance_no_day_is_promised():
    text = said(card(NoCredits(search=SEARCH, receipt=receipt(Charge.NOTHING, 0, 0))))
    assert "1 Dec" not in text
    assert "An admin can give you more." in text


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        (Limit.DAY, "Searches of this community are used up for today. {yours} More at 00:00 UTC."),
        (Limit.MONTH, "Searches of this community are used up for this month. {yours} More on 1 Dec."),
        (
            Limit.CHAT,
            "Searches in this chat are used up for today. {yours} More at 00:00 UTC.",
        ),
        (
            Limit.NEW_ACCOUNT,
            "New people can make only a few searches on their first day. {yours} More on 1 Dec at 00:00 UTC.",
        ),
    ],
)
def test_the_operators_limit_is_told_apart_from_ones_own_credits(limit, sentence):
    shown = card(BudgetSpent(search=SEARCH, limit=limit, until=MIDNIGHT, receipt=NOT_CHARGED))
    assert shown.lines[0].text == sentence.format(yours="You still have 13 credits.")


def test_a_lost_answer_is_not_charged_and_can_be_asked_again():
    shown = card(Lost(search=SEARCH, receipt=NOT_CHARGED))
    assert shown.tone is Tone.ERROR
    assert shown.lines[0].text == "The answer was lost on the way. You were not charged."
    assert labels(shown) == [["Try again · 1 credit"]]
    assert (shown.rows[0][0].name, shown.rows[0][0].search) == (Press.RETRY, SEARCH)


def test_an_old_photo_is_searched_only_when_asked():
    shown = card(Stale(search=SEARCH))
    assert shown.lines[0].text.startswith("You sent this while I was away.")
    assert labels(shown) == [["Search now · 1 credit"]]


def test_a_photo_that_cannot_be_used_says_what_to_do():
    sentences = {said(card(Unreadable(search=SEARCH, problem=problem))) for problem in Problem}
    assert len(sentences) == len(Problem)
    assert all(re.search(r"\bsend\b|\btry\b", sentence, re.IGNORECASE) for sentence in sentences)


def test_waiting_says_how_many_are_before_and_how_long():
    assert said(card(Working(search=SEARCH, before=3, seconds=5.2))) == "Searching… 3 before you, about 6 s"
    assert said(card(Working(search=SEARCH))) == "Searching…"
    assert said(card(Working(search=SEARCH, pausing=True))) == (
        "A short pause for maintenance. Your answer will come by itself."
    )


def test_busy_says_when_to_come_back():
    assert "in about 40 s" in said(card(Busy(search=SEARCH, wait=Wait.QUEUE, seconds=40)))
    assert "in 3 min" in said(card(Busy(search=SEARCH, wait=Wait.PERSON, seconds=150)))


# The list of markets


def test_every_market_can_be_chosen_and_the_price_is_said_once():
    shown = market_card(SEARCH, ENGLISH, "US", frozenset())
    choices = {action.argument for action in actions(shown) if action.name == Press.IN}
    assert choices == {ANY_MARKET, *(market.code for market in MARKETS)} - {"US"}
    assert shown.heading == "Other market · 1 credit"
    assert not [label for label in all_labels(shown) if "credit" in label]


def test_the_market_on_screen_is_marked_and_leads_back():
    shown = market_card(SEARCH, ENGLISH, "US", frozenset())
    here = next(action for action in actions(shown) if action.chosen)
    assert (here.label, here.name) == ("🇺🇸 United States", Press.PAGE)
    assert shown.rows[-1][0].label == "‹ Back"
    anywhere = market_card(SEARCH, ENGLISH, None, frozenset())
    assert [action.label for action in actions(anywhere) if action.chosen] == ["🌐 Any market"]


def test_a_market_whose_answer_is_stored_is_marked_free():
    shown = market_card(SEARCH, ENGLISH, "US", frozenset({"GB", ANY_MARKET}))
    free = [label for label in all_labels(shown) if "free" in label]
    assert free == ["🌐 Any market · free", "🇬🇧 United Kingdom · free"]


# In other languages


@cache
def marked_up() -> Words:
    """A language in which every sentence stands in brackets: what is outside of them is not translated."""
    catalog = Catalog(locale="en")
    for message in in_the_code():
        if isinstance(message.id, tuple):
            catalog.add(message.id, tuple(f"⟦{form}⟧" for form in message.id))
        elif message.id:
            catalog.add(message.id, f"⟦{message.id}⟧")
    return Words("en", catalog)


def outside_of_brackets(text: str) -> str:
    while (less := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = less
    return text


@every_outcome
def test_every_word_of_a_card_can_be_translated(outcome):
    shown = outcome_card(outcome, marked_up(), LINKS)
    texts = [shown.heading, shown.help, shown.receipt, *all_labels(shown)]
    texts += [line.text for line in shown.lines if not line.name]
    texts += [fact for fact in shown.facts if "United" not in fact]
    texts = [text for text in texts if text[2:].strip() not in {words("en").market(market.code) for market in MARKETS}]
    assert [text for text in texts if re.search(r"[a-zA-Z]", outside_of_brackets(text))] == []
