"""The search endpoint: the only part that speaks to it, and what keeps it from being asked too much."""

from core.keyapi.client import KeyApi
from core.keyapi.errors import (
    AccessDenied,
    Denial,
    NoAnswer,
    NotSent,
    RateLimited,
    Refused,
    SearchFailed,
    TooLarge,
)
from core.keyapi.pacing import Breaker, BreakerState, Pace

__all__ = [
    "AccessDenied",
    "Breaker",
    "BreakerState",
    "Denial",
    "KeyApi",
    "NoAnswer",
    "NotSent",
    "Pace",
    "RateLimited",
    "Refused",
    "SearchFailed",
    "TooLarge",
]
