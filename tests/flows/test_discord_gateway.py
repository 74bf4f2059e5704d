"""The real discord.py over real sockets: how a connection begins, breaks, goes on and ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from bots.chat_app import PlatformDown, PlatformRefused
from bots.discord import app as discord_app
from bots.sandbox.endpoint import serve
from core.check import check
from tests.discord_lab import WRONG_TOKEN, DiscordLab, discord_lab
from tests.flows.discord_stage import HOME, Stage
from tests.flows.world import photo

HISTORY = "GET /channels/{channel}/messages"


class Line:
    """A bot on the line, and two people."""

    receiving: "asyncio.Task[None]"

    def __init__(self, lab: DiscordLab, bot: Stage) -> None:
        self.lab, self.bot = lab, bot
        self.ann = lab.world.person(11, "Ann")
        self.ben = lab.world.person(22, "Ben")
        self.channel = lab.world.channel(501, lab.world.guild(HOME, "Friends", [self.ann, self.ben]))
        self.dm = lab.world.dm(self.ann)

    async def ask(self, product: str = "leather-handbag", **how):
        """A photo in the channel, for the bot."""
        return await self.lab.posts(self.ann, self.channel, photos=[photo(product)], mentions_bot=True, **how)

    async def answers(self, count: int):
        """What the bot has said in the channel, once it is that much and nothing is under way."""
        await self.bot.until(lambda: len(self.lab.answers(self.channel)) >= count and not self._busy())
        return self.lab.answers(self.channel)

    def read(self) -> int:
        """How often old messages were asked for."""
        return sum(call.route == HISTORY for call in self.lab.world.calls)

    @staticmethod
    def _busy() -> bool:
        return any(task.get_name().startswith(("search ", "reply ")) for task in asyncio.all_tasks())


@asynccontextmanager
async def on_the_line(folder, **settings) -> AsyncIterator[Line]:
    """A started bot; in the end the books are right, and everything that it sent was well-formed."""
    async with discord_lab() as lab:
        bot = Stage(folder, settings | {"discord_bot_token": lab.world.token})
        bot._clock = lambda: datetime.now(UTC)
        async with serve(bot.endpoint) as bot.endpoint_url:
            line = Line(lab, bot)
            app = bot.build()
            await app.start()
            line.receiving = asyncio.create_task(app.run())
            try:
                await bot.until(lambda: app.healthy)
                yield line
                assert await bot.database.read(check) == []
            finally:
                await bot.stop()
                await asyncio.gather(line.receiving, return_exceptions=True)
        assert lab.world.violations == []


async def test_a_photo_is_answered_over_real_sockets_and_a_slow_search_says_so_in_the_same_message(tmp_path):
    async with on_the_line(tmp_path, pictures=True) as line:
        line.bot.be_impatient()
        line.bot.endpoint.behave("slow", times=1, seconds=0.5)
        sent = await line.ask(content="red")
        await line.lab.wait_for(lambda: line.lab.answers(line.channel))
        shown = line.lab.answers(line.channel)[0]
        assert shown.text == "Searching…"
        await line.lab.wait_for(lambda: "Closest products" in shown.text)
        assert (shown.reply_to, len(shown.files), shown.edited_at is None) == (sent.id, 5, False)
        assert line.lab.world.typing[line.channel.id] == 1
        pressed = await line.lab.press(line.ben, shown, next(one for one in shown.controls if ":1d" in one))
        assert pressed.acknowledged
        assert "scope=bot+applications.commands" in line.bot.app.address
        await line.lab.wait_for(lambda: len(line.lab.answers(line.channel)) == 2)
        assert [message.only_for for message in line.lab.answers(line.channel)] == [None, line.ben.id]
        assert line.bot.charged == 1


async def test_find_is_answered_with_the_photo_beside_it(tmp_path):
    async with on_the_line(tmp_path) as line:
        await line.lab.wait_for(lambda: line.lab.world.commands[None])
        asked = await line.lab.slash(line.ann, line.channel, "find", photo=photo(), words="red")
        assert asked.acknowledged
        shown = (await line.answers(1))[0]
        await line.lab.wait_for(lambda: "“red”" in shown.text)
        assert [file.name for file in shown.files] == ["photo.jpg"]


@pytest.mark.fault(39)
async def test_after_a_short_break_the_session_goes_on_and_nothing_is_looked_for(tmp_path):
    async with on_the_line(tmp_path) as line:
        await line.ask()
        await line.answers(1)
        read = line.read()
        line.lab.gateway.drop()
        await line.ask("teapot")
        assert len(await line.answers(2)) == 2
        assert (line.lab.gateway.counts["resumed"], line.read() - read, line.bot.charged) == (1, 0, 2)


@pytest.mark.fault(39)
async def test_after_a_new_session_what_was_missed_is_looked_for_and_answered_once(tmp_path):
    async with on_the_line(tmp_path) as line:
        await line.ask()
        await line.answers(1)
        line.lab.gateway.forget()
        line.lab.gateway.drop()
        await line.ask("teapot")
        await line.lab.wait_for(lambda: line.lab.gateway.counts["identified"] == 2)
        assert len(await line.answers(2)) == 2
        assert line.read() >= 1
        await line.bot.until(lambda: line.bot.app.healthy)
        assert (line.bot.charged, len(line.lab.answers(line.channel))) == (2, 2)


@pytest.mark.fault(41)
async def test_a_token_that_is_taken_back_ends_this_platform_with_one_sentence(tmp_path):
    async with on_the_line(tmp_path) as line:
        line.lab.gateway.refuse(WRONG_TOKEN)
        line.lab.gateway.forget()
        line.lab.gateway.drop()
        with pytest.raises(PlatformRefused, match="Discord does not know DISCORD_BOT_TOKEN"):
            await asyncio.wait_for(line.receiving, 10)
        assert not line.bot.app.healthy


async def test_a_wrong_token_is_told_at_the_start(tmp_path):
    async with discord_lab():
        bot = Stage(tmp_path, {"discord_bot_token": "wrong"})
        bot.endpoint_url = "http://127.0.0.1:9"
        app = bot.build()
        with pytest.raises(PlatformRefused, match="copy it again in the developer portal"):
            await app.start()
        await bot.stop()


@pytest.mark.fault(41)
async def test_a_discord_that_is_down_at_the_start_is_tried_again_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(discord_app, "_START_PAUSES", (0.01, 0.01))
    async with discord_lab() as lab:
        bot = Stage(tmp_path, {"discord_bot_token": lab.world.token})
        bot.endpoint_url = "http://127.0.0.1:9"
        app = bot.build()
        lab.faults.refuse("GET /users/@me", 503, times=3)
        with pytest.raises(PlatformDown, match="Discord cannot be reached: 503"):
            await app.start()
        await app.start()
        assert app.username
        await bot.stop()


async def test_what_comes_before_the_end_is_written_down_and_answered_after_the_next_start(tmp_path):
    async with on_the_line(tmp_path) as line:
        await line.ask()
        await line.answers(1)
        await line.bot.stop()
        await line.ask("teapot")
        assert line.bot.charged == 1
        app = line.bot.build()
        await app.start()
        line.receiving = asyncio.create_task(app.run())
        assert len(await line.answers(2)) == 2
        assert line.bot.charged == 2
