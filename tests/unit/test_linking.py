"""/link: a person on two platforms has one balance, one history, one allowance, whatever happens at the same moment."""

import re
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from bots.commands import Commands
from bots.context import Asker, Context
from core import admin, forgetting, ledger, linking, people, searches, settling, votes
from core.admin import By
from core.budgets import BudgetExceeded
from core.check import check
from core.clock import next_month
from core.keyapi.pacing import Breaker
from core.linked import links
from core.linking import NotLinked, Why
from core.model import Blocked, BudgetSpent, Identity
from core.settings import load_settings
from core.standing import credits_of
from core.statement import history
from core.tables import entries, identities, link_codes, metadata
from core.tables import people as people_table
from tests.builders import NOW, PEPPER, Books, books, in_memory, limits, migrated, photo, policy, telegram

TOMORROW = NOW + timedelta(days=1)


def discord(user):
    return Identity(platform="discord", user=str(user))


ANN, ANN_THERE = telegram(1), discord(11)
BEN, BEN_THERE = telegram(2), discord(22)
#: A platform that is not there yet.
ANN_ELSEWHERE = Identity(platform="elsewhere", user="111")


@pytest.fixture
def bank():
    return Books(in_memory())


def code_of(bank, who=ANN):
    return bank.do(linking.make_code, who, "Ann", pepper=PEPPER, now=bank.now)


def send(bank, code, who=ANN_THERE):
    return bank.do(linking.link, code, who, "Ann", allowance=bank.policy.allowance, pepper=PEPPER, now=bank.now)


def join(bank, keeper=ANN, absorbed=ANN_THERE):
    return send(bank, code_of(bank, keeper), absorbed)


def refused(bank, code, who=ANN_THERE):
    with pytest.raises(NotLinked) as error:
        send(bank, code, who)
    return error.value.why


def left(bank, who=ANN):
    """What /credits says."""
    return bank.do(credits_of, who, "", policy=bank.policy, pepper=PEPPER, now=bank.now)[1]


def give(bank, who, amount, ends_on=None):
    by = By(admin="telegram:9", event=None, at=bank.now)
    bank.do(admin.grant, by, who, amount, ends_on=ends_on, reason=None, policy=bank.policy, pepper=PEPPER)


def told(bank, who=ANN):
    person = bank.do(people.find, who).id
    return [(entry.kind, entry.amount, entry.reason) for entry in bank.do(history, person, limit=20)]


def lost_in_the_accounts_of_the_merged(bank):
    """Credits that nobody can use any more: in a pot that has not ended, of somebody who was merged."""
    query = (
        select(func.count())
        .select_from(entries.join(people_table, people_table.c.id == entries.c.person_id))
        .where(people_table.c.merged_into.is_not(None), ledger.current(bank.now))
        .group_by(entries.c.person_id, entries.c.ends_on)
        .having(func.sum(entries.c.amount) != 0)
    )
    return bank.do(lambda connection: connection.execute(query).all())


# One balance


def test_3_credits_spent_on_discord_are_gone_on_telegram_17_of_20_are_left(database_url):
    with books(database_url) as bank:
        for _ in range(3):
            bank.search(photo(ANN_THERE))
        assert left(bank) == 20
        assert join(bank).balance == 17
        assert left(bank) == left(bank, ANN_THERE) == 17
        bank.search(photo(ANN_THERE))
        assert left(bank) == 16
        assert bank.do(check) == []


@pytest.mark.parametrize("before", [[], [ANN], [ANN_THERE], [ANN, ANN_THERE]])
def test_two_accounts_get_one_allowance_this_month_and_the_next(bank, before):
    for who in before:
        assert left(bank, who) == 20
    assert join(bank).balance == 20
    bank.now = next_month(bank.now)
    bank.search(photo(ANN_THERE, sent_at=bank.now))
    bank.search(photo(ANN, sent_at=bank.now))
    assert left(bank) == left(bank, ANN_THERE) == 18


def test_whoever_spent_more_than_one_allowance_on_both_has_none_left_and_owes_nothing(bank):
    for who in (ANN, ANN_THERE):
        for _ in range(15):
            bank.search(photo(who))
    assert join(bank).balance == 0
    assert bank.do(check) == []
    bank.now = next_month(bank.now)
    assert left(bank) == 20


def test_what_an_admin_gave_to_either_is_kept_and_ends_when_it_would_have(bank):
    give(bank, ANN, 5)
    give(bank, ANN_THERE, 7, TOMORROW)
    give(bank, ANN_THERE, 4)
    assert join(bank).balance == 36
    pots = bank.do(ledger.pots, bank.do(people.find, ANN).id, bank.now)
    assert [(pot.ends_on, pot.amount) for pot in pots] == [(TOMORROW, 7), (next_month(NOW), 20), (None, 9)]
    assert bank.do(check) == []


def test_a_gift_that_ends_with_the_month_is_no_allowance_and_is_kept(bank):
    give(bank, ANN, 5, next_month(NOW))
    for _ in range(20):
        bank.search(photo(ANN))
        bank.search(photo(ANN_THERE))
    assert (left(bank), left(bank, ANN_THERE)) == (5, 0)
    assert join(bank).balance == 5


def test_no_entry_is_rewritten_and_what_moved_says_why(bank):
    bank.search(photo(ANN_THERE))
    give(bank, ANN_THERE, 3)

    def rows(connection):
        return connection.execute(select(entries).order_by(entries.c.id)).all()

    before = bank.do(rows)
    join(bank)
    after = bank.do(rows)
    assert after[: len(before)] == before
    moved = after[len(before) :]
    ours = [row for row in moved if row.kind == "adjust"]
    assert {row.reason for row in ours} == {"linked"}
    assert len({row.event for row in ours}) == len(ours) == 4
    assert all(row.kind == "adjust" or row.event.startswith("allowance:") for row in moved)


def test_the_history_is_of_both_in_order_and_says_what_joining_changed(bank):
    bank.search(photo(ANN))
    bank.now += timedelta(minutes=1)
    bank.search(photo(ANN_THERE))
    give(bank, ANN_THERE, 3)
    bank.now += timedelta(minutes=1)
    join(bank)
    expected = [
        ("adjust", -20, "linked"),
        ("grant", 3, None),
        ("capture", -1, None),
        ("grant", 20, "allowance"),
        ("capture", -1, None),
        ("grant", 20, "allowance"),
    ]
    assert told(bank) == told(bank, ANN_THERE) == expected
    assert sum(amount for _, amount, _ in expected) == left(bank) == 21


# What is under way


def test_a_search_that_is_given_back_after_joining_gives_its_credit_to_the_joined_person(database_url):
    with books(database_url) as bank:
        kept, lost, answered = (bank.accept(photo(ANN_THERE)).search for _ in range(3))
        holds = {search.id: bank.ask(search) for search in (kept, lost, answered)}
        assert join(bank).balance == 17
        bank.refuse(kept, holds[kept.id])
        assert left(bank) == 18
        assert bank.lose(lost)
        bank.answer(answered, holds[answered.id])
        assert left(bank) == left(bank, ANN_THERE) == 19
        assert bank.do(check) == []
        assert lost_in_the_accounts_of_the_merged(bank) == []
        assert [line for line in told(bank) if line[0] == "release"] == [("release", 1, None)] * 2


def test_a_photo_that_waits_while_the_accounts_are_joined_is_paid_by_the_joined_person(bank):
    waiting = bank.accept(photo(ANN_THERE)).search
    join(bank)
    hold = bank.ask(waiting)
    assert hold.person == bank.do(people.find, ANN).id
    bank.answer(waiting, hold)
    assert left(bank) == 19
    assert bank.do(check) == []


def test_a_photo_that_waits_over_the_months_end_takes_from_the_one_new_allowance(bank):
    waiting = bank.accept(photo(ANN_THERE)).search
    join(bank)
    bank.now = next_month(bank.now)
    bank.answer(waiting, bank.ask(waiting))
    assert left(bank) == left(bank, ANN_THERE) == 19
    assert lost_in_the_accounts_of_the_merged(bank) == []


def test_old_answers_stay_those_of_whoever_asked(bank):
    here, there = bank.search(photo(ANN)), bank.search(photo(ANN_THERE))
    join(bank)
    assert searches.asked_by(bank.row(here), ANN)
    assert searches.asked_by(bank.row(there), ANN_THERE)
    assert bank.row(there).person == bank.row(here).person


def test_a_new_accounts_limit_is_not_doubled_by_joining(bank):
    bank.policy = policy(limits=limits(new_account=5))
    for who in (ANN, ANN_THERE):
        for _ in range(3):
            bank.search(photo(who))
    join(bank)
    assert isinstance(bank.accept(photo(ANN)).outcome, BudgetSpent)
    waited = bank.accept(photo(BEN)).search
    bank.ask(waited)
    bank.now += timedelta(hours=25)
    assert bank.accept(photo(ANN, sent_at=bank.now)).outcome is None


def test_of_two_votes_on_one_answer_one_is_left(bank):
    search = bank.search(photo(BEN, chat="-100"))
    for who, useful in ((ANN, True), (ANN_THERE, False)):
        assert bank.do(votes.vote, search.id, who, useful=useful, pepper=PEPPER, now=NOW)
    join(bank)
    assert bank.do(lambda connection: connection.scalars(select(metadata.tables["votes"].c.useful)).all()) == [True]


# What one is, both are


@pytest.mark.parametrize("blocked", [ANN, ANN_THERE])
def test_if_either_is_blocked_both_are_and_unblocking_frees_both(bank, blocked):
    waiting = bank.accept(photo(ANN_THERE)).search
    by = By(admin="telegram:9", event=None, at=bank.now)
    bank.do(admin.block_person, by, blocked, blocked=True, reason=None, pepper=PEPPER)
    join(bank)
    assert all(isinstance(bank.accept(photo(who)).outcome, Blocked) for who in (ANN, ANN_THERE))
    with pytest.raises(Exception, match="Blocked"):
        bank.ask(waiting)
    bank.do(admin.block_person, by, ANN_THERE, blocked=False, reason=None, pepper=PEPPER)
    assert bank.accept(photo(ANN)).outcome is None
    bank.ask(waiting)


def test_the_choices_of_whoever_made_the_code_stay_and_the_others_fill_the_gaps(bank):
    bank.do(people.prefer, ANN, "Ann", NOW, pepper=PEPPER, region="GB")
    bank.do(people.prefer, ANN_THERE, "ann!", NOW, pepper=PEPPER, region="US", language="de")
    join(bank)
    ann = bank.do(people.find, ANN_THERE)
    assert (ann.region, ann.language) == ("GB", "de")


@pytest.mark.threat(21)
def test_forget_me_forgets_both_and_gives_neither_a_second_allowance(bank):
    bank.search(photo(ANN))
    bank.search(photo(ANN_THERE, hint="a red bag"))
    code = code_of(bank)
    join(bank)
    bank.do(forgetting.forget, bank.do(people.find, ANN_THERE).id, bank.now, pepper=PEPPER)
    kept = bank.do(
        lambda connection: [
            str(row) for table in metadata.sorted_tables for row in connection.execute(table.select()).all()
        ]
    )
    assert not [row for row in kept if "Ann" in row or "red bag" in row or "'11'" in row or "photo-" in row]
    assert bank.do(lambda connection: connection.scalar(select(func.count()).select_from(link_codes))) == 0
    assert bank.do(lambda connection: connection.scalar(select(func.count()).select_from(identities))) == 0
    assert left(bank, ANN) == left(bank, ANN_THERE) == 0
    assert refused(bank, code, BEN_THERE) is Why.UNKNOWN
    assert bank.do(check) == []


# Codes


def test_a_code_is_kept_as_a_hash_and_read_as_people_type_it(bank):
    code = code_of(bank)
    assert code not in str(bank.do(lambda connection: connection.execute(select(link_codes)).all()))
    assert send(bank, f" {code[:4].lower()}-{code[4:8]} {code[8:]}").balance == 20


def test_a_code_works_once_and_not_for_its_own_maker(bank):
    code = code_of(bank)
    assert refused(bank, code, ANN) is Why.JOINED
    send(bank, code)
    assert refused(bank, code, ANN_THERE) is Why.JOINED, "the same message again"
    assert refused(bank, code, BEN_THERE) is Why.USED
    assert refused(bank, "ABCDEFGHJKLM") is Why.UNKNOWN


def test_a_code_is_good_for_ten_minutes_and_a_new_one_ends_the_old_one(bank):
    old = code_of(bank)
    code = code_of(bank)
    assert refused(bank, old) is Why.UNKNOWN
    bank.now += timedelta(minutes=10)
    assert refused(bank, code) is Why.OVER
    assert bank.do(links) == {}
    code = code_of(bank)
    bank.now += timedelta(minutes=9, seconds=59)
    send(bank, code)


def test_two_accounts_on_the_same_platform_are_not_joined(bank):
    assert refused(bank, code_of(bank), BEN) is Why.SAME_PLATFORM
    join(bank)
    assert refused(bank, code_of(bank), BEN_THERE) is Why.SAME_PLATFORM
    assert refused(bank, code_of(bank, BEN), ANN_THERE) is Why.SAME_PLATFORM
    assert left(bank, BEN) == 20


def test_whoever_is_refused_leaves_no_trace(bank):
    refused(bank, "ABCDEFGHJKLM", BEN_THERE)
    assert bank.do(people.find, BEN_THERE) is None


def test_a_chain_of_three_platforms_is_one_person(bank):
    for who in (ANN, ANN_THERE, ANN_ELSEWHERE):
        bank.search(photo(who))
    early = code_of(bank, ANN_THERE)
    join(bank, ANN, ANN_THERE)
    # A code that was made before: it is now the joined person's.
    send(bank, early, ANN_ELSEWHERE)
    assert {left(bank, who) for who in (ANN, ANN_THERE, ANN_ELSEWHERE)} == {17}
    assert set(bank.do(links).values()) == {bank.do(people.find, ANN).id}
    assert bank.do(check) == []


def test_whoever_was_joined_before_joins_somebody_with_all_their_accounts(bank):
    held = bank.accept(photo(ANN)).search
    hold = bank.ask(held)
    join(bank, ANN_THERE, ANN)
    join(bank, ANN_ELSEWHERE, ANN_THERE)
    bank.refuse(held, hold)
    assert {left(bank, who) for who in (ANN, ANN_THERE, ANN_ELSEWHERE)} == {20}
    assert lost_in_the_accounts_of_the_merged(bank) == []
    assert bank.do(check) == []


# At the same moment


def at_once(*calls):
    """Do all of them in threads that begin together; what each gave or raised."""
    barrier = Barrier(len(calls))

    def one(call):
        barrier.wait()
        try:
            return call()
        except (NotLinked, ledger.NoCredit, BudgetExceeded) as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_two_links_in_both_directions_at_once_make_one_person(database_url):
    with books(database_url) as bank:
        for number in range(6):
            here, there = telegram(number), discord(number)
            bank.search(photo(there))
            first, second = code_of(bank, here), code_of(bank, there)
            results = at_once(partial(send, bank, first, there), partial(send, bank, second, here))
            assert [result.why for result in results if isinstance(result, NotLinked)] == [Why.JOINED]
            assert left(bank, here) == left(bank, there) == 19
        assert bank.do(check) == []


def test_a_code_that_two_people_send_at_once_joins_one_of_them(database_url):
    with books(database_url) as bank:
        for number in range(6):
            code = code_of(bank, telegram(number))
            one, other = discord(f"1{number}"), discord(f"2{number}")
            results = at_once(partial(send, bank, code, one), partial(send, bank, code, other))
            assert [result.why for result in results if isinstance(result, NotLinked)] == [Why.USED]
        assert len(bank.do(links)) == 6


def test_links_beside_holds_grants_and_settlements_lose_and_make_no_credit(database_url):
    with books(database_url) as bank:
        for number in range(5):
            here, there = telegram(number), discord(number)
            open_, waiting = (bank.accept(photo(there)).search for _ in range(2))
            hold = bank.ask(open_)
            code = code_of(bank, here)
            at_once(
                partial(send, bank, code, there),
                partial(bank.refuse, open_, hold),
                partial(bank.search, photo(there)),
                partial(_asked_and_lost, bank, waiting),
                partial(give, bank, there, 2),
                partial(left, bank, there),
                partial(bank.accept, photo(there)),
            )
            assert left(bank, here) == left(bank, there) == 21
        assert lost_in_the_accounts_of_the_merged(bank) == []
        assert bank.do(check) == []


def test_forgetting_and_joining_at_once_leave_the_books_right(database_url):
    with books(database_url) as bank:
        for number in range(5):
            here, there = telegram(number), discord(number)
            bank.search(photo(there))
            code = code_of(bank, here)
            who = bank.do(people.find, (here, there)[number % 2]).id
            at_once(
                partial(send, bank, code, there),
                partial(bank.do, forgetting.forget, who, bank.now, pepper=PEPPER),
            )
        assert bank.do(check) == []
        assert lost_in_the_accounts_of_the_merged(bank) == []


def test_what_had_looked_up_the_person_before_the_accounts_were_joined_writes_to_the_joined_account(postgres_database):
    """SQLite has one writer: there nothing comes in between."""
    with books(postgres_database) as bank:
        left(bank, ANN_THERE)
        with bank.engine.begin() as earlier:
            seen = people.find(earlier, ANN_THERE).id
            join(bank)
            ledger.grant(earlier, seen, 5, ends_on=None, event=None, reason=None, by="telegram:9", now=NOW)
            assert ledger.take(earlier, seen, 1, event=None, reason=None, by="telegram:9", now=NOW) == 1
            people.set_blocked(earlier, seen, NOW)
        assert left(bank) == 24
        assert bank.do(people.find, ANN).blocked
        assert lost_in_the_accounts_of_the_merged(bank) == []


def test_no_allowance_is_booked_later_for_an_account_that_was_joined(bank):
    absorbed = bank.do(people.meet, ANN_THERE, "", NOW, pepper=PEPPER).id
    join(bank)
    assert not bank.do(ledger.give_allowance, absorbed, 20, NOW)
    assert lost_in_the_accounts_of_the_merged(bank) == []


def test_what_moves_credits_while_accounts_are_joined_waits_until_they_are(postgres_database):
    with books(postgres_database) as bank, ThreadPoolExecutor(2) as pool:
        open_, waiting = (bank.accept(photo(ANN_THERE)).search for _ in range(2))
        hold, code = bank.ask(open_), code_of(bank)
        with bank.engine.begin() as joining:
            linking.link(joining, code, ANN_THERE, "Ann", allowance=20, pepper=PEPPER, now=NOW)
            back, asked = pool.submit(bank.refuse, open_, hold), pool.submit(bank.ask, waiting)
            assert not wait([back, asked], timeout=0.3).done
        back.result()
        assert asked.result().person == bank.do(people.find, ANN).id
        assert left(bank) == 19
        assert lost_in_the_accounts_of_the_merged(bank) == []
        assert bank.do(check) == []


def test_joining_waits_for_what_is_moving_credits_and_counts_it(postgres_database):
    with books(postgres_database) as bank, ThreadPoolExecutor(1) as pool:
        waiting, code = bank.accept(photo(ANN_THERE)).search, code_of(bank)
        with bank.engine.begin() as asking:
            settling.ask(asking, waiting, policy=bank.policy, now=NOW)
            # No new name, whose writing would make it wait as well.
            how = {"allowance": 20, "pepper": PEPPER, "now": NOW}
            joined = pool.submit(bank.do, linking.link, code, ANN_THERE, "", **how)
            assert not wait([joined], timeout=0.3).done
        assert joined.result().balance == left(bank) == 19
        assert bank.do(check) == []


def _asked_and_lost(bank, search):
    bank.ask(search)
    assert bank.lose(search)


# Any history


_accounts = st.sampled_from([ANN, ANN_THERE, ANN_ELSEWHERE, BEN, BEN_THERE])


class Accounts(RuleBasedStateMachine):
    """People with several accounts who search, get credits, and join in any order."""

    def __init__(self):
        super().__init__()
        self.bank = Books(in_memory(), policy=policy(allowance=4))
        self.waiting = []
        self.open = []
        self.codes = []

    def teardown(self):
        self.bank.engine.dispose()

    def worth(self):
        """All that can be spent now or is held."""
        current = select(func.coalesce(func.sum(entries.c.amount), 0)).where(ledger.current(self.bank.now))
        return self.bank.do(lambda connection: connection.scalars(current).one()) + len(self.open)

    @rule(who=_accounts)
    def sends_a_photo(self, who):
        accepted = self.bank.accept(photo(who, sent_at=self.bank.now))
        if accepted.outcome is None:
            self.waiting.append(accepted.search)

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 9))
    def turn_comes(self, which):
        search = self.waiting.pop(which % len(self.waiting))
        try:
            self.open.append((search, self.bank.ask(search)))
        except ledger.NoCredit:
            self.waiting.append(search)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9), ending=st.sampled_from(["answered", "refused", "lost", "put back"]))
    def ends(self, which, ending):
        search, hold = self.open.pop(which % len(self.open))
        if ending == "answered":
            self.bank.answer(search, hold)
        elif ending == "refused":
            self.bank.refuse(search, hold)
        elif ending == "lost":
            assert self.bank.lose(search)
        else:
            self.bank.put_back(search, hold)
            self.waiting.append(search)

    @rule(who=_accounts, amount=st.integers(1, 3), life=st.sampled_from([None, timedelta(days=1), "month"]))
    def is_given(self, who, amount, life):
        ends_on = next_month(self.bank.now) if life == "month" else life and self.bank.now + life
        give(self.bank, who, amount, ends_on)

    @rule(who=_accounts)
    def makes_a_code(self, who):
        self.codes.append(code_of(self.bank, who))

    @precondition(lambda self: self.codes)
    @rule(who=_accounts, which=st.integers(0, 9))
    def sends_a_code(self, who, which):
        for one in (ANN, ANN_THERE, ANN_ELSEWHERE, BEN, BEN_THERE):
            left(self.bank, one)  # so that no allowance is due
        before = self.worth()
        try:
            linked = send(self.bank, self.codes[which % len(self.codes)], who)
        except NotLinked:
            assert self.worth() == before
        else:
            assert self.worth() <= before
            assert linked.balance == left(self.bank, who)

    @rule(step=st.sampled_from([timedelta(minutes=4), timedelta(days=1), timedelta(days=8)]))
    def time_passes(self, step):
        self.bank.now += step

    @invariant()
    def the_books_add_up_and_nothing_lies_where_nobody_can_use_it(self):
        assert self.bank.do(check) == []
        assert lost_in_the_accounts_of_the_merged(self.bank) == []

    @invariant()
    def accounts_that_are_one_person_see_the_same(self):
        found = [self.bank.do(people.find, who) for who in (ANN, ANN_THERE, ANN_ELSEWHERE, BEN, BEN_THERE)]
        merged = self.bank.do(links)
        assert not {person.id for person in found if person} & merged.keys()
        assert all(into not in merged for into in merged.values())


def test_whatever_is_joined_in_whatever_order_the_books_add_up_and_no_credit_comes_from_it():
    run_state_machine_as_test(
        Accounts,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )


# In chat


@pytest.fixture
def chat(sqlite_database):
    """The commands, and what was made of their words."""
    database = migrated(sqlite_database)
    context = Context(
        database=database,
        breaker=Breaker(),
        settings=load_settings(env_file=None),
        policy=policy(),
        pepper=PEPPER,
        clock=lambda: NOW,
    )
    commands = Commands(context)

    async def say(who, text, *, private=True):
        asker = Asker(identity=who, name="Ann", chat=who.user if private else "-100", private=private, event="an event")
        card = await commands.run("link", asker, text)
        return "\n".join([card.heading, *(line.text for line in card.lines)])

    yield say
    database.close()


async def test_a_code_is_shown_in_private_only_and_joins_wherever_it_is_sent(chat):
    assert "in a private chat" in await chat(ANN, "", private=False)
    told = await chat(ANN, "")
    assert "once, for 10 minutes" in told
    code = re.search(r"`(/link \w{12})`", told)[1]
    # Refused in a group it would stay good, for everybody who has read it there.
    assert "You have 20 credits." in await chat(ANN_THERE, code, private=False)
    assert "you are joined" in await chat(ANN_THERE, code)
    assert "used already" in await chat(BEN_THERE, code)


async def test_whoever_is_not_joined_is_told_why_and_cannot_go_on_guessing(chat):
    code = re.search(r"/link (\w{12})", await chat(ANN, ""))[1]
    assert "on different platforms" in await chat(BEN, code)
    for _ in range(10):
        assert "I do not know this code" in await chat(BEN_THERE, "ABCDEFGHJKLM")
    assert "many wrong codes" in await chat(BEN_THERE, code)


def test_a_code_can_be_used_after_a_restart(sqlite_database):
    first = migrated(sqlite_database)
    code = code_of(Books(first.writing))
    first.close()
    with books(sqlite_database) as bank:
        assert send(bank, code).balance == 20
