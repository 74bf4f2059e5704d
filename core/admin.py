"""What admins do: give, take, block, pause; and what a chat's own admins set for it.

Each is done at once, once for an event, and kept with who did it.
"""

from datetime import datetime

from sqlalchemy import Connection

from core import chats, facts, ledger, people
from core.audit import By, Change, done_before, journal
from core.model import Identity
from core.policy import Policy
from core.standing import credits_of
from core.tables import PAUSED


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
    if (done := done_before(connection, by)) is not None:
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
    return journal(connection, by, "grant", str(person), str(before), str(after), reason)


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
    if (done := done_before(connection, by)) is not None:
        return done
    number, before = credits_of(connection, person, "", policy=policy, pepper=pepper, now=by.at)
    ledger.take(connection, number, amount, event=by.event, reason=reason, by=by.admin, now=by.at)
    after = ledger.balance(connection, number, by.at)
    return journal(connection, by, "take", str(person), str(before), str(after), reason)


def block_person(
    connection: Connection, by: By, person: Identity, *, blocked: bool, reason: str | None, pepper: bytes
) -> Change:
    """Block or unblock a person; someone who was never seen is written down."""
    if (done := done_before(connection, by)) is not None:
        return done
    known = people.meet(connection, person, "", by.at, pepper=pepper)
    people.set_blocked(connection, known.id, by.at if blocked else None)
    return _blocked(connection, by, str(person), known.blocked, blocked, reason)


def block_chat(
    connection: Connection, by: By, platform: str, chat: str, *, blocked: bool, reason: str | None
) -> Change:
    """Block or unblock everybody in a chat."""
    if (done := done_before(connection, by)) is not None:
        return done
    before = chats.find(connection, platform, chat).blocked
    chats.set_blocked(connection, platform, chat, by.at if blocked else None)
    return _blocked(connection, by, f"{platform}:{chat}", before, blocked, reason)


def pause(connection: Connection, by: By, *, paused: bool, reason: str | None) -> Change:
    """Stop searching for everybody, or go on; outlives a restart."""
    if (done := done_before(connection, by)) is not None:
        return done
    before = facts.get(connection, PAUSED) is not None
    facts.put(connection, PAUSED, by.at.isoformat() if paused else None)
    words = {True: "paused", False: "searching"}
    action = "pause" if paused else "resume"
    return journal(connection, by, action, None, words[before], words[paused], reason)


def set_chat_region(connection: Connection, by: By, platform: str, chat: str, region: str | None) -> Change:
    """Choose a market for everyone in a chat who has none of their own; None: as the operator set."""
    if (done := done_before(connection, by)) is not None:
        return done
    before = chats.find(connection, platform, chat).region
    chats.set_region(connection, platform, chat, region)
    return journal(connection, by, "chat_region", f"{platform}:{chat}", before or "", region or "")


def set_chat_language(connection: Connection, by: By, platform: str, chat: str, language: str | None) -> Change:
    """Choose the bot's language in a chat; None: as each person's app."""
    if (done := done_before(connection, by)) is not None:
        return done
    before = chats.find(connection, platform, chat).language
    chats.set_language(connection, platform, chat, language)
    return journal(connection, by, "chat_language", f"{platform}:{chat}", before or "", language or "")


def set_chat_limit(connection: Connection, by: By, platform: str, chat: str, limit: int | None) -> Change:
    """Choose how many credits a day everyone in a chat may spend together; it only lowers the operator's limit."""
    if (done := done_before(connection, by)) is not None:
        return done
    before = chats.find(connection, platform, chat).daily_limit
    chats.set_daily_limit(connection, platform, chat, limit)
    written = ["" if value is None else str(value) for value in (before, limit)]
    return journal(connection, by, "chat_limit", f"{platform}:{chat}", *written)


def _blocked(connection: Connection, by: By, target: str, before: bool, after: bool, reason: str | None) -> Change:
    words = {True: "blocked", False: "open"}
    action = "block" if after else "unblock"
    return journal(connection, by, action, target, words[before], words[after], reason)
