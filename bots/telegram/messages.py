"""What the core says, as messages: one for a photo, edited from "Searching…" to the answer and from page to page."""

from dataclasses import replace
from typing import Final

import structlog
from telegram.error import TelegramError

from bots.albums import Albums
from bots.cards import Card, Links, outcome_card
from bots.telegram.pictures import Pictures
from bots.telegram.posting import Place, Poster
from bots.telegram.signs import Signs
from bots.wording import words
from core.database import DatabaseUnavailable
from core.model import Found, NothingFound, Origin, Outcome, Unreachable, Working
from core.service import Service

#: How often an album's answer is brought up to date by the one who shows it, when photos come all the while.
_LATECOMERS: Final = 5

log = structlog.get_logger(__name__)


class TelegramMessenger:
    """The core's messenger for Telegram (core.model.Messenger)."""

    def __init__(
        self,
        poster: Poster,
        signs: Signs,
        pictures: Pictures,
        albums: Albums,
        service: Service,
        links: Links,
    ) -> None:
        self._poster = poster
        self._signs = signs
        self._pictures = pictures
        self._albums = albums
        self._service = service
        self._links = links

    async def show(self, origin: Origin, outcome: Outcome | Working) -> str | None:
        """Show it in one message: ``origin.answer`` where there is one and it can be edited.

        Raises Unreachable when the chat is gone for good, a TelegramError when trying again makes sense.
        """
        if isinstance(outcome, Working):
            return await self._show_working(origin, outcome)
        if origin.album and isinstance(outcome, Found | NothingFound):
            message = await self._show_album(origin.album, origin, outcome)
        else:
            message = await self._show(origin, outcome)
        self._signs.end(outcome.search)
        return message

    async def show_again(self, origin: Origin, outcome: Outcome) -> str:
        """Show another page, or an answer that is stored. Raises as ``show`` does."""
        return await self._show(origin, outcome)

    async def _show_working(self, origin: Origin, working: Working) -> str | None:
        if working.quiet:
            self._signs.show(working.search, origin)
            return None
        if working.pausing or working.before:
            self._signs.end(working.search)  # the message says that it waits: nobody works on it yet
        card = outcome_card(working, words(origin.language), self._links)
        return (await self._poster.put(place_of(origin), card)).message

    async def _show_album(self, album: str, origin: Origin, answer: Found | NothingFound) -> str:
        """The answer to an album's first photo, with a button for the others: once they have come."""
        await self._albums.gathered(album)
        offered = await self._service.offered(album)
        message = await self._show(origin, replace(answer, offered=offered))
        try:
            # Photos may have come while it was being sent, and before the journal knows that it was.
            for _ in range(_LATECOMERS):
                if await self._service.offered(album) == offered:
                    break
                await self._albums.gathered(album)
                offered = await self._service.offered(album)
                shown = replace(origin, answer=message)
                message = await self._show(shown, replace(answer, offered=offered))
        except (TelegramError, Unreachable, DatabaseUnavailable) as error:
            # The answer is there: only the number of the other photos is an old one.
            log.info("album_not_updated", search=answer.search, error=type(error).__name__)
        return message

    async def _show(self, origin: Origin, outcome: Outcome) -> str:
        card = outcome_card(outcome, words(origin.language), self._links)
        place = place_of(origin)
        if isinstance(outcome, Found) and card.pictures:
            return await self._show_pictures(place, card, outcome)
        answer = isinstance(outcome, Found | NothingFound)
        return (await self._poster.put(place, card, answer=answer)).message

    async def _show_pictures(self, place: Place, card: Card, found: Found) -> str:
        picture = self._pictures.known(found) or await self._pictures.draw(card)
        posted = await self._poster.put(place, card, picture=picture, answer=True)
        self._pictures.remember(found, posted.file)
        return posted.message


def place_of(origin: Origin) -> Place:
    """Where the answer to a photo goes: in reply to it, or into the message that shows it."""
    return Place(chat=origin.chat, thread=origin.thread, reply_to=origin.message, message=origin.answer)
