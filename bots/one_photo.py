"""`snapshop find`: one photo from a file, through the same core, paid by the operator's own account."""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from datetime import timedelta

from bots.printing import print_outcome
from bots.runtime import build_core, open_database, read_pepper
from core import admin, people, settling
from core.adapter import Alerts, Platform
from core.audit import By
from core.clock import utc_now
from core.model import HINT_LIMIT, Found, NothingFound, Origin, Outcome, PhotoQuery, Working
from core.people import OPERATOR
from core.regions import find_market
from core.settings import Settings
from core.standing import credits_of
from core.texts import clean


class _File:
    """A photo source and messenger for one file and one caller."""

    def __init__(self, picture: bytes) -> None:
        self._picture = picture
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    async def load(self, origin: Origin) -> bytes:
        return self._picture

    async def show(self, origin: Origin, outcome: Outcome | Working) -> str | None:
        if not isinstance(outcome, Working) and not self.outcome.done():
            self.outcome.set_result(outcome)
        return None


class Listener:
    """The core's alerts while one photo is searched: nobody else has to be told, the outcome says it."""

    def __init__(self) -> None:
        #: Why the endpoint denies access (core.keyapi.errors.Denial), if it did.
        self.denial: str | None = None

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        """See core.adapter.Alerts."""
        if event == "search_denied":
            self.denial = facts.get("kind")


async def find_one(settings: Settings, picture: bytes, *, region: str, words: str, as_json: bool) -> int:
    """Search and print; exit code 0 with an answer (also an empty one), 1 without."""
    code = find_market(region) if region else None
    if region and code is None:
        sys.stderr.write(f"{region!r} is no market: write a code like US or GB, or any.\n")
        return 2
    outcome = await search_one(settings, picture, region=code, words=words)
    print_outcome(outcome, settings.product_url, as_json=as_json)
    return 0 if isinstance(outcome, Found | NothingFound) else 1


async def search_one(
    settings: Settings,
    picture: bytes,
    *,
    region: str | None = None,
    words: str = "",
    fresh: bool = False,
    alerts: Alerts | None = None,
) -> Outcome:
    """Search at the operator's expense, beside a bot that may be running. Raises CannotRun, DatabaseUnavailable."""
    database = await asyncio.to_thread(open_database, settings)
    try:
        pepper = read_pepper(database)
        core = build_core(settings, database, alerts=alerts or Listener(), pepper=pepper)
        file = _File(picture)
        core.platforms[OPERATOR.platform] = Platform(photos=file, messenger=file)
        now = utc_now()
        await database.run(people.meet_operator, pepper=pepper)
        _, balance = await database.run(
            credits_of, OPERATOR, "command line", policy=core.policy, pepper=pepper, now=now
        )
        gone = now - timedelta(seconds=settings.queue_wait + 2 * settings.keyapi_timeout)
        await database.run(settling.abandon, OPERATOR.platform, gone, policy=core.policy, now=now)
        if balance < 1:
            by = By(admin=str(OPERATOR), event=None, at=now)
            await database.run(
                admin.grant, by, OPERATOR, 1, ends_on=None, reason="snapshop find", policy=core.policy, pepper=pepper
            )
        origin = Origin(platform=OPERATOR.platform, chat="operator", event=f"cli:{secrets.token_hex(16)}", photo="file")
        query = PhotoQuery(
            origin=origin,
            person=OPERATOR,
            hint=clean(words, HINT_LIMIT) or None,
            region=region,
            sent_at=now,
            asked_for=True,
            fresh=fresh,
            size=len(picture),
        )
        try:
            await core.service.take(query)
            return await file.outcome
        finally:
            await core.service.drain()
            await core.close()
    finally:
        database.close()
