"""Updates by polling: the real library against the local Bot API, over real sockets."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from telegram import Update
from telegram.error import InvalidToken
from telegram.ext import ExtBot

from bots.telegram import updates
from bots.telegram.polling import AnotherInstance, Poller
from bots.telegram.transport import AiohttpRequest
from bots.telegram.updates import CHATS_AT_ONCE
from tests.telegram_lab import TelegramLab, telegram_app
from tests.telegram_lab.faults import Fault

ALLOWED = ["message", "edited_message", "callback_query", "my_chat_member"]
ANN, BEN = 11, 22
ROOT = Path(__file__).parents[2]

Handle = Callable[[Update], Awaitable[None]]


class JournalDown(Exception):
    """Nothing can be written."""


class Journal:
    """Where a handler commits: an event key is written once, whoever delivers it how often."""

    def __init__(self) -> None:
        self.written: list[tuple[int, int]] = []
        self.again = 0
        self.changed = asyncio.Event()

    async def commit(self, update: Update) -> None:
        assert update.message is not None
        key = (update.message.chat.id, update.message.message_id)
        await asyncio.sleep(0)
        if key in self.written:
            self.again += 1
        else:
            self.written.append(key)
        self.changed.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.written) < count:
                self.changed.clear()
                await self.changed.wait()


class Running:
    """A bot that polls, as one process would."""

    def __init__(self, world: TelegramLab, url: str, token: str | None = None) -> None:
        get_updates = AiohttpRequest()
        self.requests = [get_updates, AiohttpRequest()]
        self.bot = ExtBot(
            token or world.token,
            base_url=f"{url}/bot",
            request=self.requests[1],
            get_updates_request=get_updates,
        )
        self.told: list[str] = []

    def poller(self, handle: Handle, *, speed: float = 50, poll_timeout: int = 30) -> Poller:
        """Its pauses, not its polls, are so many times shorter."""

        async def told_conflict() -> None:
            self.told.append("conflict")

        async def told_pause() -> None:
            self.told.append("pause")

        return Poller(
            self.bot,
            handle,
            allowed_updates=ALLOWED,
            pause_on=(JournalDown,),
            on_conflict=told_conflict,
            on_pause=told_pause,
            poll_timeout=poll_timeout,
            clock=lambda: time.monotonic() * speed,
            sleep=lambda seconds: asyncio.sleep(seconds / speed),
        )

    async def __aenter__(self) -> "Running":
        await self.bot.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        for request in self.requests:
            await request.shutdown()


@pytest.fixture
async def here() -> AsyncIterator[tuple[TelegramLab, str]]:
    """A world with two people, and the address of its Bot API."""
    world = TelegramLab()
    world.person(ANN, "Ann")
    world.person(BEN, "Ben")
    runner = web.AppRunner(telegram_app(world), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield world, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def kill(running: asyncio.Task[None]) -> None:
    """End it without any of the care that stop takes."""
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def finish(poller: Poller, running: asyncio.Task[None]) -> None:
    poller.stop()
    async with asyncio.timeout(5):
        await running


def texts(world: TelegramLab, count: int, chats: int = 1) -> list[tuple[int, int]]:
    """People write; the event keys of what they wrote, in order."""
    for person in range(1000, 1000 + chats):
        world.person(person)
    sent = [world.send_text(1000 + n % chats, 1000 + n % chats, f"message {n}") for n in range(count)]
    return [(message["chat"]["id"], message["message_id"]) for message in sent]


def by_chat(keys: list[tuple[int, int]]) -> dict[int, list[int]]:
    found = defaultdict(list)
    for chat, message in keys:
        found[chat].append(message)
    return dict(found)


async def test_each_of_three_hundred_messages_is_handled_once_and_in_order_within_its_chat(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    sent, journal = texts(world, 300, chats=7), Journal()
    async with Running(world, url) as process:
        poller = process.poller(journal.commit)
        running = asyncio.create_task(poller.run())
        await journal.until(300)
        await finish(poller, running)
    assert by_chat(journal.written) == by_chat(sent)
    assert journal.again == 0
    assert world.pending == []


@pytest.mark.fault(1)
async def test_a_bot_that_is_ended_in_the_middle_loses_nothing_and_answers_nothing_twice(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    sent, journal = texts(world, 300, chats=40), Journal()
    for deadly in (3, 77, 150, 210, 299):
        async with Running(world, url) as process:
            running = asyncio.create_task(process.poller(journal.commit).run())
            await journal.until(deadly)
            await kill(running)
    async with Running(world, url) as process:
        poller = process.poller(journal.commit)
        running = asyncio.create_task(poller.run())
        await journal.until(300)
        await world.wait_until(lambda: not world.pending)
        await finish(poller, running)
    assert by_chat(journal.written) == by_chat(sent)
    assert journal.again > 0, "what was written but not confirmed comes again"
    assert world.pending == []


@pytest.mark.fault(1)
async def test_kill_9_loses_nothing(here: tuple[TelegramLab, str], tmp_path: Path) -> None:
    world, url = here
    sent, journal = texts(world, 150, chats=30), tmp_path / "journal"
    journal.touch()
    deadline = time.monotonic() + 30

    def written() -> list[str]:
        return journal.read_text().splitlines()

    for deadly in (75, 150):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.flows.test_polling", url, world.token, str(journal), cwd=ROOT
        )
        while (  # noqa: ASYNC110 -- another process writes the file
            len(set(written())) < deadly and process.returncode is None and time.monotonic() < deadline
        ):
            await asyncio.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    assert {tuple(map(int, line.split())) for line in written()} == set(sent)


async def test_updates_that_cannot_be_read_stop_nobody(here: tuple[TelegramLab, str]) -> None:
    world, url = here
    journal, before = Journal(), [world.send_text(ANN, ANN, "one"), world.send_text(BEN, BEN, "two")]
    odd = (
        {"message": {"chat": "?"}},
        {"message": 5},
        {"callback_query": {"id": []}},
        {"message": {"date": "x"}},
    )
    for raw in odd:
        world.inject(dict(raw))
    after = [world.send_text(ANN, ANN, "three"), world.send_text(BEN, BEN, "four")]
    async with Running(world, url) as process:
        poller = process.poller(journal.commit)
        running = asyncio.create_task(poller.run())
        await journal.until(4)
        await finish(poller, running)
    keys = [(message["chat"]["id"], message["message_id"]) for message in (*before, *after)]
    assert by_chat(journal.written) == by_chat(keys)
    assert world.pending == []
    assert world.counts["getUpdates"] <= 3


async def test_sixty_four_chats_are_worked_on_at_once_and_not_one_more(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    texts(world, 100, chats=100)
    journal, inside, most, full = Journal(), 0, 0, asyncio.Event()

    async def handle(update: Update) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == CHATS_AT_ONCE:
            full.set()
        await full.wait()
        await journal.commit(update)
        inside -= 1

    async with Running(world, url) as process:
        poller = process.poller(handle)
        running = asyncio.create_task(poller.run())
        await journal.until(100)
        await finish(poller, running)
    assert most == CHATS_AT_ONCE == 64


async def test_the_journal_fails_and_comes_back_and_every_message_is_handled_once(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    sent, journal = texts(world, 60, chats=6), Journal()
    down, refused = False, Counter[int]()

    async def handle(update: Update) -> None:
        nonlocal down
        down = down or len(journal.written) == 25
        if down:
            refused[update.update_id] += 1
            raise JournalDown
        await journal.commit(update)

    async with Running(world, url) as process:
        poller = process.poller(handle)
        running = asyncio.create_task(poller.run())
        async with asyncio.timeout(10):
            while refused.total() < 4:  # noqa: ASYNC110 -- counted by the handler under test
                await asyncio.sleep(0.01)
        assert poller.paused
        assert len(world.pending) >= 35, "what is not written is not confirmed"
        polls = world.counts["getUpdates"]
        assert polls == 1, "nothing is fetched meanwhile"
        down = False
        journal.written.append((0, 0))  # past 25, so that it stays up
        await journal.until(61)
        late = world.send_text(ANN, ANN, "and this?")
        await journal.until(62)
        assert not poller.paused
        await finish(poller, running)
        assert process.told == ["pause"]
    journal.written.remove((0, 0))
    assert by_chat(journal.written) == by_chat([*sent, (ANN, late["message_id"])])
    assert journal.again == 0
    assert world.pending == []


async def test_a_message_that_could_not_be_written_is_not_overtaken_by_the_next_in_its_chat(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    sent, journal, refused = texts(world, 4), Journal(), Counter[int]()

    async def handle(update: Update) -> None:
        refused[update.update_id] += 1
        if refused[update.update_id] == 1:
            raise JournalDown
        await journal.commit(update)

    async with Running(world, url) as process:
        poller = process.poller(handle)
        running = asyncio.create_task(poller.run())
        await journal.until(4)
        await finish(poller, running)
    assert journal.written == sent
    assert journal.again == 0


async def test_a_journal_that_is_down_is_not_hammered(here: tuple[TelegramLab, str]) -> None:
    world, url = here
    texts(world, 100, chats=100)
    attempts, told = 0, asyncio.Event()

    async def handle(_: Update) -> None:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0.01)
        told.set()
        raise JournalDown

    async with Running(world, url) as process:
        poller = process.poller(handle, speed=0.1)
        running = asyncio.create_task(poller.run())
        await told.wait()
        await asyncio.sleep(0.1)
        assert attempts == CHATS_AT_ONCE
        await finish(poller, running)
    assert len(world.pending) == 100


async def test_stopping_while_the_journal_is_down_confirms_only_what_is_written(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    sent, journal = texts(world, 9), Journal()
    refused = asyncio.Event()

    async def handle(update: Update) -> None:
        if len(journal.written) == 4:
            refused.set()
            raise JournalDown
        await journal.commit(update)

    async with Running(world, url) as process:
        poller = process.poller(handle)
        running = asyncio.create_task(poller.run())
        await refused.wait()
        await finish(poller, running)
    assert journal.written == sent[:4]
    assert [update["message"]["message_id"] for update in world.pending] == [message for _, message in sent[4:]]


async def test_a_message_whose_handler_always_fails_is_passed_by_after_three_attempts(
    here: tuple[TelegramLab, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "RETRY_PAUSES", (0.0, 0.0))
    world, url = here
    sent, journal, attempts = texts(world, 3), Journal(), Counter[str]()

    async def handle(update: Update) -> None:
        assert update.message is not None
        attempts[update.message.text or ""] += 1
        if update.message.text == "message 1":
            raise ZeroDivisionError
        await journal.commit(update)

    async with Running(world, url) as process:
        poller = process.poller(handle)
        running = asyncio.create_task(poller.run())
        await journal.until(2)
        await finish(poller, running)
    assert attempts == {"message 0": 1, "message 1": 3, "message 2": 1}
    assert journal.written == [sent[0], sent[2]]
    assert world.pending == []


async def test_a_handler_that_hangs_holds_nobody_for_ever(
    here: tuple[TelegramLab, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "HANDLER_TIMEOUT", 0.05)
    monkeypatch.setattr(updates, "RETRY_PAUSES", (0.0, 0.0))
    world, url = here
    sent, journal = texts(world, 2), Journal()

    async def handle(update: Update) -> None:
        if update.message is not None and update.message.text == "message 0":
            await asyncio.Event().wait()
        await journal.commit(update)

    async with Running(world, url) as process:
        poller = process.poller(handle)
        running = asyncio.create_task(poller.run())
        await journal.until(1)
        await finish(poller, running)
    assert journal.written == [sent[1]]


@pytest.mark.fault(9)
async def test_stopping_finishes_what_is_begun_begins_nothing_new_and_confirms_exactly_that(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    sent, journal = texts(world, 6), Journal()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(update: Update) -> None:
        if update.message is not None and update.message.text == "message 2":
            begun.set()
            await go_on.wait()
        await journal.commit(update)

    async with Running(world, url) as process:
        poller = process.poller(handle)
        running = asyncio.create_task(poller.run())
        await begun.wait()
        poller.stop()
        await asyncio.sleep(0.02)
        assert not running.done()
        go_on.set()
        await finish(poller, running)
    assert journal.written == sent[:3]
    assert len(world.pending) == 3
    async with Running(world, url) as process:
        poller = process.poller(journal.commit)
        running = asyncio.create_task(poller.run())
        await journal.until(6)
        await finish(poller, running)
    assert journal.written == sent
    assert journal.again == 0


async def test_stopping_does_not_wait_for_an_open_poll(here: tuple[TelegramLab, str]) -> None:
    world, url = here
    async with Running(world, url) as process:
        poller = process.poller(Journal().commit)
        running = asyncio.create_task(poller.run())
        await world.wait_until(lambda: world.poll)
        started = time.monotonic()
        await finish(poller, running)
        assert time.monotonic() - started < 1
    assert poller.last_poll is None


async def test_a_bad_line_is_tried_again_loses_nothing_and_tells_no_token(
    here: tuple[TelegramLab, str], capsys: pytest.CaptureFixture[str]
) -> None:
    world, url = here
    sent, journal = texts(world, 5), Journal()
    world.faults.fail("getUpdates", 502, "Bad Gateway")
    world.faults.fail("getUpdates", 429, "Too Many Requests: retry after 2", {"retry_after": 2})
    world.faults.add(Fault(method="getUpdates", drop=True))
    async with Running(world, url) as process:
        poller = process.poller(journal.commit)
        running = asyncio.create_task(poller.run())
        await journal.until(5)
        await finish(poller, running)
    assert journal.written == sent
    assert journal.again == 0
    printed = capsys.readouterr()
    assert "poll_failed" in printed.out + printed.err
    assert world.token not in printed.out + printed.err


@pytest.mark.parametrize("known_before", [True, False])
async def test_a_wrong_token_is_said_at_once_and_not_shown(here: tuple[TelegramLab, str], known_before: bool) -> None:
    world, url = here
    async with Running(world, url) as process:
        world.token = "1000000:another-token"
        process.bot._bot_initialized = known_before
        with pytest.raises(InvalidToken) as caught:
            await process.poller(Journal().commit).run()
    assert "sandbox-token" not in repr(caught.value)


@pytest.mark.fault(12)
async def test_updates_that_are_numbered_afresh_are_taken(here: tuple[TelegramLab, str]) -> None:
    world, url = here
    world.next_update_id = 900_000
    journal = Journal()
    async with Running(world, url) as process:
        poller = process.poller(journal.commit, poll_timeout=0)
        running = asyncio.create_task(poller.run())
        world.send_text(ANN, ANN, "before")
        await journal.until(1)
        await world.wait_until(lambda: not world.pending)
        polls = world.poll
        await world.wait_until(lambda: world.poll >= polls + 2)
        world.next_update_id = 899_995
        world.send_text(ANN, ANN, "after the numbers began again")
        await journal.until(2)
        world.send_text(ANN, ANN, "and on")
        await journal.until(3)
        await finish(poller, running)
    assert journal.again == 0


@pytest.mark.fault(11)
async def test_an_update_delivered_again_reaches_the_journal_which_knows_it(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    sent, journal = texts(world, 3), Journal()
    async with Running(world, url) as process:
        poller = process.poller(journal.commit)
        running = asyncio.create_task(poller.run())
        await journal.until(3)
        await world.wait_until(lambda: not world.pending)
        world.redeliver(times=10)
        async with asyncio.timeout(5):
            while journal.again < 30:
                journal.changed.clear()
                await journal.changed.wait()
        await finish(poller, running)
    assert journal.written == sent


@pytest.mark.fault(14)
async def test_a_second_process_gives_way_and_the_first_goes_on_and_tells_once(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    journal = Journal()
    async with Running(world, url) as first, Running(world, url) as second:
        older = first.poller(journal.commit)
        running = asyncio.create_task(older.run())
        world.send_text(ANN, ANN, "hello")
        await journal.until(1)
        newcomer = second.poller(journal.commit)
        with pytest.raises(AnotherInstance, match="terminated by other getUpdates"):
            async with asyncio.timeout(10):
                await newcomer.run()
        assert newcomer.conflicts >= 3
        assert newcomer.last_poll is None
        assert second.told == []
        world.send_text(ANN, ANN, "still there?")
        await journal.until(2)
        assert older.last_poll is not None
        assert older.conflicts >= 2
        assert first.told == ["conflict"]
        await finish(older, running)


async def test_a_webhook_that_is_still_set_is_said(here: tuple[TelegramLab, str]) -> None:
    world, url = here
    async with Running(world, url) as process:
        world.webhook.url = "https://elsewhere.invalid/telegram"
        poller = process.poller(Journal().commit)
        with pytest.raises(AnotherInstance, match="webhook is active"):
            await poller.run()
    assert poller.conflicts >= 3


async def test_only_the_kinds_of_update_that_were_named_are_asked_for(
    here: tuple[TelegramLab, str],
) -> None:
    world, url = here
    async with Running(world, url) as process:
        poller = process.poller(Journal().commit)
        running = asyncio.create_task(poller.run())
        await world.wait_until(lambda: world.poll)
        await finish(poller, running)
    assert world.allowed_updates == ALLOWED


async def _a_bot_to_kill(url: str, token: str, journal: str) -> None:
    """What test_kill_9_loses_nothing runs as a process of its own: its commit is to write and to sync."""
    requests = AiohttpRequest(), AiohttpRequest()
    bot = ExtBot(token, base_url=f"{url}/bot", request=requests[0], get_updates_request=requests[1])
    file = os.open(journal, os.O_WRONLY | os.O_APPEND)

    async def handle(update: Update) -> None:
        assert update.message is not None
        await asyncio.sleep(0.001)
        os.write(file, f"{update.message.chat.id} {update.message.message_id}\n".encode())
        os.fdatasync(file)

    await bot.initialize()
    await Poller(bot, handle, allowed_updates=ALLOWED, pause_on=()).run()


if __name__ == "__main__":
    asyncio.run(_a_bot_to_kill(*sys.argv[1:]))
