"""What the composition root needs of a chat platform's adapter, and how one says that it cannot go on."""

from collections.abc import Mapping
from typing import Protocol

from bots.cards import Card
from core.adapter import Platform
from core.model import Identity


class PlatformRefused(Exception):
    """One sentence for the operator: why a platform does not take this bot, and what to do. Trying again is no use."""


class PlatformDown(Exception):
    """One sentence for the operator: a platform cannot be reached. It may be there again later."""


class ChatApp(Protocol):
    """An adapter: ``start``, ``run`` until ``stop_receiving``, ``close``."""

    #: What the core knows of it.
    platform: Platform

    async def start(self) -> None:
        """Reach the platform. Raises PlatformRefused, PlatformDown."""
        ...

    async def run(self) -> None:
        """Receive until ``stop_receiving``. Raises PlatformRefused."""
        ...

    async def stop_receiving(self) -> None:
        """Take nothing new; what was begun is finished."""
        ...

    async def close(self) -> None:
        """Finish what is being sent, and close every connection."""
        ...

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """Tell the operator's admins there. Never raises."""
        ...

    async def show_admin(self, admin: Identity, card: Card) -> None:
        """Show a card to one of the operator's admins there, in private. Never raises."""
        ...

    @property
    def received(self) -> int:
        """Events that came in, whatever became of them."""
        ...

    @property
    def healthy(self) -> bool:
        """Whether events come in."""
        ...

    @property
    def address(self) -> str:
        """Where people find the bot, or add it; known once started."""
        ...
