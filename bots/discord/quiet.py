"""Channels in which nothing is tried for a while."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

#: Discord API: Rate Limits. 10,000 requests refused with 401, 403 or 429 in 10 minutes are a ban: a channel that
#: refuses is left alone for so many seconds.
_HUSHED: Final = 3600.0
#: Channels remembered.
_KEPT: Final = 10_000


class Quiet:
    """The channels that refused something."""

    def __init__(self, *, seconds: float = _HUSHED, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def hush(self, chat: str) -> None:
        """It has just refused."""
        self._until[chat] = self._clock() + self._seconds
        self._until.move_to_end(chat)
        while len(self._until) > _KEPT:
            self._until.popitem(last=False)

    def is_quiet(self, chat: str) -> bool:
        """Whether it refused a short while ago."""
        until = self._until.get(chat)
        if until is None or self._clock() < until:
            return until is not None
        del self._until[chat]
        return False
