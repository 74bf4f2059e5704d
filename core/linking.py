"""/link: two identities become one person, with one balance, preferences and history.

Whoever made the code keeps their number: the keeper. Entries are not rewritten: what is left in the accounts of the
absorbed person moves to the keeper by entries of its own, and what comes back to them later moves on at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, delete, func, or_, select, update

from core import ledger, people
from core.clock import next_month
from core.codes import hash_of, new_code, normal
from core.ledger import LINKED
from core.linked import counts_as, one_at_a_time, rows_of
from core.model import Identity
from core.tables import entries, identities, link_codes, votes
from core.tables import people as people_table

#: How long a code can be used.
LIFE: Final = timedelta(minutes=10)
#: How long it is told of a code that it was used, or is too old.
_REMEMBERED: Final = timedelta(days=1)


class Why(StrEnum):
    """Why two identities were not joined."""

    UNKNOWN = "unknown"
    #: Somebody used the code.
    USED = "used"
    OVER = "over"
    #: They are one person already: their own code, or one they used before.
    JOINED = "joined"
    #: Both have an account on the same platform: joining is for the same person on two of them.
    SAME_PLATFORM = "same platform"


class NotLinked(Exception):
    """Nothing was joined; the code is as before."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Two became one."""

    keeper: int
    #: What they have together.
    balance: int


def make_code(connection: Connection, identity: Identity, name: str, *, pepper: bytes, now: datetime) -> str:
    """A code that joins another identity to this one, once and for LIFE; the person's last one is the only one."""
    person = people.meet(connection, identity, name, now, pepper=pepper).id
    own = (link_codes.c.person_id == person) & link_codes.c.used_at.is_(None)
    connection.execute(delete(link_codes).where(or_(own, link_codes.c.expires_at < now - _REMEMBERED)))
    code = new_code()
    row = {"code": hash_of(code), "person_id": person, "expires_at": now + LIFE}
    connection.execute(link_codes.insert(), row)
    return code


def link(
    connection: Connection, code: str, identity: Identity, name: str, *, allowance: int, pepper: bytes, now: datetime
) -> Linked:
    """Join an identity to the person who made the code. Raises NotLinked.

    ``allowance`` is what a person gets each month: of two of them the joined person keeps one.
    """
    one_at_a_time(connection)
    row = connection.execute(select(link_codes).where(link_codes.c.code == hash_of(normal(code)))).one_or_none()
    if row is None:
        raise NotLinked(Why.UNKNOWN)
    absorbed = people.meet(connection, identity, name, now, pepper=pepper).id
    keeper = counts_as(connection, row.person_id)
    if keeper == absorbed:
        raise NotLinked(Why.JOINED)
    if row.used_at is not None:
        raise NotLinked(Why.USED)
    if row.expires_at <= now:
        raise NotLinked(Why.OVER)
    if _platforms(connection, keeper) & _platforms(connection, absorbed):
        raise NotLinked(Why.SAME_PLATFORM)
    for person in sorted((keeper, absorbed)):
        ledger.lock(connection, person)
    connection.execute(update(link_codes).where(link_codes.c.code == row.code).values(used_at=now))
    _move_credits(connection, absorbed, keeper, allowance, now)
    _move_votes(connection, absorbed, keeper)
    _merge(connection, absorbed, keeper)
    return Linked(keeper=keeper, balance=ledger.balance(connection, keeper, now))


def release(connection: Connection, hold: int, now: datetime, *, uncertain: bool) -> None:
    """A held credit goes back to whom it was taken from, and on to the keeper if they were linked meanwhile."""
    row = connection.execute(select(entries.c.person_id, entries.c.ends_on).where(entries.c.id == hold)).one()
    keeper = ledger.lock(connection, row.person_id)
    ledger.release(connection, hold, now, uncertain=uncertain)
    if keeper != row.person_id:
        _adjust(connection, row.person_id, -1, row.ends_on, f"linked:hold:{hold}:out", now)
        _adjust(connection, keeper, 1, row.ends_on, f"linked:hold:{hold}:in", now)


def _platforms(connection: Connection, person: int) -> set[str]:
    return set(connection.scalars(select(identities.c.platform).where(identities.c.person_id == person)))


def _move_credits(connection: Connection, absorbed: int, keeper: int, allowance: int, now: datetime) -> None:
    # The month's allowance is booked for both, so that no transaction that began before this one books it later.
    ledger.give_allowance(connection, keeper, allowance, now)
    ledger.give_allowance(connection, absorbed, 0, now)
    month_end = next_month(now)
    left = {pot.ends_on: pot.amount for pot in ledger.pots(connection, absorbed, now)}
    received = dict(left)
    received[month_end] = left.get(month_end, 0) - _given_twice(connection, absorbed, keeper, now)
    for ends_on in left | received:
        pot = f"linked:{absorbed}:{ends_on.isoformat() if ends_on else 'never'}"
        _adjust(connection, absorbed, -left.get(ends_on, 0), ends_on, f"{pot}:out", now)
        _adjust(connection, keeper, received[ends_on], ends_on, f"{pot}:in", now)


def _given_twice(connection: Connection, absorbed: int, keeper: int, now: datetime) -> int:
    """What both have left of this month's two allowances, beyond what one allowance would have left of both's use.

    Of what ends with the month the allowance counts as used first, before what was given to end on that day as well.
    """
    given = {person: ledger.allowance(connection, person, now) for person in (absorbed, keeper)}
    left = {person: _allowance_left(connection, person, given[person], now) for person in given}
    used = sum(given[person] - left[person] for person in given)
    return sum(left.values()) - max(0, max(given.values()) - used)


def _allowance_left(connection: Connection, person: int, allowance: int, now: datetime) -> int:
    pot = (entries.c.person_id == person) & (entries.c.ends_on == next_month(now))
    given = select(func.coalesce(func.sum(entries.c.amount), 0)).where(pot, entries.c.kind == "grant")
    everything = select(func.coalesce(func.sum(entries.c.amount), 0)).where(pot)
    used: int = connection.scalars(given).one() - connection.scalars(everything).one()
    return max(0, allowance - max(0, used))


def _adjust(
    connection: Connection, person: int, amount: int, ends_on: datetime | None, event: str, now: datetime
) -> None:
    if amount:
        row = {"person_id": person, "kind": "adjust", "amount": amount, "ends_on": ends_on, "event": event}
        connection.execute(entries.insert(), row | {"reason": LINKED, "at": now})


def _move_votes(connection: Connection, absorbed: int, keeper: int) -> None:
    """Of two votes on the same answer the keeper's stays."""
    voted = select(votes.c.search).where(votes.c.person_id == keeper)
    connection.execute(delete(votes).where(votes.c.person_id == absorbed, votes.c.search.in_(voted)))
    connection.execute(update(votes).where(votes.c.person_id == absorbed).values(person_id=keeper))


def _merge(connection: Connection, absorbed: int, keeper: int) -> None:
    """The keeper's choices stay, the absorbed person's fill the gaps; if one is blocked, both are."""
    table = people_table
    rows = {row.id: row for row in connection.execute(select(table).where(table.c.id.in_((absorbed, keeper))))}
    old, own = rows[absorbed], rows[keeper]
    connection.execute(
        update(table)
        .where(table.c.id == keeper)
        .values(
            name=own.name or old.name,
            language=own.language or old.language,
            region=own.region or old.region,
            client_language=own.client_language or old.client_language,
            created_at=min(own.created_at, old.created_at),
        )
    )
    connection.execute(update(identities).where(identities.c.person_id == absorbed).values(person_id=keeper))
    # Also who was linked into the absorbed person before: everyone points at the keeper himself.
    connection.execute(update(table).where(table.c.id.in_(rows_of(absorbed))).values(merged_into=keeper))
    if own.blocked_at or old.blocked_at:
        people.set_blocked(connection, keeper, own.blocked_at or old.blocked_at)
