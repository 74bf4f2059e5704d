"""What happened underneath, for the demo's side panel: a person's searches, entries, credits, and the budget."""

from datetime import datetime
from typing import Any

from core import people
from core.budgets import spent_now
from core.clock import next_month, utc_now
from core.database import Database
from core.model import Identity
from core.policy import Policy
from core.searches import latest
from core.settings import Settings
from core.standing import credits_of
from core.statement import history

#: Rows that the panel shows.
_ROWS = 12


async def underneath(database: Database, identity: Identity, settings: Settings, *, pepper: bytes) -> dict[str, object]:
    """The panel's facts as JSON types; moments are ISO texts. Writes nothing."""
    now, allowance = utc_now(), settings.monthly_allowance
    policy = Policy.from_settings(settings)
    month, _ = await database.read(spent_now, now)
    credits_ = await database.run(_credits, identity, policy=policy, pepper=pepper, now=now)
    back = f"back to {allowance} on {next_month(now):%-d %b}"
    facts: dict[str, object] = {
        "credits": credits_,
        "renewal": back if credits_ < allowance else f"{allowance} free each month",
        "budget": {"used": month, "limit": settings.monthly_budget},
        "searches": [],
        "entries": [],
    }
    person = await database.read(people.find, identity)
    if person is None:
        return facts
    searches = await database.read(latest, person.id, limit=_ROWS)
    entries = await database.read(history, person.id, limit=_ROWS)
    return facts | {
        "searches": [
            {
                "id": search.id,
                "state": search.state.value,
                "outcome": search.outcome,
                "charge": search.charge.value if search.charge else None,
                "region": search.region,
                "words": search.hint,
                "album": search.origin.album,
                "at": search.received_at.isoformat(),
            }
            for search in searches
        ],
        "entries": [
            {
                "at": entry.at.isoformat(),
                "kind": entry.kind,
                "amount": entry.amount,
                "reason": entry.reason,
                "uncertain": entry.uncertain,
            }
            for entry in entries
        ],
    }


def _credits(connection: Any, identity: Identity, *, policy: Policy, pepper: bytes, now: datetime) -> int:
    """What a person could spend now, this month's allowance included also before their first photo.

    Whoever only looks leaves no trace: what `credits_of` writes down is taken back.
    """
    look = connection.begin_nested()
    try:
        _, balance = credits_of(connection, identity, "", policy=policy, pepper=pepper, now=now)
    finally:
        look.rollback()
    return balance
