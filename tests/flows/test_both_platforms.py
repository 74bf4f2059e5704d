"""One process on Telegram and Discord, started, killed and started again as an operator's machine does it."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.discord_lab import LAUNCH, Channel, DiscordLab, Message
from tests.faults.commands import inherited
from tests.faults.process import World, living, photo, said, until

ANN = 11
PAID = "1 credit · 19 left"
FREE = "free: asked before · 20 left"


class Both:
    """A bot on both platforms; Bo and Cy are on Discord, and in a server with it."""

    def __init__(self, world: World, lab: DiscordLab) -> None:
        self.world = world
        self.lab = lab
        self.bo = lab.world.person(21, "Bo")
        self.cy = lab.world.person(22, "Cy")
        self.shop = lab.world.channel(501, lab.world.guild(500, "Shop", [self.bo, self.cy]))

    async def start(self) -> None:
        """Until both platforms are connected."""
        await self.world.start()
        await self.lab.wait_for(lambda: self.lab.gateway.connected, seconds=20)

    async def kill(self) -> None:
        """kill -9."""
        await self.world.kill()
        await self.lab.wait_for(lambda: not self.lab.gateway.connected)

    async def card(self, channel: Channel, text: str, *, to: Message | None = None) -> Message:
        """A message of the bot with this text (in reply to a message), as soon as there is one."""
        return await self.lab.wait_for(lambda: next(iter(self.cards(channel, text, to=to)), None), seconds=20)

    def cards(self, channel: Channel, text: str, *, to: Message | None = None) -> list[Message]:
        """Every such message."""
        shown = [message for message in self.lab.answers(channel) if text in message.text]
        return [message for message in shown if to is None or message.reply_to == to.id]


@asynccontextmanager
async def both(folder: Path, *, books: bool = True, **settings: str) -> AsyncIterator[Both]:
    lab = DiscordLab()
    async with lab.serving(), living(folder, start=False, books=books, **lab.environment, **settings) as world:
        world.program = [str(LAUNCH)]
        yield Both(world, lab)
    assert lab.world.violations == []
    assert lab.world.mentioned == []


def names(lines: str) -> list[str]:
    """The products that a Telegram message lists, without flags and notes."""
    numbered = [line.partition(". ")[2] for line in lines.splitlines() if line[:1].isdigit() and ". " in line[:4]]
    return [name.partition("\N{NO-BREAK SPACE}")[0] for name in numbered]


def control(card: Message, label: str) -> str:
    """The custom id of the button whose label holds this."""
    return next(custom_id for custom_id, part in card.controls.items() if label in str(part.get("label")))


async def test_the_same_file_on_telegram_and_on_discord_costs_one_credit_and_shows_the_same_products(tmp_path):
    async with both(tmp_path) as bot:
        await bot.start()
        bot.world.meet(ANN)
        bot.world.telegram.send_document(ANN, ANN, photo(1), name="bag.jpg", mime="image/jpeg")
        answer = await bot.world.see(ANN, PAID)
        dm = bot.lab.world.dm(bot.bo)
        await bot.lab.posts(bot.bo, dm, photos=[photo(1)])
        card = await bot.card(dm, FREE)
        assert len(names(said(answer))) == 5
        assert all(name[:30].strip() in card.text for name in names(said(answer)))
        assert bot.world.endpoint.charged == 1
        assert [(line.person, line.captured) for line in bot.world.usage.people if line.captured] == [
            (f"telegram:{ANN}", 1)
        ]


@pytest.mark.fault(39)
async def test_after_kill_9_a_cards_buttons_answer_and_what_was_posted_meanwhile_is_answered_once(tmp_path):
    async with both(tmp_path) as bot:
        world = bot.lab.world
        world.clock = lambda: time.time() - 700
        await bot.start()
        asked = await bot.lab.posts(bot.bo, bot.shop, photos=[photo(2)], mentions_bot=True)
        card = await bot.card(bot.shop, PAID, to=asked)
        await bot.kill()

        world.clock = lambda: time.time() - 600
        missed = await bot.lab.posts(bot.cy, bot.shop, photos=[photo(3)], mentions_bot=True)
        world.clock = time.time
        await bot.start()
        await bot.card(bot.shop, PAID, to=missed)
        press = await bot.lab.press(bot.bo, card, control(card, "More"))
        assert press.acknowledged
        await bot.lab.wait_for(lambda: "**6. " in card.text)

        bot.lab.gateway.forget()
        bot.lab.gateway.drop()
        await bot.lab.wait_for(lambda: not bot.lab.gateway.connected)
        await bot.lab.wait_for(lambda: bot.lab.gateway.connected, seconds=20)
        again = await bot.lab.posts(bot.cy, bot.shop, photos=[photo(3)], mentions_bot=True)
        await bot.card(bot.shop, "free: asked before", to=again)
        assert len(bot.cards(bot.shop, "", to=missed)) == 1
        assert bot.world.endpoint.charged == 2


@pytest.mark.fault(41)
async def test_while_discord_is_down_telegram_answers_and_the_log_and_readyz_say_so(tmp_path):
    port = free_port()
    async with both(tmp_path, HTTP_PORT=str(port)) as bot:
        bot.lab.faults.refuse("GET /users/@me", 503, times=3)
        await bot.world.start()
        await until(lambda: "a platform cannot be reached" in bot.world.log, "the log says that Discord is down")
        bot.world.send(ANN, 4)
        await bot.world.see(ANN, PAID)
        assert await ready(port) == (503, {"database": "up", "telegram": "up", "discord": "down", "endpoint": "up"})
        await bot.lab.wait_for(lambda: bot.lab.gateway.connected, seconds=20)
        dm = bot.lab.world.dm(bot.bo)
        await bot.lab.posts(bot.bo, dm, photos=[photo(5)])
        await bot.card(dm, PAID)
        async with asyncio.timeout(10):
            parts = {"database": "up", "telegram": "up", "discord": "up", "endpoint": "up"}
            while await ready(port) != (200, parts):  # noqa: ASYNC110  # a server tells nobody when it changes
                await asyncio.sleep(0.1)


async def test_the_doctor_looks_at_discord_as_well(tmp_path):
    async with both(tmp_path, books=False, DISCORD_GUILD="500", MEMBERS_OF="discord:999") as bot:
        doctor = await asyncio.create_subprocess_exec(
            *(sys.executable, str(LAUNCH), "doctor", "--json"),
            cwd=tmp_path,
            env=inherited() | bot.world.settings,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await doctor.communicate()
        found = [(one["check"], one["verdict"], one["text"]) for one in json.loads(printed)]
        assert any(check == "discord" and "Invite it: https://discord.com/oauth2/" in text for check, _, text in found)
        assert ("server", "ok", "Admins have their commands in “Shop”.") in found
        assert any(verdict == "broken" and "members of discord:999" in text for _, verdict, text in found)


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def ready(port: int) -> tuple[int, dict[str, str]]:
    """What /readyz says."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
        return answer.status, await answer.json()
