"""The journal of searches: what was asked of the bot, where each stands, and how it ended.

received -> asked -> settled -> replied; refused, unreadable and free ones go from received to settled; the other
photos of an album are offered. Every move is a compare-and-swap in the transaction of what goes with it.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, String, bindparam, cast, func, select, update

from core.database import insert_for
from core.linked import rows_of
from core.model import Charge, Identity, Origin, Outcome, PhotoQuery
from core.outcomes import describe
from core.tables import PAUSED, chats, facts, identities, people, searches

#: 12 random bytes: 16 url-safe characters that nobody guesses.
ID_BYTES = 12
#: A photo whose decoding ended so many processes after a start is given up. The attempt before the first restart is not
#: written down, and not counted: three kills at random must not cost anybody an answer.
MAX_ATTEMPTS = 3


class State(StrEnum):
    """Where a search stands."""

    #: Journaled; nothing was asked of the endpoint: it may be worked again freely.
    RECEIVED = "received"
    #: One of an album's other photos: waits for its button.
    OFFERED = "offered"
    #: A hold is taken and the request may be on its way: never asked again by itself.
    ASKED = "asked"
    #: The outcome and the credit are decided; the person has not been told.
    SETTLED = "settled"
    #: The person was told.
    REPLIED = "replied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A row of the journal."""

    id: str
    person: int
    #: When the person's account began: new accounts have a limit of their own.
    account_since: datetime
    #: Whose turn it is, in the queue.
    asker: str
    origin: Origin
    hint: str | None
    region: str | None
    fresh: bool
    state: State
    outcome: str | None
    detail: str | None
    charge: Charge | None
    answer_key: str | None
    attempts: int
    received_at: datetime

    @property
    def group(self) -> str | None:
        """The scope of its chat's own daily limit; None in a private chat."""
        return None if self.origin.private else f"{self.origin.platform}:{self.origin.chat}"


def new_id() -> str:
    """An id that cannot be guessed."""
    return secrets.token_urlsafe(ID_BYTES)


def add(
    connection: Connection,
    query: PhotoQuery,
    *,
    person: int,
    region: str | None,
    state: State,
    outcome: Outcome | None,
    search_id: str,
    answer_key: str | None,
    digest: str | None,
    now: datetime,
) -> bool:
    """Write a search down unless its event was written before. True when this call wrote it."""
    origin = query.origin
    kind, detail, charge = describe(outcome) if outcome else (None, None, None)
    row = {
        "id": search_id,
        "event": origin.event,
        "person_id": person,
        "platform": origin.platform,
        "chat": origin.chat,
        "thread": origin.thread,
        "message": origin.message,
        "private": origin.private,
        "photo": origin.photo,
        "file": origin.file,
        "album": origin.album,
        "answer": origin.answer,
        "language": origin.language,
        "hint": query.hint,
        "region": region,
        "fresh": query.fresh,
        "state": state,
        "outcome": kind,
        "detail": detail,
        "charge": charge,
        "digest": digest,
        "answer_key": answer_key,
        "sent_at": query.sent_at,
        "received_at": now,
        "settled_at": now if outcome else None,
    }
    return connection.execute(_add(connection.dialect.name), row).rowcount == 1


@cache
def _add(dialect: str) -> Insert:
    return insert_for(dialect, searches).on_conflict_do_nothing(index_elements=["event"])


_SWAP = update(searches).where(searches.c.id == bindparam("of"), searches.c.state == bindparam("before"))


def move(connection: Connection, search: str, before: State, after: State, **values: Any) -> bool:
    """Compare and swap: True when the search was in ``before`` and is now in ``after``."""
    row = {"of": search, "before": before, "state": after, **values}
    return connection.execute(_SWAP, row).rowcount == 1


_ASK = update(searches).where(
    searches.c.id == bindparam("of"),
    searches.c.state == State.RECEIVED,
    ~select(facts.c.name).where(facts.c.name == PAUSED).exists(),
    ~select(people.c.id).where(people.c.id == searches.c.person_id, people.c.blocked_at.is_not(None)).exists(),
    ~select(chats.c.chat)
    .where(chats.c.platform == searches.c.platform, chats.c.chat == searches.c.chat, chats.c.blocked_at.is_not(None))
    .exists(),
)


def ask(connection: Connection, search: str) -> bool:
    """Move to asked, unless searching was paused or its person or chat blocked meanwhile."""
    return connection.execute(_ASK, {"of": search, "state": State.ASKED}).rowcount == 1


def settle(
    connection: Connection, /, search: str, before: State, outcome: Outcome, now: datetime, **values: Any
) -> bool:
    """Write down how it ended; the person is told next."""
    kind, detail, charge = describe(outcome)
    return move(
        connection,
        search,
        before,
        State.SETTLED,
        outcome=kind,
        detail=detail,
        charge=charge,
        settled_at=now,
        **values,
    )


def shown(connection: Connection, search: str, message: str | None) -> None:
    """Remember the message that shows the search, so that it is edited and never sent twice."""
    connection.execute(update(searches).where(searches.c.id == search).values(answer=message))


def replied(connection: Connection, search: str, message: str | None) -> bool:
    """The person was told, in this message."""
    return move(connection, search, State.SETTLED, State.REPLIED, **({"answer": message} if message else {}))


def attempt(connection: Connection, search: str) -> None:
    """Its photo is about to be decoded again, after a start: if that ends the process, it counts."""
    swap = update(searches).where(searches.c.id == search, searches.c.state == State.RECEIVED)
    connection.execute(swap.values(attempts=searches.c.attempts + 1))


def absolve(connection: Connection, search: str | None = None) -> None:
    """It was decoded, and the process lives; None: the process ends in good order, no waiting photo is to blame."""
    waiting = update(searches).where(searches.c.state == State.RECEIVED)
    connection.execute((waiting.where(searches.c.id == search) if search else waiting).values(attempts=0))


#: Whom the asker counts as: somebody may have been linked since.
_keeper = func.coalesce(people.c.merged_into, people.c.id)
_identity = (
    select(func.min(identities.c.platform + ":" + cast(identities.c.user, String)))
    .where(identities.c.person_id == _keeper, identities.c.platform == searches.c.platform)
    .correlate(searches, people)
    .scalar_subquery()
)
_SELECT: Select[Any] = select(
    searches, _keeper.label("keeper"), _identity.label("asker"), people.c.created_at.label("account_since")
).join(people, people.c.id == searches.c.person_id)


def find(connection: Connection, search: str) -> Search | None:
    """The search with this id."""
    return _read(connection.execute(_SELECT.where(searches.c.id == search)).one_or_none())


def question_of(connection: Connection, search: str) -> tuple[str | None, str | None]:
    """The digest of its photo (None before it was answered) and its words."""
    row = connection.execute(select(searches.c.digest, searches.c.hint).where(searches.c.id == search))
    found = row.one_or_none()
    return (found.digest, found.hint) if found else (None, None)


def by_event(connection: Connection, event: str) -> Search | None:
    """The search that this event made."""
    return _read(connection.execute(_SELECT.where(searches.c.event == event)).one_or_none())


def unfinished(connection: Connection, platforms: Iterable[str]) -> list[Search]:
    """What a process left behind, oldest first, the ones never blamed for a crash before the others."""
    query = _SELECT.where(
        searches.c.state.in_((State.RECEIVED, State.ASKED, State.SETTLED)),
        searches.c.platform.in_(list(platforms)),
    ).order_by(searches.c.attempts, searches.c.received_at)
    return [search for row in connection.execute(query) if (search := _read(row))]


def latest(connection: Connection, person: int, *, limit: int) -> list[Search]:
    """A person's last searches, newest first."""
    query = _SELECT.where(searches.c.person_id.in_(rows_of(person))).order_by(searches.c.received_at.desc())
    return [search for row in connection.execute(query.limit(limit)) if (search := _read(row))]


def album_leader(connection: Connection, album: str) -> Search | None:
    """The photo of an album that was searched without being asked for."""
    query = _SELECT.where(searches.c.album == album, searches.c.state != State.OFFERED)
    return _read(connection.execute(query.order_by(searches.c.received_at).limit(1)).one_or_none())


def offered(connection: Connection, album: str) -> list[Search]:
    """The photos of an album that wait for their button."""
    query = _SELECT.where(searches.c.album == album, searches.c.state == State.OFFERED)
    rows = connection.execute(query.order_by(searches.c.received_at, searches.c.message))
    return [search for row in rows if (search := _read(row))]


def _read(row: Row[Any] | None) -> Search | None:
    if row is None:
        return None
    return Search(
        id=row.id,
        person=row.keeper,
        account_since=row.account_since,
        asker=row.asker or f"person:{row.person_id}",
        origin=Origin(
            platform=row.platform,
            chat=row.chat,
            thread=row.thread,
            message=row.message,
            private=row.private,
            event=row.event,
            photo=row.photo,
            file=row.file,
            album=row.album,
            answer=row.answer,
            language=row.language,
        ),
        hint=row.hint,
        region=row.region,
        fresh=row.fresh,
        state=State(row.state),
        outcome=row.outcome,
        detail=row.detail,
        charge=Charge(row.charge) if row.charge else None,
        answer_key=row.answer_key,
        attempts=row.attempts,
        received_at=row.received_at,
    )


def asked_by(search: Search, identity: Identity) -> bool:
    """Whether this person sent the photo: only they turn its pages."""
    return search.asker == str(identity)
