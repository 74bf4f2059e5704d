"""Commands as an operator types them: each a process of its own, many at little cost."""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from core.settings import Settings
from tests.builders import ROOT

#: Seconds that a command may take.
LONGEST = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`snapshop …` with settings in a folder."""

    arguments: tuple[str, ...]
    settings: Mapping[str, str]
    folder: Path


class Forked:
    """A running `snapshop …`, with what is needed of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, exit_code: "asyncio.Task[int]") -> None:
        self.pid = pid
        self._exit_code = exit_code

    @property
    def returncode(self) -> int | None:
        """The exit code, a signal's number below zero; None while it runs."""
        return self._exit_code.result() if self._exit_code.done() else None

    async def wait(self) -> int:
        """The exit code, once it has ended."""
        return await asyncio.shield(self._exit_code)

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing happens when it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)


async def fork(command: Command, out: IO[bytes], err: IO[bytes], *, crash: str = "") -> Forked:
    """Start a command in a process that has imported the bot already; ``crash`` is a point as in `crash_point.arm`."""
    ours, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(_fork_server(), [b"+"], [theirs.fileno(), out.fileno(), err.fileno()])
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    wish = {
        "arguments": command.arguments,
        "environment": inherited() | command.settings,
        "folder": str(command.folder),
        "crash": crash,
    }
    writer.write(json.dumps(wish).encode() + b"\n")
    pid = int(await reader.readline())

    async def exit_code() -> int:
        try:
            return int(await reader.readline())
        finally:
            writer.close()

    return Forked(pid, asyncio.create_task(exit_code()))


@cache
def _fork_server() -> socket.socket:
    """The way to this test process's own fork server, which ends when this end is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        server = subprocess.Popen([sys.executable, "-m", "tests.faults.fork_server"], stdin=theirs, cwd=ROOT)

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


async def run_all(*commands: Command) -> list[Ended]:
    """Run commands to their ends, one after the other."""
    return [await _run(command) for command in commands]


async def _run(command: Command) -> Ended:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = await fork(command, out, err)
        async with asyncio.timeout(LONGEST):
            code = await process.wait()
        out.seek(0)
        err.seek(0)
        return Ended(code=code, out=out.read().decode(), err=err.read().decode())


def inherited() -> dict[str, str]:
    """The environment without the developer's own settings."""
    return {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}


def as_json(ended: Ended) -> Any:
    """What a command with --json printed."""
    assert ended.code == 0, ended.err
    return json.loads(ended.out)
