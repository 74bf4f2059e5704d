"""Wrong codes are counted, in memory: whoever gave too many waits."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from core.model import Identity

#: So many wrong codes in an hour, and no more.
MOST: Final = 10
WITHIN: Final = timedelta(hours=1)
#: People remembered before those are dropped who do not have to wait any more.
_MANY: Final = 1000


class Guesses:
    """The wrong codes of the last hour."""

    def __init__(self) -> None:
        self._wrong: dict[Identity, deque[datetime]] = {}

    def wait(self, who: Identity, now: datetime) -> float:
        """Seconds until somebody may try another code; 0: at once."""
        times = self._wrong.get(who)
        if times is None or len(times) < MOST:
            return 0.0
        return max(0.0, (times[0] + WITHIN - now).total_seconds())

    def wrong(self, who: Identity, now: datetime) -> None:
        """Somebody gave a code that there is not."""
        if len(self._wrong) >= _MANY:
            self._wrong = {one: times for one, times in self._wrong.items() if times[-1] + WITHIN > now}
        self._wrong.setdefault(who, deque(maxlen=MOST)).append(now)
