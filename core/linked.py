"""Linked people: whoever was merged into somebody counts as them, also over several steps."""

from collections.abc import Mapping

from sqlalchemy import Connection, Select, or_, select

from core import database
from core.tables import people


def links(connection: Connection) -> dict[int, int]:
    """Of every person who was merged, whom they count as now; of nobody else. Served by the index on merged_into."""
    query = select(people.c.id, people.c.merged_into).where(people.c.merged_into.is_not(None))
    merged: dict[int, int] = dict(connection.execute(query).all())
    return {person: _end(person, merged) for person in merged}


def counts_as(connection: Connection, person: int) -> int:
    """Whom a person counts as: themselves unless they were merged."""
    return links(connection).get(person, person)


def all_of(person: int, merged: Mapping[int, int]) -> frozenset[int]:
    """Somebody who was not merged, and everyone who counts as them."""
    return frozenset((person, *(other for other, into in merged.items() if into == person)))


def rows_of(person: int) -> Select[int]:
    """The numbers of somebody who was not merged and of everyone who was merged into them, as a subquery."""
    return select(people.c.id).where(or_(people.c.id == person, people.c.merged_into == person))


def one_at_a_time(connection: Connection) -> None:
    """Keep apart what changes whom somebody counts as, until this transaction ends: linking, forgetting."""
    database.one_at_a_time(connection, "linked")


def _end(person: int, merged: dict[int, int]) -> int:
    seen = set()
    while person in merged and person not in seen:
        seen.add(person)
        person = merged[person]
    return person
