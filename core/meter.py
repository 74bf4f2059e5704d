"""What the core reports of its work to whoever counts it: a few hooks, which do nothing unless somebody does."""

from core.keyapi.errors import SearchFailed
from core.model import Outcome


class Meter:
    """Counts nothing. What the composition root hands down instead overrides the hooks; none of them may raise."""

    def ended(self, platform: str, outcome: Outcome) -> None:
        """A search has ended, and is told now."""

    def waited(self, seconds: float) -> None:
        """A search got its turn after so long."""

    def asked(self, seconds: float, failure: SearchFailed | None) -> None:
        """A request to the endpoint took so long, and was answered (None) or not. Each one is a credit.

        Answered: captured. Failed: released, and uncertain where ``failure.perhaps_charged``.
        """

    def lost(self) -> None:
        """What an earlier process had asked, or this one could not bring to its end, is uncertain."""

    def checked(self, problems: int) -> None:
        """The books were proved, with so many problems."""


#: The default.
UNMETERED = Meter()
