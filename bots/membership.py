"""Who may search, where MEMBERS_OF names places: asked of the platform, remembered for a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.model import Identity

#: Seconds that "is a member" is remembered, and "is not": whoever just joined should not wait long.
REMEMBERED: Final = 6 * 3600.0
REMEMBERED_NOT: Final = 60.0
#: People remembered.
_KEPT: Final = 10_000

#: Asks the platform whether a person (second) is in a place (first); None: it did not say. Never raises.
IsIn = Callable[[str, str], Awaitable[bool | None]]


@dataclass(frozen=True, slots=True)
class _Known:
    member: bool
    until: float


class Membership:
    """Whether people are members of one of the operator's places. Without places everybody is."""

    def __init__(
        self,
        platform: str,
        places: Sequence[Identity],
        is_in: IsIn,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``places`` are all of MEMBERS_OF: nobody is a member here where only other platforms are named."""
        self._open = not places
        self._places = [place.user for place in places if place.platform == platform]
        self._is_in = is_in
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def is_member(self, user: str) -> bool:
        """Whether this person may search. Where the platform does not say, what was known last; else no."""
        if self._open:
            return True
        known, now = self._known.get(user), self._clock()
        if known and now < known.until:
            return known.member
        answers = await asyncio.gather(*(self._is_in(place, user) for place in self._places))
        if True not in answers and None in answers:
            return known.member if known else False
        member = True in answers
        self._known[user] = _Known(member, now + (REMEMBERED if member else REMEMBERED_NOT))
        self._known.move_to_end(user)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return member
