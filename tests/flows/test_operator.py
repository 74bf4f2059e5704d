"""What an operator has for running the bot: figures, logs, the doctor, backups; with real processes and sockets."""

import asyncio
import json
import socket

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.discord_lab import LAUNCH, DiscordLab, DiscordWorld
from tests.faults.commands import Command, as_json, run_all
from tests.faults.process import ADMIN, KEY, TOKEN, living, photo, until
from tests.flows.test_run import texts

#: Seconds. Processes start here, and a busy machine takes its time over that.
pytestmark = pytest.mark.timeout(150)

ANN, BEN = 11, 22
DISCORD_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GcanrY.canaryCANARY_canary-CANARY0123456789"
DOWN = "Search is down at the moment."


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def listening(port: int) -> None:
    """Until the bot's server answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                await get(port, "/healthz")
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
            else:
                return


async def figures(port: int) -> dict[str, float]:
    """Every sample of /metrics: name{label}{label} -> value; labels by their names."""
    families = text_string_to_metric_families((await get(port, "/metrics"))[1])
    return {
        sample.name + "".join(f"{{{value}}}" for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_prometheus_and_probes_see_what_happens(tmp_path):
    port = free_port()
    async with living(tmp_path, KEYAPI_RATE="1000", HTTP_PORT=str(port)) as world:
        await listening(port)
        assert await get(port, "/healthz") == (200, "ok\n")
        for number in range(3):
            world.send(ANN, number)
        await world.see_all(ANN, "1 credit", 3)
        status, parts = await get(port, "/readyz")
        assert (status, json.loads(parts)) == (200, {"database": "up", "telegram": "up", "endpoint": "up"})
        world.send(BEN, 0)
        await world.see(BEN, "free: asked before")
        world.endpoint.behave("502-html", 1)
        world.send(BEN, 10)
        await world.see(BEN, "The answer was lost on the way.")
        world.endpoint.behave("401", 1)
        world.send(BEN, 11)
        await world.see(BEN, DOWN)
        told = await figures(port)
        assert told["snapshop_searches_total{paid}{found}{telegram}"] == 3
        assert told["snapshop_searches_total{stored}{found}{telegram}"] == 1
        assert told["snapshop_searches_total{nothing}{lost}{telegram}"] == 1
        assert told["snapshop_searches_total{nothing}{unavailable}{telegram}"] == 1
        usage = world.usage
        assert (usage.captured, usage.uncertain, usage.released) == (3, 1, 1)
        for kind, number in (("captured", 3), ("uncertain", 1), ("released", 1)):
            assert told[f"snapshop_credits_total{{{kind}}}"] == number
        assert told["snapshop_endpoint_seconds_count"] == world.endpoint.requests == 5
        assert told["snapshop_queue_wait_seconds_count"] == 5
        assert told["snapshop_queue_length"] == 0
        assert told["snapshop_endpoint_errors_total{denied_key}"] == 1
        assert told["snapshop_endpoint_state{open}"] == 1
        assert told["snapshop_adapter_events_total{telegram}"] == 6
        assert told["snapshop_adapter_up{telegram}"] == 1
        assert told["snapshop_check_problems"] == 0
        assert told["snapshop_check_timestamp_seconds"] > 0
        status, parts = await get(port, "/readyz")
        assert (status, json.loads(parts)["endpoint"]) == (200, "denied")
        shown = (await get(port, "/metrics"))[1]
        for outside in (str(ANN), str(BEN), "Person", TOKEN, KEY):
            assert f'"{outside}' not in shown


@pytest.mark.threat(6)
@pytest.mark.threat(22)
async def test_on_discord_too_the_chattiest_log_holds_no_secret_and_nothing_that_people_write(tmp_path):
    lab, words, name = DiscordLab(DiscordWorld(token=DISCORD_TOKEN)), "crimson zebra", "Zaphodina"
    ann = lab.world.person(21, name)
    channel = lab.world.channel(501, lab.world.guild(500, "Shop", [ann]))
    chatty = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"}
    async with lab.serving(), living(tmp_path, start=False, **lab.environment, **chatty) as world:
        world.program = [str(LAUNCH)]
        await world.start()
        await lab.wait_for(lambda: lab.gateway.connected, seconds=20)
        sent = await lab.posts(ann, channel, content=words, photos=[photo(1)], mentions_bot=True)
        cards = await lab.wait_for(
            lambda: [card for card in lab.answers(channel) if "1 credit" in card.text], seconds=20
        )
        pressed = await lab.press(ann, cards[0], next(one for one in cards[0].controls if ":1d" in one))
        assert pressed.acknowledged
        asked = await lab.slash(ann, channel, "find", photo=photo(2), words=words)
        assert asked.acknowledged
        await lab.wait_for(lambda: len([c for c in lab.answers(channel) if "1 credit" in c.text]) >= 2, seconds=20)
        await world.stop()
        log = world.log
    lines = [json.loads(line) for line in log.splitlines()]
    assert "debug" in {line["level"] for line in lines}
    tokens = {DISCORD_TOKEN, *DISCORD_TOKEN.split(".")[::2], asked.token, pressed.token}
    for secret in (*tokens, TOKEN, KEY, words, name):
        assert secret not in log, secret
    assert not [line for line in lines if "PyNaCl" in line["event"] or "davey" in line["event"]]
    found = list(texts(tmp_path / "snapshop.db"))
    assert {place for place, text in found if words in text} == {"searches.hint"}
    assert {place for place, text in found if name in text} == {"people.name"}
    assert not [place for place, text in found if any(token in text for token in tokens)]
    answered = [line for line in lines if line["event"] == "answered"]
    assert len(answered) == 2
    assert len({line["search"] for line in answered}) == 2
    of_first = [line for line in lines if line.get("search") == answered[0]["search"]]
    assert {line["logger"] for line in of_first} >= {"core.asking", "httpcore.http11"}, "libraries' lines name it too"
    assert sent.id


async def test_the_start_is_told_once_in_a_table_or_in_one_line_for_machines(tmp_path):
    async with living(tmp_path, DAILY_BUDGET="50") as world:
        world.send(ANN, 1)
        await world.see(ANN, "1 credit")
        await world.stop()
        table = world.log[world.log.index("Snapshop ") :].splitlines()[1:6]
        assert [line.split(maxsplit=1)[1] for line in table[:3]] == [
            "https://t.me/snapshop_bot",
            "SQLite, snapshop.db",
            "0",
        ]
        assert table[3] == "  Credits   0 used today, 0 of 1000 this month"
        assert table[4].endswith("search; at most 1000 credits this month and 50 credits a day.")
        assert world.log.count("At most") == 1
        before = len(world.log.splitlines())
        await world.start(LOG_FORMAT="json")
        await world.stop()
        lines = [json.loads(line) for line in world.log.splitlines()[before:]]
        started = [line for line in lines if line["event"] == "started"]
        assert [(line["people"], line["credits_today"], line["platforms"]) for line in started] == [
            (1, 1, ["telegram"])
        ]


@pytest.mark.fault(33)
async def test_a_backup_made_beside_the_bot_comes_back_and_the_bot_goes_on_with_it(tmp_path):
    async with living(tmp_path, KEYAPI_RATE="1000", books=False) as world:
        for number in range(2):
            world.send(ANN, number)
        await world.see_all(ANN, "1 credit", 2)
        made = await world.command("backup", "yesterday.db")
        assert made.code == 0, made.err
        assert (tmp_path / "yesterday.db").stat().st_mode & 0o777 == 0o600
        world.send(ANN, 5)
        later = await world.see(ANN, "1 credit · 17 left")
        running = await world.command("restore", "yesterday.db")
        assert (running.code, running.out) == (1, "")
        assert "The bot is running on this database: stop it first." in running.err
        await world.stop()
        restored = await world.command("restore", "yesterday.db")
        assert restored.code == 0, restored.err
        assert "It knew 1 used credits that these books do not" in restored.out
        await world.start()
        world.press(later, "›")
        world.send(ANN, 6)
        await until(lambda: world.usage.captured == 3, lambda: str(world.usage))
        assert world.endpoint.charged == 4
        assert (await world.command("check")).code == 0


async def test_the_doctor_spends_one_credit_when_told_to_and_books_it(tmp_path):
    async with living(tmp_path, start=False) as world:
        proved = as_json(await world.command("doctor", "--json", "--spend-one-credit"))
        endpoint = next(finding for finding in proved if finding["check"] == "endpoint")
        assert (endpoint["verdict"], "30 products" in endpoint["text"]) == ("ok", True)
        assert (world.endpoint.charged, world.usage.captured) == (1, 1)
        again = as_json(await world.command("doctor", "--json", "--spend-one-credit"))
        assert world.endpoint.charged == 2, "a stored answer proves nothing"
        assert {finding["check"] for finding in again} >= {
            "books",
            "disk",
            "files",
            "fonts",
            "formats",
            "key",
            "messages",
        }
        for behaviour, verdict, sentence in (
            ("401", "broken", "The endpoint does not accept KEYAPI_KEY"),
            ("code-402", "broken", "The endpoint's credits are used up: buy some."),
            ("502-html", "broken", "gave no usable answer"),
        ):
            world.endpoint.behave(behaviour, 1)
            ended = await world.command("doctor", "--json", "--spend-one-credit")
            found = next(finding for finding in json.loads(ended.out) if finding["check"] == "endpoint")
            assert (found["verdict"], ended.code) == (verdict, 1)
            assert sentence in found["text"]


async def test_the_doctor_says_how_messages_come_and_what_went_wrong_with_them(tmp_path):
    async with living(tmp_path, start=False, books=False) as world:
        world.telegram.person(ANN, "Ann")
        world.telegram.send_text(ANN, ANN, "hello")
        assert ("ok", "They are fetched; 1 update waits.") in await messages(world)
        nobody = f"http://127.0.0.1:{free_port()}"
        webhook = {"TELEGRAM_WEBHOOK_URL": nobody, "TELEGRAM_WEBHOOK_SECRET": "s" * 32, "HTTP_PORT": "8080"}
        assert (await messages(world, **webhook))[0][0] == "look"
        async with aiohttp.ClientSession(world.settings["TELEGRAM_API_URL"]) as session:
            await session.post(f"/bot{TOKEN}/setWebhook", json={"url": f"{nobody}/telegram", "secret_token": "s" * 32})
        await until(lambda: world.telegram.webhook.last_error, "Telegram tried")
        verdict, text = (await messages(world, **webhook))[0]
        assert verdict == "broken"
        assert "Telegram could not deliver at" in text
        assert "1 update waits: does your proxy pass /telegram on to HTTP_PORT" in text
        verdict, text = (await messages(world))[0]
        assert (verdict, "takes it away and fetches them" in text) == ("look", True)


async def messages(world, **settings: str) -> list[tuple[str, str]]:
    ended = await world.command("doctor", "--json", **settings)
    return [(one["verdict"], one["text"]) for one in json.loads(ended.out) if one["check"] == "messages"]


async def test_the_doctor_leaves_nothing_behind_and_finds_files_that_others_can_read(tmp_path):
    doctor = Command(arguments=("doctor", "--json"), settings={"KEYAPI_KEY": KEY}, folder=tmp_path)
    first = (await run_all(doctor))[0]
    assert list(tmp_path.iterdir()) == []
    assert ("database", "ok") in verdicts(first.out)
    (tmp_path / ".env").write_text(f"ADMINS=telegram:{ADMIN}\n")
    (tmp_path / ".env").chmod(0o644)
    migrate = Command(arguments=("migrate",), settings={}, folder=tmp_path)
    await run_all(migrate)
    (tmp_path / "snapshop.db").chmod(0o640)
    nowhere = Command(
        arguments=("doctor", "--json"), settings={"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, folder=tmp_path
    )
    open_to_all, missing = await run_all(doctor, nowhere)
    said = [one["text"] for one in json.loads(open_to_all.out) if one["check"] == "files"]
    assert [text.split()[0] for text in said] == [".env"], "opening the database has made it private again"
    assert ("database", "broken") in verdicts(missing.out)
    assert "There is no folder /nowhere/at" in missing.out


def verdicts(printed: str) -> list[tuple[str, str]]:
    return [(finding["check"], finding["verdict"]) for finding in json.loads(printed)]
