"""The operator's rules as the core needs them: plain values out of the settings, and what a receipt says of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from core.budgets import Limits
from core.clock import next_month
from core.model import Charge, Receipt
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

    def receipt(self, charge: Charge, balance: int, now: datetime) -> Receipt:
        """What it cost, with ``balance`` credits left, and when the allowance comes again."""
        return Receipt(charge=charge, balance=balance, allowance=self.allowance, renews_on=next_month(now).date())
