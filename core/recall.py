"""Telling an outcome again, from the journal: pages, answers after a restart, markets that are free."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from core import answers, ledger, searches
from core.model import Charge, Found, NothingFound, Outcome
from core.outcomes import retell
from core.policy import Policy
from core.searches import Search
from core.views import WHOLE, View


def recall(connection: Connection, search: Search, *, policy: Policy, now: datetime, view: View = WHOLE) -> Outcome:
    """The outcome of a settled search, from its row and the stored answer; free, whoever asks."""
    balance = ledger.balance(connection, search.person, now)
    outcome = retell(
        search.outcome,
        search.detail,
        search=search.id,
        region=search.region,
        hint=search.hint,
        matches=answers.read(connection, search.answer_key) if search.answer_key else None,
        receipt=policy.receipt(search.charge or Charge.NOTHING, balance, now),
    )
    if isinstance(outcome, Found | NothingFound) and search.origin.album:
        outcome = replace(outcome, offered=len(searches.offered(connection, search.origin.album)))
    return replace(outcome, view=view) if isinstance(outcome, Found) else outcome


def free_markets(
    connection: Connection, search: str, regions: Iterable[str | None], now: datetime
) -> frozenset[str | None]:
    """Which of these markets would answer this photo and these words for free."""
    digest, hint = searches.question_of(connection, search)
    if digest is None:
        return frozenset()
    keys = {answers.question_key(digest, region, hint): region for region in regions}
    return frozenset(keys[key] for key in answers.fresh_among(connection, keys, now))
