"""Text from outside, made safe to show: one line, nothing invisible or misleading, of bounded length."""

import re
import unicodedata

ELLIPSIS = "…"

#: Characters read for each one wanted: a name of 100 kB costs what one of 3 kB does.
_READ = 16
#: A base with more marks than this is stacked over its neighbours' lines.
_MARKS = 2
_ZWJ = "\u200d"
#: Letters and symbols by category, and blank by shape: a name made of them would look empty.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
#: Unicode, UTS 51: the only well-formed use of tag characters is a flag of a region (England, Texas …).
_TAGS = re.compile("(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)|[\U000e0000-\U000e007f]")
#: A joiner that joins nothing: at an end, beside a blank, or one of several.
_IDLE_JOINER = re.compile(f"(?:(?<= )|^){_ZWJ}+|{_ZWJ}+(?=[{_ZWJ} ]|$)")
#: Nothing below this code point is a combining mark.
_FIRST_MARK = "\u0300"


def clean(text: str, limit: int) -> str:
    """Return ``text`` as one line of at most ``limit`` code points that is safe to show.

    NFC; white space collapsed; control, format (bidi among them), private, unassigned and surrogate code
    points dropped, but for joiners and the tags of flags; at most two nonspacing marks in a row. Cut
    between graphemes: an emoji family, a flag or a letter with its marks is kept whole or dropped whole.
    Idempotent.
    """
    text, unread = text[: limit * _READ], text[limit * _READ :]
    text = " ".join(text.split())
    if not text.isascii() or not text.isprintable():
        text = _purify(text)
    end = min(limit, len(text) - 1) if unread and text else limit
    return cut(text, end).rstrip(f" {_ZWJ}")


def cut_at_word(text: str, limit: int) -> str:
    """Return ``text``, or its beginning with an ellipsis, in at most ``limit`` code points.

    It is cut after a word where there is one in the second half of what fits, else between graphemes.
    """
    if len(text) <= limit:
        return text
    head = cut(text, limit - len(ELLIPSIS))
    if not text[len(head)].isspace():
        word = max((at for at, char in enumerate(head) if char.isspace()), default=0)
        if word * 2 >= len(head):
            head = head[:word]
    return (head.rstrip(" ,;:-") + ELLIPSIS)[: max(limit, 0)]


def _purify(text: str) -> str:
    """The careful way, for text that is not plain printable ASCII."""
    text = _TAGS.sub(r"\1", text)
    if not text.isprintable() or not _BLANK.isdisjoint(text):
        text = "".join(map(_shown, text))
    text = unicodedata.normalize("NFC", text)
    if max(text, default="") >= _FIRST_MARK:
        text = _few_marks(text)
    text = _IDLE_JOINER.sub("", " ".join(text.split()))
    return " ".join(text.split())


def _shown(char: str) -> str:
    if char.isspace() or char in _BLANK:
        return " "
    if unicodedata.category(char)[0] == "C" and char != _ZWJ and not _is_tag(char):
        return ""
    return char


def _few_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for char in text:
        # Spacing marks (Mc) are vowels with a width of their own: with them, Hindi has three marks in a row.
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(char)
    return "".join(kept)


def cut(text: str, limit: int) -> str:
    """The longest beginning of at most ``limit`` code points that ends between graphemes."""
    if len(text) <= limit:
        return text
    end = max(limit, 0)
    while end > 0 and _joins(text, end):
        end -= 1
    return text[:end]


def _joins(text: str, at: int) -> bool:
    """Whether ``text[at]`` belongs to the grapheme of the code point before it.

    Unicode, UAX 29 "Grapheme Cluster Boundaries", for text that `clean` let through (rules GB6 to GB13).
    """
    char, before = text[at], text[at - 1]
    if char < _FIRST_MARK:
        return False
    if unicodedata.category(char)[0] == "M" or char == _ZWJ or _is_tag(char) or _extends(char):
        return True
    if before == _ZWJ:
        return not char.isalpha()
    if unicodedata.combining(before) == 9:  # A virama: an Indic consonant joins the one before it.
        return char.isalpha()
    if _is_regional(char):
        start = at
        while start > 0 and _is_regional(text[start - 1]):
            start -= 1
        return (at - start) % 2 == 1
    return False


def _extends(char: str) -> bool:
    """Skin tones, Thai and Lao AM, half-width voicing marks, Hangul vowels and finals: they follow a base."""
    return (
        "\U0001f3fb" <= char <= "\U0001f3ff"
        or char in "\u0e33\u0eb3\uff9e\uff9f"
        or "\u1160" <= char <= "\u11ff"
        or "\ud7b0" <= char <= "\ud7fb"
    )


def _is_tag(char: str) -> bool:
    return "\U000e0020" <= char <= "\U000e007f"


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
