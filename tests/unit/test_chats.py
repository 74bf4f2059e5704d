"""Where people ask: a chat's settings, and its move to another id."""

from datetime import timedelta

import pytest

from core import chats, people, searches
from core.chats import Chat
from core.tables import chats as table
from tests.builders import NOW, PEPPER, Books, books, in_memory, photo, telegram


@pytest.fixture
def bank():
    return Books(in_memory())


def found(bank, chat="-100", platform="telegram"):
    return bank.do(chats.find, platform, chat)


def test_a_chat_has_nothing_set_until_somebody_sets_it(database_url):
    with books(database_url) as bank:
        assert found(bank) == Chat()
        bank.do(chats.set_region, "telegram", "-100", "US")
        bank.do(chats.set_language, "telegram", "-100", "de")
        bank.do(chats.set_blocked, "telegram", "-100", NOW)
        assert found(bank) == Chat(region="US", language="de", blocked=True)
        bank.do(chats.set_region, "telegram", "-100", None)
        bank.do(chats.set_blocked, "telegram", "-100", None)
        assert found(bank) == Chat(language="de")
        assert found(bank, platform="discord") == Chat()


def test_ones_own_language_comes_before_the_chats(bank):
    def spoken(client=""):
        return bank.do(chats.language_for, telegram(1), "-100", client)

    assert spoken() == ""
    assert spoken("fr") == "fr"
    bank.do(chats.set_language, "telegram", "-100", "es")
    assert spoken("fr") == "es"
    bank.do(people.prefer, telegram(1), "", NOW, pepper=PEPPER, language="de")
    assert spoken("fr") == "de"


def test_where_an_event_does_not_say_what_the_app_speaks_what_it_was_last_seen_to_speak_counts(bank):
    bank.do(people.saw_language, telegram(1), "th")  # a stranger: nothing is written down of them
    assert bank.do(chats.language_for, telegram(1), "1", "") == ""
    bank.accept(photo(1, language=""))
    bank.do(people.saw_language, telegram(1), "th")
    assert bank.do(chats.language_for, telegram(1), "1", "") == "th"
    assert bank.do(chats.language_for, telegram(1), "1", "id") == "id"
    assert bank.accept(photo(1, language="")).search.origin.language == "th"


def test_the_chats_where_somebody_searched_lately_are_known_but_for_those_that_were_left(bank):
    for chat in ("1", "-100", "-200"):
        bank.accept(photo(1, chat=chat))
    bank.do(chats.set_gone, "telegram", "-200", NOW)
    assert set(bank.do(chats.known, "telegram", NOW - timedelta(days=1))) == {"1", "-100"}
    assert bank.do(chats.known, "telegram", NOW + timedelta(seconds=1)) == []
    assert bank.do(chats.known, "discord", NOW - timedelta(days=1)) == []


def test_that_the_bot_was_removed_and_came_back_is_kept(bank):
    def gone():
        return bank.do(lambda connection: connection.scalar(table.select().with_only_columns(table.c.gone_at)))

    bank.do(chats.set_gone, "telegram", "-100", NOW)
    assert gone() == NOW
    bank.do(chats.set_gone, "telegram", "-100", None)
    assert gone() is None


def test_a_chat_where_somebody_asks_is_not_gone(bank):
    bank.do(chats.set_gone, "telegram", "-100", NOW)
    bank.accept(photo(1, chat="-100"))
    assert bank.do(chats.known, "telegram", NOW - timedelta(days=1)) == ["-100"]


@pytest.mark.fault(36)
def test_a_group_that_becomes_a_supergroup_takes_its_settings_and_searches_along(bank):
    bank.do(chats.set_region, "telegram", "-100", "US")
    search = bank.accept(photo(1, chat="-100")).search
    bank.do(chats.move, "telegram", "-100", "-200")
    assert (found(bank, "-100"), found(bank, "-200")) == (Chat(), Chat(region="US"))
    assert bank.row(search).origin.chat == "-200"


@pytest.mark.fault(36)
def test_a_move_that_is_told_again_changes_nothing_any_more(bank):
    """Telegram says it in the old chat, in the new one, and at every call that still names the old one."""
    bank.do(chats.set_region, "telegram", "-100", "US")
    bank.do(chats.move, "telegram", "-100", "-200")
    bank.do(chats.set_blocked, "telegram", "-200", NOW + timedelta(days=1))
    bank.do(chats.move, "telegram", "-100", "-200")
    assert found(bank, "-200") == Chat(region="US", blocked=True)


def test_settings_under_the_new_id_give_way_to_the_old_ones_and_stay_if_there_are_none(bank):
    bank.do(chats.set_region, "telegram", "-200", "GB")
    bank.do(chats.move, "telegram", "-100", "-200")
    assert found(bank, "-200") == Chat(region="GB")
    bank.do(chats.set_region, "telegram", "-300", "US")
    bank.do(chats.move, "telegram", "-300", "-200")
    assert found(bank, "-200") == Chat(region="US")


def test_a_move_leaves_the_same_number_elsewhere_alone(bank):
    bank.do(chats.set_region, "discord", "-100", "US")
    bank.do(chats.move, "telegram", "-100", "-200")
    assert found(bank, "-100", "discord") == Chat(region="US")
    assert bank.do(searches.unfinished, ["telegram", "discord"]) == []
