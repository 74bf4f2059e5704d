"""What is said only once in a while."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

#: Keys remembered.
_KEPT = 1000


class Seldom:
    """Allows each key once in ``every`` seconds; without them, once."""

    def __init__(self, every: float = math.inf, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._last: OrderedDict[str, float] = OrderedDict()

    def may(self, key: str) -> bool:
        """Whether it is time again; if so, the time counts from now."""
        now = self._clock()
        if now - self._last.get(key, -math.inf) < self._every:
            return False
        self._last[key] = now
        self._last.move_to_end(key)
        while len(self._last) > _KEPT:
            self._last.popitem(last=False)
        return True

    def reset(self, key: str) -> None:
        """Allow it at once again."""
        self._last.pop(key, None)
