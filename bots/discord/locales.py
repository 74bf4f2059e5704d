"""What language a person's app speaks: Discord says it with buttons and commands, never with messages."""

from collections import OrderedDict
from typing import Final

import structlog

from core import people
from core.database import Database, DatabaseUnavailable
from core.model import Identity

#: People remembered in memory; of all others the database knows it.
_KEPT: Final = 10_000

log = structlog.get_logger(__name__)


class Locales:
    """The languages last seen, in this process and, for people who are known, for the next."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: OrderedDict[Identity, str] = OrderedDict()
        self._written: OrderedDict[Identity, str] = OrderedDict()

    def of(self, identity: Identity) -> str:
        """A BCP 47 tag; empty where nothing was seen in this process."""
        return self._seen.get(identity, "")

    async def saw(self, identity: Identity, language: str) -> None:
        """Remember it. To be called once the person may be known; never raises."""
        _put(self._seen, identity, language)
        if self._written.get(identity) == language:
            return
        try:
            person = await self._database.read(people.find, identity)
            if person is not None and person.client_language != language:
                await self._database.run(people.saw_language, identity, language)
        except DatabaseUnavailable as error:
            log.info("language_not_kept", error=str(error))
        else:
            if person is not None:
                _put(self._written, identity, language)


def _put(remembered: OrderedDict[Identity, str], identity: Identity, language: str) -> None:
    remembered[identity] = language
    remembered.move_to_end(identity)
    while len(remembered) > _KEPT:
        remembered.popitem(last=False)
