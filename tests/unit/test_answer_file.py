"""The answer as a file: all products, in order, safe to open in a spreadsheet, and every digit of an id is there."""

import csv
import io
import re
from datetime import date

import pytest
from babel.messages.catalog import Catalog
from hypothesis import example, given
from hypothesis import strategies as st

from bots.answer_file import answer_csv, answer_file_name
from bots.csv_files import csv_bytes
from bots.wording import Words, words
from core.model import Charge, Found, Match, Receipt
from core.regions import PRODUCT_URL

BLANKS = ' \t\n\r\v\f\u00a0\u2003\u2028\u3000\ufeff\u200b\u200d\u200e\u2060\u00ad\ufe0f\u034f\x00\x1f"'
FORMULA = "=+-@|%\t＝＋－＠｜％﹦﹢﹣﹫﹪−"
hostile = st.builds(
    "".join,
    st.tuples(st.text(BLANKS, max_size=3), st.sampled_from([*FORMULA, "=cmd|' /C calc'!A0"]), st.text(max_size=5)),
)
cells = st.text(max_size=20) | hostile | st.lists(hostile | st.text(max_size=5), max_size=3).map(";".join)
RECEIPT = Receipt(charge=Charge.PAID, balance=13, allowance=20, renews_on=date(2026, 12, 1))


def read(data: bytes, delimiter: str = ",") -> list[list[str]]:
    """The cells of a file, as a spreadsheet parts them."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def runs(cell: str) -> bool:
    """Whether a spreadsheet could take the cell for a formula."""
    return re.match(f"[{re.escape(BLANKS)}]*[{re.escape(FORMULA)}]", cell) is not None


def found(*matches: Match) -> Found:
    return Found(search="Ab3xYzFyYmF6cXV4", matches=matches, region=None, hint=None, receipt=RECEIPT)


@pytest.mark.threat(17)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=4))
@example([["\u200b=1", "a;\n=1", 'b;"=1"']])
@example([["=\u0338", "\tx", ";;＝1"]])
def test_nothing_in_a_file_runs_in_a_spreadsheet(rows):
    data = csv_bytes(("One", "Two", "Three"), rows)
    again = read(data)
    assert [len(row) for row in again] == [3] * (len(rows) + 1)
    for parts in (again, read(data, delimiter=";")):  # Where prices have a comma, spreadsheets part at semicolons.
        assert [cell for row in parts for cell in row if runs(cell)] == []
    kept = [[" ".join(cell.splitlines()).replace("'", "") for cell in row] for row in rows]
    assert [[cell.replace("'", "") for cell in row] for row in again[1:]] == kept


@pytest.mark.threat(17)
@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("\u00a0\n@SUM(A1)", "'\u00a0 @SUM(A1)"),
        ("\ufeff＝1", "'\ufeff＝1"),
        ("\tBag", "'\tBag"),
        ("Bag; -20%", "Bag;' -20%"),
        ("Bag - 20% = cheap", "Bag - 20% = cheap"),
        ("'90s bag", "'90s bag"),
        ("Bag\r\nwith a belt", "Bag with a belt"),
        ('24" bag, "red"', '24" bag, "red"'),
        ("1729384756102938475", "'1729384756102938475"),
        ("１７２９３８４７５６１０２９", "'１７２９３８４７５６１０２９"),
        ("0042", "'0042"),
        ("1729384756", "1729384756"),
        ("", ""),
    ],
)
def test_text_is_changed_only_where_a_spreadsheet_would_run_or_change_it(text, cell):
    assert read(csv_bytes(("A", "B"), [(text, "x")])) == [["A", "B"], [cell, "x"]]


def test_numbers_of_ours_stay_numbers():
    assert csv_bytes(("Day", "Credits"), [("2026-11-24", -1)]) == b"\xef\xbb\xbfDay,Credits\r\n2026-11-24,-1\r\n"


def test_a_file_has_every_product_in_order_with_its_whole_id_and_link():
    matches = [
        Match(id=str(1729384756102938475 + rank), name=f"กระเป๋า バッグ {rank}", region=(None, "TH")[rank % 2])
        for rank in range(30)
    ]
    header, *rows = read(answer_csv(found(*matches, Match(id="no link", name="=1+1")), PRODUCT_URL, words("en")))
    assert header == ["Rank", "Product id", "Name", "Market", "Link"]
    assert [row[0] for row in rows] == [str(rank) for rank in range(1, 32)]
    assert [row[1].removeprefix("'") for row in rows] == [match.id for match in matches] + ["no link"]
    assert rows[1][2:] == [
        "กระเป๋า バッグ 1",
        "TH",
        "https://shop.tiktok.com/view/product/1729384756102938476?region=TH&locale=th-TH",
    ]
    assert rows[0][3:] == ["", "https://shop.tiktok.com/view/product/1729384756102938475"]
    assert rows[30] == ["31", "no link", "'=1+1", "", ""]


def test_the_columns_are_called_in_the_readers_language():
    german = Catalog(locale="de")
    german.add("Market", "Markt")
    header, *_ = read(answer_csv(found(), PRODUCT_URL, Words("de", german)))
    assert header == ["Rank", "Product id", "Name", "Markt", "Link"]


def test_a_file_is_named_after_its_search():
    assert answer_file_name(found()) == "snapshop-Ab3xYz.csv"
