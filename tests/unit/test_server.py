"""The bot's own server: alive, ready, and figures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bots.metrics import CONTENT_TYPE, Metrics
from bots.readiness import Readiness
from bots.server import serving
from core.clock import utc_now
from core.database import Database, transact
from core.keyapi.pacing import Breaker
from tests.builders import migrated


class Bot:
    """A bot's parts as its server sees them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.breaker = Breaker()
        self.platforms = {"telegram": True, "discord": True}
        self.seconds = 0.0
        self.readiness = Readiness(
            database, self.breaker, lambda: self.platforms, clock=utc_now, monotonic=lambda: self.seconds
        )

    def do(self, statement: str) -> None:
        transact(self.database.writing, lambda connection: connection.exec_driver_sql(statement))


@pytest.fixture
def bot(tmp_path):
    database = migrated(f"sqlite:///{tmp_path / 'snapshop.db'}")
    yield Bot(database)
    database.close()


@asynccontextmanager
async def asking(bot: Bot, **posts) -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        serving("127.0.0.1", 0, posts, readiness=bot.readiness, metrics=Metrics()) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield session


async def ready(session: aiohttp.ClientSession) -> tuple[int, dict[str, str]]:
    async with session.get("/readyz") as answer:
        return answer.status, await answer.json()


async def test_a_bot_that_can_do_its_work_is_ready_and_says_how_each_part_is(bot):
    async with asking(bot) as session:
        parts = {"database": "up", "telegram": "up", "discord": "up", "endpoint": "up"}
        assert await ready(session) == (200, parts)
        bot.platforms["discord"] = False
        assert await ready(session) == (503, parts | {"discord": "down"})


async def test_an_endpoint_that_denies_access_is_told_and_needs_no_restart(bot):
    async with asking(bot) as session:
        bot.breaker.denied()
        status, parts = await ready(session)
        assert (status, parts["endpoint"]) == (200, "denied")


async def test_a_database_that_cannot_be_written_is_found_out_and_one_that_can_again_too(bot):
    async with asking(bot) as session:
        assert (await ready(session))[0] == 200
        bot.do("alter table facts rename to gone")
        bot.seconds += 6
        status, parts = await ready(session)
        assert (status, parts["database"]) == (503, "down")
        bot.do("alter table gone rename to facts")
        bot.seconds += 6
        assert (await ready(session))[0] == 200


async def test_whoever_asks_often_costs_the_database_nothing(bot):
    statements = []
    run = bot.database.run
    bot.database.run = lambda *work: statements.append(work) or run(*work)
    async with asking(bot) as session:
        await asyncio.gather(*(ready(session) for _ in range(20)))
    assert len(statements) == 1


async def test_the_process_is_alive_whatever_is_down(bot):
    bot.platforms["telegram"] = False
    bot.do("alter table facts rename to gone")
    async with asking(bot) as session, session.get("/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_figures_come_in_the_form_that_prometheus_wants_and_posts_go_to_their_routes(bot):
    async def telegram(_: web.Request) -> web.Response:
        return web.Response(status=204)

    async with asking(bot, **{"/telegram": telegram}) as session:
        async with session.get("/metrics") as answer:
            assert answer.headers["Content-Type"] == CONTENT_TYPE
            assert "# TYPE snapshop_searches_total counter" in await answer.text()
        async with session.post("/telegram") as answer:
            assert answer.status == 204
        async with session.get("/anything") as answer:
            assert answer.status == 404
