"""Telegram's limits are kept, and one chat's 429 is nobody else's."""

import asyncio
import heapq
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message
from telegram.error import BadRequest, RetryAfter
from telegram.ext import ExtBot

from bots.telegram.flood import (
    ATTEMPTS,
    CHAT_LIMIT,
    MAX_PAUSE,
    MAX_WAITING,
    PRUNE_EVERY,
    Flood,
    retry_seconds,
)
from bots.telegram.transport import AiohttpRequest

TOKEN = "1000000:flood-token"
ANN, BEN, GROUP = 11, 22, -100333


class Time:
    """A clock that stands still while there is something to do, and then jumps to the next who sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        waiting = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), waiting))
        await waiting

    async def until_done(self, *work: Awaitable[object]) -> list[object]:
        """Run all of it, in the order given; errors are results."""
        all_of_it = asyncio.gather(*work, return_exceptions=True)
        while True:
            for _ in range(20 + 3 * len(work)):
                await asyncio.sleep(0)
            if all_of_it.done():
                return await all_of_it
            self.now, _, waiting = heapq.heappop(self._sleepers)
            if not waiting.done():
                waiting.set_result(None)


class Telegram:
    """The far side of a Flood on virtual time: notes what came when, and refuses what it is told to."""

    def __init__(self) -> None:
        self.time = Time()
        self.flood = Flood(clock=self.time.clock, sleep=self.time.sleep)
        self.seen: list[tuple[float, int | str, str]] = []
        self.refusals: dict[int | str, list[float]] = defaultdict(list)

    async def call(self, chat: int | str, what: str = "", endpoint: str = "sendMessage") -> object:
        async def answer() -> bool:
            if self.refusals[chat]:
                raise RetryAfter(int(self.refusals[chat].pop(0)))
            self.seen.append((self.time.now, chat, what))
            return True

        return await self.flood.process_request(answer, (), {}, endpoint, {"chat_id": chat}, None)

    def times(self, chat: int | str) -> list[float]:
        return [when for when, where, _ in self.seen if where == chat]


def most_in(times: list[float], seconds: float) -> int:
    """The most events in any window of so many seconds."""
    return max((sum(start <= other < start + seconds for other in times) for start in times), default=0)


async def test_a_chat_gets_a_small_burst_and_then_one_message_a_second() -> None:
    telegram = Telegram()
    await telegram.time.until_done(*(telegram.call(ANN, str(number)) for number in range(12)))
    times = telegram.times(ANN)
    assert most_in(times, CHAT_LIMIT[1]) <= 3
    assert times[-1] - times[0] <= 12
    assert [what for _, _, what in telegram.seen] == [str(number) for number in range(12)]


async def test_a_group_gets_at_most_twenty_messages_a_minute_edits_included() -> None:
    telegram = Telegram()
    await telegram.time.until_done(
        *(telegram.call(GROUP, endpoint=("sendMessage", "editMessageText")[n % 2]) for n in range(45))
    )
    assert most_in(telegram.times(GROUP), 60) == 20
    assert most_in(telegram.times(GROUP), 3) <= 3


async def test_all_chats_together_get_at_most_thirty_messages_a_second() -> None:
    telegram = Telegram()
    await telegram.time.until_done(*(telegram.call(chat) for chat in range(1, 101)))
    times = [when for when, _, _ in telegram.seen]
    assert most_in(times, 1) == 30
    assert times[-1] - times[0] <= 4
    assert [chat for _, chat, _ in telegram.seen] == list(range(1, 101)), "first come, first served"


async def test_who_came_first_is_served_first_also_when_there_is_room_again() -> None:
    telegram = Telegram()

    async def latecomer() -> None:
        await telegram.time.sleep(1.0)
        await telegram.call(999)

    await telegram.time.until_done(latecomer(), *(telegram.call(chat) for chat in range(1, 61)))
    assert [chat for _, chat, _ in telegram.seen] == [*range(1, 61), 999]


async def test_files_and_button_answers_wait_for_nobody() -> None:
    telegram = Telegram()
    messages = [telegram.call(chat) for chat in range(1, 101)]
    others = [telegram.call("", how, how) for how in ("getFile", "answerCallbackQuery") for _ in range(50)]
    await telegram.time.until_done(*messages, *others)
    assert telegram.times("") == [1000] * 100


async def test_a_file_refused_for_a_moment_is_asked_for_again_and_one_refused_for_long_is_not() -> None:
    telegram = Telegram()
    telegram.refusals["soon"] = [7]
    telegram.refusals["late"] = [MAX_PAUSE + 1]
    soon, late = await telegram.time.until_done(
        telegram.call("soon", endpoint="getFile"), telegram.call("late", endpoint="getFile")
    )
    assert soon is True
    assert isinstance(late, RetryAfter)
    assert telegram.seen == [(1007, "soon", "")]


@pytest.mark.fault(34)
async def test_a_429_in_one_chat_is_waited_for_there_alone_and_in_order() -> None:
    telegram = Telegram()
    telegram.refusals[ANN] = [7, 5]
    words = [(ANN, "one"), (ANN, "two"), (BEN, "hello"), (ANN, "three"), (GROUP, "all")]
    results = await telegram.time.until_done(*(telegram.call(chat, word) for chat, word in words))
    assert results == [True] * 5
    assert [word for _, chat, word in telegram.seen if chat == ANN] == ["one", "two", "three"]
    assert telegram.times(ANN)[0] == 1012
    assert telegram.times(BEN) == telegram.times(GROUP) == [1000]


async def test_a_message_is_given_up_after_a_few_refusals_and_the_next_one_is_tried() -> None:
    telegram = Telegram()
    telegram.refusals[ANN] = [1] * ATTEMPTS
    first, second = await telegram.time.until_done(telegram.call(ANN, "first"), telegram.call(ANN, "second"))
    assert isinstance(first, RetryAfter)
    assert second is True
    assert [word for _, _, word in telegram.seen] == ["second"]


async def test_a_long_pause_is_handed_to_the_caller_instead_of_holding_everything() -> None:
    telegram = Telegram()
    telegram.refusals[ANN] = [3600]
    first, second = await telegram.time.until_done(telegram.call(ANN, "first"), telegram.call(ANN, "second"))
    assert isinstance(first, RetryAfter)
    assert isinstance(second, RetryAfter)
    assert retry_seconds(second) == 3600
    assert telegram.time.now == 1000
    telegram.time.now += 3601
    assert await telegram.time.until_done(telegram.call(ANN, "third")) == [True]


async def test_signs_are_dropped_where_there_is_no_room_and_take_none_from_messages() -> None:
    telegram = Telegram()
    signs = [telegram.call(ANN, "typing", "sendChatAction") for _ in range(3)]
    assert await telegram.time.until_done(*signs) == [True] * 3
    messages = [telegram.call(ANN, f"m{number}") for number in range(5)]
    late = [telegram.call(ANN, "eyes", "setMessageReaction"), telegram.call(ANN, "typing", "sendChatAction")]
    assert await telegram.time.until_done(*messages, *late) == [True] * 7
    assert [word for _, _, word in telegram.seen] == ["typing"] * 3 + [f"m{number}" for number in range(5)]
    assert telegram.times(ANN)[3:6] == [1000] * 3


@pytest.mark.fault(34)
async def test_a_refused_sign_is_forgotten_and_the_chat_left_in_peace() -> None:
    telegram = Telegram()
    telegram.refusals[ANN] = [9]
    assert await telegram.time.until_done(telegram.call(ANN, "typing", "sendChatAction")) == [True]
    await telegram.time.until_done(telegram.call(ANN, "answer"))
    assert telegram.seen == [(1009, ANN, "answer")]


async def test_a_chat_that_is_full_refuses_one_more_at_once() -> None:
    telegram = Telegram()
    room = CHAT_LIMIT[0] + MAX_WAITING
    results = await telegram.time.until_done(*(telegram.call(ANN) for _ in range(room + 5)))
    assert results[:room] == [True] * room
    assert [type(result) for result in results[room:]] == [RetryAfter] * 5
    assert await telegram.time.until_done(telegram.call(ANN)) == [True]


async def test_other_errors_go_through_untouched_and_are_not_repeated() -> None:
    telegram, calls = Telegram(), []

    async def refuse() -> bool:
        calls.append(1)
        raise BadRequest("Message is not modified")

    with pytest.raises(BadRequest, match="not modified"):
        await telegram.flood.process_request(refuse, (), {}, "editMessageText", {"chat_id": ANN}, None)
    assert calls == [1]


async def test_chats_that_went_quiet_take_no_memory() -> None:
    telegram = Telegram()
    for chat in range(1, 1001):
        telegram.time.now += 0.1
        await telegram.call(chat)
    telegram.time.now += PRUNE_EVERY + MAX_PAUSE
    await telegram.call(GROUP)
    assert len(telegram.flood._chats) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from([ANN, BEN, GROUP, "@news"]), st.sampled_from(["sendMessage", "editMessageText"])),
        max_size=40,
    ),
    st.dictionaries(st.sampled_from([ANN, BEN, GROUP]), st.lists(st.integers(1, 50), max_size=ATTEMPTS - 1)),
)
def test_whatever_comes_every_message_arrives_once_in_order_and_within_the_limits(
    calls: list[tuple[int | str, str]], refusals: dict[int | str, list[float]]
) -> None:
    async def play() -> Telegram:
        telegram = Telegram()
        for chat, waits in refusals.items():
            telegram.refusals[chat] = list(waits)
        work = [telegram.call(chat, str(number), how) for number, (chat, how) in enumerate(calls)]
        assert all(result is True for result in await telegram.time.until_done(*work))
        return telegram

    telegram = asyncio.run(play())
    for chat in {chat for chat, _ in calls}:
        expected = [str(number) for number, (where, _) in enumerate(calls) if where == chat]
        assert [what for _, where, what in telegram.seen if where == chat] == expected
        assert most_in(telegram.times(chat), 3) <= 3
        assert chat in (ANN, BEN) or most_in(telegram.times(chat), 60) <= 20
    assert most_in([when for when, _, _ in telegram.seen], 1) <= 30


# --- with the real library over a real socket


class Server:
    """Answers sendMessage and answerCallbackQuery; refuses the first messages of one chat."""

    def __init__(self) -> None:
        self.refused = 2
        self.seen: list[tuple[str, str]] = []
        self.first_refusal = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        method, form = request.match_info["method"], await request.post()
        if method == "answerCallbackQuery":
            self.seen.append((method, str(form["callback_query_id"])))
            return web.json_response({"ok": True, "result": True})
        if form["chat_id"] == str(ANN) and self.refused:
            self.refused -= 1
            self.first_refusal.set()
            refusal = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 30"}
            return web.json_response(refusal | {"parameters": {"retry_after": 30}}, status=429)
        self.seen.append((method, str(form["text"])))
        chat = {"id": int(str(form["chat_id"])), "type": "private", "first_name": "Ann"}
        return web.json_response({"ok": True, "result": {"message_id": 1, "date": 1, "chat": chat}})


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    handler = Server()
    app = web.Application()
    app.router.add_post(f"/bot{TOKEN}/{{method}}", handler.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield handler, f"http://127.0.0.1:{runner.addresses[0][1]}/bot"
    await runner.cleanup()


@pytest.mark.fault(34)
async def test_while_one_chat_is_flooded_others_are_answered_and_buttons_react(
    server: tuple[Server, str],
) -> None:
    telegram, base_url = server
    request = AiohttpRequest()
    await request.initialize()
    fast = Flood(clock=lambda: time.monotonic() * 100, sleep=lambda seconds: asyncio.sleep(seconds / 100))
    bot = ExtBot(TOKEN, base_url=base_url, request=request, rate_limiter=fast)
    flooded = [asyncio.create_task(bot.send_message(ANN, text)) for text in ("one", "two", "three")]
    await telegram.first_refusal.wait()
    assert await bot.answer_callback_query("press")
    assert isinstance(await bot.send_message(BEN, "hello"), Message)
    assert telegram.seen == [("answerCallbackQuery", "press"), ("sendMessage", "hello")]
    await asyncio.gather(*flooded)
    assert [text for _, text in telegram.seen[2:]] == ["one", "two", "three"]
    await request.shutdown()
