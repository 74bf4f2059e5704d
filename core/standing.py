"""What must be known of a person, a chat and the operator's limits before a photo is taken, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, bindparam, case, cast, literal, select

from core import budgets, ledger, people
from core.budgets import EVERYWHERE, Limits, Spent
from core.clock import day_of, month_of
from core.model import Identity, PhotoQuery
from core.policy import Policy
from core.tables import PAUSED, Instant, chats, entries, facts, identities, searches
from core.tables import people as people_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A person in a chat at a moment."""

    person: int
    account_since: datetime
    #: What the person chose, or else the chat.
    language: str | None
    #: What the person's app was last seen to speak.
    client_language: str | None
    region: str
    blocked: bool
    #: The chat was thought to be gone.
    gone: bool
    paused: bool
    balance: int
    spent: Spent
    #: What may be spent, by anybody and here.
    limits: Limits
    #: The digest of the same file, where it was seen before.
    digest: str | None
    #: True when the person never sent a photo before.
    first: bool


def load(connection: Connection, query: PhotoQuery, *, policy: Policy, pepper: bytes, now: datetime) -> Standing:
    """Look the person up (or write them down), give the month's allowance if it is due, and read what counts."""
    parameters = _parameters(query, now)
    row = connection.execute(_STANDING, parameters).one_or_none()
    if row is None or (query.name and row.name != query.name):
        people.meet(connection, query.person, query.name, now, pepper=pepper)
        row = connection.execute(_STANDING, parameters).one()
    balance = row.balance
    if row.allowance is None:
        ledger.give_allowance(connection, row.id, policy.allowance, now)
        # Read, not added up: another transaction may have given it a moment ago (PostgreSQL).
        balance = ledger.balance(connection, row.id, now)
    return Standing(
        person=row.id,
        account_since=row.created_at,
        language=row.language or row.chat_language,
        client_language=row.client_language,
        region=query.region or row.region or row.chat_region or policy.region,
        blocked=row.blocked_at is not None or row.chat_blocked_at is not None,
        gone=row.gone_at is not None,
        paused=row.paused is not None,
        balance=balance,
        spent=Spent(
            month=row.month or 0,
            day=row.day or 0,
            chat_day=row.chat_day or 0,
            new_account=row.new_account or 0,
            account_since=row.created_at,
        ),
        limits=policy.limits.overridden(row.limits).in_chat(row.daily_limit),
        digest=row.digest,
        first=row.earlier is None,
    )


def credits_of(
    connection: Connection, identity: Identity, name: str, *, policy: Policy, pepper: bytes, now: datetime
) -> tuple[int, int]:
    """The person's number and balance, the month's allowance included."""
    person = ledger.lock(connection, people.meet(connection, identity, name, now, pepper=pepper).id)
    ledger.give_allowance(connection, person, policy.allowance, now)
    return person, ledger.balance(connection, person, now)


def _parameters(query: PhotoQuery, now: datetime) -> dict[str, Any]:
    origin = query.origin
    return {
        "platform": query.person.platform,
        "user": query.person.user,
        "chat_platform": origin.platform,
        "chat": origin.chat,
        "scope": f"{origin.platform}:{origin.chat}",
        "file": origin.file or "",
        "now": now,
        "new_since": now - budgets.NEW_ACCOUNT,
        "month_name": month_of(now),
        "day_name": day_of(now),
    }


def _text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=String())


def _moment(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=Instant())


def _standing() -> Select[Any]:
    person = people_table.c
    allowance = literal("allowance:") + cast(person.id, String) + literal(":") + _text("month_name")
    return (
        select(
            person.id,
            person.name,
            person.language,
            person.client_language,
            person.region,
            person.blocked_at,
            person.created_at,
            chats.c.language.label("chat_language"),
            chats.c.region.label("chat_region"),
            chats.c.blocked_at.label("chat_blocked_at"),
            chats.c.daily_limit,
            chats.c.gone_at,
            ledger.balance_of(person.id, _moment("now")).label("balance"),
            select(entries.c.id).where(entries.c.event == allowance).scalar_subquery().label("allowance"),
            budgets.spent_in(_text("month_name"), literal(EVERYWHERE)).label("month"),
            budgets.spent_in(_text("day_name"), literal(EVERYWHERE)).label("day"),
            budgets.spent_in(_text("day_name"), _text("scope")).label("chat_day"),
            case((person.created_at > _moment("new_since"), budgets.spent_by(person.id))).label("new_account"),
            select(facts.c.value).where(facts.c.name == PAUSED).scalar_subquery().label("paused"),
            budgets.set_by_admins().label("limits"),
            select(searches.c.digest)
            .where(searches.c.file == _text("file"), searches.c.digest.is_not(None))
            .order_by(searches.c.received_at.desc())
            .limit(1)
            .scalar_subquery()
            .label("digest"),
            select(searches.c.id).where(searches.c.person_id == person.id).limit(1).scalar_subquery().label("earlier"),
        )
        .select_from(identities)
        .join(people_table, person.id == identities.c.person_id)
        .outerjoin(chats, (chats.c.platform == _text("chat_platform")) & (chats.c.chat == _text("chat")))
        .where(identities.c.platform == _text("platform"), identities.c.user == _text("user"))
    )


_STANDING = _standing()
