"""What many tests begin with: a migrated database, a policy, a photo, and the books of a whole bot in one object."""

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

import migrations
from core import admission, answers, ledger, searches, settling
from core.admission import Accepted, Place
from core.budgets import Limits
from core.database import Database, sqlite_path, transact
from core.ledger import Hold
from core.model import ANY_MARKET, Charge, Identity, Lost, Match, Origin, Outcome, PhotoQuery, Unavailable
from core.outcomes import answer_of
from core.policy import Policy
from core.searches import Search
from core.tables import metadata

P = ParamSpec("P")
T = TypeVar("T")

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PEPPER = b"a key that only these tests have"
NO_LIMITS = Limits(month=None, day=None, chat_day=None, new_account=None)
#: Nobody before it.
NO_WAIT = Place(waiting=0, before=0, seconds=0.0)
MATCHES = (
    Match(id="1729384756", name="Red canvas bag", region="US", picture=("bucket", "key")),
    Match(id="1729384757", name="Bag, canvas, red", region="GB"),
)

_numbers = itertools.count(1)


def limits(**changes: int | None) -> Limits:
    """The operator's limits; none but those that are said."""
    return replace(NO_LIMITS, **changes)


def policy(**changes: Any) -> Policy:
    """The operator's rules: 20 credits a month, no limits."""
    usual = Policy(
        allowance=20,
        limits=NO_LIMITS,
        queue_wait=timedelta(seconds=120),
        cache=timedelta(hours=168),
        retention=timedelta(days=90),
        region=ANY_MARKET,
    )
    return replace(usual, **changes)


def telegram(user: int | str) -> Identity:
    """Somebody on Telegram."""
    return Identity(platform="telegram", user=str(user))


def photo(person: Identity | int | str = 1, *, chat: str | None = None, **changes: Any) -> PhotoQuery:
    """A photo that nobody sent before; in a private chat unless a group is named.

    ``changes`` are fields of the query or of its origin.
    """
    number = next(_numbers)
    who = person if isinstance(person, Identity) else telegram(person)
    origin = Origin(
        platform=who.platform,
        chat=chat or who.user,
        message=str(number),
        private=chat is None,
        event=f"{who.platform}:{chat or who.user}:{number}",
        photo=f"photo-{number}",
    )
    query = PhotoQuery(origin=origin, person=who, name=f"Person {who.user}", sent_at=NOW)
    of_origin = {name: changes.pop(name) for name in list(changes) if hasattr(origin, name)}
    return replace(query, origin=replace(origin, **of_origin), **changes)


def digest_of(search: Search) -> str:
    """The digest of a search's photo, as far as the core can tell: one for each file."""
    return f"{search.origin.file or search.origin.photo:0>64}"


@cache
def empty_database() -> bytes:
    """A SQLite file with the schema of today: made once, since that takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        database = Database(f"sqlite:///{file}")
        migrations.upgrade(database.writing)
        database.close()
        return file.read_bytes()


def migrated(url: str) -> Database:
    """A database as `snapshop migrate` leaves it; close it."""
    database = Database(url)
    if database.is_sqlite and not (file := sqlite_path(database.url)).stat().st_size:
        file.write_bytes(empty_database())
    else:
        migrations.upgrade(database.writing)
    return database


def in_memory() -> Engine:
    """The tables in memory, for tests that try thousands of histories."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    metadata.create_all(engine)
    return engine


@dataclass
class Books:
    """The journal and the ledger, moved by the core's own transactions, at a time that the test sets."""

    engine: Engine
    policy: Policy = field(default_factory=policy)
    now: datetime = NOW

    def do(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of the core in a transaction of its own."""
        return transact(self.engine, function, *args, **kwargs)

    def accept(self, query: PhotoQuery, place: Place = NO_WAIT) -> Accepted:
        """A photo arrives."""
        return self.do(admission.accept, query, place, policy=self.policy, pepper=PEPPER, now=self.now)

    def ask(self, search: Search) -> Hold:
        """Its turn has come."""
        return self.do(settling.ask, search, policy=self.policy, now=self.now)

    def answer(self, search: Search, hold: Hold, matches: tuple[Match, ...] = MATCHES) -> Outcome:
        """The endpoint answered."""
        paid = self.policy.receipt(Charge.PAID, hold.balance, self.now)
        outcome = answer_of(search.id, matches, search.region, search.hint, paid)
        digest = digest_of(search)
        key = answers.question_key(digest, search.region, search.hint)
        self.do(
            settling.answered, search, hold, outcome, matches, digest=digest, key=key, policy=self.policy, now=self.now
        )
        return outcome

    def refuse(self, search: Search, hold: Hold) -> None:
        """The endpoint certainly charged nothing."""
        nothing = self.policy.receipt(Charge.NOTHING, hold.balance + 1, self.now)
        self.do(settling.refused, search, hold, Unavailable(search=search.id, receipt=nothing), self.now)

    def put_back(self, search: Search, hold: Hold) -> None:
        """The endpoint wants to be asked later."""
        self.do(settling.back, search, hold, self.now)

    def lose(self, search: Search) -> bool:
        """The endpoint was asked and no answer came."""
        nothing = self.policy.receipt(Charge.NOTHING, 0, self.now)
        return self.do(settling.lost, search, Lost(search=search.id, receipt=nothing), self.now)

    def search(self, query: PhotoQuery) -> Search:
        """A photo is answered for a credit and shown."""
        search = self.accept(query).search
        self.answer(search, self.ask(search))
        self.do(searches.replied, search.id, "900")
        return search

    def row(self, search: Search) -> Search:
        """The search as the journal has it now."""
        found = self.do(searches.find, search.id)
        assert found is not None
        return found

    def balance(self, person: int) -> int:
        """What a person (by number) has."""
        return self.do(ledger.balance, person, self.now)


@contextmanager
def books(url: str, **changes: Any) -> Iterator[Books]:
    """The books in a real database."""
    database = migrated(url)
    try:
        yield Books(database.writing, **changes)
    finally:
        database.close()


@contextmanager
def process(code: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Another Python process that runs ``code``, talking through its pipes; killed at the end if it still runs."""
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
