"""A small shop: products with pictures, listed in TikTok Shop's markets, found by picture and words."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bots.sandbox import pictures, similarity

#: Which share of the products TikTok Shop's markets list: enough for a search, or hardly any.
_SHARES = {0.95: "US", 0.75: "GB", 0.7: "ID", 0.4: "TH PH MY VN", 0.35: "MX SG BR", 0.3: "ES", 0.2: "SA"}
_SHARES |= {0.15: "JP DE", 0.12: "FR IT", 0.08: "IE"}
MARKETS = {market: share for share, markets in _SHARES.items() for market in markets.split()}

_TITLES = ("{}", "{}", "{}", "New {}", "[Ready Stock] {}", "{} - Free Returns", "{} Hot Sale", "{} Gift Idea")
_WORDS_WEIGHT = 40.0  # more than a picture scores against itself: words lead, pixels order what they leave equal
_SIBLING = 0.5  # what the next listing of a product already in the answer keeps of its score
_SAME_SHELF = 6.0  # for what stands beside the nearest product: nearness in colours alone mixes a shop up
_SAMPLES = (
    ("ankle-boots", "Red ankle boot", "wood"),
    ("leather-handbag", "Leather handbag", "wall"),
    ("wrist-watch", "Wrist watch", "cloth"),
    ("summer-dress", "Blue dress", "wall"),
    ("sun-hat", "Straw hat", "slate"),
    ("teapot", "Teapot", "cloth"),
    ("teddy-bear", "Teddy bear", "slate"),
    ("game-controller", "Game controller", "wood"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A thing that the shop sells."""

    key: str
    shelf: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A product as one seller offers it in one market."""

    id: str  #: 19 digits
    region: str
    name: str
    picture: str  #: its key in the bucket of pictures
    product: Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A photo to try the bot with."""

    id: str
    label: str
    jpeg: bytes


class Catalogue:
    """The shop's shelves, the same at every start. A process's first search takes a second more."""

    def __init__(self) -> None:
        text = resources.files("bots.sandbox").joinpath("catalogue", "products.csv").read_text("utf-8")
        rows = csv.DictReader(text.splitlines())
        self.products = tuple(Product(key=row["key"], shelf=row["shelf"], name=row["name"]) for row in rows)
        self._words = {product: _stems(f"{product.name} {product.shelf}") for product in self.products}
        self.listings = tuple(listing for product in self.products for listing in _listings(product))
        self.by_picture = {listing.picture: listing.product for listing in self.listings}

    def search(
        self, seen: similarity.Features, *, size: int, region: str = "", words: str = ""
    ) -> list[tuple[Listing, float]]:
        """The nearest listings with their scores, best first, at most `size`; may be called in threads.

        A score is unbounded: near similarity.BEST_SCORE for the same picture, 40 more if all words match.
        """
        asked = _stems(words)
        scores = {
            product: similarity.score(seen, _features(product.key))
            + _WORDS_WEIGHT * len(asked & known) / (len(asked) or 1)
            for product, known in self._words.items()
        }
        shelf = max(scores, key=scores.__getitem__).shelf
        scores = {product: score + _SAME_SHELF * (product.shelf == shelf) for product, score in scores.items()}
        siblings: Counter[Product] = Counter()
        hits = []
        for listing in self.listings:
            if region in ("", listing.region):
                hits.append((listing, round(scores[listing.product] * _SIBLING ** siblings[listing.product], 6)))
                siblings[listing.product] += 1
        return sorted(hits, key=lambda hit: -hit[1])[:size]


def samples() -> Iterator[Sample]:
    """Photos to try the bot with; each finds its own product first."""
    for key, label, backdrop in _SAMPLES:
        yield Sample(id=key, label=label, jpeg=pictures.photo(key, backdrop))


@cache
def _features(key: str) -> similarity.Features:
    return similarity.features(pictures.on_card(pictures.cutout(key), side=136))


def _listings(product: Product) -> Iterator[Listing]:
    """Where the product is sold and as what, decided by its key alone."""
    for market, share in MARKETS.items():
        number = int.from_bytes(hashlib.sha256(f"{product.key} {market}".encode()).digest())
        if number < share * 2**256:
            id_ = f"17{number % 10**17:017d}"
            name = _TITLES[number % len(_TITLES)].format(product.name)
            picture = f"product-cover/{number % 1000}/{id_}_0.jpeg"
            yield Listing(id=id_, region=market, name=name, picture=picture, product=product)


def _stems(text: str) -> set[str]:
    """The words of a text in lower case, without an English plural."""
    return {re.sub(r"(?<=ss|sh|ch)es$|(?<=[^s])s$", "", word) for word in re.findall(r"\w{2,}", text.lower())}
