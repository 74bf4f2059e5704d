"""The gateway: sessions that outlive their sockets, events in order, and breaks on demand.

Discord API: Gateway; Opcodes and Status Codes, Gateway.
"""

import asyncio
import json
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.discord_lab.errors import Json
from tests.discord_lab.payloads import guild_json, user_json
from tests.discord_lab.world import DiscordWorld

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, INVALID_SESSION, HELLO, ACK = 0, 1, 2, 6, 9, 10, 11
HEARTBEAT_MS = 41_250  # as Discord's own
GUILDS, MEMBERS, PRESENCES, GUILD_MESSAGES, DM_MESSAGES, CONTENT = 1, 1 << 1, 1 << 8, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = MEMBERS | PRESENCES | CONTENT  # the bot's application has none of them
NOT_AUTHENTICATED, WRONG_TOKEN, NOT_ALLOWED = 4003, 4004, 4014  # Gateway Close Event Codes


@dataclass(slots=True, eq=False)
class Socket:
    """One connection; what is put into it leaves in order."""

    ws: web.WebSocketResponse
    request: web.Request
    compress: bool
    outgoing: asyncio.Queue[Json | int] = field(default_factory=asyncio.Queue)  #: payloads; a number closes

    async def write(self) -> None:
        """Send until the connection ends."""
        stream = zlib.compressobj()  # one for the whole connection: zlib-stream
        with suppress(ConnectionError):
            while isinstance(payload := await self.outgoing.get(), dict):
                text = json.dumps(payload)
                if self.compress:
                    await self.ws.send_bytes(stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH))
                else:
                    await self.ws.send_str(text)
            await self.ws.close(code=payload)

    def cut(self) -> None:
        """Break the connection without a goodbye."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(slots=True, eq=False)
class Session:
    """What a bot that has identified gets; it can be resumed on another connection."""

    id: str
    intents: int
    socket: Socket | None
    sent: list[Json] = field(default_factory=list)

    def dispatch(self, event: str, data: Json) -> None:
        """Send an event, or keep it until the session is resumed."""
        payload = {"op": DISPATCH, "t": event, "s": len(self.sent) + 1, "d": data}
        self.sent.append(payload)
        if self.socket is not None:
            self.socket.outgoing.put_nowait(payload)


@dataclass(slots=True, eq=False)
class Gateway:
    """All sessions of the bot."""

    world: DiscordWorld
    sessions: dict[str, Session] = field(default_factory=dict)
    sockets: set[Socket] = field(default_factory=set)
    refusals: list[int] = field(default_factory=list)  #: close codes for the next bots that identify
    counts: Counter[str] = field(default_factory=Counter)  #: "identified", "resumed", "not resumed"

    # --- what a test does and sees
    @property
    def connected(self) -> bool:
        """Whether a bot listens."""
        return any(session.socket for session in self.sessions.values())

    def drop(self) -> None:
        """Every connection breaks; discord.py resumes."""
        for socket in self.sockets:
            socket.cut()

    def forget(self) -> None:
        """No session can be resumed any more: RESUME is answered with INVALID_SESSION."""
        self.sessions.clear()

    def invalidate(self) -> None:
        """INVALID_SESSION now; discord.py identifies again."""
        self.forget()
        for socket in self.sockets:
            socket.outgoing.put_nowait({"op": INVALID_SESSION, "d": False})

    def refuse(self, code: int) -> None:
        """The next bot that identifies is sent away: WRONG_TOKEN, NOT_ALLOWED."""
        self.refusals.append(code)

    # --- the protocol
    def dispatch(self, event: str, data: Json) -> None:
        """An event for every session that asked for its kind."""
        here = GUILD_MESSAGES if "guild_id" in data else DM_MESSAGES
        needed = here if event.startswith("MESSAGE_") else 0
        for session in self.sessions.values():
            if session.intents & needed == needed:
                session.dispatch(event, data)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection from HELLO to its end. Whatever compression is asked for: zlib-stream, or none."""
        ws = web.WebSocketResponse(max_msg_size=0)
        await ws.prepare(request)
        socket = Socket(ws, request, request.query.get("compress") == "zlib-stream")
        self.sockets.add(socket)
        writer = asyncio.create_task(socket.write())
        socket.outgoing.put_nowait({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._received(socket, json.loads(message.data))
        finally:
            writer.cancel()
            self.sockets.discard(socket)
            self._ended(socket)
        return ws

    def _received(self, socket: Socket, payload: Json) -> None:
        operation, data = payload["op"], payload["d"]
        if operation == HEARTBEAT:
            socket.outgoing.put_nowait({"op": ACK})
        elif operation in (IDENTIFY, RESUME) and data["token"] != self.world.token:
            socket.outgoing.put_nowait(WRONG_TOKEN)
        elif operation == IDENTIFY:
            self._identify(socket, data)
        elif operation == RESUME:
            self._resume(socket, data)
        elif not any(session.socket is socket for session in self.sessions.values()):
            socket.outgoing.put_nowait(NOT_AUTHENTICATED)

    def _identify(self, socket: Socket, data: Json) -> None:
        if self.refusals or data["intents"] & PRIVILEGED:
            socket.outgoing.put_nowait(self.refusals.pop(0) if self.refusals else NOT_ALLOWED)
            return
        world, number = self.world, f"session-{self.world.new_id()}"
        session = self.sessions[number] = Session(number, data["intents"], socket)
        guilds = [guild for guild in world.guilds.values() if guild.bot]
        ready = {
            "v": 10,
            "user": user_json(world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": number,
            "resume_gateway_url": world.url.replace("http", "ws", 1) + "/gateway",
            "shard": data.get("shard", [0, 1]),
            "application": {"id": str(world.bot.id), "flags": 0},
        }
        session.dispatch("READY", ready)
        for guild in guilds if session.intents & GUILDS else ():
            session.dispatch("GUILD_CREATE", guild_json(world, guild))
        self._count("identified")

    def _resume(self, socket: Socket, data: Json) -> None:
        session = self.sessions.get(data["session_id"])
        if session is None:
            socket.outgoing.put_nowait({"op": INVALID_SESSION, "d": False})
            self._count("not resumed")
            return
        session.socket = socket
        for payload in session.sent[data["seq"] :]:
            socket.outgoing.put_nowait(payload)
        session.dispatch("RESUMED", {})
        self._count("resumed")

    def _ended(self, socket: Socket) -> None:
        for session in [session for session in self.sessions.values() if session.socket is socket]:
            session.socket = None
            if socket.ws.close_code in (1000, 1001):  # "your session will be invalidated"
                del self.sessions[session.id]
        self.world.changed()

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        self.world.changed()
