"""Tables as CSV files that spreadsheets open as they are meant, and that run nothing in them."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

#: What begins a formula in Excel, LibreOffice or Google Sheets (OWASP, "CSV Injection"; CWE-1236), or a command in old
#: ones (| and %). Full-width forms count as these: spreadsheets of East Asia read them so.
_BEGINS_FORMULA = frozenset("=+-@|%\t\N{MINUS SIGN}")
#: Excel shows numbers of more than 11 digits as 1.72938E+18 and forgets all after the 15th ("Excel specifications and
#: limits", number precision); a zero in front is lost at any length.
_NUMBER_CHANGED = re.compile(r"[0-9]{12,}|0[0-9]+")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """The file: UTF-8 with a byte order mark (Excel takes it for Latin-1 without), lines end with CR LF (RFC 4180).

    Text that a spreadsheet would run or change gets a ' in front, which is what people type there for "this is text":
    formulas, and numbers too long for it, such as the ids of products. It may stay visible; every digit stays as well,
    and a program takes one ' off. (A formula ="123" would be invisible in Excel, but is a formula, and to a program.)
    Integers are ours, and stay numbers. Line breaks in text become spaces.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in (header, *rows):
        writer.writerow([cell if isinstance(cell, int) else _safe(cell) for cell in row])
    return file.getvalue().encode("utf-8-sig", errors="replace")


def _safe(text: str) -> str:
    """Text for a cell, and for each of the cells that a spreadsheet makes of it where semicolons part cells."""
    line = " ".join(text.splitlines())
    return ";".join(map(_as_text, line.split(";")))


def _as_text(cell: str) -> str:
    if _begins_formula(cell) or _NUMBER_CHANGED.fullmatch(unicodedata.normalize("NFKC", cell).strip()):
        return f"'{cell}"
    return cell


def _begins_formula(cell: str) -> bool:
    """Whether the first character that counts begins a formula: blanks, quotes and what is invisible do not count."""
    for char in cell:
        # One by one: together with a mark after it, NFKC makes another sign of "=".
        plain = unicodedata.normalize("NFKC", char)[0]
        if plain in _BEGINS_FORMULA:
            return True
        if plain != '"' and unicodedata.category(plain)[0] not in "CZM":
            return False
    return False
