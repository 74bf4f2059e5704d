"""Answers with code 0, all charged: what `data` is, made from the hits."""

from collections.abc import Callable
from itertools import cycle, islice

from bots.sandbox.behaviours import Hit

HOSTILE_NAMES = (
    "<b>Bold</b> <script>alert(1)</script> &lt; <a href='https://evil.example/'>click</a>",
    "@everyone @here <@&1> <@1> **bold** _under_ `code` [x](https://evil.example/)",
    "Handbag \u202egnp.exe\u202c \u2066isolated\u2069",
    "Boots\nsecond line\r\nthird\ttab \x00 \x1b[31mred",
    "In\u200bvis\u2060ib\ufeffle e" + "\u0301" * 500 + " \ud83d",
    '=HYPERLINK("https://evil.example/")',
)


def _without(mapping: Hit, key: str) -> Hit:
    return {name: value for name, value in mapping.items() if name != key}


def _first(hits: list[Hit], change: Callable[[Hit], Hit]) -> list[Hit]:
    return [*map(change, hits[:1]), *hits[1:]]


def _every_second(hits: list[Hit], change: Callable[[Hit], Hit]) -> list[Hit]:
    return [change(hit) if index % 2 else hit for index, hit in enumerate(hits)]


def _named(hits: list[Hit], *names: str) -> list[Hit]:
    pairs = zip(hits, cycle(names), strict=False)
    return [hit | {"_source": hit["_source"] | {"product_name": name}} for hit, name in pairs]


def _with_id(hit: Hit, id_: str | int) -> Hit:
    return hit | {"_id": id_, "_source": hit["_source"] | {"product_id": id_}}


def _only_id(hit: Hit) -> Hit:
    return hit | {"_source": _without(hit["_source"], "product_id")}


def _many(hits: list[Hit]) -> list[Hit]:
    return [_with_id(hit, f"17{number:017d}") for number, hit in enumerate(islice(cycle(hits), 10_000))]


ANSWERS: dict[str, Callable[[list[Hit]], object]] = {
    "normal": lambda hits: hits,
    "one-hit": lambda hits: hits[:1],
    "none": lambda hits: [],
    "data-null": lambda hits: None,
    "data-object": lambda hits: {"list": hits},
    "no-source": lambda hits: _first(hits, lambda hit: _without(hit, "_source")),
    "only-id": lambda hits: _first(hits, _only_id),
    "int-id": lambda hits: [_with_id(hit, int(hit["_id"])) for hit in hits],
    "unsorted": lambda hits: hits[::-1],
    "tied": lambda hits: [hit | {"_score": 31.961123} for hit in hits],
    "missing-scores": lambda hits: _every_second(hits, lambda hit: _without(hit, "_score")),
    "nan-scores": lambda hits: _every_second(hits, lambda hit: hit | {"_score": float("nan")}),
    "repeated-ids": lambda hits: [hit for hit in hits[: (len(hits) + 1) // 2] for _ in range(2)],
    "no-usable-hit": lambda hits: [{}, None, "hit", {"_score": 31.961123}],
    "many-items": _many,
    "long-names": lambda hits: _named(hits, "very long name " * 6667),
    "hostile-names": lambda hits: _named(hits, *HOSTILE_NAMES),
}
