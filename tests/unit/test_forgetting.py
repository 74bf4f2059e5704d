"""Privacy: /forget erases what identifies a person to the last byte; retention blanks what is old; totals stay."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from core import admin, answers, chats, forgetting, people, searches
from core.admin import By
from core.check import check
from core.database import Database
from core.forgetting import FORGOTTEN
from core.model import Charge, Expired, Identity
from core.people import pseudonym
from core.periods import Period
from core.recall import recall
from core.searches import State
from core.settling import Superseded
from core.tables import admin_actions, entries, forgotten, metadata
from core.tables import searches as journal
from core.usage import usage
from tests.builders import NOW, PEPPER, Books, books, digest_of, in_memory, migrated, photo, policy, telegram

USER, NAME, HINT, REASON = "77053318849", "Zebulon Quark", "purple unicorn lamp", "Zebulon won the raffle"
WHO = telegram(USER)
ADMIN = "telegram:90210"
MONTH = Period.parse("2026-11", NOW.date(), ZoneInfo("UTC"))


@pytest.fixture
def bank():
    return Books(in_memory())


def forget(bank, user):
    person = bank.do(people.find, telegram(user))
    bank.do(forgetting.forget, person.id, bank.now, pepper=PEPPER)
    return person.id


def figures(bank):
    found = bank.do(usage, MONTH, ZoneInfo("UTC"), bank.now)
    return found.searches, found.answered, found.captured, found.uncertain, found.released


def a_life(bank):
    """Somebody who leaves traces everywhere: photos, words, settings, grants received and given, blocks."""
    bank.search(photo(USER, name=NAME, hint=HINT, file=f"file-of-{USER}"))
    bank.search(photo(USER, name=NAME, hint=HINT, chat="-100555"))
    bank.accept(photo(USER, name=NAME, hint=HINT))
    lost = bank.accept(photo(USER, name=NAME, hint=HINT)).search
    bank.ask(lost)
    bank.lose(lost)
    for _ in range(2):
        bank.accept(photo(USER, name=NAME, hint=HINT, album=f"album-{USER}"))
    bank.do(people.prefer, WHO, NAME, NOW, pepper=PEPPER, region="GB", language="de")
    bank.do(chats.set_language, "telegram", USER, "de")
    rules = {"policy": bank.policy, "pepper": PEPPER}
    received = By(admin=ADMIN, event="telegram:90210:1", at=NOW)
    bank.do(admin.grant, received, WHO, 5, ends_on=None, reason=REASON, **rules)
    bank.do(admin.take, By(admin=ADMIN, event="telegram:90210:2", at=NOW), WHO, 1, reason=REASON, **rules)
    given = By(admin=str(WHO), event=f"telegram:{USER}:3", at=NOW)
    bank.do(admin.grant, given, telegram(2), 5, ends_on=None, reason="for fun", **rules)
    bank.do(admin.block_person, given_again(), telegram(3), blocked=True, reason="spam", pepper=PEPPER)


def given_again():
    return By(admin=str(WHO), event=f"telegram:{USER}:4", at=NOW)


@pytest.mark.threat(21)
@pytest.mark.threat(22)
async def test_after_forget_no_byte_of_the_database_or_its_log_holds_the_person(sqlite_database, tmp_path):
    database = migrated(sqlite_database)
    bank = Books(database.writing)
    secrets = [text.encode() for text in (USER, NAME, "Zebulon", HINT, REASON, "unicorn")]

    def seen():
        data = b"".join(file.read_bytes() for file in sorted(tmp_path.iterdir()))
        return [secret for secret in secrets if secret in data]

    a_life(bank)
    bank.search(photo(2, name="Somebody Else", hint="green chair"))
    assert seen() == secrets, "they are there before"
    person = (await database.read(people.find, WHO)).id
    await database.run(forgetting.forget, person, NOW, pepper=PEPPER)
    await database.erase_traces()
    assert seen() == []
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Somebody Else" in kept
    assert b"green chair" in kept
    database.close()
    assert seen() == [], "nor after the database is closed"


@pytest.mark.threat(21)
def test_after_forget_no_row_on_either_database_holds_the_person(database_url):
    with books(database_url) as bank:
        a_life(bank)
        person = forget(bank, USER)

        def everything(connection):
            return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(table.select()))

        told = bank.do(everything)
        for text in (USER, "Zebulon", "unicorn", pseudonym(WHO, b"another key")):
            assert text not in told
        assert bank.do(people.find, WHO) is None
        assert bank.do(people.identity_of, person) is None
        assert bank.do(chats.find, "telegram", USER) == chats.Chat()


def test_totals_stay_and_the_books_still_add_up(bank):
    a_life(bank)
    before = figures(bank)
    forget(bank, USER)
    searched, *rest = before
    assert figures(bank) == (searched - 2, *rest), "all but the two photos that were waiting, which end unsearched"
    assert bank.do(check) == []
    told = bank.do(usage, MONTH, ZoneInfo("UTC"), NOW).people
    assert {(one.person, one.name) for one in told if one.captured} == {(FORGOTTEN, "")}


def test_what_others_did_is_untouched(bank):
    mine = bank.search(photo(2, name="Two", hint="green chair"))
    a_life(bank)
    forget(bank, USER)
    assert bank.row(mine) == mine_as_told(bank, mine)
    assert bank.do(people.find, telegram(2)).name == "Two"
    done = bank.do(
        lambda c: c.execute(select(admin_actions.c.by, admin_actions.c.target, admin_actions.c.reason)).all()
    )
    assert sorted(done, key=str) == sorted(
        [
            (ADMIN, FORGOTTEN, None),
            (ADMIN, FORGOTTEN, None),
            (FORGOTTEN, "telegram:2", "for fun"),
            (FORGOTTEN, "telegram:3", "spam"),
        ],
        key=str,
    )


def mine_as_told(bank, mine):
    row = bank.row(mine)
    assert (row.hint, row.asker, row.state, row.charge) == ("green chair", "telegram:2", State.REPLIED, Charge.PAID)
    return row


@pytest.mark.threat(13)
def test_an_old_button_has_expired_after_forget(bank):
    search = bank.search(photo(1))
    forget(bank, 1)
    row = bank.row(search)
    assert isinstance(bank.do(recall, row, policy=bank.policy, now=NOW), Expired)
    assert row.asker == f"person:{row.person}", "nobody owns it"


def test_a_photo_that_waits_when_its_person_is_forgotten_is_not_asked(bank):
    search = bank.accept(photo(1)).search
    forget(bank, 1)
    with pytest.raises(Superseded):
        bank.ask(search)
    assert bank.do(searches.unfinished, ["telegram"]) == []


@pytest.mark.parametrize("ending", ["answer", "refuse", "lose"])
def test_a_photo_being_asked_when_its_person_is_forgotten_is_brought_to_its_end(bank, ending):
    search = bank.accept(photo(1, hint=HINT)).search
    hold = bank.ask(search)
    forget(bank, 1)
    assert bank.do(check) == []
    bank.lose(search) if ending == "lose" else getattr(bank, ending)(search, hold)
    assert bank.row(search).state is State.SETTLED
    assert bank.row(search).hint is None
    assert bank.do(check) == []


def test_the_person_can_come_back_as_somebody_new(bank):
    old = bank.search(photo(1)).person
    forget(bank, 1)
    accepted = bank.accept(photo(1))
    assert accepted.search.person != old
    assert accepted.first
    assert accepted.balance == 0


def test_forgetting_twice_is_forgetting_once(bank):
    a_life(bank)
    person = forget(bank, USER)
    before = bank.do(lambda c: [c.execute(table.select()).all() for table in metadata.sorted_tables])
    bank.do(forgetting.forget, person, NOW, pepper=PEPPER)
    assert bank.do(lambda c: [c.execute(table.select()).all() for table in metadata.sorted_tables]) == before


def test_a_private_chat_of_another_number_is_forgotten_too(bank):
    """On Discord a private chat has an id of its own."""
    who = Identity(platform="discord", user="42")
    bank.search(photo(who, chat="31337", private=True))
    bank.do(chats.set_gone, "discord", "31337", NOW)
    bank.do(chats.set_region, "telegram", "31337", "US")
    bank.do(forgetting.forget, bank.do(people.find, who).id, NOW, pepper=PEPPER)
    rows = bank.do(lambda c: c.execute(metadata.tables["chats"].select()).all())
    assert [(row.platform, row.chat) for row in rows] == [("telegram", "31337")]


# What is remembered of the forgotten


def remembered(bank):
    return bank.do(lambda c: [tuple(row) for row in c.execute(select(forgotten.c.month, forgotten.c.blocked))])


def test_only_what_must_be_is_remembered_under_a_keyed_hash(bank):
    bank.do(people.meet, telegram(1), "", NOW, pepper=PEPPER)
    forget(bank, 1)
    assert remembered(bank) == [], "there was no allowance and no block"
    bank.accept(photo(1))
    forget(bank, 1)
    assert remembered(bank) == [("2026-11", False)]
    assert bank.do(lambda c: c.scalar(select(forgotten.c.identity))) == pseudonym(telegram(1), PEPPER)


def test_that_the_allowance_was_used_is_remembered_until_the_month_ends_and_a_block_for_good(bank):
    bank.accept(photo(1))
    bank.accept(photo(2))
    bank.do(people.set_blocked, bank.do(people.find, telegram(2)).id, NOW)
    forget(bank, 1)
    forget(bank, 2)
    bank.do(forgetting.prune, bank.policy.retention, MONTH.until - timedelta(seconds=1))
    assert len(remembered(bank)) == 2
    bank.do(forgetting.prune, bank.policy.retention, MONTH.until)
    assert remembered(bank) == [("2026-11", True)]


# Retention


def test_what_is_older_than_the_retention_is_blanked_once(database_url):
    with books(database_url, policy=policy(retention=timedelta(days=30))) as bank:
        old = bank.search(photo(1, hint=HINT, chat="-100"))
        answer = answers.question_key(digest_of(old), old.region, old.hint)
        for _ in range(2):
            bank.accept(photo(1, album="an-album", hint=HINT))
        bank.now = NOW + timedelta(days=20)
        young = bank.search(photo(1, hint=HINT, sent_at=bank.now))
        bank.now = NOW + timedelta(days=30, seconds=1)
        # The first photo of the album still waits: it is not done, so it is kept.
        assert bank.do(forgetting.prune, bank.policy.retention, bank.now) == (2, 1)
        assert bank.do(forgetting.prune, bank.policy.retention, bank.now) == (0, 0)
        row = bank.row(old)
        assert (row.hint, row.origin.chat, row.origin.photo, row.origin.answer) == (None, "", "", None)
        assert (row.outcome, row.charge) == ("found", Charge.PAID), "the totals stay"
        assert bank.do(answers.read, answer) is None
        assert bank.row(young).hint == HINT
        assert bank.do(check) == []


def test_the_figures_are_the_same_after_retention(bank):
    a_life(bank)
    waiting = bank.do(searches.unfinished, ["telegram"])
    for search in waiting:
        bank.do(searches.move, search.id, State.SETTLED, State.REPLIED)
    before = figures(bank)
    bank.now = NOW + timedelta(days=91)
    assert bank.do(forgetting.prune, bank.policy.retention, bank.now)[0] > 0
    assert figures(bank) == before


def test_an_answer_that_came_after_forget_is_blanked_by_retention(bank):
    search = bank.accept(photo(1)).search
    hold = bank.ask(search)
    forget(bank, 1)
    bank.answer(search, hold)
    bank.do(searches.replied, search.id, None)
    bank.do(forgetting.prune, bank.policy.retention, NOW + timedelta(days=91))
    digests = bank.do(lambda c: c.scalar(select(func.count()).where(journal.c.digest.is_not(None))))
    assert digests == 0
    assert bank.do(lambda c: c.scalar(select(func.count()).select_from(entries))) == 3


def test_forgetting_needs_no_open_connection_elsewhere(sqlite_database):
    """The command and the bot are two processes: the one's forgetting is the other's."""
    database = migrated(sqlite_database)
    bank, other = Books(database.writing), Database(sqlite_database)
    bank.search(photo(1))
    forget(Books(other.writing), 1)
    assert bank.do(people.find, telegram(1)) is None
    database.close()
    other.close()
