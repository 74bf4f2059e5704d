"""Whether answers were of use: one row a search and person, changeable, and nothing else."""

from datetime import datetime

from sqlalchemy import Connection, String, bindparam, delete, select

from core import people
from core.database import insert
from core.model import Identity
from core.tables import people as everybody
from core.tables import searches, votes

_FOUND = select(searches.c.id).where(searches.c.id == bindparam("of", type_=String()), searches.c.outcome == "found")
_LINKED = delete(votes).where(
    votes.c.search == bindparam("of", type_=String()),
    votes.c.person_id.in_(select(everybody.c.id).where(everybody.c.merged_into == bindparam("keeper"))),
)


def vote(
    connection: Connection,
    search: str,
    identity: Identity,
    *,
    name: str = "",
    useful: bool,
    pepper: bytes,
    now: datetime,
) -> bool:
    """Write down what a person thinks of an answer; their last vote on it counts.

    Only answers with products can be voted on, and a blocked person's vote does not count: False, and nothing is
    written then. Whoever was never seen is written down. Linked people are one voter: what one of them said before
    counts no more.
    """
    if connection.scalars(_FOUND, {"of": search}).one_or_none() is None:
        return False
    person = people.meet(connection, identity, name, now, pepper=pepper)
    if person.blocked:
        return False
    connection.execute(_LINKED, {"of": search, "keeper": person.id})
    row = insert(connection, votes).values(search=search, person_id=person.id, useful=useful)
    connection.execute(
        row.on_conflict_do_update(index_elements=["search", "person_id"], set_={"useful": row.excluded.useful})
    )
    return True
