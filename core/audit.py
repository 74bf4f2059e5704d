"""What admins did, and who of them: the journal in which each is kept from what to what, once for an event."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.database import insert, one_at_a_time
from core.tables import admin_actions
from core.texts import clean

#: Characters of a reason that are kept.
REASON_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who acts, when, and the event it comes from: the same event acts once."""

    admin: str
    event: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From what to what."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A row of the journal."""

    #: An identity, ``command line``, or ``forgotten``.
    by: str
    action: str
    #: Whom or what it was about; None: everything.
    target: str | None
    before: str
    after: str
    reason: str | None
    at: datetime


def reason_of(text: str) -> str | None:
    """Why, as it is kept: one clean line; None where nothing is left of it."""
    return clean(text, REASON_LIMIT) or None


def done_before(connection: Connection, by: By) -> Change | None:
    """What this event did when it was delivered before; a second delivery at the same moment waits for the first."""
    if by.event is None:
        return None
    one_at_a_time(connection, f"admin {by.event}")
    query = select(admin_actions.c.before, admin_actions.c.after).where(admin_actions.c.event == by.event)
    row = connection.execute(query).one_or_none()
    return Change(before=row.before, after=row.after) if row else None


def journal(
    connection: Connection,
    by: By,
    action: str,
    target: str | None,
    before: str,
    after: str,
    reason: str | None = None,
) -> Change:
    """Keep what was done. Raises IntegrityError for an event that was kept before: ask `done_before` first."""
    row = insert(connection, admin_actions).values(
        event=by.event,
        by=by.admin,
        action=action,
        target=target,
        before=before,
        after=after,
        reason=reason,
        at=by.at,
    )
    connection.execute(row)
    return Change(before=before, after=after)


def last(connection: Connection, number: int) -> list[Action]:
    """The last actions, the newest first. Served by the primary key."""
    query = select(admin_actions).order_by(admin_actions.c.id.desc()).limit(number)
    return [
        Action(
            by=row.by,
            action=row.action,
            target=row.target,
            before=row.before or "",
            after=row.after or "",
            reason=row.reason,
            at=row.at,
        )
        for row in connection.execute(query)
    ]
