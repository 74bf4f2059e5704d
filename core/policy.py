"""The operator's rules as the core needs them: plain values out of the settings."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from core.budgets import Limits
from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a person gets, what may be spent, how long things are kept."""

    #: Credits a person gets each calendar month (UTC).
    allowance: int
    limits: Limits
    #: The longest wait in the queue that is taken on.
    queue_wait: timedelta
    #: How long an answer answers the same question for free.
    cache: timedelta
    #: How long answers and what identifies a search are kept.
    retention: timedelta
    #: The market where nobody chose one: a code or ANY_MARKET.
    region: str

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take over what the operator configured."""
        return cls(
            allowance=settings.monthly_allowance,
            limits=Limits(
                month=settings.monthly_budget,
                day=settings.daily_budget,
                chat_day=settings.chat_daily_limit,
                new_account=settings.new_account_limit,
            ),
            queue_wait=timedelta(seconds=settings.queue_wait),
            cache=timedelta(hours=settings.cache_hours),
            retention=timedelta(days=settings.retention_days),
            region=settings.default_region,
        )
