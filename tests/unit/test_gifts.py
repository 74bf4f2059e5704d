"""Gift codes: each gives its credits once, a person gets one of a batch, and nobody finds one by trying."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bots.arguments import Misunderstood
from bots.gift_commands import read_gift
from bots.guesses import MOST
from core import gifts, people
from core.audit import By
from core.check import check
from core.clock import end_of
from core.gifts import ALPHABET, LENGTH
from core.tables import gifts as table
from core.tables import people as people_table
from tests.builders import NOW, PEPPER, books, photo, telegram
from tests.unit.test_commands import ADMIN, ENGLISH, PERSON, asker, in_group, opened

BEN = telegram(2)
HOW = "Write it like this: `/gift 10 x20 until 2026-12-31`: 20 codes of 10 credits each."


@pytest.fixture
def bot(sqlite_database):
    with opened(sqlite_database) as opened_bot:
        yield opened_bot


async def codes(bot, command="/gift 10 x3 until 31 Dec", **changes):
    """The codes that an admin reads."""
    return re.findall(r"`/redeem (\w+)`", await bot.admin(command, **changes))


def kept(bot):
    return bot.books.do(lambda connection: connection.execute(select(table)).all())


async def test_an_admin_makes_codes_and_reads_them_once(bot):
    said = await bot.admin("/gift 10 x20 until 31 Dec")
    first, how, until, copy, *lines = said.splitlines()
    assert first == "20 codes of 10 credits each."
    assert how == "Give a line to each person: it works once, and everybody can use one of these."
    assert until == "They can be used until 31 Dec."
    assert copy == "Copy them now: I keep none of them."
    assert len(set(lines)) == 20
    for line in lines:
        assert re.fullmatch(rf"`/redeem [{ALPHABET}]{{{LENGTH}}}`", line)
    assert {row.ends_on for row in kept(bot)} == {datetime(2027, 1, 1, tzinfo=UTC)}


def test_a_code_has_sixty_bits_and_no_signs_that_look_alike():
    assert len(ALPHABET) ** LENGTH >= 2**60
    assert not set("01IO") & set(ALPHABET)
    assert ALPHABET.upper() == ALPHABET, "small letters are read as capital ones"


async def test_who_reads_the_database_cannot_redeem(bot, tmp_path):
    made = await codes(bot)
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.suffix != ".key")
    assert made
    assert not [code for code in made if code.encode() in left]


async def test_a_hundred_codes_are_read_whole(bot):
    said = await bot.admin("/gift 1000000 x100 until 2026-12-31")
    assert len(re.findall(r"/redeem", said)) == 100
    assert len(said) < 3700, "Discord shows no longer text, Telegram one of 4096"


async def test_a_code_gives_its_credits_once_and_says_until_when(bot):
    code, *_ = await codes(bot)
    assert await bot.says(f"/redeem {code}") == (
        "You got 10 credits.\nYou have 30 credits.\nThey can be used until 31 Dec."
    )
    assert bot.balance() == 30
    assert await bot.says(f"/redeem {code}") == "You have used this code already."
    assert await bot.says(f"/redeem {code}", asker(BEN)) == "Somebody has used this code already."
    assert (bot.balance(), bot.balance(BEN)) == (30, None)
    assert "+10 · gift code" in await bot.says("/credits")
    bot.books.now = datetime(2027, 1, 1, tzinfo=UTC)
    assert bot.balance() == 0
    assert bot.books.do(check) == []


@pytest.mark.parametrize("typed", ["{}", "  {} ", "lower", "dashes"])
async def test_a_code_may_be_typed_in_small_letters_and_with_dashes(bot, typed):
    code, *_ = await codes(bot)
    forms = {"lower": code.lower(), "dashes": f"{code[:4]}-{code[4:8]} - {code[8:]}"}
    assert (await bot.says(f"/redeem {forms.get(typed) or typed.format(code)}")).startswith("You got 10 credits.")


async def test_the_deep_link_of_a_code_redeems_it_below_the_greeting(bot):
    code, *_ = await codes(bot)
    said = await bot.says(f"/start gift-{code}")
    assert said.startswith("Photo in, products out")
    assert "You got 10 credits.\nYou have 30 credits." in said
    assert "You have used this code already." in await bot.says(f"/start gift-{code}")


async def test_a_person_gets_one_of_those_that_were_made_together(bot):
    one, two, _ = await codes(bot)
    other, *_ = await codes(bot)
    await bot.says(f"/redeem {one}")
    assert await bot.says(f"/redeem {two}") == (
        "You have had one of these codes already. This one is still good for somebody else."
    )
    assert bot.balance() == 30
    assert (await bot.says(f"/redeem {two}", asker(BEN))).startswith("You got 10 credits.")
    assert (await bot.says(f"/redeem {other}")).startswith("You got 10 credits.\nYou have 40 credits.")


async def test_linked_accounts_are_one_person_for_codes_too(bot):
    one, two, _ = await codes(bot)
    await bot.says(f"/redeem {one}")
    await bot.says("/credits", asker(BEN))
    absorbed, keeper = (bot.books.do(people.find, who).id for who in (PERSON, BEN))
    merge = update(people_table).where(people_table.c.id == absorbed).values(merged_into=keeper)
    bot.books.do(lambda connection: connection.execute(merge))
    assert (await bot.says(f"/redeem {two}", asker(BEN))).startswith("You have had one of these codes already.")


async def test_a_code_that_is_over_or_that_there_is_not_gives_nothing(bot):
    code, *_ = await codes(bot)
    assert await bot.says("/redeem ABCDEFGHJKLM") == (
        "I do not know this code. Please look at it once more: it has 12 signs."
    )
    assert bot.balance() is None, "a guess writes nothing down"
    bot.books.now = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert (await bot.says(f"/redeem {code}")).startswith("You got 10 credits.")
    late, *_ = (await codes(bot, "/gift 5 x2 until 31 December 2026"))[1:]
    bot.books.now = datetime(2027, 1, 1, tzinfo=UTC)
    assert await bot.says(f"/redeem {late}", asker(BEN)) == "This code was good until 31 Dec."
    assert bot.balance(BEN) is None


async def test_a_code_without_an_end_is_good_for_ever(bot):
    (code,) = await codes(bot, "/gift 5")
    bot.books.now += timedelta(days=3000)
    assert await bot.says(f"/redeem {code}") == "You got 5 credits.\nYou have 25 credits."


async def test_after_ten_wrong_codes_in_an_hour_a_person_waits_and_nobody_else_does(bot):
    code, other, _ = await codes(bot)
    for _ in range(MOST):
        assert (await bot.says("/redeem ABCDEFGHJKLM")).startswith("I do not know this code.")
    assert await bot.says(f"/redeem {code}") == "Those were many wrong codes. Please try again in 60 min."
    assert "many wrong codes" in await bot.says(f"/start gift-{code}")
    assert (await bot.says(f"/redeem {other}", asker(BEN))).startswith("You got 10 credits.")
    bot.books.now += timedelta(hours=1)
    assert (await bot.says(f"/redeem {code}")).startswith("You got 10 credits.")


@pytest.mark.fault(11)
async def test_the_same_messages_delivered_twice_act_once_and_read_the_same(bot):
    message = asker(ADMIN)
    said = [await bot.says("/gift 10 x3", message) for _ in range(2)]
    assert said[0] == said[1]
    assert len(kept(bot)) == 3
    (code, *_) = re.findall(r"/redeem (\w+)", said[0])
    message = asker()
    said = [await bot.says(f"/redeem {code}", message) for _ in range(2)]
    assert said == ["You got 10 credits.\nYou have 30 credits."] * 2
    assert bot.balance() == 30


async def test_another_message_makes_other_codes(bot):
    assert not set(await codes(bot)) & set(await codes(bot))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/gift", HOW),
        ("/gift ten", HOW),
        ("/gift 10 x20 for all", HOW),
        ("/gift 10 until 31 Dec and on", HOW),
        ("/gift 0", "The number of credits must be from 1 to 1,000,000."),
        ("/gift 1000001 x2", "The number of credits must be from 1 to 1,000,000."),
        ("/gift 10 x0", "The number of codes must be from 1 to 100."),
        ("/gift 10 x101", "The number of codes must be from 1 to 100."),
        ("/gift 10 until 2026-11-23", "2026-11-23 is over already."),
        ("/gift 10 until 31 Feb", "31 Feb is no date: write it like 2026-12-31."),
        ("/gift 10 until 2026-13-01", "2026-13-01 is no date: write it like 2026-12-31."),
    ],
)
async def test_what_was_misunderstood_is_said_with_how_to_write_it_and_nothing_is_made(bot, command, said):
    assert await bot.admin(command) == said
    assert kept(bot) == []


@pytest.mark.parametrize(
    ("typed", "last_day"),
    [
        ("10 until 31 Dec", "2026-12-31"),
        ("10 until 31 december", "2026-12-31"),
        ("10 UNTIL 31. Dec.", "2026-12-31"),
        ("10 x2 until 24 Nov", "2026-11-24"),
        ("10 ×2 until 23 Nov", "2027-11-23"),
        ("10 x 2 until 1 Sept 2028", "2028-09-01"),
        ("10 until 29 Feb", "2028-02-29"),
        ("10 until 2026-12-31", "2026-12-31"),
    ],
)
def test_a_last_day_is_read_as_people_write_it(typed, last_day):
    assert read_gift(typed, NOW, ENGLISH).until == end_of(date.fromisoformat(last_day))


@given(
    st.text(max_size=40) | st.from_regex(r"[0-9]{1,7}( ?x ?[0-9]{1,3})?( until \S{1,10}( \S{1,9})?)?", fullmatch=True)
)
def test_whatever_an_admin_types_is_understood_or_answered_kindly(typed):
    try:
        gift = read_gift(" ".join(typed.split()), NOW, ENGLISH)
    except Misunderstood as sentence:
        assert str(sentence)
    else:
        assert 1 <= gift.amount <= 1_000_000
        assert 1 <= gift.count <= gifts.MOST_CODES
        assert gift.until is None or gift.until > NOW


@given(st.text(max_size=40))
def test_whatever_is_typed_as_a_code_is_one_or_is_none(typed):
    assert gifts._normal(gifts._normal(typed)) == gifts._normal(typed)


async def test_in_a_group_a_code_is_redeemed_as_well_for_whoever_writes_it(bot):
    code, *_ = await codes(bot)
    assert (await bot.says(f"/redeem {code}", in_group(BEN))).startswith("You got 10 credits.")
    assert bot.balance(BEN) == 30
    assert "Write your code behind it" in await bot.says("/redeem", in_group())


# At the same moment


def make(bank, count=2):
    return bank.do(gifts.make, By(admin="telegram:9", event="e", at=NOW), 10, count, ends_on=None, pepper=PEPPER)


def outcome(bank, code, who, event):
    try:
        bank.do(gifts.redeem, code, who, "", event=event, policy=bank.policy, pepper=PEPPER, now=NOW)
    except gifts.NotRedeemed as reason:
        return type(reason).__name__
    return "redeemed"


def test_of_ten_people_who_send_the_same_code_at_once_one_gets_it(database_url):
    with books(database_url) as bank:
        code, _ = make(bank)
        with ThreadPoolExecutor(10) as threads:
            said = Counter(threads.map(lambda n: outcome(bank, code, telegram(n), f"event {n}"), range(1, 11)))
        assert said == {"redeemed": 1, "UsedBefore": 9}
        assert bank.do(check) == []


def test_somebody_who_sends_all_codes_of_a_batch_at_once_gets_one(database_url):
    with books(database_url) as bank:
        made = make(bank, 8)
        bank.accept(photo(1))
        with ThreadPoolExecutor(8) as threads:
            said = Counter(threads.map(lambda code: outcome(bank, code, telegram(1), f"event {code}"), made))
        assert said == {"redeemed": 1, "OneOfThese": 7}
        assert bank.balance(1) == 30


@pytest.mark.threat(14)
async def test_only_admins_make_codes_and_only_in_private(bot):
    assert await bot.says("/gift 10 x20") == "This is for the admins of this bot."
    assert (await bot.says("/gift 10", in_group(ADMIN))).startswith("Send me /gift in a private chat")
    assert await bot.says("/gift 10", replace(asker(), name="telegram:9")) == "This is for the admins of this bot."
    assert kept(bot) == []


async def test_codes_work_on_postgresql_as_well(postgres_database):
    with opened(postgres_database) as bot:
        code, *_ = await codes(bot)
        assert (await bot.says(f"/redeem {code}")).startswith("You got 10 credits.\nYou have 30 credits.")
        assert await bot.says(f"/redeem {code}") == "You have used this code already."
