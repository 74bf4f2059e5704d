"""What the provider's dashboard says was used in a month, against the books; the difference is booked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core import ledger, people, scans
from core.audit import By, done_before, journal
from core.clock import month_of, next_month
from core.database import one_at_a_time
from core.periods import Period

#: Months of the budgets, and of the provider's dashboard.
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A month's credits, as the dashboard and as the books have them."""

    #: What the dashboard says was used.
    counted: int
    #: What the books say was used, may have been used, and is being asked just now.
    captured: int
    uncertain: int
    open: int
    #: What this reconciliation booked: credits that the books did not have; below zero: that they had too many.
    booked: int

    @property
    def of_uncertain(self) -> int:
        """How many of those that may have been used were, if the dashboard is right."""
        return min(max(self.counted - self.captured, 0), self.uncertain)

    @property
    def of_open(self) -> int:
        """How many of those being asked just now it has already."""
        return min(max(self.counted - self.captured - self.uncertain, 0), self.open)

    @property
    def unexplained(self) -> int:
        """What nothing in the books explains; below zero: the dashboard has fewer than were answered."""
        return self.counted - self.captured - self.of_uncertain - self.of_open


def reconcile(
    connection: Connection, by: By, counted: int, month: datetime, *, reason: str | None, pepper: bytes
) -> Reconciliation:
    """Book what the dashboard counts beside used and possibly used credits, on the operator's account, in the month.

    ``month`` is its first moment, UTC. What earlier reconciliations of the month booked counts as in the books. The
    account is granted what is taken from it: a pot is never below zero, and the operator's balance stays as it was.
    """
    until = next_month(month)
    operator = people.meet_operator(connection, pepper=pepper).id
    done = done_before(connection, by)
    one_at_a_time(connection, "reconcile")
    fates = scans.fates(connection, scans.Part(period=Period(since=month, until=until), zone=_UTC))
    numbers = {row.fate: row.number for row in fates}
    captured, uncertain = numbers.get(scans.CAPTURED, 0), numbers.get(scans.UNCERTAIN, 0)
    if done is None:
        known = captured + uncertain - ledger.adjusted(connection, operator, until)
        _book(connection, by, operator, counted - known, until, reason)
        done = journal(connection, by, "reconcile", month_of(month), str(known), str(counted), reason)
    return Reconciliation(
        counted=counted,
        captured=captured,
        uncertain=uncertain,
        open=numbers.get(scans.OPEN, 0),
        booked=int(done.after) - int(done.before),
    )


def _book(
    connection: Connection, by: By, operator: int, difference: int, ends_on: datetime, reason: str | None
) -> None:
    if difference > 0:
        ledger.grant(
            connection, operator, difference, ends_on=ends_on, event=None, reason=reason, by=by.admin, now=by.at
        )
    if difference:
        ledger.adjust(
            connection, operator, -difference, ends_on=ends_on, event=by.event, reason=reason, by=by.admin, now=by.at
        )
