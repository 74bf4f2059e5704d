"""Privacy: what /forget erases at once, and what retention blanks with time. Anonymous totals stay."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, delete, or_, select, update

from core import answers, ledger
from core.clock import month_of
from core.database import insert
from core.linked import one_at_a_time, rows_of
from core.model import Identity
from core.people import pseudonym
from core.searches import State
from core.tables import admin_actions, chats, entries, forgotten, identities, link_codes, people, searches, votes

#: What stands where an identity stood.
FORGOTTEN = "forgotten"


def forget(connection: Connection, person: int, now: datetime, *, pepper: bytes) -> None:
    """Erase what identifies a person everywhere; their entries stay as totals of nobody.

    A keyed hash of the identity remembers two things: the allowance given this month, and a block. Whoever was linked
    into the person is forgotten with them.
    """
    one_at_a_time(connection)
    person = ledger.lock(connection, person)
    everyone = list(connection.scalars(rows_of(person)))
    blocked = connection.scalars(select(people.c.blocked_at).where(people.c.id == person)).one() is not None
    events = [ledger.allowance_event(one, now) for one in everyone]
    allowance = select(entries.c.id).where(entries.c.event.in_(events)).limit(1)
    month = month_of(now) if connection.scalars(allowance).one_or_none() else None
    known_as = connection.execute(
        delete(identities).where(identities.c.person_id == person).returning(identities.c.platform, identities.c.user)
    ).all()
    for platform, user in known_as:
        _forget_identity(connection, Identity(platform=platform, user=user), month, blocked, pepper)
    private = select(searches.c.chat).where(
        searches.c.person_id.in_(everyone), searches.c.private, searches.c.platform == chats.c.platform
    )
    connection.execute(delete(chats).where(chats.c.chat.in_(private)))
    blank(connection, searches.c.person_id.in_(everyone))
    connection.execute(delete(link_codes).where(link_codes.c.person_id.in_(everyone)))
    connection.execute(update(entries).where(entries.c.person_id.in_(everyone)).values(event=None, reason=None))
    connection.execute(delete(votes).where(votes.c.person_id.in_(everyone)))
    nobody = update(people).where(people.c.id.in_(everyone))
    connection.execute(nobody.values(name="", language=None, region=None, client_language=None, blocked_at=None))


def _forget_identity(
    connection: Connection, identity: Identity, month: str | None, blocked: bool, pepper: bytes
) -> None:
    values = {"month": month, "blocked": blocked}
    known_as = pseudonym(identity, pepper)
    if month or blocked:
        row = insert(connection, forgotten).values(identity=known_as, **values)
        connection.execute(row.on_conflict_do_update(index_elements=["identity"], set_=values))
    else:
        connection.execute(delete(forgotten).where(forgotten.c.identity == known_as))
    # The event of what an admin did names their private chat, a reason may name whom it was about.
    for column, last in ((entries.c.by, "event"), (admin_actions.c.by, "event"), (admin_actions.c.target, "reason")):
        swap = update(column.table).where(column == str(identity))
        connection.execute(swap.values({column.name: FORGOTTEN, last: None}))
    connection.execute(delete(chats).where(chats.c.platform == identity.platform, chats.c.chat == identity.user))


def blank(connection: Connection, condition: ColumnElement[bool]) -> int:
    """Empty the personal columns of searches; what was not asked yet ends here. Returns how many."""
    ended = case((searches.c.state == State.ASKED, searches.c.state), else_=State.REPLIED.value)
    blanked = (
        update(searches)
        .where(condition)
        .values(
            event="blank:" + searches.c.id,
            chat="",
            thread=None,
            message=None,
            photo="",
            file=None,
            album=None,
            answer=None,
            hint=None,
            digest=None,
            answer_key=None,
            state=ended,
        )
    )
    return connection.execute(blanked).rowcount


def prune(connection: Connection, retention: timedelta, now: datetime) -> tuple[int, int]:
    """Blank searches and drop answers that are older than the retention; returns how many of each.

    That a forgotten person had their allowance is remembered until its month ends.
    """
    before = now - retention
    old = and_(
        searches.c.received_at < before,
        or_(searches.c.photo != "", searches.c.answer.is_not(None), searches.c.digest.is_not(None)),
        searches.c.state.in_((State.REPLIED, State.OFFERED)),
    )
    over = or_(forgotten.c.month.is_(None), forgotten.c.month != month_of(now))
    connection.execute(delete(forgotten).where(~forgotten.c.blocked, over))
    return blank(connection, old), answers.prune(connection, before)
