"""The person side over HTTP, for the chat page: only for a browser on this machine."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import web

from bots.sandbox.telegram_api import add_bot_api, fields
from bots.sandbox.telegram_files import NotAPhoto, photo_sizes
from bots.sandbox.telegram_methods import METHODS, Method
from bots.sandbox.telegram_rules import ApiError, Json
from bots.sandbox.telegram_world import Chat, Impossible, TelegramWorld

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HEARTBEAT = 15  # seconds
MAX_PHOTOS = 10  # Bot API: an album has 2-10 items


def add_routes(app: web.Application, world: TelegramWorld, methods: Mapping[str, Method] = METHODS) -> None:
    """The Bot API, and the person side under /sandbox/; the whole application answers this machine only."""
    app.middlewares.append(_same_machine)
    add_bot_api(app, world, methods)
    side = PersonSide(world)
    app.router.add_get("/sandbox/state", side.state)
    app.router.add_get("/sandbox/commands", side.commands)
    app.router.add_get("/sandbox/messages", side.messages)
    app.router.add_get("/sandbox/events", side.events)
    app.router.add_post("/sandbox/send", side.send)
    app.router.add_post("/sandbox/press", side.press)
    app.router.add_post("/sandbox/forward", side.forward)


@web.middleware
async def _same_machine(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """No page of another site may speak to this one; what a person cannot do becomes one sentence."""
    try:
        known = urlsplit(f"//{request.host}").hostname in LOOPBACK
    except ValueError:
        known = False
    origin = request.headers.get("Origin", "")
    if not known or (request.method == "POST" and origin and urlsplit(origin).netloc != request.host):
        return web.json_response({"error": "Only this machine may use the sandbox."}, status=403)
    try:
        return await handler(request)
    except Impossible as error:
        return web.json_response({"error": str(error)}, status=400)
    except ApiError as error:
        reason = error.description.removeprefix("Bad Request: ")
        return web.json_response({"error": f"This cannot be done: {reason}."}, status=400)


class PersonSide:
    """What the page asks for, as JSON, and does, with forms or JSON."""

    def __init__(self, world: TelegramWorld) -> None:
        self._world = world

    async def state(self, _: web.Request) -> web.Response:
        world = self._world
        about = {name: world.texts.get((name, ""), "") for name in ("description", "short_description")}
        people = [{"username": None, **person.user, "role": person.role} for person in world.people.values()]
        chats = [{**chat.json(), "title": chat.title, "members": sorted(chat.members)} for chat in world.chats.values()]
        return web.json_response({"bot": world.bot | about, "people": people, "chats": chats})

    async def commands(self, request: web.Request) -> web.Response:
        chat, person = self._chat(request.query), _number(request.query, "person")
        language = self._world.people[person].user["language_code"] if person in self._world.people else ""
        kind = "all_private_chats" if chat.type == "private" else "all_group_chats"
        # Bot API: BotCommandScope, "determining list of commands", and the person's language before all others.
        keys = [(scope, code) for scope in (f"chat:{chat.id}", kind, "default") for code in (language, "")]
        return web.json_response({"commands": next(filter(None, map(self._world.commands.get, keys)), [])})

    async def messages(self, request: web.Request) -> web.Response:
        chat = self._chat(request.query)
        reactions = {n: {"reactions": emoji} for n, emoji in chat.reactions.items() if emoji}
        return web.json_response({"messages": [chat.messages[n] | reactions.get(n, {}) for n in chat.messages]})

    async def events(self, request: web.Request) -> web.StreamResponse:
        chat = self._chat(request.query)
        told = len(chat.events)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await stream.prepare(request)
        with suppress(ConnectionError):  # the page was closed
            while not self._world.closed:
                new, told = chat.events[told:], len(chat.events)
                lines = [f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in new]
                await stream.write("".join(lines or [": still here\n\n"]).encode())
                await self._world.next_change(HEARTBEAT)
        return stream

    async def send(self, request: web.Request) -> web.Response:
        form = await fields(request)
        chat, person, text = self._chat(form).id, _number(form, "person"), str(form.get("text", ""))
        files = [file for file in (await request.post()).getall("photo", ()) if isinstance(file, web.FileField)]
        reply_to = _number(form, "reply_to") if form.get("reply_to") else 0
        if len(files) > MAX_PHOTOS:
            raise Impossible("At most ten photos go at once.")
        sent: list[Json] = []
        if not files:
            sent = [self._world.send_text(person, chat, text, reply_to=reply_to)]
        elif form.get("as") == "document":
            for file in files:
                data, caption = file.file.read(), "" if sent else text
                about = {"name": file.filename, "mime": file.content_type}
                sent.append(self._world.send_document(person, chat, data, caption, **about, reply_to=reply_to))
        else:
            photos = [file.file.read() for file in files]
            for photo in photos:  # in a thread, so that the chat goes on; what was done is remembered
                with suppress(NotAPhoto):
                    await asyncio.to_thread(photo_sizes, photo)
            sent = self._world.send_photos(person, chat, photos, text, reply_to=reply_to)
        return web.json_response({"messages": [message["message_id"] for message in sent]})

    async def press(self, request: web.Request) -> web.Response:
        form = await fields(request)
        chat, number = self._chat(form), _number(form, "message")
        rows = chat.messages.get(number, {}).get("reply_markup", {}).get("inline_keyboard", [])
        if not any(button.get("callback_data") == form.get("data", "") for row in rows for button in row):
            raise Impossible("This button is gone.")
        return web.json_response({"id": self._world.press(_number(form, "person"), chat.id, number, form["data"])})

    async def forward(self, request: web.Request) -> web.Response:
        form = await fields(request)
        chat, source = self._chat(form).id, self._chat(form, "from_chat").id
        sent = self._world.forward(_number(form, "person"), chat, source, _number(form, "message"))
        return web.json_response({"messages": [sent["message_id"]]})

    def _chat(self, fields: Mapping[str, object], name: str = "chat") -> Chat:
        if (number := _number(fields, name)) not in self._world.chats:
            raise Impossible("There is no such chat.")
        return self._world.chats[number]


def _number(fields: Mapping[str, object], name: str) -> int:
    try:
        return int(str(fields.get(name)))
    except ValueError:
        raise Impossible(f"The {name} is missing.") from None
