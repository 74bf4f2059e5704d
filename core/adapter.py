"""What a chat platform implements: two small protocols, and how it says that something is gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.model import Origin, Outcome, Problem, Working


class Unreachable(Exception):
    """The place of an answer is gone for good: the bot was blocked or removed, the chat was deleted."""


class PhotoGone(Exception):
    """The platform no longer hands the photo out, or it is too large to fetch."""

    def __init__(self, problem: Problem = Problem.UNFETCHED) -> None:
        super().__init__(problem.value)
        self.problem = problem


class PhotoSource(Protocol):
    """How a platform loads a photo again."""

    async def load(self, origin: Origin) -> bytes:
        """Return the photo's bytes. Raises PhotoGone when that is not possible; any other error counts as that too."""
        ...


class Messenger(Protocol):
    """How a platform shows what the core says."""

    async def show(self, origin: Origin, outcome: Outcome | Working) -> str | None:
        """Edit ``origin.answer`` where there is one, else send; return the id of the message that shows it now.

        None means that no message was needed (a typing sign). Raises Unreachable when the place is gone for good,
        any other error when trying again later makes sense.
        """
        ...


class Alerts(Protocol):
    """How the operator's admins are told something, once."""

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """``event`` names the sentence (``search_denied`` …), ``facts`` fill it in. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One chat platform, as the core sees it."""

    photos: PhotoSource
    messenger: Messenger
    #: Seconds after which a person is told that their search goes on.
    patience: float = 2.0
