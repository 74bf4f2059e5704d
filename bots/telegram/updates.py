"""From a raw update to a handler's commit: what polling and the webhook have in common."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog
from telegram import Bot, Update

#: Chats whose updates are worked on at the same time.
CHATS_AT_ONCE: Final = 64
#: Seconds that a handler has to its commit; the answer itself is sent outside of it.
HANDLER_TIMEOUT: Final = 10.0
#: An update that failed this often is passed by.
ATTEMPTS: Final = 3
#: Seconds before the second and the third attempt.
RETRY_PAUSES: Final = (0.2, 1.0)

Handle = Callable[[Update], Awaitable[None]]
Hook = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


def read_update(raw: object, bot: Bot) -> Update | None:
    """The update in ``raw``; None, logged, where it cannot be read: one such must not stop the rest."""
    try:
        if not isinstance(raw, dict):
            raise TypeError("not an object")
        update = Update.de_json(dict(raw), bot)
        if not isinstance(update.update_id, int):
            raise TypeError("update_id is not a number")
        _chat_key(update)
    except Exception as error:  # noqa: BLE001 -- a parser given anything may raise anything
        # The names of its fields only: what people write stays out of the logs.
        fields = sorted(str(field)[:40] for field in raw)[:5] if isinstance(raw, dict) else []
        log.warning("update_unreadable", update=update_id(raw), fields=fields, error=type(error).__name__)
        return None
    return update


def update_id(raw: object) -> int | None:
    """The id of a raw update; None where it has none."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _chat_key(update: Update) -> tuple[str, Any]:
    """Updates of one key are handled one after the other."""
    if update.effective_chat is not None:
        return "chat", update.effective_chat.id
    if update.effective_user is not None:
        return "user", update.effective_user.id
    return "update", update.update_id


async def call_hook(hook: Hook | None) -> None:
    """Tell whoever asked to be told; receiving goes on whatever comes of it."""
    if hook is None:
        return
    try:
        async with asyncio.timeout(HANDLER_TIMEOUT):
            await hook()
    except Exception:
        log.exception("hook_failed")


class Dispatcher:
    """Runs the handler of each update to its end: in order within a chat, many chats at once.

    ``handle`` returns once what the update asks for is committed. ``pause_on`` are the exceptions that say
    that nothing can be committed at the moment: such an update is never passed by, and ``on_pause`` is called
    once until an update is handled again.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        pause_on: tuple[type[Exception], ...],
        on_pause: Hook | None = None,
    ) -> None:
        self._handle = handle
        self._pause_on = pause_on
        self._on_pause = on_pause
        self._places = asyncio.Semaphore(CHATS_AT_ONCE)
        self._chats: WeakValueDictionary[tuple[str, Any], asyncio.Lock] = WeakValueDictionary()
        #: True while nothing can be committed.
        self.paused = False

    async def take(self, update: Update) -> None:
        """Handle one update after those of its chat that came before.

        Returns when it is done, or has failed ATTEMPTS times and is passed by. Raises what ``pause_on``
        names.
        """
        key = _chat_key(update)
        lock = self._chats.get(key)
        if lock is None:
            lock = self._chats[key] = asyncio.Lock()
        # The lock first: what waits for its own chat takes no place from the others.
        async with lock, self._places:
            await self._commit(update)

    async def take_all(self, updates: Sequence[Update], go_on: Callable[[], bool]) -> set[int]:
        """Handle many; return the ids of those that are done.

        An update that cannot be committed stops its chat, and keeps others from being begun. So does
        ``go_on`` when it says False; what is begun is always brought to its end.
        """
        chats: dict[tuple[str, Any], list[Update]] = {}
        for update in updates:
            chats.setdefault(_chat_key(update), []).append(update)
        done: set[int] = set()
        refused = False

        async def one_chat(waiting: list[Update]) -> None:
            nonlocal refused
            for update in waiting:
                async with self._places:
                    if refused or not go_on():
                        return
                    try:
                        await self._commit(update)
                    except self._pause_on:
                        refused = True
                        return
                done.add(update.update_id)

        async with asyncio.TaskGroup() as group:
            for waiting in chats.values():
                group.create_task(one_chat(waiting))
        return done

    async def _commit(self, update: Update) -> None:
        paused_before = self.paused
        try:
            await self._attempts(update)
        except self._pause_on:
            if not self.paused:
                self.paused = True
                log.exception("updates_paused")
                await call_hook(self._on_pause)
            raise
        if paused_before and self.paused:
            # Not when it was begun before the pause: that others then fail is still the same pause.
            self.paused = False
            log.info("updates_go_on")

    async def _attempts(self, update: Update) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                # A transaction that runs when the time is over is waited for by its caller; should it have
                # been committed, the event key makes the next attempt harmless.
                async with asyncio.timeout(HANDLER_TIMEOUT):
                    await self._handle(update)
            except self._pause_on:
                raise
            except Exception:
                log.exception("update_failed", update=update.update_id, attempt=attempt)
            else:
                return
            if attempt < ATTEMPTS:
                await asyncio.sleep(RETRY_PAUSES[attempt - 1])
        log.error("update_passed_by", update=update.update_id)
