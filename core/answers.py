"""Stored answers: the same question is paid once. An answer holds no person and only a hash of its question."""

import json
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from sqlalchemy import Connection, Insert, bindparam, delete, select

from core.database import insert_for
from core.model import Match
from core.tables import answers

#: An empty answer may be filled tomorrow: the endpoint's database lags a day.
EMPTY_CACHE = timedelta(hours=1)


def question_key(digest: str, region: str | None, hint: str | None) -> str:
    """The name of a question: photo, market and words; the words count without their case."""
    question = json.dumps([digest, region, hint.casefold() if hint else None])
    return sha256(question.encode()).hexdigest()


def store(connection: Connection, key: str, matches: tuple[Match, ...], now: datetime, cache: timedelta) -> None:
    """Keep an answer, in place of an older one to the same question."""
    row = {
        "key": key,
        "matches": _pack(matches),
        "count": len(matches),
        "stored_at": now,
        "fresh_until": now + (cache if matches else min(cache, EMPTY_CACHE)),
    }
    connection.execute(_store(connection.dialect.name), row)


@cache
def _store(dialect: str) -> Insert:
    row = insert_for(dialect, answers)
    fresh = {name: row.excluded[name] for name in ("matches", "count", "stored_at", "fresh_until")}
    return row.on_conflict_do_update(index_elements=["key"], set_=fresh)


_FRESH = select(answers.c.matches).where(answers.c.key == bindparam("of"), answers.c.fresh_until > bindparam("now"))


def read_fresh(connection: Connection, key: str, now: datetime) -> tuple[Match, ...] | None:
    """The answer that this question gets for free, or None. Served by the primary key."""
    packed = connection.scalars(_FRESH, {"of": key, "now": now}).one_or_none()
    return None if packed is None else _unpack(packed)


def fresh_among(connection: Connection, keys: Iterable[str], now: datetime) -> frozenset[str]:
    """Which of these questions are answered for free."""
    query = select(answers.c.key).where(answers.c.key.in_(list(keys)), answers.c.fresh_until > now)
    return frozenset(connection.scalars(query))


def read(connection: Connection, key: str | None) -> tuple[Match, ...] | None:
    """The stored answer, however old; None when it is gone."""
    packed = connection.scalars(select(answers.c.matches).where(answers.c.key == key)).one_or_none()
    return None if packed is None else _unpack(packed)


def prune(connection: Connection, before: datetime) -> int:
    """Drop what was stored before a moment; returns how many."""
    return connection.execute(delete(answers).where(answers.c.stored_at < before)).rowcount


def _pack(matches: tuple[Match, ...]) -> bytes:
    rows = [[match.id, match.name, match.region, *(match.picture or ())] for match in matches]
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode())


def _unpack(packed: bytes) -> tuple[Match, ...]:
    return tuple(
        Match(id=row[0], name=row[1], region=row[2], picture=(row[3], row[4]) if len(row) > 3 else None)
        for row in json.loads(zlib.decompress(packed))
    )
