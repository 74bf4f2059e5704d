"""`snapshop usage`: table, JSON, CSV and picture tell the same figures."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from bots.usage_cli import Wish, report
from core import votes
from core.figures import EVERYTHING, Scope
from core.model import ANY_MARKET, Identity
from core.settings import Settings
from tests.builders import NOW, PEPPER, Books, in_memory, photo, telegram


@pytest.fixture(scope="module")
def bank():
    bank = Books(in_memory())
    for who, hours in ((1, 30), (1, 2), (2, 1)):
        bank.now = NOW - timedelta(hours=hours)
        found = bank.search(photo(who, name="[bold]Ann" if who == 1 else "Bo", region="US", sent_at=bank.now))
    bank.do(votes.vote, found.id, telegram(1), useful=True, pepper=PEPPER, now=NOW)
    lost = bank.accept(photo(2, chat="-100", region="GB", sent_at=bank.now)).search
    bank.ask(lost)
    bank.lose(lost)
    return bank


def wish(**options: str) -> Wish:
    said = {"period": "month", "person": "", "chat": "", "market": ""} | options
    return Wish.read(Settings.model_construct(monthly_budget=9), now=NOW, **said)


def told(bank: Books, capsys: pytest.CaptureFixture[str], *, files: Any = None, as_json: bool = False, **options: str):
    report(wish(**options), bank.do, as_json=as_json, **(files or {}))
    return capsys.readouterr().out


def test_table_json_and_file_tell_the_same(bank, capsys, tmp_path):
    file, picture = tmp_path / "usage.csv", tmp_path / "usage.png"
    facts = json.loads(told(bank, capsys, as_json=True, files={"csv": file, "png": picture}))
    assert (facts["searches"], facts["captured"], facts["uncertain"], facts["active"]) == (4, 3, 1, 2)
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    assert [(row["day"], row["person"], row["searches"], row["captured"], row["uncertain"]) for row in rows] == [
        ("2026-11-23", "telegram:1", "1", "1", "0"),
        ("2026-11-24", "telegram:1", "1", "1", "0"),
        ("2026-11-24", "telegram:2", "2", "1", "1"),
    ]
    with Image.open(picture) as drawn:
        assert drawn.size == (1080, 640)
    assert facts["days"] == [
        {"day": "2026-11-23", "person": "", "name": "", "searches": 1, "captured": 1, "uncertain": 0, "from_cache": 0},
        {"day": "2026-11-24", "person": "", "name": "", "searches": 3, "captured": 2, "uncertain": 1, "from_cache": 0},
    ]
    assert {one["person"]: one["balance"] for one in facts["people"]} == {"telegram:1": 18, "telegram:2": 19}
    assert (facts["budget"]["month_used"], facts["budget"]["month_left"]) == (4, 5)

    table = told(bank, capsys)
    assert "4 searches, 3 answered, 0 of them free. Credits: 3 used, 1 possibly used, 0 given back." in table
    assert "This month's budget: 4 of 9 used, 5 left." in table
    assert "At this pace the month's budget ends on 26 November." in table
    assert "[bold]Ann" in table, "a name is text, not markup"
    assert "1 of 1 (100%)" in table


def test_files_alone_leave_stdout_empty(bank, capsys, tmp_path):
    assert told(bank, capsys, files={"csv": tmp_path / "usage.csv"}) == ""
    assert told(bank, capsys, files={"png": tmp_path / "usage.png"}) == ""


def test_a_person_is_shown_with_balance_and_last_entries(bank, capsys):
    table = told(bank, capsys, person="telegram:2")
    assert "telegram:2 has 19 credits (this month's free credits: 20)." in table
    assert "given back, possibly used" in table
    assert "allowance" in table
    assert "telegram:1" not in table


def test_options_name_a_market_a_chat_or_a_person():
    assert wish().scope == EVERYTHING
    assert wish(market="uk").scope == Scope(market="GB")
    assert wish(market="any").scope == Scope(market=ANY_MARKET)
    assert wish(chat="telegram:-100").scope == Scope(chat=Identity(platform="telegram", user="-100"))
    assert wish(person="cli:operator").scope == Scope(person=Identity(platform="cli", user="operator"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"market": "mars"}, "'mars' is no market: write a code like US or GB, or any"),
        ({"chat": "friends"}, "'friends' is not a chat: write it as telegram:-100123"),
        ({"person": "@ann"}, "'@ann' is not a person: write it as telegram:123"),
        ({"period": "soon"}, "'soon' is no period"),
    ],
)
def test_what_is_meant_wrongly_is_told_in_a_sentence(options, sentence):
    with pytest.raises(ValueError, match="is no") as error:
        wish(**options)
    assert sentence in str(error.value)
