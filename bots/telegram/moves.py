"""Groups that became supergroups: their settings and searches move along, once."""

from core import chats
from core.database import Database

#: Groups remembered by a process; a group moves once in its life.
_KEPT = 10_000


class Moves:
    """Follows chats to their new ids."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, str] = {}

    async def move(self, old: str, new: str) -> None:
        """A chat has a new id: Telegram says so in both chats and at every call. Raises DatabaseUnavailable."""
        if self._known.get(old) == new:
            return
        await self._database.run(chats.move, "telegram", old, new)
        if len(self._known) >= _KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[old] = new
