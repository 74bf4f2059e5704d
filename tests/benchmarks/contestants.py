"""The bots that are compared, each in a process of its own, and what such a process has used."""

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from tests.benchmarks.standins import KEY, TOKEN

ROOT = Path(__file__).parents[2]
#: A bot that used less CPU than this, in seconds, over _LOOK seconds has nothing to do.
_IDLE = 0.01
_LOOK = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A bot and how it is started."""

    name: str
    command: tuple[str, ...]
    #: Of its environment.
    settings: Mapping[str, str] = field(default_factory=dict)


#: As `snapshop run` runs it; only what would hold many photos back is lifted.
SNAPSHOP = Contestant(
    name="Snapshop",
    command=("-m", "bots", "run"),
    settings={
        "KEYAPI_RATE": "1000",
        "KEYAPI_CONCURRENCY": "8",
        "MONTHLY_BUDGET": "none",
        "NEW_ACCOUNT_LIMIT": "none",
    },
)
PLAIN = Contestant(name="plain bot", command=("-m", "tests.benchmarks.plain_bot"))
#: httpx costs less when few connections are open: the plain bot at its best.
PLAIN_8 = Contestant(name="plain bot, 8 at once", command=PLAIN.command, settings={"CONCURRENT_UPDATES": "8"})
#: The endpoint is asked once in ten seconds: everybody else waits.
SNAPSHOP_SLOW = Contestant(
    name=SNAPSHOP.name,
    command=SNAPSHOP.command,
    settings={
        **SNAPSHOP.settings,
        "KEYAPI_RATE": "0.1",
        "KEYAPI_CONCURRENCY": "1",
        "KEYAPI_TIMEOUT": "600",
        "QUEUE_WAIT": "86400",
    },
)


class Process:
    """A bot that runs."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        clock = ctypes.c_int()
        # clock_getcpuclockid(3): the CPU time of another process, all its threads, in nanoseconds.
        if error := ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
            raise OSError(error, os.strerror(error))
        self._clock = clock.value

    def cpu(self) -> float:
        """CPU seconds so far, user and system: what getrusage(2) says inside of it."""
        return time.clock_gettime(self._clock)

    def memory(self) -> float:
        """Resident memory in MiB."""
        line = next(line for line in self._status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    async def idle(self) -> None:
        """Until it has nothing to do. Raises TimeoutError after two minutes."""
        async with asyncio.timeout(120):
            before = -1.0
            while (now := self.cpu()) - before > _IDLE:
                before = now
                await asyncio.sleep(_LOOK)


@asynccontextmanager
async def started(contestant: Contestant, telegram: str, endpoint: str) -> AsyncIterator[Process]:
    """The bot, started in a folder of its own and killed at the end; what it logged is shown where that failed."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram,
        "KEYAPI_KEY": KEY,
        "KEYAPI_URL": endpoint,
        **contestant.settings,
    }
    with TemporaryDirectory(prefix="benchmark-") as folder, TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *contestant.command, cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            yield Process(process.pid)
        except Exception as error:
            log.seek(0)
            error.add_note(f"The last words of {contestant.name}:\n{log.read()[-3000:].decode(errors='replace')}")
            raise
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
