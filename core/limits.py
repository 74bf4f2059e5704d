"""What admins change of the operator's limits while the bot runs: it holds at once, and after a restart."""

import json
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection

from core import facts
from core.audit import By, Change, done_before, journal
from core.budgets import Limits, in_force
from core.database import one_at_a_time
from core.policy import Policy
from core.settings import Settings
from core.tables import LIMITS

#: Of each of the `Limits`: the setting that it has its value from.
SETTINGS: Final = {
    "month": "monthly_budget",
    "day": "daily_budget",
    "chat_day": "chat_daily_limit",
    "new_account": "new_account_limit",
}
#: How having no limit is written, in the settings and in the journal.
NONE: Final = "none"


def change(connection: Connection, by: By, name: str, value: int | None, *, limits: Limits) -> Change:
    """Set one of the `Limits` in place of the setting; None: no limit. ``limits`` are the settings'."""
    return _put(connection, by, name, {name: value}, limits)


def reset(connection: Connection, by: By, name: str, *, limits: Limits) -> Change:
    """Go back to what the setting says. ``limits`` are the settings'."""
    return _put(connection, by, name, {}, limits)


def changed(connection: Connection) -> frozenset[str]:
    """The names of the limits that stand in place of their setting."""
    return frozenset(_stored(connection))


def settings_in_force(connection: Connection, settings: Settings) -> Settings:
    """The settings with the limits that hold now: what they say of the worst case is then true."""
    limits = asdict(in_force(connection, Policy.from_settings(settings).limits))
    return settings.model_copy(update={SETTINGS[name]: value for name, value in limits.items()})


def _put(connection: Connection, by: By, name: str, new: dict[str, int | None], limits: Limits) -> Change:
    if (done := done_before(connection, by)) is not None:
        return done
    one_at_a_time(connection, LIMITS)
    before = in_force(connection, limits)
    others = {key: value for key, value in _stored(connection).items() if key != name}
    stored = others | new
    facts.put(connection, LIMITS, json.dumps(stored, sort_keys=True) if stored else None)
    after = in_force(connection, limits)
    action = "budget" if name in ("month", "day") else "limit"
    return journal(connection, by, action, name, _written(getattr(before, name)), _written(getattr(after, name)))


def _stored(connection: Connection) -> dict[str, int | None]:
    stored: dict[str, int | None] = json.loads(facts.get(connection, LIMITS) or "{}")
    return stored


def _written(limit: int | None) -> str:
    return NONE if limit is None else str(limit)
