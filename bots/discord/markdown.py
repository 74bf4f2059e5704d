"""Text for Discord: what comes from outside stays plain text, and everything stays within Discord's lengths."""

import re

from bots.wording import isolate
from core.texts import ELLIPSIS, clean, cut_at_word

#: Characters of a product's name in a card: beside a picture two lines on a desk, three or four on a phone.
NAME_LIMIT = 60
#: Characters of other text from outside.
OUTSIDE_LIMIT = 200
#: Characters of a line of ours: no sentence is that long.
_SENTENCE_LIMIT = 1000

#: What begins a mention, a link, an emoji, a time, or formatting; of colons only those that something follows.
_MARKS = re.compile(r"[\\*_~|`<>#@\[\]]|:(?=\S)")
#: What makes a list of a line that begins with it.
_LIST = re.compile(r"\A(?:[-+]|(\d+)\.)(?=\s)")
#: Our own marks in our own lines.
_CODE = re.compile(r"`([^`]+)`")
#: Not seen: what stands on either side of it is not read as one.
_JOINER = "\N{WORD JOINER}"
#: Square brackets are those of links. Mentions are looked for before backslashes are read.
_HARMLESS = {"[": "(", "]": ")", "@": f"@{_JOINER}", "<": f"\\<{_JOINER}"}
#: What would end an address inside ``[…](…)``, or the bold text around it.
_IN_ADDRESS = str.maketrans({sign: f"%{ord(sign):02X}" for sign in " \"()<>\\*`|'"})


def units(text: str) -> int:
    """The length of a text in UTF-16: never less than what Discord counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, limit: int) -> str:
    """``text`` within ``limit`` UTF-16 units, cut where a reader would; never empty, which Discord would refuse."""
    text = text.strip()
    characters = min(len(text), limit)
    while units(shorter := cut_at_word(text, characters)) > limit:
        characters -= 1
    return shorter or ELLIPSIS


def plain(text: str) -> str:
    """One line that Discord shows as it is: without formatting, mention, link, or emoji of a server."""
    return _no_list(_disarm(" ".join(text.split())))


def outside(text: str, limit: int) -> str:
    """Text from outside that stands for itself: one clean line of at most ``limit`` characters, never empty."""
    return plain(isolate(cut_at_word(clean(text, limit * 2), limit) or ELLIPSIS))


def sentence(text: str, limit: int = _SENTENCE_LIMIT) -> str:
    """A line of ours, where `backticks` make code; what stands in it from outside stays plain text."""
    parts = _CODE.split(" ".join(cut_at_word(text, limit).split()))
    return _no_list("".join(_code(part) if at % 2 else _disarm(part) for at, part in enumerate(parts)))


def link(label: str, address: str) -> str:
    """A label that is made safe already, leading to an address that is."""
    return f"[{label}]({address.translate(_IN_ADDRESS)})"


def _code(text: str) -> str:
    """Nothing in it is formatting; mentions would still be looked for."""
    return f"`{text.replace('@', _HARMLESS['@']).replace('<', f'<{_JOINER}')}`"


def _disarm(text: str) -> str:
    return _MARKS.sub(_disarmed, text)


def _disarmed(mark: re.Match[str]) -> str:
    if mark[0] in _HARMLESS:
        return _HARMLESS[mark[0]]
    # Addresses are looked for in the text of a link too, where its backslashes are gone already.
    return f"\\:{_JOINER}" if mark.string.startswith("://", mark.start()) else f"\\{mark[0]}"


def _no_list(line: str) -> str:
    return _LIST.sub(lambda mark: f"{mark[1]}\\." if mark[1] else f"\\{mark[0]}", line)
