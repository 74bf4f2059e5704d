"""What a photo costs in the database, counted on a whole bot from Telegram's update to the answer."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from tests.flows.world import ANN, GROUP, World

#: Transactions and statements: the most that a known person's photo may take when it is answered within 2 s.
WRITE_TRANSACTIONS = 4
STATEMENTS = 12
#: What begins a transaction or sets a connection up.
_NO_STATEMENTS = ("BEGIN", "PRAGMA")


@contextmanager
def counted(world: World) -> Iterator[Counter[str]]:
    """Counts ``writes`` and ``reads`` (transactions that were committed) and the ``statements`` in either."""
    counts: Counter[str] = Counter()
    listeners = [
        *_listen(world.database.writing, "writes", counts),
        *_listen(world.database.reading, "reads", counts),
    ]
    try:
        yield counts
    finally:
        for engine, name, listener in listeners:
            event.remove(engine, name, listener)


def _listen(engine: Engine, transactions: str, counts: Counter[str]):
    def statement(connection, cursor, text, parameters, context, executemany):
        if not text.startswith(_NO_STATEMENTS):
            counts["statements"] += 1

    def commit(connection):
        counts[transactions] += 1

    found = [(engine, "before_cursor_execute", statement), (engine, "commit", commit)]
    for where, name, listener in found:
        event.listen(where, name, listener)
    return found


@pytest.mark.parametrize("chat", [ANN, GROUP], ids=["in private", "in a group"])
async def test_a_known_persons_photo_takes_few_transactions_and_statements(world, chat):
    """From the update to the answer in the chat: accept, hold, settle, replied, and a look for a stored answer."""
    how = {} if chat == ANN else {"caption": "/find"}
    world.send(ANN, chat, **how)
    await world.see("19 left", chat)
    await world.idle()
    with counted(world) as counts:
        world.send(ANN, chat, product="wrist-watch", **how)
        await world.see("18 left", chat)
        await world.idle()
    assert world.charged == 2
    assert counts["writes"] == WRITE_TRANSACTIONS
    assert 0 < counts["statements"] <= STATEMENTS


async def test_a_photo_that_was_answered_before_takes_two_writes(world):
    """Accepted with its answer in one transaction, told, and marked as told in another."""
    sent = world.send()
    await world.see("19 left")
    await world.idle()
    with counted(world) as counts:
        world.telegram.forward(ANN, ANN, ANN, sent["message_id"])
        await world.see("free: asked before")
        await world.idle()
    assert world.charged == 1
    assert counts["writes"] == 2
    assert 0 < counts["statements"] <= STATEMENTS
