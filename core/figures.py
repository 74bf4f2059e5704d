"""The usage report's figures, and what it can be about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.accounts import Account
from core.forecast import Budget
from core.model import Identity
from core.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the report is about: everything, or only what all of these name."""

    #: A market's code; ANY_MARKET: what was searched in no market of its own.
    market: str | None = None
    #: ``telegram:-100123``: a platform and a chat there.
    chat: Identity | None = None
    person: Identity | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The counts of a period."""

    searches: int
    #: Searches that ended with an answer, also an empty one.
    answered: int
    #: Answers with no product.
    nothing_found: int
    #: Searches that ended without an answer and for free, by the kind of outcome: ``unreadable``, ``no_credits`` …
    refused: Mapping[str, int]
    #: Searches that were asked of the endpoint, which gave no answer.
    lost: int
    #: Answers that cost nobody anything.
    from_cache: int
    #: Credits used.
    captured: int
    #: Credits given back, certainly not charged by the endpoint.
    released: int
    #: Credits given back that the operator may have paid.
    uncertain: int
    #: Holds without a resolution: being asked just now.
    open: int
    #: People with a search, and those of them who never searched before.
    active: int
    new: int
    #: Votes on the answers.
    useful: int
    not_useful: int

    @property
    def counted(self) -> int:
        """What counts against the budget."""
        return self.captured + self.uncertain + self.open

    @property
    def useful_share(self) -> float | None:
        """Of all votes; None: nobody voted."""
        return _share(self.useful, self.not_useful)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUsage:
    """One person in a period; ``person`` is an identity, or ``forgotten``."""

    person: str
    name: str
    searches: int
    captured: int
    uncertain: int
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketUsage:
    """One market in a period; ``market`` is None for searches in any."""

    market: str | None
    searches: int
    useful: int
    not_useful: int

    @property
    def useful_share(self) -> float | None:
        """Of all votes; None: nobody voted."""
        return _share(self.useful, self.not_useful)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUsage:
    """One day (of the report's time zone) of one person; ``person`` is empty for everybody together."""

    day: date
    person: str
    name: str = ""
    searches: int
    captured: int
    uncertain: int
    from_cache: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Figures):
    """What happened in a period."""

    period: Period
    #: The same figures of the period before, as far as this one has gone.
    before: Figures
    #: Of everything: everyone with a search, a used credit or a balance; else with a search or a used credit. Who used
    #: most first.
    people: tuple[PersonUsage, ...]
    #: Every market that was searched in, the most searched first.
    markets: tuple[MarketUsage, ...]
    #: Days on which something happened.
    days: tuple[DayUsage, ...]
    #: Of everything, where limits were given.
    budget: Budget | None
    #: Of one person.
    account: Account | None

    def top(self, number: int) -> tuple[PersonUsage, ...]:
        """Who used most credits."""
        return tuple(person for person in self.people if person.captured)[:number]


def _share(useful: int, not_useful: int) -> float | None:
    return useful / (useful + not_useful) if useful + not_useful else None
