"""A product's name as its seller writes it, brought down to what it says of the product.

Two names with the same key name the same thing. Nothing is guessed: no word is left out but those of the lists in
`core/shop_words.py`, none is taken for another that is written differently. Accents count: Vietnamese *da* is leather
and *dạ* felt, Portuguese *avó* is a grandmother and *avô* a grandfather. So does every number, colour and size.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import combinations

from core import shop_words as words

#: Letters of a name of one word that still says which thing it is, not only which kind ("Handbag"): a name in Thai or
#: Japanese is often one word, of many letters.
_TELLING = 12
#: Signs that are written in several ways, and those that NFKC would make letters of.
_SIGNS = (
    dict.fromkeys("–—−～", "-") | dict.fromkeys("’‘´", "'") | dict.fromkeys("″”“", '"') | dict.fromkeys("™®©", "")
) | {"×": "x"}
_SIGN = re.compile(f"[{''.join(_SIGNS)}]")
#: A letter, or a vowel or tone of the scripts from India to Cambodia, which are marks to `re`.
_LETTER = r"[\w\u0900-\u0eff\u1000-\u109f\u1780-\u17ff]"
_UNIT = rf"[\s-]*(?:{'|'.join(sorted(words.UNITS, key=len, reverse=True))})(?![^\W_])"
#: A number, also `20 x 30` and `2 in 1`; what follows it; a word.
_DIGITS = r"(?:(?<!\S)[+-])?\.?\d(?:[.,:/-]?\d)*(?:\s*(?:[x*]|in)\s*\d(?:[.,]?\d)*)*"
_WORD = re.compile(
    rf"{_DIGITS}(?:\s?(?:\"|'')|{_UNIT}|%|{_LETTER}*\+*)|[^\W\d]{_LETTER}*(?:'{_LETTER}+)*(?:\++(?!\w))?"
)
_NUMBER = re.compile(_DIGITS)
#: Signs of a number and its parts, before its unit.
_AMOUNT = "0123456789+-.:/x"
_INCH = ('"', "''")
_BLANKS = re.compile(r"\s+")
_THOUSANDS = re.compile(r"(?<![\d.])([1-9]\d?\d?)[.,](\d{3})(?![\d.,])")
_DISCOUNT = re.compile(
    r"(?:up to )?-?\d{1,2}% ?(?:off|rabatt|de descuento|de desconto|di sconto)|(?:diskon|giảm|ลด)(?: giá)? ?\d{1,2}%"
)
_INSIDE = re.compile("|".join(sorted(words.INSIDE, key=len, reverse=True)))
_YEAR = re.compile(r"20[23]\d")
#: The same as `_tells_age`, inside words.
_YEAR_INSIDE = re.compile(r"20[23]\d年?\s?(?=最新|新作|新款)|(?<=ใหม่)\s?20[23]\d(?!\d)")

#: A phrase after its first word, and what the whole becomes.
_Phrase = tuple[list[str], tuple[str, ...]]


def _by_first_word(meanings: dict[str, tuple[str, ...]]) -> dict[str, list[_Phrase]]:
    """Phrases to look up while reading: the longest of those that begin alike comes first."""
    found: dict[str, list[_Phrase]] = {}
    for phrase in sorted(meanings, key=lambda phrase: -len(phrase.split())):
        first, *others = phrase.split()
        found.setdefault(first, []).append((others, meanings[phrase]))
    return found


_PHRASES = _by_first_word(
    dict.fromkeys((*words.NOISE, *words.SILENT), ())
    | {phrase: tuple(phrase.split()) for phrase in words.KEPT}
    | {apart: (together,) for apart, together in (words.JOINED | words.SAME).items()}
    | {f"{joint} {who}": (who,) for joint in words.FOR for who in words.WHO}
)
_JOINTS = frozenset(words.JOINTS)
_KINDS = [frozenset(words.COLOURS), frozenset(words.MATERIALS), *(frozenset(kind.split()) for kind in words.OPPOSITES)]
_OF_A_KIND = frozenset().union(*_KINDS)
_TURNED = frozenset(frozenset(word.removesuffix("s") for word in pair.split()) for pair in words.TURNED)
_TURNING = frozenset(word + end for pair in _TURNED for word in pair for end in ("", "s"))


@lru_cache(maxsize=1024)  # People turn pages: the names of an answer are asked for again within minutes.
def name_key(name: str) -> tuple[str, ...] | None:
    """What two names have in common if they name the same thing; None where a name says too little for that.

    Case, width, punctuation, emojis and shop noise are gone, and words said twice. The order of words is gone too,
    except where only order tells what belongs to what: in a name with a joining word ("HDMI to VGA", "with white
    collar"), with two colours, two materials, two opposites ("long sleeve short dress") or two numbers of one unit; and
    of two words that name another thing the other way round ("dress shirt").
    """
    said = _said(_spoken(name))
    if not said or (len(said) == 1 and len(said[0]) < _TELLING):
        return None
    once = frozenset(said)
    if _order_tells(said, once):
        return tuple(said)
    return (*sorted(once), *_turned(said, once))


def _spoken(name: str) -> list[str]:
    """The words and numbers of a name, in small letters."""
    text = name.casefold().replace("_", " ")
    if not text.isascii():
        text = _SIGN.sub(lambda sign: _SIGNS[sign[0]], text)
        text = unicodedata.normalize("NFKC", text).replace("⁄", "/").casefold()
    if "%" in text:
        text = _DISCOUNT.sub(" ", text)
    new = bool(_YEAR.search(text)) and not any(word in text for word in words.DATED)
    if not text.isascii():
        text = _INSIDE.sub(" ", _YEAR_INSIDE.sub(" ", text) if new else text)
    spoken = [word if word.isalpha() else _written(word) for word in _WORD.findall(text)]
    return [word for at, word in enumerate(spoken) if not _tells_age(spoken, at)] if new else spoken


def _written(word: str) -> str:
    """One way to write a word: `women`, `1000mah`, `1.5l`, `20x30cm`, `10inch`."""
    found = _NUMBER.match(word)
    if found is None:
        return word.removesuffix("'s").replace("'", "")
    number = _THOUSANDS.sub(r"\1\2", _BLANKS.sub("", found[0]).replace("*", "x")).replace(",", ".")
    unit = word[found.end() :].lstrip(" -")
    return f"{'0' * (number[0] == '.')}{number}{'inch' if unit in _INCH else words.UNITS.get(unit, unit)}"


def _tells_age(spoken: list[str], at: int) -> bool:
    """Whether the word there is a year that only says how new an offer is: "2025 new", "terbaru 2025"."""
    if not _YEAR.fullmatch(spoken[at]):
        return False
    before, after = spoken[max(0, at - 2) : at], spoken[at + 1 : at + 3]
    if after and after[0] in words.AFTER_YEAR:
        return " ".join(after) not in words.KEPT
    return " ".join(before) in words.BEFORE_YEAR or (bool(before) and before[-1] in words.BEFORE_YEAR)


def _said(spoken: list[str]) -> list[str]:
    """The words without noise, joined where two spellings are one word."""
    said: list[str] = []
    at = 0
    while at < len(spoken):
        for others, meaning in _PHRASES.get(spoken[at], ()):
            end = at + 1 + len(others)
            if spoken[at + 1 : end] == others:
                said += meaning
                at = end
                break
        else:
            said.append(spoken[at])
            at += 1
    return said


def _order_tells(said: list[str], once: frozenset[str]) -> bool:
    """Whether only the order of the words tells what belongs to what."""
    if not _JOINTS.isdisjoint(once):
        return True
    of_a_kind = _OF_A_KIND & once
    if len(of_a_kind) > 1 and any(len(kind & of_a_kind) > 1 for kind in _KINDS):
        return True
    units = [word.lstrip(_AMOUNT) for word in said if word[0].isdigit() or word[0] in "+-"]
    return len(units) > len(set(units))


def _turned(said: list[str], once: frozenset[str]) -> list[str]:
    """Pairs of words that name another thing the other way round, each as it stands here."""
    if _TURNING.isdisjoint(once):
        return []
    singular = dict.fromkeys(word.removesuffix("s") for word in said)
    return [f"{first} {then}" for first, then in combinations(singular, 2) if {first, then} in _TURNED]
