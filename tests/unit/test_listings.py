"""An answer is shown as things: listings of one thing stand together, what differs stands apart, nothing is hidden."""

import random
import unicodedata
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.sandbox.catalogue import Catalogue
from core import shop_words
from core.listings import Thing, markets_in, seen
from core.model import Match
from core.shop_names import name_key
from core.texts import clean
from core.views import WHOLE, View
from tests.real_shop_names import THINGS

PIECES = [
    "Red",
    "canvas",
    "BAG",
    "bag,",
    "🔥",
    "Free Shipping",
    "with",
    "2 pcs",
    "128GB",
    "áo",
    "dạ",
    "กระเป๋า",
    "バッグ",
    "', \t",
]
names = st.lists(st.sampled_from(PIECES), max_size=4).map(" ".join) | st.text(max_size=30)
answers = st.lists(
    st.builds(
        Match,
        id=st.uuids().map(str),
        name=names,
        region=st.sampled_from([None, "US", "GB", "VN"]),
        picture=st.none() | st.tuples(st.just("bucket"), st.sampled_from("abcdef")),
    ),
    max_size=30,
).map(tuple)
views = st.builds(
    View, market=st.none() | st.sampled_from(["US", "VN"]), word=st.none() | st.sampled_from(["bag", "ao", "128"])
)


def answer(*products: str | Match) -> tuple[Match, ...]:
    """An answer of these names, or of these matches."""
    return tuple(
        product if isinstance(product, Match) else Match(id=str(rank), name=product)
        for rank, product in enumerate(products, start=1)
    )


def ranks(things: tuple[Thing, ...]) -> list[list[int]]:
    """The ranks that stand together."""
    return [[listing.rank for listing in thing.listings] for thing in things]


def together(*products: str) -> bool:
    """Whether all of these names are shown as one thing."""
    return len(seen(answer(*products), WHOLE)) == 1


@given(answers)
def test_grouping_hides_no_product(matches):
    things = seen(matches, WHOLE)
    listings = [listing for thing in things for listing in thing.listings]
    assert sorted(listing.rank for listing in listings) == list(range(1, len(matches) + 1))
    assert all(matches[listing.rank - 1] is listing.match for listing in listings)


@given(answers, views)
def test_the_best_ranked_comes_first_among_things_and_within_each(matches, view):
    shown = ranks(seen(matches, view))
    assert shown == sorted(sorted(thing) for thing in shown)


@given(answers, views)
def test_an_opened_thing_shows_each_of_its_listings_alone(matches, view):
    for thing in seen(matches, view):
        opened = View(market=view.market, word=view.word, thing=thing.listings[0].rank)
        assert seen(matches, opened) == tuple(Thing(listings=(listing,)) for listing in thing.listings)


def test_a_thing_that_is_not_there_opens_as_nothing():
    matches = answer("Red canvas bag", "Bag, canvas, red")
    assert ranks(seen(matches, View(thing=1))) == [[1], [2]]
    assert seen(matches, View(thing=2)) == ()
    assert seen(matches, View(thing=31)) == ()
    assert seen((), View(thing=1)) == ()


def test_names_as_sellers_write_them_are_brought_together_and_nothing_else_is():
    labelled = [(name, thing) for thing, sold in enumerate(THINGS) for name in sold.names]
    reworded = [(name, thing) for thing, sold in enumerate(THINGS) for name in sold.otherwise]
    said = random.Random(4).sample(labelled + reworded, k=len(labelled + reworded))
    shown = ranks(seen(answer(*(name for name, _ in said)), WHOLE))
    grouped = {frozenset((said[a - 1], said[b - 1])) for thing in shown for a, b in combinations(thing, 2)}
    same = {frozenset((one, other)) for one, other in combinations(said, 2) if one[1] == other[1]}
    in_the_same_words = {frozenset((one, other)) for one, other in combinations(labelled, 2) if one[1] == other[1]}
    assert grouped - same == set()
    assert in_the_same_words - grouped == set()
    assert len(grouped) / len(same) > 0.7


def test_in_the_sandboxs_shop_every_product_is_one_thing_and_no_two_are():
    shop = Catalogue()
    matches = answer(*(Match(id=one.id, name=one.name, picture=("bucket", one.picture)) for one in shop.listings))
    shown = [{shop.listings[listing.rank - 1].product for listing in thing.listings} for thing in seen(matches, WHOLE)]
    assert len(shown) == len(shop.products) < len(shop.listings)
    assert all(len(products) == 1 for products in shown)


PLAIN_WORDS = ["tote", "shopper", "vintage", "quilted", "zip", "beach", "foldable", "weekender", "tassel"]
DRESSES = ["{}", "{}!!", "🔥 {} 🔥", "【{}】", "{} | Free Shipping", "2026 new {}", "{}, official", "[ready stock] {}"]


@given(st.lists(st.sampled_from(PLAIN_WORDS), min_size=2, unique=True), st.data())
def test_order_case_signs_and_what_is_said_of_an_offer_make_no_difference(said, data):
    again = [
        data.draw(st.sampled_from([word, word.upper(), word.title(), f"({word})", f"{word} {word}"]))
        for word in data.draw(st.permutations(said))
    ]
    parted = data.draw(st.sampled_from([" ", ", ", " - ", "/", "・"])).join(again)
    assert together(" ".join(said), data.draw(st.sampled_from(DRESSES)).format(parted))


@given(*[st.lists(st.sampled_from(PLAIN_WORDS), min_size=2, max_size=4, unique=True)] * 2)
def test_a_word_more_or_another_is_another_thing(one, other):
    assert together(" ".join(one), " ".join(other)) == (set(one) == set(other))


amounts = st.decimals(min_value=0, max_value=20000, places=1).map(lambda amount: f"{amount.normalize():f}")


@given(
    amounts, amounts, st.sampled_from(["{} ml", "{}GB", "size {}", "{} pcs", "SPF{}+", "{} x 2 m", "v{}", '{}"', "+{}"])
)
def test_another_number_is_another_thing(one, other, how):
    names = [f"Steel tumbler {how.format(amount)}" for amount in (one, other)]
    assert together(*names) == (one == other)


def test_every_phrase_of_an_offer_says_nothing_of_the_product():
    product = "Foldable tote vintage"
    said = [
        (phrase, name)
        for phrase in (*shop_words.NOISE, *shop_words.INSIDE)
        for name in (f"{phrase} {product}", f"{product} [{phrase.upper()}]")
        if name_key(name) != name_key(product)
    ]
    assert said == []


@pytest.mark.parametrize(
    "name",
    ["", " ", "🔥🔥", "【】!!", "Hot Sale", "FREE SHIPPING 🔥 COD", "ส่งฟรี", "送料無料", "Bag", "New bag!", "กระเป๋า"],
)
def test_names_that_say_next_to_nothing_bring_nothing_together(name):
    assert ranks(seen(answer(name, name, "Red canvas bag"), WHOLE)) == [[1], [2], [3]]


def test_the_same_picture_is_the_same_thing_whatever_it_is_called():
    shared, other = ("bucket", "a"), ("bucket", "b")
    matches = answer(
        Match(id="1", name="Clutch, quilted", picture=other),
        Match(id="2", name="Red canvas bag", picture=shared),
        Match(id="3", name="", picture=shared),
        Match(id="4", name="Quilted clutch"),
        Match(id="5", name="Bag canvas red"),
    )
    assert ranks(seen(matches, WHOLE)) == [[1, 4], [2, 3, 5]]


def test_two_things_that_turn_out_to_be_one_are_one():
    matches = answer(
        Match(id="1", name="Red canvas bag"),
        Match(id="2", name="Quilted clutch", picture=("bucket", "a")),
        Match(id="3", name="Canvas bag red"),
        Match(id="4", name="Bag, red canvas", picture=("bucket", "a")),
        Match(id="5", name="Clutch quilted"),
    )
    assert ranks(seen(matches, WHOLE)) == [[1, 2, 3, 4, 5]]


def test_only_one_market_is_shown_with_the_ranks_of_the_whole_answer():
    matches = answer(
        Match(id="1", name="Red canvas bag", region="US"),
        Match(id="2", name="Tote", region="GB"),
        Match(id="3", name="Bag canvas red", region="GB"),
        Match(id="4", name="Tote"),
    )
    assert ranks(seen(matches, View(market="GB"))) == [[2], [3]]
    assert seen(matches, View(market="TH")) == ()
    assert markets_in(matches) == (("GB", 2), ("US", 1))


@given(answers)
def test_the_markets_of_an_answer_are_counted_most_frequent_first(matches):
    counted = markets_in(matches)
    for code, count in counted:
        assert sum(len(thing.listings) for thing in seen(matches, View(market=code))) == count
    assert [(-count, code) for code, count in counted] == sorted((-count, code) for code, count in counted)
    assert sum(count for _, count in counted) == sum(match.region is not None for match in matches)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("bag", "Women's CROSSBODY Bag"),
        ("cross", "Women's CROSSBODY Bag"),
        ("bag women’s", "Women's CROSSBODY Bag"),
        ("ao khoac da", "Áo khoác dạ nữ"),
        ("ÁO KHOÁC", "Ao khoac da nu"),
        ("den ban", "Đèn bàn học"),
        ("camara", "Cámara de seguridad"),
        ("cámara", "Camara de seguridad"),
        ("weiss", "Sneaker weiß"),
        ("avo", "Caneca Avô"),
        ("ยืด", "เสื้อยืดโอเวอร์ไซส์"),
        ("สีดํา", "เสื้อยืด สีดำ"),
        ("バッグ", "大容量ショルダーﾊﾞｯｸﾞ"),
        ("ﾊﾞｯｸﾞ", "ショルダーバッグ"),
        ("128gb", "USB 128ＧＢ"),
        ("احمر", "حقيبة أحمر"),
        ("  bag \u200b ", "Red bag"),
        ("\u200b", "Anything"),
    ],
)
def test_a_word_finds_names_however_it_is_typed(typed, name):
    assert ranks(seen(answer("Zzz", name), View(word=typed)))[-1] == [2]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("bags", "Red bag"),
        ("red hat", "Red bag"),
        ("ハ", "バッグ"),
        ("ไม", "ไหม"),
        ("128", "64 GB"),
        ("!", "Red bag"),
    ],
)
def test_a_word_that_is_not_in_a_name_does_not_find_it(typed, name):
    assert seen(answer(name), View(word=typed)) == ()


@given(st.lists(names, min_size=1, max_size=10), st.data())
def test_every_word_of_a_name_finds_it(raw, data):
    matches = answer(*(clean(name, 200) for name in raw))
    at = data.draw(st.integers(0, len(matches) - 1))
    words = matches[at].name.split()
    typed = data.draw(st.sampled_from(words)) if words else ""
    typed = data.draw(st.sampled_from([typed, typed.upper(), unicodedata.normalize("NFD", typed)]))
    found = seen(matches, View(word=typed[:10]))
    assert at + 1 in [listing.rank for thing in found for listing in thing.listings]
