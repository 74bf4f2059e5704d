"""Small facts that outlive the process, by name."""

from sqlalchemy import Connection, delete, select

from core.database import insert
from core.tables import facts


def get(connection: Connection, name: str) -> str | None:
    """The fact's value, or None."""
    return connection.scalars(select(facts.c.value).where(facts.c.name == name)).one_or_none()


def put(connection: Connection, name: str, value: str | None) -> None:
    """Write a fact down; None removes it."""
    if value is None:
        connection.execute(delete(facts).where(facts.c.name == name))
        return
    row = insert(connection, facts).values(name=name, value=value)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
