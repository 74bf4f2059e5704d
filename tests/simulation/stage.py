"""Sending photos and reading what their people were told."""

from collections.abc import Iterator

from core.model import Outcome
from tests.simulation.outside import Reply
from tests.simulation.world import Life, World, query


def replies(*planned: Reply, then: Reply | None = None) -> "Iterator[Reply]":
    yield from planned
    while True:
        yield then or planned[-1]


def plan(world: World, *planned: Reply, then: Reply | None = None) -> None:
    """The endpoint gives these replies in this order, then always the last one or ``then``."""
    order = replies(*planned, then=then)
    world.endpoint.plan = lambda: next(order)


def told(world: World, event: int) -> list[Outcome]:
    """What the person of the n-th event was told in the end, in all messages."""
    rows = [message for message in world.chats.messages.values() if number_of(world, message.search) == event]
    return [outcome for message in rows for outcome in message.outcomes]


def number_of(world: World, search: str) -> int:
    """Which event a search was made for."""
    return world.numbers[search]


async def send(world: World, life: Life, number: int, **facts: str) -> None:
    """The n-th photo arrives."""
    job = await life.service.take(query(world, number, **facts))
    if job is not None:
        world.numbers[job.search.id] = number


def kinds(outcomes: list[Outcome]) -> list[str]:
    """The names of outcomes, for when their figures do not matter."""
    return [type(outcome).__name__ for outcome in outcomes]
