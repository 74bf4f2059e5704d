"""Outcomes of answers, and outcomes as the journal keeps them: a kind, a few words of detail, and the charge."""

from datetime import datetime
from typing import assert_never

from core.model import (
    Blocked,
    BudgetSpent,
    Busy,
    Charge,
    Expired,
    Found,
    Limit,
    Lost,
    Match,
    MembersOnly,
    NoCredits,
    NothingFound,
    Outcome,
    Paused,
    Problem,
    Receipt,
    Stale,
    Unavailable,
    Unreadable,
    Wait,
)


def answer_of(
    search: str, matches: tuple[Match, ...], region: str | None, hint: str | None, paid: Receipt
) -> Found | NothingFound:
    """The outcome of an answer, also an empty one."""
    if not matches:
        return NothingFound(search=search, region=region, hint=hint, receipt=paid)
    return Found(search=search, matches=matches, region=region, hint=hint, receipt=paid)


def describe(outcome: Outcome) -> tuple[str, str | None, Charge]:  # noqa: PLR0912  # a branch an outcome
    """The columns ``outcome``, ``detail`` and ``charge``; what was found stands in the stored answer."""
    match outcome:
        case Found(receipt=receipt):
            return "found", None, receipt.charge
        case NothingFound(receipt=receipt):
            return "nothing", None, receipt.charge
        case NoCredits():
            return "no_credits", None, Charge.NOTHING
        case BudgetSpent(limit=limit, until=until):
            return "budget_spent", f"{limit} {until.isoformat()}", Charge.NOTHING
        case MembersOnly():
            return "members_only", None, Charge.NOTHING
        case Blocked():
            return "blocked", None, Charge.NOTHING
        case Unreadable(problem=problem):
            return "unreadable", problem.value, Charge.NOTHING
        case Busy(wait=wait, seconds=seconds):
            return "busy", f"{wait} {seconds:.0f}", Charge.NOTHING
        case Paused():
            return "paused", None, Charge.NOTHING
        case Lost():
            return "lost", None, Charge.NOTHING
        case Unavailable():
            return "unavailable", None, Charge.NOTHING
        case Stale():
            return "stale", None, Charge.NOTHING
        case Expired():
            return "expired", None, Charge.NOTHING
        case _:
            assert_never(outcome)


def retell(  # noqa: PLR0912  # a branch an outcome
    kind: str | None,
    detail: str | None,
    *,
    search: str,
    region: str | None,
    hint: str | None,
    matches: tuple[Match, ...] | None,
    receipt: Receipt,
) -> Outcome:
    """The outcome that `describe` took apart; Expired when its answer is gone."""
    words = (detail or "").split()
    match kind:
        case "found" if matches:
            return Found(search=search, matches=matches, region=region, hint=hint, receipt=receipt)
        case "nothing":
            return NothingFound(search=search, region=region, hint=hint, receipt=receipt)
        case "no_credits":
            return NoCredits(search=search, receipt=receipt)
        case "budget_spent":
            until = datetime.fromisoformat(words[1])
            return BudgetSpent(search=search, limit=Limit(words[0]), until=until, receipt=receipt)
        case "members_only":
            return MembersOnly(search=search)
        case "blocked":
            return Blocked(search=search)
        case "unreadable":
            return Unreadable(search=search, problem=Problem(words[0]))
        case "busy":
            return Busy(search=search, wait=Wait(words[0]), seconds=float(words[1]))
        case "paused":
            return Paused(search=search)
        case "lost":
            return Lost(search=search, receipt=receipt)
        case "unavailable":
            return Unavailable(search=search, receipt=receipt)
        case "stale":
            return Stale(search=search)
        case _:
            return Expired(search=search)
