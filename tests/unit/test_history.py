"""The demo's made-up month: the books are right, everything was told, and the report has something to tell."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bots.history import DAYS, telling_budget, write_history
from core import searches
from core.check import check
from core.database import Database, transact
from core.figures import Scope, Usage
from core.model import Identity
from core.periods import Period
from core.usage import usage
from tests.builders import NOW, PEPPER, limits, migrated, policy, telegram

ADA = telegram(900)
UTC_ZONE = ZoneInfo("UTC")
PHOTOS, EARLIER, PEOPLE = 300, 40, 25


def write(database: Database) -> bool:
    rules = policy(limits=limits(month=5, day=1, chat_day=0, new_account=0))
    crowd = {"people": PEOPLE, "photos": PHOTOS, "earlier": EARLIER}
    return write_history(database, NOW, policy=rules, pepper=PEPPER, by=ADA, **crowd)


def report(database: Database, said: str = f"{DAYS}d", scope: Scope | None = None) -> Usage:
    period = Period.parse(said, NOW.date(), UTC_ZONE)
    return transact(database.reading, usage, period, UTC_ZONE, NOW, scope=scope or Scope(), limits=limits(month=9))


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    database = migrated(f"sqlite:///{tmp_path_factory.mktemp('history') / 'snapshop.db'}")
    assert write(database)
    yield database
    database.close()


def test_the_books_of_the_month_are_right_and_nothing_is_left_to_do(lived):
    assert transact(lived.reading, check) == []
    assert transact(lived.reading, searches.unfinished, ["telegram"]) == []


def test_the_report_of_the_month_has_something_of_everything(lived):
    told = report(lived)
    assert told.searches == PHOTOS
    assert EARLIER * 0.8 < told.before.searches <= EARLIER
    assert told.active <= PEOPLE
    assert told.active > PEOPLE * 0.8
    for figure in ("nothing_found", "from_cache", "lost", "captured", "uncertain", "released", "useful", "not_useful"):
        assert getattr(told, figure) > 0, figure
    assert told.captured > PHOTOS * 0.6, "the operator's limits held nobody up"
    assert len(told.days) == DAYS
    assert len(told.markets) > 3
    assert sum(told.refused.values()) > 0
    assert told.open == 0
    assert told.top(1)[0].captured > 2 * told.captured / PEOPLE


def test_some_of_it_happened_in_groups_and_the_busiest_were_given_credits(lived):
    group = Identity(platform="telegram", user="-1002000000001")
    assert 0 < report(lived, scope=Scope(chat=group)).searches < PHOTOS / 4
    busiest = report(lived).top(1)[0]
    account = report(lived, scope=Scope(person=Identity.parse(busiest.person))).account
    assert account is not None
    assert account.name == busiest.name


def test_a_kept_database_is_given_its_month_once(lived):
    assert not write(lived)
    assert report(lived).searches == PHOTOS


def test_the_same_month_comes_again(lived, tmp_path):
    again = migrated(f"sqlite:///{tmp_path / 'again.db'}")
    try:
        write(again)
        assert report(again) == report(lived)
    finally:
        again.close()


def test_the_demos_budget_leaves_room_to_play():
    assert telling_budget(3000, NOW) > 3400
    assert telling_budget(3000, NOW.replace(day=30)) - 3000 >= 250
    assert telling_budget(0, NOW.replace(day=1) - timedelta(hours=12)) % 100 == 0
