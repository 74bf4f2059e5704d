"""The command line as an operator uses it: answers on stdout, mistakes in one sentence and an exit code."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.commands import Command, Ended, as_json, inherited, run_all
from tests.faults.process import ADMIN, KEY, TOKEN, living, photo, until

#: Seconds. Processes start here, and a busy machine takes its time over that.
pytestmark = pytest.mark.timeout(150)

CONFIG = 78
COMMANDS = ("run", "demo", "find", "usage", "grant", "check", "backup", "restore", "configure", "migrate", "doctor")
WRONG_TOKEN = "7654321099:AAwrong-Token_of-these-tests-1111111111"


async def snapshop(folder: Path, *arguments: str, **settings: str) -> Ended:
    """A command in a folder, with these settings and no others."""
    return (await run_all(Command(arguments=arguments, settings=settings, folder=folder)))[0]


async def test_every_command_explains_itself(tmp_path):
    words = [["--help"], *([name, "--help"] for name in COMMANDS)]
    helped = await run_all(*(Command(arguments=tuple(said), settings={}, folder=tmp_path) for said in words))
    assert [ended.code for ended in helped] == [0] * len(words)
    assert all("Usage:" in ended.out and not ended.err for ended in helped)
    assert all(name in helped[0].out for name in COMMANDS)
    assert list(tmp_path.iterdir()) == []


#: (arguments, settings, exit code, what the sentence says)
MISTAKES: list[tuple[list[str], Mapping[str, str], int, str]] = [
    (["run"], {}, CONFIG, "TELEGRAM_BOT_TOKEN and DISCORD_BOT_TOKEN are missing"),
    (["run"], {"TELEGRAM_BOT_TOKEN": TOKEN}, CONFIG, "KEYAPI_KEY is missing"),
    (["run"], {"TELEGRAM_BOT_TOKEN": TOKEN, "KEYAPI_KEY": KEY, "KEYAPI_RATE": "fast"}, CONFIG, "KEYAPI_RATE must be"),
    (["run"], {"TELEGRAM_BOT_TOKEN": "my token", "KEYAPI_KEY": KEY}, CONFIG, "TELEGRAM_BOT_TOKEN is not a bot's token"),
    (["find", "photo.jpg"], {}, CONFIG, "KEYAPI_KEY is missing"),
    (["find", "nothing.jpg"], {"KEYAPI_KEY": KEY}, 1, "nothing.jpg cannot be read: No such file or directory."),
    (["find", "photo.jpg", "--region", "Mars"], {"KEYAPI_KEY": KEY}, 2, "'Mars' is no market"),
    (["usage", "--period", "yesterday"], {}, 2, "'yesterday' is no period"),
    (["grant", "somebody", "3"], {}, 2, "'somebody' is not a person"),
    (["grant", "telegram:1", "3", "--until", "soon"], {}, 2, "soon"),
    (["grant", "telegram:1", "3", "--until", "2020-01-01"], {}, 2, "2020-01-01 is over already."),
    (["grant", "telegram:1", "3", "--until", "9999-12-31"], {}, 2, "9999-12-31 is no date"),
    (["grant", "telegram:-100", "3"], {}, 2, "telegram:-100 is a chat"),
    (["grant", "telegram:1", "0"], {}, 2, "greater than or equal to 1"),
    (["check"], {"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, CONFIG, "DATABASE_URL cannot be used"),
    (["usage"], {"DATABASE_URL": "mysql://x"}, CONFIG, "DATABASE_URL"),
    (["check"], {"DATABASE_URL": "sqlite:///photo.jpg"}, CONFIG, "DATABASE_URL cannot be used"),
    (["demo", "--port", "99999"], {}, 2, "65535"),
    (["fnid"], {}, 2, "No such command"),
]


async def test_a_mistake_is_told_in_a_sentence_with_an_exit_code_and_no_traceback(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(photo(1))
    wishes = (Command(arguments=tuple(words), settings=given, folder=tmp_path) for words, given, _, _ in MISTAKES)
    ended = await run_all(*wishes)
    for (words, _, code, sentence), told in zip(MISTAKES, ended, strict=True):
        assert sentence in " ".join(told.err.split()), (words, told)
        assert told.code == code, (words, told)
        assert "Traceback" not in told.err, words
        assert told.out == "", words
        for secret in (TOKEN, KEY):
            assert secret not in told.err, words


async def test_all_mistakes_are_told_at_once(tmp_path):
    ended = await snapshop(tmp_path, "run", KEYAPI_RATE="fast", MONTHLY_BUDGET="lots", LOG_LEVEL="LOUD")
    assert ended.code == CONFIG
    assert [line.split()[0] for line in ended.err.splitlines()] == ["KEYAPI_RATE", "MONTHLY_BUDGET", "LOG_LEVEL"]


async def test_a_photo_from_a_file_is_searched_at_the_operators_expense(tmp_path):
    async with living(tmp_path, start=False, MONTHLY_ALLOWANCE="0") as world:
        (tmp_path / "bag.jpg").write_bytes(photo(1))
        (tmp_path / "notes.txt").write_text("not a picture")
        found, printed, unread, figures, table, checked = await world.commands(
            ["find", "bag.jpg", "--region", "gb", "--words", "red bag"],
            ["find", "bag.jpg", "--json"],
            ["find", "notes.txt"],
            ["usage", "--json"],
            ["usage", "--period", "today"],
            ["check"],
        )
        assert found.code == 0, found.err
        assert found.out.startswith("Closest products · 🇬🇧 United Kingdom · “red bag”\n1. ")
        assert "   https://shop.tiktok.com/view/product/17" in found.out
        assert found.out.splitlines()[-1].startswith("1 credit · 0 left")
        assert (world.endpoint.log[0].region, world.endpoint.log[0].product_name) == ("GB", "red bag")

        answer = as_json(printed)
        assert answer["outcome"] == "Found"
        assert len(answer["matches"]) == 30
        assert answer["matches"][0]["link"].startswith("https://shop.tiktok.com/view/product/17")

        assert (unread.code, unread.err) == (1, "")
        assert unread.out.startswith("That file is not a picture.")

        report = as_json(figures)
        operator = next(line for line in report["people"] if line["person"] == "cli:operator")
        assert (operator["searches"], operator["captured"]) == (3, 2)
        assert report["captured"] == world.endpoint.charged == 2
        assert "3 searches, 2 answered, 0 of them free. Credits: 2 used, 0 possibly used" in " ".join(table.out.split())
        assert (checked.code, checked.out) == (0, "The books are right.\n")


async def test_credits_are_given_beside_a_running_bot(tmp_path):
    async with living(tmp_path) as world:
        given = await world.command("grant", "telegram:11", "5", "--until", "2099-12-31", "--reason", "raffle")
        assert (given.code, given.out) == (0, "telegram:11: 20 -> 25 credits\n")
        world.write(11, "/credits")
        told = await world.see(11, "You have 25 credits.")
        assert "given by an admin: raffle" in told["text"]


async def test_wrong_books_are_told_and_fail(tmp_path):
    async with living(tmp_path, start=False) as world:
        assert (await world.command("grant", "telegram:11", "5")).code == 0
        spoil(tmp_path / "snapshop.db", "update entries set amount = -amount")
        checked = await world.command("check")
        assert (checked.code, checked.out) == (1, "")
        assert "2 pots of credits are below zero." in checked.err.splitlines()
        spoil(tmp_path / "snapshop.db", "update entries set amount = -amount")


def spoil(database: Path, statement: str) -> None:
    """Change the books behind the bot's back."""
    connection = sqlite3.connect(database)
    connection.execute(statement)
    connection.commit()
    connection.close()


async def test_the_schema_is_brought_up_to_date_and_only_once(tmp_path):
    migrate = Command(arguments=("migrate",), settings={}, folder=tmp_path)
    first, second = await run_all(migrate, migrate)
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out == "The database is at version 0003.\n"
    assert (tmp_path / "snapshop.db").stat().st_mode & 0o777 == 0o600


async def test_the_doctor_finds_everything_in_order_and_spends_nothing(tmp_path):
    async with living(tmp_path, start=False, books=False, MEMBERS_OF="telegram:-100500") as world:
        world.telegram.group(-100500, "Friends", [ADMIN]).bot = "administrator"
        told = await world.command("doctor")
        assert told.code == 0, told.out + told.err
        assert "The bot is @snapshop_bot" in told.out
        printed = as_json(await world.command("doctor", "--json"))
        assert {finding["verdict"] for finding in printed} <= {"ok", "look"}
        assert {"settings", "database", "telegram", "clock", "members"} <= {finding["check"] for finding in printed}
        assert world.endpoint.requests == 0


async def test_the_doctor_says_what_is_wrong_and_what_to_do(tmp_path):
    async with living(tmp_path, start=False, books=False, MEMBERS_OF="telegram:-100999") as world:
        given = (
            world.settings | {"TELEGRAM_BOT_TOKEN": WRONG_TOKEN},
            world.settings,
            {},
            {"KEYAPI_RATE": "fast"},
        )
        wishes = (Command(arguments=("doctor", "--json"), settings=some, folder=tmp_path) for some in given)
        wrong, nowhere, nothing, garbled = await run_all(*wishes)
        assert "Telegram refuses TELEGRAM_BOT_TOKEN: copy it again" in broken(wrong)
        assert "The bot cannot see the members of telegram:-100999" in broken(nowhere)
        assert "TELEGRAM_BOT_TOKEN and DISCORD_BOT_TOKEN are missing" in broken(nothing)
        assert "KEYAPI_KEY is missing" in broken(nothing)
        assert "KEYAPI_RATE must be a number of requests a second" in broken(garbled)
        for ended in (wrong, nowhere, nothing, garbled):
            assert "Traceback" not in ended.err
            assert WRONG_TOKEN.partition(":")[2] not in ended.out + ended.err


def broken(ended: Ended) -> str:
    """What the doctor found broken."""
    assert ended.code == 1, ended
    findings = json.loads(ended.out)
    return "\n".join(finding["text"] for finding in findings if finding["verdict"] == "broken")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_says_where_to_look_and_ends_without_a_trace(tmp_path, number):
    said = tmp_path / "said"
    with said.open("wb") as out:
        demo = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bots", "demo", "--port", "0", "--no-pictures"),
            cwd=tmp_path,
            env=inherited() | {"TMPDIR": str(tmp_path)},
            stdout=out,
            stderr=out,
        )
    try:
        await until(lambda: "Open http://127.0.0.1:" in said.read_text(), said.read_text, 20)
        demo.send_signal(number)
        assert await asyncio.wait_for(demo.wait(), 20) == 0
    finally:
        if demo.returncode is None:
            demo.kill()
            await demo.wait()
    assert "Traceback" not in said.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["said"]
