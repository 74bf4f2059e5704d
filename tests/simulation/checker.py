"""An auditor of its own: reads the raw tables and what endpoint and chats saw, nothing through the core's SQL."""

import asyncio
import sqlite3
from collections import Counter, defaultdict
from pathlib import Path

from core.model import Wait, Working
from tests.simulation.outside import Does, Request
from tests.simulation.world import Life, World

#: What the journal calls the outcomes that people see.
KINDS = {
    "Found": "found",
    "NothingFound": "nothing",
    "NoCredits": "no_credits",
    "BudgetSpent": "budget_spent",
    "MembersOnly": "members_only",
    "Blocked": "blocked",
    "Unreadable": "unreadable",
    "Busy": "busy",
    "Paused": "paused",
    "Lost": "lost",
    "Unavailable": "unavailable",
    "Stale": "stale",
}
#: Seconds that a clock's arithmetic may be off.
GRAIN = 1e-6
#: Seconds on top of the 2 s within which a person is told: transactions and the way to the chat.
SLACK = 0.5


class Books:
    """The tables as they are on the disk."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path, isolation_level=None)
        self._raw.row_factory = sqlite3.Row

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        return self._raw.execute(statement, values).fetchall()

    def one(self, statement: str, *values: object) -> int:
        return int(self._raw.execute(statement, values).fetchone()[0] or 0)

    def captured(self) -> int:
        return self.one("SELECT count(*) FROM entries WHERE kind = 'capture'")

    def uncertain(self) -> int:
        return self.one("SELECT count(*) FROM entries WHERE kind = 'release' AND uncertain")

    def open_holds(self) -> int:
        return self.one("SELECT sum(kind = 'hold') - sum(hold_id IS NOT NULL) FROM entries")

    def balance(self, person: str) -> int:
        return self.one(
            "SELECT sum(amount) FROM entries WHERE person_id = (SELECT person_id FROM identities WHERE user = ?)",
            person,
        )

    def states(self) -> Counter[str]:
        return Counter(row["state"] for row in self.rows("SELECT state FROM searches"))

    def empty(self) -> None:
        """As before the first photo."""
        for table in (
            "searches",
            "answers",
            "entries",
            "spending",
            "identities",
            "chats",
            "facts",
            "admin_actions",
            "people",
        ):
            self._raw.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        self._raw.close()


class Auditor:
    """Collects what is wrong while the simulation goes, and at its end."""

    def __init__(self, world: World, books: Books) -> None:
        self.world = world
        self.books = books
        self.problems: list[str] = []
        #: How often the process was killed, or a task cancelled, while a search was unfinished.
        self.disturbed: Counter[str] = Counter()
        self.accepted_at: dict[str, float] = {}
        self.life: Life | None = None
        self._breaker = _Breaker()
        world.executor.after = self.after_a_transaction
        world.endpoint.on_start = self.a_request_starts
        world.endpoint.on_end = self.a_request_ends

    def wrong(self, what: str) -> None:
        self.problems.append(f"at {asyncio.get_running_loop().time():.3f} s: {what}")

    def watch(self, life: Life) -> None:
        self.life = life
        self._breaker = _Breaker()
        self._admins_told_once()
        self.world.admins.told.clear()

    def resumed(self) -> None:
        """/resume: one probe may go at once."""
        self._breaker.probe_at = min(self._breaker.probe_at, asyncio.get_running_loop().time())

    def disturb(self) -> None:
        """Something has cut work off: whatever is unfinished may be told twice."""
        unfinished = "SELECT id FROM searches WHERE state IN ('received', 'asked', 'settled')"
        self.disturbed.update(row["id"] for row in self.books.rows(unfinished))

    # While it goes

    def after_a_transaction(self) -> None:
        books, charged = self.books, self.world.endpoint.charged
        captured, uncertain, held = books.captured(), books.uncertain(), books.open_holds()
        if not captured <= charged <= captured + uncertain + held:
            self.wrong(f"captured {captured}, charged {charged}, uncertain {uncertain}, open holds {held}")
        overdrawn = "SELECT person_id FROM entries GROUP BY person_id, ends_on HAVING sum(amount) < 0"
        if books.rows(overdrawn):
            self.wrong("a balance is below zero")
        self._limits()

    def _limits(self) -> None:
        if self.life is None:
            return
        limits = self.life.policy.limits
        for row in self.books.rows("SELECT period, scope, spent FROM spending"):
            if row["scope"] != "all":
                limit = limits.chat_day
            else:
                limit = limits.month if len(row["period"]) == len("2026-11") else limits.day
            if limit is not None and row["spent"] > limit:
                self.wrong(f"{row['spent']} spent in {row['period']} {row['scope']}, the limit is {limit}")

    def a_request_starts(self, request: Request) -> None:
        endpoint, life = self.world.endpoint, self.life
        assert life is not None
        mine = [other for other in endpoint.requests if other.life == request.life]
        live = [other for other in mine if other.ended is None]
        if request.question in [other.question for other in live]:
            self.wrong("the same question is asked twice at the same time")
        if len(live) + 1 > life.turns._concurrency:
            self.wrong(f"{len(live) + 1} requests at the same time")
        recent = [other for other in mine if other.at > request.at - 2 + GRAIN]
        if len(recent) + 1 > 2 * life.turns._rate + 1:
            self.wrong(f"{len(recent) + 1} requests in two seconds")
        if life.service._stopping and not any(job.committed for job in life.service._jobs.values()):
            self.wrong("a request after the stop")
        if trouble := self._breaker.starts(request):
            self.wrong(trouble)

    def a_request_ends(self, request: Request, heard: bool) -> None:
        self._breaker.ends(request, heard=heard)

    # At the end

    def close_the_books(self) -> None:
        books = self.books
        if held := books.open_holds():
            self.wrong(f"{held} holds are open at the end")
        states = books.states()
        for state in ("received", "asked", "settled"):
            if states[state]:
                self.wrong(f"{states[state]} searches are {state} at the end")
        self._spending_fits_the_entries()
        holds = _holds(books)
        for search in books.rows("SELECT * FROM searches"):
            self._paid_as_answered(search, holds[search["id"]])
            if search["state"] == "replied" and search["outcome"] is not None:
                self._told_once(search)
                self._told_in_time(search)
        again = sum(max(0, len(attempts) - 1) for attempts in holds.values())
        allowed = Counter(request.reply.does for request in self.world.endpoint.requests)
        if again > allowed[Does.SAYS_TOO_FAST] + allowed[Does.SAYS_TOO_LARGE]:
            self.wrong(f"{again} questions asked again")
        self._admins_told_once()

    def _spending_fits_the_entries(self) -> None:
        counted = self.books.rows(
            """
            SELECT strftime('%Y-%m-%d', hold.at / 1000, 'unixepoch') AS day, count(*) AS spent
            FROM entries AS hold LEFT JOIN entries AS end ON end.hold_id = hold.id
            WHERE hold.kind = 'hold' AND NOT (end.kind IS 'release' AND NOT end.uncertain) GROUP BY day
            """
        )
        spent = {row["period"]: row["spent"] for row in self.books.rows("SELECT * FROM spending WHERE scope = 'all'")}
        derived: Counter[str] = Counter()
        for row in counted:
            derived[row["day"]] += row["spent"]
            derived[row["day"][:7]] += row["spent"]
        if {period: n for period, n in spent.items() if n} != dict(derived):
            self.wrong(f"spending says {spent}, the entries say {dict(derived)}")

    def _paid_as_answered(self, search: sqlite3.Row, attempts: list[str]) -> None:
        captures = attempts.count("capture")
        paid = search["charge"] == "paid"
        if captures != paid or (paid and search["outcome"] not in ("found", "nothing")):
            self.wrong(f"{search['id']} ended as {search['outcome']} ({search['charge']}) with {captures} captures")
        if any(attempt != "release" for attempt in attempts[:-1]):
            self.wrong(f"{search['id']} was asked again after {attempts}")
        if ("uncertain" in attempts) != (search["outcome"] == "lost") and search["outcome"] != "lost":
            self.wrong(f"{search['id']} is {search['outcome']} after {attempts}")

    def _told_once(self, search: sqlite3.Row) -> None:
        messages = self.world.chats.of(search["id"])
        ends = [message for message in messages if message.outcomes]
        disturbed = self.disturbed[search["id"]]
        quiet = search["chat"] in self.world.chats.unreachable or _is_flood(search)
        if not ends and not quiet:
            self.wrong(f"{search['id']} ({search['outcome']}) was never told its outcome")
        if len(ends) > 1 + disturbed:
            self.wrong(f"{search['id']} was told its outcome in {len(ends)} messages")
        said = {KINDS[type(outcome).__name__] for message in ends for outcome in message.outcomes}
        if said - {search["outcome"]}:
            self.wrong(f"{search['id']} was told {said}, the journal says {search['outcome']}")
        for message in messages:
            if isinstance(message.text, Working) and not disturbed and not quiet:
                self.wrong(f"{search['id']} has a message that still says: working")
            outcomes = message.outcomes
            if len(outcomes) > 1 and not disturbed:
                self.wrong(f"{search['id']} was told {len(outcomes)} times in one message")

    def _told_in_time(self, search: sqlite3.Row) -> None:
        tries = [(at, what) for at, of, what in self.world.chats.tries if of == search["id"]]
        accepted = self.accepted_at.get(search["id"])
        ended = [at for at, what in tries if not isinstance(what, Working)]
        if accepted is None or not ended or search["id"] in self.disturbed:
            return
        told = [at for at, what in tries if isinstance(what, Working) and not what.quiet]
        if ended[0] - accepted > 2 + SLACK and not (told and told[0] - accepted <= 2 + SLACK):
            self.wrong(f"{search['id']} waited {ended[0] - accepted:.1f} s and was told nothing after 2 s")

    def _admins_told_once(self) -> None:
        for before, after in zip(told := self.world.admins.told, told[1:], strict=False):
            if before == after and not self.disturbed:
                self.wrong(f"admins were told {after} twice")


def _holds(books: Books) -> dict[str, list[str]]:
    """How each search's attempts ended, in order."""
    ends = defaultdict(list)
    rows = books.rows(
        """
        SELECT hold.search, end.kind, end.uncertain
        FROM entries AS hold LEFT JOIN entries AS end ON end.hold_id = hold.id
        WHERE hold.kind = 'hold' ORDER BY hold.id
        """
    )
    for row in rows:
        ends[row["search"]].append("uncertain" if row["uncertain"] else row["kind"] or "open")
    return ends


def _is_flood(search: sqlite3.Row) -> bool:
    return search["outcome"] == "busy" and (search["detail"] or "").startswith(Wait.PERSON)


class _Breaker:
    """KEYAPI's rule, written down once more: 60 s doubling to 15 min, one probe at a time."""

    def __init__(self) -> None:
        self.stopped = False
        self.wait = 0.0
        self.probe_at = 0.0
        self.probe: Request | None = None

    def starts(self, request: Request) -> str | None:
        if not self.stopped:
            return None
        if self.probe is not None:
            return "a second probe beside the first"
        if request.at < self.probe_at - GRAIN:
            return f"asked {self.probe_at - request.at:.1f} s before the next probe"
        self.probe = request
        return None

    def ends(self, request: Request, *, heard: bool) -> None:
        is_probe = request is self.probe
        if is_probe:
            self.probe = None
        if not heard:
            return
        now = request.ended or 0.0
        does = request.reply.does
        if does is Does.DENIES and (is_probe or not self.stopped):
            self.wait = 60.0 if not self.stopped else min(2 * self.wait, 900.0)
            self.stopped = True
            self.probe_at = now + self.wait
        elif is_probe and does in (Does.ANSWERS, Does.FINDS_NOTHING):
            self.stopped = False
