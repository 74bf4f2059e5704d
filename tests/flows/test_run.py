"""`snapshop run` from end to end: a process of its own, real sockets, the figures that an operator gets."""

import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.sandbox.question import look
from tests.faults.commands import as_json
from tests.faults.process import KEY, TOKEN, World, keys, living, photo, said, until

#: Seconds. Processes start here, and a busy machine takes its time over that.
pytestmark = pytest.mark.timeout(150)

MIB = 1024 * 1024
#: Fast, so that only what the test is about takes time.
FAST = {"KEYAPI_RATE": "1000"}
ANN, BEN = 11, 22
LOST = "The answer was lost on the way. You were not charged."
DOWN = "Search is down at the moment. You were not charged. Please try again in a while."


async def test_eight_photos_cost_eight_credits_and_the_figures_agree_with_the_endpoint(tmp_path):
    async with living(tmp_path, start=False, **FAST) as world:
        world.program = ["-m", "bots"]  # as a shell starts it
        await world.start()
        for number in range(8):
            world.send(ANN, number)
        answers = await world.see_all(ANN, "Closest products", 8, seconds=30)
        assert {line.split(" · ")[1] for line in map(receipt, answers)} == {f"{left} left" for left in range(12, 20)}

        # Everything about an answer is free: another page of it, and the same photo from somebody else.
        world.press(answers[0], "›")
        await world.see(ANN, "6. ")
        world.send(BEN, 0)
        assert receipt(await world.see(BEN, "Closest products")) == "free: asked before · 20 left"
        assert world.endpoint.charged == 8

        world.write(BEN, "/region GB")
        await world.see(BEN, "United Kingdom")
        world.send(BEN, 100)
        assert "🇬🇧 United Kingdom" in said(await world.see(BEN, "19 left"))
        assert [call.region for call in world.endpoint.log] == [""] * 8 + ["GB"]

        printed, checked = await world.commands(["usage", "--json"], ["check"])
        figures = as_json(printed)
        wanted = {"searches": 10, "answered": 10, "from_cache": 1, "captured": 9, "released": 0, "uncertain": 0}
        assert {name: figures[name] for name in wanted} == wanted
        assert figures["captured"] == world.endpoint.charged
        people = {person["person"]: person for person in figures["people"]}
        assert (people[f"telegram:{ANN}"]["captured"], people[f"telegram:{ANN}"]["balance"]) == (8, 12)
        assert (people[f"telegram:{BEN}"]["captured"], people[f"telegram:{BEN}"]["balance"]) == (1, 19)
        assert sum(day["captured"] for day in figures["days"]) == 9
        assert checked.code == 0


async def test_who_has_no_credit_left_is_refused_without_a_call(tmp_path):
    async with living(tmp_path, **FAST, MONTHLY_ALLOWANCE="2") as world:
        for number in range(2):
            world.send(ANN, number)
            await world.see(ANN, f"{1 - number} left")
        world.send(ANN, 3)
        await world.see(ANN, "You have no credits left, so this was not searched. You get 2 again on")
        assert world.endpoint.requests == 2
        granted = await world.command("grant", f"telegram:{ANN}", "3", "--reason", "raffle")
        assert granted.out == f"telegram:{ANN}: 0 -> 3 credits\n"
        world.press(world.told(ANN)[-1], "Try again · 1 credit")
        await world.see(ANN, "1 credit · 2 left")


async def test_answers_and_buttons_work_after_a_restart(tmp_path):
    async with living(tmp_path, **FAST) as world:
        world.send(ANN, 1)
        answer = await world.see(ANN, "Closest products")
        await world.stop()
        await world.start()
        world.press(answer, "›")
        await world.see(ANN, "6. ")
        world.send(BEN, 1)
        await world.see(BEN, "free: asked before")
        assert world.endpoint.charged == 1


#: (row, what the endpoint does, what the person sees, credits possibly used)
FAILURES = [
    (16, "reset-before", LOST, 1),
    (16, "reset-during", LOST, 1),
    (16, "reset-after", LOST, 1),
    (18, "html-200", LOST, 1),
    (18, "502-html", LOST, 1),
    (18, "truncated", LOST, 1),
    (18, "code-500", LOST, 1),
    (18, "code-429", "1 credit · 19 left", 0),
    (18, "data-null", LOST, 1),
    (18, "data-object", LOST, 1),
    (18, "no-usable-hit", LOST, 1),
    (19, "many-items", "1 credit · 19 left", 0),
    (19, "long-names", "1 credit · 19 left", 0),
    (19, "gzip-bomb", LOST, 1),
    (19, "huge", LOST, 1),
    (18, "code-402", DOWN, 0),
]
#: How it does not answer in time, and its seconds: each of them takes the whole of the two that it has.
SILENCES = [
    (17, "black-hole", None),
    (17, "drip", 0.5),
    (17, "half-head", None),
    (17, "half-body", None),
    (22, "slow", 3.0),
]


@pytest.mark.fault(16)
@pytest.mark.fault(17)
@pytest.mark.fault(18)
@pytest.mark.fault(19)
@pytest.mark.fault(22)
@pytest.mark.threat(25)
async def test_however_the_endpoint_fails_the_person_is_told_kindly_and_pays_for_answers_only(tmp_path):
    async with living(tmp_path, **FAST, KEYAPI_TIMEOUT="2", KEYAPI_CONCURRENCY=str(len(SILENCES))) as world:
        warm(world)
        world.send(ANN, 0)
        await world.see(ANN, "1 credit · 19 left")
        before = world.memory()
        silent, failing = range(50, 50 + len(SILENCES)), range(100, 100 + len(FAILURES))
        for _, behaviour, seconds in SILENCES:
            world.endpoint.behave(behaviour, 1, seconds)
        for person in silent:
            world.send(person, person)
        for person in silent:
            await world.see(person, LOST)
            assert world.account(person).balance == 20
        assert world.endpoint.requests == 1 + len(SILENCES), "each has met its own silence"
        assert world.usage.uncertain == len(SILENCES)
        for person, (_, behaviour, sentence, uncertain) in zip(failing, FAILURES, strict=True):
            figures = world.usage
            world.endpoint.behave(behaviour, 1)
            world.send(person, person)
            told = await world.see(person, sentence)
            assert world.usage.uncertain - figures.uncertain == uncertain, behaviour
            assert world.account(person).balance == (19 if "1 credit" in sentence else 20), behaviour
            assert len(world.told(person)) == 1, behaviour
            if behaviour == "many-items":
                assert "All 30 as a file" in [key["text"] for key in keys(told)]
        assert world.memory() - before < 50 * MIB
        # What came too late changes nothing: the one who was told is not told again, and stays uncharged.
        world.prove()
        assert all(len(world.told(person)) == 1 for person in (*silent, *failing))


@pytest.mark.fault(15)
async def test_an_endpoint_that_cannot_be_reached_costs_nothing_and_search_is_down_for_the_while(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with living(tmp_path, start=False, **FAST, KEYAPI_TIMEOUT="1") as world:
            there = world.settings["KEYAPI_URL"]
            for person, address in ((ANN, nobody), (BEN, "https://nobody.invalid")):
                await world.start(KEYAPI_URL=address)
                world.send(person, person)
                assert "not charged · 20 left" in said(await world.see(person, DOWN))
                await world.stop()
            assert (world.usage.released, world.usage.uncertain, world.endpoint.requests) == (2, 0, 0)
            await world.start(KEYAPI_URL=there)
            world.press(world.told(ANN)[0], "Try again · 1 credit")
            await world.see(ANN, "1 credit · 19 left")


@pytest.mark.threat(6)
@pytest.mark.threat(22)
async def test_at_the_chattiest_log_level_no_secret_and_no_raw_event_is_written_anywhere(tmp_path):
    name, words = "Zaphodina", "crimson zebra"
    async with living(tmp_path, **FAST, LOG_LEVEL="DEBUG", LOG_FORMAT="json") as world:
        world.telegram.person(ANN, name, username="zaphodina")
        world.send(ANN, 1, words)
        answer = await world.see(ANN, "Closest products")
        world.press(answer, "›")
        await world.see(ANN, "6. ")
        # Each from somebody else: to one of them the bot writes once a second at most.
        curious = range(31, 37)
        for person, text in zip(curious, ("/credits", "/region", "/privacy", "/help", "/id", "hello"), strict=True):
            world.telegram.person(person, name, username="zaphodina")
            world.write(person, text)
        world.endpoint.behave("401", 1)
        world.send(BEN, 2)
        await world.see(BEN, DOWN)
        world.telegram.faults.fail("sendMessage", 500, "Internal Server Error")
        world.write(BEN, "/start")
        await until(lambda: all(map(world.told, (*curious, BEN))), "everything is answered")
        printed = await world.command("usage", "--json", LOG_LEVEL="DEBUG")
        await world.stop()
        assert '"level": "debug"' in world.log
        for secret in (TOKEN, TOKEN.partition(":")[2], KEY):
            assert secret not in printed.out + printed.err + world.log
        assert words not in world.log
        assert name not in world.log
        places = list(texts(tmp_path / "snapshop.db"))
        assert {place for place, text in places if name in text} == {"people.name"}
        assert {place for place, text in places if words in text} == {"searches.hint"}
        assert not [place for place, text in places if "zaphodina" in text or "message_id" in text]


def receipt(message: dict[str, object]) -> str:
    """What an answer says that it cost: the last line of every one."""
    return said(message).splitlines()[-1].partition(" · back to")[0]


def warm(world: World) -> None:
    """The shop's first search takes a second more: not in a test whose deadlines are short."""
    world.endpoint.shop.search(look(photo(0)), size=1)


def texts(database: Path) -> Iterator[tuple[str, str]]:
    """Every text of a database, with table.column."""
    connection = sqlite3.connect(database)
    tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
    for table in tables:
        rows = connection.execute(f"select * from {table}")
        columns = [column[0] for column in rows.description]
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                if value is not None:
                    yield f"{table}.{column}", value.decode("latin-1") if isinstance(value, bytes) else str(value)
    connection.close()
