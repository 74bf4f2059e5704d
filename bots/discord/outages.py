"""Times in which nothing can be written down: told to the admins once, and to each channel once."""

from collections.abc import Callable

from bots.seldom import Seldom

_EVERYWHERE = ""


class Outages:
    """Whether there is one, as far as what was tried has shown."""

    def __init__(self, tell_admins: Callable[[], None]) -> None:
        """``tell_admins`` is called when one begins."""
        self._tell_admins = tell_admins
        self._told = Seldom()

    def noticed(self, chat: str) -> bool:
        """Something could not be written down. True when nobody in this channel was told yet."""
        if self._told.may(_EVERYWHERE):
            self._tell_admins()
        return self._told.may(chat)

    def over(self, chat: str) -> None:
        """Something was written down."""
        self._told.reset(_EVERYWHERE)
        self._told.reset(chat)
