"""Telegram and the endpoint for both bots, in the process that measures: what they cost counts for neither."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from aiohttp import web
from PIL import Image, ImageChops

from bots.sandbox import pictures
from bots.sandbox.endpoint import PATH, Endpoint, serve
from bots.sandbox.telegram_files import Files
from bots.sandbox.telegram_rules import Json
from core.keyapi.wire import MOST_MATCHES
from tests.telegram_lab import TelegramLab, telegram_app

TOKEN = "1234567890:benchmark-0123456789-0123456789-0"
KEY = "sk_live_benchmark"
#: What Telegram makes of a phone's photo: 1280 pixels wide, and smaller sizes of it.
_SIZE = (1280, 960)
#: Larger by this much, so that every photo is another part of it.
_SCENE = (1920, 1440)
_FIRST_PERSON = 1000


def make_photos(files: Files, count: int) -> list[Json]:
    """Photos as messages have them, each in the sizes that Telegram offers, no two alike."""
    product = Image.open(io.BytesIO(pictures.photo("leather-handbag", "wood"))).resize(_SCENE)
    # A camera's noise, a few pixels wide: as many bytes as photos of a room have.
    noise = Image.effect_noise((_SCENE[0] // 4, _SCENE[1] // 4), 12).resize(_SCENE, Image.Resampling.BICUBIC)
    scene = ImageChops.add(product, Image.merge("RGB", [noise] * 3), offset=-128)
    photos = []
    for number in range(count):
        left, top = number * 7 % (_SCENE[0] - _SIZE[0]), number * 11 % (_SCENE[1] - _SIZE[1])
        stream = io.BytesIO()
        scene.crop((left, top, left + _SIZE[0], top + _SIZE[1])).save(stream, "JPEG", quality=95)
        photos.append(files.photo(stream.getvalue()))
    return photos


async def full_answer(photo: bytes) -> bytes:
    """What the endpoint's stand-in answers to a photo: asked once, so that looking at pictures costs no time."""
    body = {"image_base64": base64.b64encode(photo).decode(), "size": MOST_MATCHES}
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        serve(Endpoint()) as root,
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.post(root + PATH, json=body, headers=headers) as answer,
    ):
        found = await answer.read()
    assert len(json.loads(found)["data"]) == MOST_MATCHES
    return found


class StandIns:
    """One bot's Telegram, with people in it, and an endpoint that gives everybody the same full answer."""

    def __init__(self, files: Files, answer: bytes) -> None:
        self.telegram = TelegramLab(token=TOKEN, files=files)
        self.asked = 0
        #: Cleared: the endpoint takes questions and answers none.
        self.answers = asyncio.Event()
        self.answers.set()
        self._answer = answer

    def send(self, photos: Sequence[Json]) -> None:
        """One photo from each of as many people, in private, all at the same moment."""
        for number, photo in enumerate(photos):
            person = _FIRST_PERSON + number
            if person not in self.telegram.people:
                self.telegram.person(person, f"Person {number}")
            chat = self.telegram.chats[person]
            sender = {"from": self.telegram.people[person].user}
            self.telegram.deliver(chat, self.telegram.put(chat, sender, photo))

    async def answered(self, times: int) -> None:
        """Until everybody has got so many answers. Raises TimeoutError."""
        await self.telegram.wait_until(lambda: self._fewest_answers() >= times, timeout=120)

    def _fewest_answers(self) -> int:
        return min(
            sum("Closest products" in message.get("text", "") for message in chat.messages.values())
            for chat in self.telegram.chats.values()
        )

    async def search(self, request: web.Request) -> web.Response:
        """The endpoint."""
        await request.read()
        self.asked += 1
        await self.answers.wait()
        return web.Response(body=self._answer, content_type="application/json")


@asynccontextmanager
async def serving(standins: StandIns) -> AsyncIterator[tuple[str, str]]:
    """The root addresses of the Bot API and of the endpoint."""
    endpoint = web.Application(client_max_size=2**20)
    endpoint.router.add_post(PATH, standins.search)
    async with AsyncExitStack() as stack:
        roots = []
        for app in (telegram_app(standins.telegram), endpoint):
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            roots.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield roots[0], roots[1]
