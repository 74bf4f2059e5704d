"""The transactions in which a search and its credit move together.

A settlement may be handed in again when the connection was lost before its commit was confirmed: done once.
"""

from datetime import datetime

from sqlalchemy import Connection

from core import answers, budgets, facts, ledger, linking, searches
from core.clock import month_of
from core.ledger import Hold
from core.model import Blocked, Charge, Lost, Match, Outcome, Paused, Unavailable
from core.policy import Policy
from core.searches import Search, State
from core.tables import PAUSED


class Superseded(Exception):
    """The search is no longer where this step expected it: somebody else moved it on (or it was forgotten)."""


class Halted(Exception):
    """An admin paused searching, or blocked the person or the chat, while the photo waited."""

    def __init__(self, outcome: Paused | Blocked) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


def ask(connection: Connection, search: Search, *, policy: Policy, now: datetime) -> Hold:
    """Take the hold and mark the search as asked; only after this may the request reach the endpoint.

    Raises NoCredit, BudgetExceeded, Halted or Superseded: nothing is held then.
    """
    if month_of(now) != month_of(search.received_at):
        # A month began while the photo waited: its allowance is the first to be used.
        person = ledger.lock(connection, search.person)
        ledger.give_allowance(connection, person, policy.allowance, now)
    hold = ledger.hold(connection, search.person, search.id, now)
    budgets.take(
        connection,
        chat=search.group,
        person=hold.person,
        since=search.account_since,
        limits=policy.limits,
        now=now,
    )
    if not searches.ask(connection, search.id):
        raise _why_not(connection, search)
    return hold


def _why_not(connection: Connection, search: Search) -> Halted | Superseded:
    stored = searches.find(connection, search.id)
    if stored is None or stored.state is not State.RECEIVED:
        return Superseded()
    if facts.get(connection, PAUSED) is not None:
        return Halted(Paused(search=search.id))
    return Halted(Blocked(search=search.id))


def answered(
    connection: Connection,
    search: Search,
    hold: Hold,
    outcome: Outcome,
    matches: tuple[Match, ...],
    *,
    digest: str,
    key: str,
    policy: Policy,
    now: datetime,
) -> None:
    """The endpoint answered: the credit is spent and the answer stored. Raises Superseded."""
    if not searches.settle(connection, search.id, State.ASKED, outcome, now, answer_key=key, digest=digest):
        _must_be(("capture", False), connection, hold)
        return
    ledger.capture(connection, hold.id, now)
    answers.store(connection, key, matches, now, policy.cache)


def refused(connection: Connection, search: Search, hold: Hold, outcome: Outcome, now: datetime) -> None:
    """Certainly not charged: the credit goes back, and the operator's limits count it no more. Raises Superseded."""
    moved = searches.settle(connection, search.id, State.ASKED, outcome, now)
    _give_back(connection, search, hold, now, moved=moved)


def back(connection: Connection, search: Search, hold: Hold, now: datetime) -> None:
    """Certainly not charged, and to be tried again: the next request is an attempt with a hold of its own.

    Raises Superseded.
    """
    moved = searches.move(connection, search.id, State.ASKED, State.RECEIVED)
    _give_back(connection, search, hold, now, moved=moved)


def lost(connection: Connection, search: Search, outcome: Lost, now: datetime) -> bool:
    """Asked, and no answer came: the person is not charged, the operator may have been. False if already settled."""
    if not searches.settle(connection, search.id, State.ASKED, outcome, now):
        return False
    hold = ledger.open_hold(connection, search.id)
    if hold is not None:
        linking.release(connection, hold, now, uncertain=True)
    return True


def abandon(connection: Connection, platform: str, before: datetime, *, policy: Policy, now: datetime) -> int:
    """End what a process that is gone for good left behind on a platform where nobody waits; returns how many.

    What it had asked is uncertain, as after every crash.
    """
    left = [search for search in searches.unfinished(connection, [platform]) if search.received_at < before]
    for search in left:
        balance = ledger.balance(connection, search.person, now)
        nothing = policy.receipt(Charge.NOTHING, balance, now)
        if not lost(connection, search, Lost(search=search.id, receipt=nothing), now):
            searches.settle(connection, search.id, State.RECEIVED, Unavailable(search=search.id, receipt=nothing), now)
        searches.replied(connection, search.id, None)
    return len(left)


def _give_back(connection: Connection, search: Search, hold: Hold, now: datetime, *, moved: bool) -> None:
    if not moved:
        _must_be(("release", False), connection, hold)
        return
    linking.release(connection, hold.id, now, uncertain=False)
    budgets.give_back(connection, search.group, hold.at)


def _must_be(resolution: tuple[str, bool], connection: Connection, hold: Hold) -> None:
    """The search stands elsewhere: right if this very step was committed before, else raise Superseded."""
    if ledger.resolution(connection, hold.id) != resolution:
        raise Superseded
