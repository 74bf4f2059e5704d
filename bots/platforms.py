"""The chat platforms of one process: started side by side, and one that is down leaves the others."""

import asyncio
from collections.abc import Mapping

import structlog

from bots.chat_app import ChatApp, PlatformDown, PlatformRefused

#: Seconds that several platforms have to be reached before those that are go on alone.
_START_PATIENCE = 2.0
#: Seconds between tries to reach a platform that was down at the start: they double to the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0
#: Seconds between two looks at whether events come in.
_WATCH_EVERY = 5.0

log = structlog.get_logger(__name__)


class Platforms:
    """Adapters by platform. The core's alerts go to the admins on all of them (core.adapter.Alerts)."""

    def __init__(self) -> None:
        self.apps: dict[str, ChatApp] = {}
        self._starts: dict[str, asyncio.Task[None]] = {}

    async def connect(self) -> None:
        """Begin to reach them, and wait a while. Raises PlatformRefused; PlatformDown where the only one is down.

        Where there are several, one that is down is tried on while the others receive.
        """
        self._starts = {name: asyncio.create_task(_start(name, app)) for name, app in self.apps.items()}
        await asyncio.wait(self._starts.values(), timeout=_START_PATIENCE if len(self.apps) > 1 else None)
        for name, start in self._starts.items():
            error = start.exception() if start.done() else None
            if error is not None and (len(self.apps) == 1 or not isinstance(error, PlatformDown)):
                raise error
            if error is not None or not start.done():
                log.error("a platform cannot be reached: the others go on without it", platform=name)

    async def receive(self) -> None:
        """Receive on all of them until they are stopped. Raises PlatformRefused when none is left."""
        reasons = await asyncio.gather(*(self._receive(name, app) for name, app in self.apps.items()))
        if all(reasons):
            raise PlatformRefused("\n".join(map(str, reasons)))

    async def watch(self) -> None:
        """Say in the log when a platform goes down, and when it is back."""
        was = dict.fromkeys(self.apps, False)
        while True:
            for name, up in self.health().items():
                if was[name] and not up:
                    log.error("a platform is down: nothing comes in from it", platform=name)
                elif up and not was[name]:
                    log.info("a platform is up", platform=name)
                was[name] = up
            await asyncio.sleep(_WATCH_EVERY)

    def addresses(self) -> Mapping[str, str]:
        """By platform, where people find the bot; empty where it is not reached yet."""
        reached = {name for name, start in self._starts.items() if start.done() and start.exception() is None}
        return {name: app.address if name in reached else "" for name, app in self.apps.items()}

    def health(self) -> Mapping[str, bool]:
        """By platform, whether events come in."""
        return {name: app.healthy for name, app in self.apps.items()}

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """Tell the operator's admins, on every platform. Never raises."""
        log.warning("admins are told", event_name=event, **facts)
        for app in self.apps.values():
            await app.tell_admins(event, facts)

    async def stop_receiving(self) -> None:
        """Take nothing new; what was begun is finished."""
        for start in self._starts.values():
            start.cancel()
        await asyncio.gather(*(app.stop_receiving() for app in self.apps.values()))

    async def _receive(self, name: str, app: ChatApp) -> PlatformRefused | None:
        try:
            try:
                await self._starts[name]
            except PlatformDown:
                await _insist(name, app)
            await app.run()
        except PlatformRefused as error:
            log.error("a platform has ended", platform=name, reason=str(error))
            return error
        return None


async def _start(name: str, app: ChatApp) -> None:
    await app.start()
    log.info("connected", platform=name, address=app.address)


async def _insist(name: str, app: ChatApp) -> None:
    """Try to reach a platform that was down at the start, until it is there. Raises PlatformRefused."""
    pause = _FIRST_PAUSE
    while True:
        await asyncio.sleep(pause)
        try:
            return await _start(name, app)
        except PlatformDown as error:
            log.warning("a platform cannot be reached", platform=name, reason=str(error))
            pause = min(pause * 2, _LONGEST_PAUSE)
