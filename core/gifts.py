"""Gift codes: each gives its credits once, and a person gets one of those that were made together."""

import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, select, update

from core import ledger
from core.audit import By, done_before, journal
from core.clock import day_of
from core.linked import all_of, links
from core.model import Identity
from core.policy import Policy
from core.standing import credits_of
from core.tables import entries, gifts

#: 32 signs, none of which looks like another of them: neither 0 nor O, neither 1 nor I.
ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
#: Of 5 bits each, so 60 in all: whoever guesses for a year finds none.
LENGTH: Final = 12
#: Codes that are made at once: so many are read in one message on every platform.
MOST_CODES: Final = 100
#: What the ledger says of redeemed credits.
REASON: Final = "gift"
_BATCH_LENGTH: Final = 16


class NotRedeemed(Exception):
    """The code gives this person nothing."""


class UnknownCode(NotRedeemed):
    """There is no such code."""


class UsedBefore(NotRedeemed):
    """Somebody redeemed it."""


class UsedByYou(UsedBefore):
    """The same person redeemed it before."""


class OneOfThese(NotRedeemed):
    """The person redeemed another code that was made together with it; this one stays good for somebody else."""


class Over(NotRedeemed):
    """Its time is over."""

    def __init__(self, ends_on: datetime) -> None:
        super().__init__(ends_on.isoformat())
        self.ends_on = ends_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What a code gave."""

    amount: int
    #: Until when its credits can be used; None: for ever.
    ends_on: datetime | None
    #: What the person has now.
    balance: int


def make(
    connection: Connection, by: By, amount: int, count: int, *, ends_on: datetime | None, pepper: bytes
) -> list[str]:
    """Make codes of ``amount`` credits each; only their hashes are kept.

    They come out of the event, by the ``pepper`` that only this bot has: the same event delivered again, after a crash
    before its answer, makes none and reads the same.
    """
    seed = by.event or secrets.token_hex(16)
    codes = list(_codes(seed, count, pepper))
    if done_before(connection, by) is not None:
        return codes
    batch = _keyed(pepper, f"gift batch {seed}").hex()[:_BATCH_LENGTH]
    rows = [
        {"code": _hash(code), "batch": batch, "amount": amount, "ends_on": ends_on, "made_at": by.at} for code in codes
    ]
    connection.execute(gifts.insert(), rows)
    last_day = f" ({day_of(ends_on - timedelta(days=1))})" if ends_on else ""
    journal(connection, by, "gift", batch, "", f"{count} × {amount}{last_day}")
    return codes


def redeem(
    connection: Connection,
    code: str,
    identity: Identity,
    name: str,
    *,
    event: str,
    policy: Policy,
    pepper: bytes,
    now: datetime,
) -> Redeemed:
    """Give a person a code's credits, once; the same event delivered again reads the same. Raises NotRedeemed."""
    gift = select(gifts).where(gifts.c.code == _hash(_normal(code)))
    if connection.execute(gift).one_or_none() is None:
        raise UnknownCode
    person, _ = credits_of(connection, identity, name, policy=policy, pepper=pepper, now=now)
    # Two codes of one batch by the same person at the same moment: one after the other.
    ledger.lock(connection, person)
    row = connection.execute(gift).one()
    own = all_of(person, links(connection))
    if row.person_id is not None:
        if row.person_id not in own:
            raise UsedBefore
        if connection.scalars(select(entries.c.id).where(entries.c.event == event)).one_or_none() is None:
            raise UsedByYou
    else:
        _take(connection, row.code, row.batch, row.ends_on, person, own, now)
        booked = ledger.grant(
            connection, person, row.amount, ends_on=row.ends_on, event=event, reason=REASON, by=None, now=now
        )
        assert booked, "an event redeems one code"
    return Redeemed(amount=row.amount, ends_on=row.ends_on, balance=ledger.balance(connection, person, now))


def _take(
    connection: Connection,
    code: str,
    batch: str,
    ends_on: datetime | None,
    person: int,
    own: frozenset[int],
    now: datetime,
) -> None:
    if ends_on is not None and ends_on <= now:
        raise Over(ends_on)
    another = select(gifts.c.code).where(gifts.c.batch == batch, gifts.c.person_id.in_(own)).limit(1)
    if connection.scalars(another).one_or_none() is not None:
        raise OneOfThese
    free = update(gifts).where(gifts.c.code == code, gifts.c.person_id.is_(None))
    if connection.execute(free.values(person_id=person, redeemed_at=now)).rowcount == 0:
        raise UsedBefore  # by somebody else at this moment (PostgreSQL)


def _codes(seed: str, count: int, pepper: bytes) -> Iterator[str]:
    for number in range(count):
        # 256 is a multiple of the alphabet's length: every sign is as likely.
        signs = _keyed(pepper, f"gift {seed} {number}")[:LENGTH]
        yield "".join(ALPHABET[sign % len(ALPHABET)] for sign in signs)


def _keyed(pepper: bytes, text: str) -> bytes:
    return hmac.new(pepper, text.encode(), sha256).digest()


def _hash(code: str) -> str:
    """What is kept of a code: with 60 random bits in it, nobody finds it by trying."""
    return sha256(code.encode()).hexdigest()


def _normal(code: str) -> str:
    """As people type it: small letters, with blanks or dashes in it."""
    return "".join(code.split()).replace("-", "").upper()
