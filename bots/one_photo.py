"""`snapshop find`: one photo from a file, through the same core, paid by the operator's own account."""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from datetime import timedelta

from bots.printing import print_outcome
from bots.runtime import build_core, open_database, read_pepper
from core import admin, settling
from core.adapter import Platform
from core.clock import utc_now
from core.model import HINT_LIMIT, Found, Identity, NothingFound, Origin, Outcome, PhotoQuery, Working
from core.regions import find_market
from core.settings import Settings
from core.standing import credits_of
from core.texts import clean

#: The account that pays for searches from the command line.
OPERATOR = Identity(platform="cli", user="operator")


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


class _Nobody:
    """There is nobody else to tell: the outcome says it."""

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        return None


async def find_one(settings: Settings, picture: bytes, *, region: str, words: str, as_json: bool) -> int:
    """Search and print; exit code 0 with an answer (also an empty one), 1 without."""
    code = find_market(region) if region else None
    if region and code is None:
        sys.stderr.write(f"{region!r} is no market: write a code like US or GB, or any.\n")
        return 2
    # The operator is nobody's new account; the budgets hold all the same.
    own = settings.model_copy(update={"new_account_limit": None})
    database = await asyncio.to_thread(open_database, own)
    try:
        pepper = read_pepper(database)
        core = build_core(own, database, alerts=_Nobody(), pepper=pepper)
        file = _File(picture)
        core.platforms[OPERATOR.platform] = Platform(photos=file, messenger=file)
        now = utc_now()
        _, balance = await database.run(
            credits_of, OPERATOR, "command line", policy=core.policy, pepper=pepper, now=now
        )
        gone = now - timedelta(seconds=own.queue_wait + 2 * own.keyapi_timeout)
        await database.run(settling.abandon, OPERATOR.platform, gone, policy=core.policy, now=now)
        if balance < 1:
            by = admin.By(admin=str(OPERATOR), event=None, at=now)
            await database.run(
                admin.grant, by, OPERATOR, 1, ends_on=None, reason="snapshop find", policy=core.policy, pepper=pepper
            )
        origin = Origin(platform=OPERATOR.platform, chat="operator", event=f"cli:{secrets.token_hex(16)}", photo="file")
        query = PhotoQuery(
            origin=origin,
            person=OPERATOR,
            hint=clean(words, HINT_LIMIT) or None,
            region=code,
            sent_at=now,
            asked_for=True,
            size=len(picture),
        )
        try:
            await core.service.take(query)
            outcome = await file.outcome
        finally:
            await core.service.drain()
            await core.close()
    finally:
        database.close()
    print_outcome(outcome, settings.product_url, as_json=as_json)
    return 0 if isinstance(outcome, Found | NothingFound) else 1
