"""Who is asking: people, their identities on platforms, and what they prefer."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, func, select, update

from core import ledger
from core.clock import month_of
from core.database import insert
from core.linked import rows_of
from core.model import Identity
from core.tables import forgotten, identities, people

#: The account that pays for searches from the command line, and for what reconciliations find.
OPERATOR = Identity(platform="cli", user="operator")
#: Long enough ago: the operator is nobody's new account.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who uses the bot."""

    id: int
    name: str
    language: str | None
    region: str | None
    #: What the person's app was last seen to speak, on a platform whose messages do not say.
    client_language: str | None
    blocked: bool
    created_at: datetime


def find(connection: Connection, identity: Identity) -> Person | None:
    """The person behind an identity. Served by the primary key."""
    query = (
        select(people)
        .join(identities, identities.c.person_id == people.c.id)
        .where(identities.c.platform == identity.platform, identities.c.user == identity.user)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Person(
        id=row.id,
        name=row.name,
        language=row.language,
        region=row.region,
        client_language=row.client_language,
        blocked=row.blocked_at is not None,
        created_at=row.created_at,
    )


def count(connection: Connection) -> int:
    """How many people there are: whoever forgot themselves is none, linked identities are one."""
    query = select(func.count(identities.c.person_id.distinct()))
    return connection.scalars(query).one()


def meet(connection: Connection, identity: Identity, name: str, now: datetime, *, pepper: bytes) -> Person:
    """Find the person or write them down; the name is brought up to date.

    ``pepper`` keys the hash by which a forgotten identity is known again: no second allowance, no unblocking.
    """
    person = find(connection, identity)
    if person is None:
        _create(connection, identity, now, pepper)
        person = find(connection, identity)
        assert person is not None, "it was written in this transaction, or by another that has committed"
    if name and person.name != name:
        connection.execute(update(people).where(people.c.id == person.id).values(name=name))
    return person


def meet_operator(connection: Connection, *, pepper: bytes) -> Person:
    """The operator's own account."""
    return meet(connection, OPERATOR, "command line", _LONG_AGO, pepper=pepper)


def _create(connection: Connection, identity: Identity, now: datetime, pepper: bytes) -> None:
    known = connection.execute(
        select(forgotten.c.month, forgotten.c.blocked).where(forgotten.c.identity == pseudonym(identity, pepper))
    ).one_or_none()
    blocked_at = now if known and known.blocked else None
    key = connection.execute(people.insert().values(created_at=now, blocked_at=blocked_at)).inserted_primary_key
    assert key is not None, "both databases return the key of a row they insert"
    row = insert(connection, identities).values(platform=identity.platform, user=identity.user, person_id=key[0])
    if connection.execute(row.on_conflict_do_nothing()).rowcount == 0:
        # Another transaction met the same person at the same moment (PostgreSQL); theirs stays.
        connection.execute(delete(people).where(people.c.id == key[0]))
    elif known and known.month == month_of(now):
        ledger.give_allowance(connection, key[0], 0, now)  # it was given before they were forgotten


def identity_of(connection: Connection, person: int) -> Identity | None:
    """An identity of the person (the first by platform), or None after /forget."""
    query = (
        select(identities.c.platform, identities.c.user)
        .where(identities.c.person_id == person)
        .order_by(identities.c.platform)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return Identity(platform=row.platform, user=row.user) if row else None


def prefer(
    connection: Connection, /, identity: Identity, name: str, now: datetime, *, pepper: bytes, **preferences: str | None
) -> None:
    """Choose a ``region`` (a code or ANY_MARKET) or a ``language``; None: no choice of one's own."""
    person = meet(connection, identity, name, now, pepper=pepper)
    connection.execute(update(people).where(people.c.id == person.id).values(**preferences))


def saw_language(connection: Connection, identity: Identity, language: str) -> None:
    """Remember what the app of a person who is known speaks; of nobody else."""
    person = find(connection, identity)
    if person is not None and person.client_language != language:
        connection.execute(update(people).where(people.c.id == person.id).values(client_language=language))


def set_blocked(connection: Connection, person: int, blocked_at: datetime | None) -> None:
    """Block from a moment on, or unblock; whoever was linked into the person as well."""
    person = ledger.lock(connection, person)
    connection.execute(update(people).where(people.c.id.in_(rows_of(person))).values(blocked_at=blocked_at))


def pseudonym(identity: Identity, pepper: bytes) -> str:
    """A keyed hash of an identity: it is known again, and nobody can read it back without the key."""
    return hmac.new(pepper, str(identity).encode(), sha256).hexdigest()
