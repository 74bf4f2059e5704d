"""The first transaction of a photo: journal it, and say at once what can be said for free."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core import answers, budgets, chats, searches
from core.budgets import BudgetExceeded
from core.database import one_at_a_time
from core.model import (
    ANY_MARKET,
    Blocked,
    BudgetSpent,
    Busy,
    Charge,
    Found,
    Identity,
    MembersOnly,
    NoCredits,
    NothingFound,
    Outcome,
    Paused,
    PhotoQuery,
    Problem,
    Stale,
    Unreadable,
    Wait,
)
from core.outcomes import answer_of
from core.photo_files import LARGEST_FILE
from core.policy import Policy
from core.searches import Search, State
from core.standing import Standing, load

#: A photo that was sent longer ago than this, while the bot was away, is not searched unasked.
STALE_AFTER = timedelta(hours=1)
#: Photos of one person that may wait at the same time.
MAX_WAITING = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place in the queue that a photo would get."""

    #: Photos of the same person that wait already.
    waiting: int
    #: Searches of anybody before it, under round robin.
    before: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of a query in its first transaction."""

    search: Search
    #: Decided at once: a refusal, or an answer that is known; None: the search goes on.
    outcome: Outcome | None
    #: The event was journaled before; nothing is to be done again.
    duplicate: bool = False
    balance: int = 0
    first: bool = False


def accept(
    connection: Connection, query: PhotoQuery, place: Place, *, policy: Policy, pepper: bytes, now: datetime
) -> Accepted:
    """Journal a query under its event key; a second delivery of the event changes nothing."""
    standing = load(connection, query, policy=policy, pepper=pepper, now=now)
    region = None if standing.region == ANY_MARKET else standing.region
    language = standing.language or query.origin.language or standing.client_language or "en"
    query = replace(query, origin=replace(query.origin, language=language))
    search_id = searches.new_id()
    is_leader = not query.origin.album or _leads(connection, query.origin.album)
    key = answers.question_key(standing.digest, region, query.hint) if standing.digest else None
    outcome: Outcome | None = None
    state = State.RECEIVED
    if not is_leader and not query.asked_for:
        state = State.OFFERED
    else:
        outcome = _at_once(connection, query, search_id, standing, region, key, place, policy, now)
    if outcome:
        state = State.SETTLED
    known = key if isinstance(outcome, Found | NothingFound) else None
    added = searches.add(
        connection,
        query,
        person=standing.person,
        region=region,
        state=state,
        outcome=outcome,
        search_id=search_id,
        answer_key=known,
        digest=standing.digest if known else None,
        now=now,
    )
    if not added:
        return _seen_before(connection, query.origin.event)
    if standing.gone:
        chats.set_gone(connection, query.origin.platform, query.origin.chat, None)  # it is not: somebody asks there
    search = Search(
        id=search_id,
        person=standing.person,
        account_since=standing.account_since,
        asker=str(query.person),
        origin=query.origin,
        hint=query.hint,
        region=region,
        fresh=query.fresh,
        state=state,
        outcome=None,
        detail=None,
        charge=None,
        answer_key=known,
        attempts=0,
        received_at=now,
    )
    return Accepted(search=search, outcome=outcome, balance=standing.balance, first=standing.first)


class NotEnough(Exception):
    """The person has fewer credits than the album's other photos need."""

    def __init__(self, balance: int, needed: int) -> None:
        super().__init__(f"{balance} of {needed}")
        self.balance = balance
        self.needed = needed


def again(
    search: Search,
    *,
    event: str,
    person: Identity,
    name: str,
    sent_at: datetime,
    answer: str | None,
    member: bool = True,
    language: str | None = None,
    region: str | None = None,
    hint: str | None = None,
    fresh: bool = False,
) -> PhotoQuery:
    """The query of a button under an answer: the same photo, paid by whoever pressed.

    ``region`` and ``hint`` None: as they were. ``answer`` is the message to edit, None for a new one.
    """
    origin = replace(
        search.origin,
        event=event,
        album=None,
        answer=answer,
        language=language or search.origin.language,
    )
    return PhotoQuery(
        origin=origin,
        person=person,
        name=name,
        hint=hint or search.hint,
        region=region or search.region or ANY_MARKET,
        sent_at=sent_at,
        member=member,
        asked_for=True,
        fresh=fresh,
    )


def accept_offered(
    connection: Connection,
    album: str,
    queries: Callable[[int, Search], PhotoQuery],
    place: Place,
    *,
    policy: Policy,
    pepper: bytes,
    now: datetime,
) -> list[Accepted]:
    """Take up all other photos of an album, in one transaction; a second press finds none.

    ``queries`` makes the n-th photo's query. Raises NotEnough, and then takes none.
    """
    offered = searches.offered(connection, album)
    accepted = []
    for number, search in enumerate(offered):
        if not searches.move(connection, search.id, State.OFFERED, State.REPLIED):
            continue  # a second press at the same moment took it (PostgreSQL)
        own = replace(place, waiting=place.waiting + number, before=place.before + number)
        query = queries(number, search)
        accepted.append(accept(connection, query, own, policy=policy, pepper=pepper, now=now))
        if accepted[0].balance < len(offered):
            raise NotEnough(accepted[0].balance, len(offered))
    return accepted


def _leads(connection: Connection, album: str) -> bool:
    """Whether this is the first photo of an album: one leads, however many come at once."""
    one_at_a_time(connection, f"album {album}")
    return searches.album_leader(connection, album) is None


def _seen_before(connection: Connection, event: str) -> Accepted:
    search = searches.by_event(connection, event)
    assert search is not None, "its event was in the way a moment ago, in this transaction"
    return Accepted(search=search, outcome=None, duplicate=True)


def _at_once(
    connection: Connection,
    query: PhotoQuery,
    search: str,
    standing: Standing,
    region: str | None,
    key: str | None,
    place: Place,
    policy: Policy,
    now: datetime,
) -> Outcome | None:
    """What is told without waiting: refusals that cost nothing to find out, and answers that are known."""
    nothing = policy.receipt(Charge.NOTHING, standing.balance, now)
    if standing.blocked:
        return Blocked(search=search)
    if not query.member:
        return MembersOnly(search=search)
    if standing.paused:
        return Paused(search=search)
    if not query.asked_for and now - query.sent_at > STALE_AFTER:
        return Stale(search=search)
    if key and not query.fresh and (matches := answers.read_fresh(connection, key, now)) is not None:
        stored = policy.receipt(Charge.STORED, standing.balance, now)
        return answer_of(search, matches, region, query.hint, stored)
    if query.size is not None and query.size > LARGEST_FILE:
        return Unreadable(search=search, problem=Problem.TOO_LARGE)
    if standing.balance < 1:
        return NoCredits(search=search, receipt=nothing)
    group = None if query.origin.private else query.origin.chat
    try:
        budgets.check(standing.spent, standing.limits, chat=group, now=now)
    except BudgetExceeded as spent:
        return BudgetSpent(search=search, limit=spent.limit, until=spent.until, receipt=nothing)
    if place.waiting >= MAX_WAITING:
        return Busy(search=search, wait=Wait.PERSON, seconds=place.seconds)
    if place.seconds > policy.queue_wait.total_seconds():
        return Busy(search=search, wait=Wait.QUEUE, seconds=place.seconds)
    return None
