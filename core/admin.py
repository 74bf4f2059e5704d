"""What admins do: give, take, block, pause. Each is done at once, once for an event, and kept with who did it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core import chats, facts, ledger, people
from core.database import insert, one_at_a_time
from core.model import Identity
from core.policy import Policy
from core.standing import credits_of
from core.tables import PAUSED, admin_actions


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


def grant(
    connection: Connection,
    by: By,
    person: Identity,
    amount: int,
    *,
    ends_on: datetime | None,
    reason: str | None,
    policy: Policy,
    pepper: bytes,
) -> Change:
    """Give a person credits; someone who was never seen is written down."""
    if (done := _done_before(connection, by)) is not None:
        return done
    number, before = credits_of(connection, person, "", policy=policy, pepper=pepper, now=by.at)
    ledger.grant(
        connection,
        number,
        amount,
        ends_on=ends_on,
        event=by.event,
        reason=reason,
        by=by.admin,
        now=by.at,
    )
    after = ledger.balance(connection, number, by.at)
    return _journal(connection, by, "grant", str(person), str(before), str(after), reason)


def take(
    connection: Connection,
    by: By,
    person: Identity,
    amount: int,
    *,
    reason: str | None,
    policy: Policy,
    pepper: bytes,
) -> Change:
    """Take credits back, never below zero."""
    if (done := _done_before(connection, by)) is not None:
        return done
    number, before = credits_of(connection, person, "", policy=policy, pepper=pepper, now=by.at)
    ledger.take(connection, number, amount, event=by.event, reason=reason, by=by.admin, now=by.at)
    after = ledger.balance(connection, number, by.at)
    return _journal(connection, by, "take", str(person), str(before), str(after), reason)


def block_person(
    connection: Connection, by: By, person: Identity, *, blocked: bool, reason: str | None, pepper: bytes
) -> Change:
    """Block or unblock a person; someone who was never seen is written down."""
    if (done := _done_before(connection, by)) is not None:
        return done
    known = people.meet(connection, person, "", by.at, pepper=pepper)
    people.set_blocked(connection, known.id, by.at if blocked else None)
    return _blocked(connection, by, str(person), known.blocked, blocked, reason)


def block_chat(
    connection: Connection, by: By, platform: str, chat: str, *, blocked: bool, reason: str | None
) -> Change:
    """Block or unblock everybody in a chat."""
    if (done := _done_before(connection, by)) is not None:
        return done
    before = chats.find(connection, platform, chat).blocked
    chats.set_blocked(connection, platform, chat, by.at if blocked else None)
    return _blocked(connection, by, f"{platform}:{chat}", before, blocked, reason)


def pause(connection: Connection, by: By, *, paused: bool, reason: str | None) -> Change:
    """Stop searching for everybody, or go on; outlives a restart."""
    if (done := _done_before(connection, by)) is not None:
        return done
    before = facts.get(connection, PAUSED) is not None
    facts.put(connection, PAUSED, by.at.isoformat() if paused else None)
    words = {True: "paused", False: "searching"}
    action = "pause" if paused else "resume"
    return _journal(connection, by, action, None, words[before], words[paused], reason)


def _blocked(connection: Connection, by: By, target: str, before: bool, after: bool, reason: str | None) -> Change:
    words = {True: "blocked", False: "open"}
    action = "block" if after else "unblock"
    return _journal(connection, by, action, target, words[before], words[after], reason)


def _done_before(connection: Connection, by: By) -> Change | None:
    """What this event did when it was delivered before; a second delivery at the same moment waits for the first."""
    if by.event is None:
        return None
    one_at_a_time(connection, f"admin {by.event}")
    query = select(admin_actions.c.before, admin_actions.c.after).where(admin_actions.c.event == by.event)
    row = connection.execute(query).one_or_none()
    return Change(before=row.before, after=row.after) if row else None


def _journal(
    connection: Connection,
    by: By,
    action: str,
    target: str | None,
    before: str,
    after: str,
    reason: str | None,
) -> Change:
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
