"""What the core says, as messages: one for a photo, edited from "Searching…" to the answer and from page to page."""

from bots.albums import AlbumAnswers
from bots.cards import Card, Links
from bots.outcome_cards import outcome_card
from bots.telegram.pictures import Pictures
from bots.telegram.posting import Place, Poster
from bots.telegram.signs import Signs
from bots.wording import words
from core.model import Found, NothingFound, Origin, Outcome, Working


class TelegramMessenger:
    """The core's messenger for Telegram (core.model.Messenger)."""

    def __init__(
        self,
        poster: Poster,
        signs: Signs,
        pictures: Pictures,
        albums: AlbumAnswers,
        links: Links,
    ) -> None:
        self._poster = poster
        self._signs = signs
        self._pictures = pictures
        self._albums = albums
        self._links = links

    async def show(self, origin: Origin, outcome: Outcome | Working) -> str | None:
        """Show it in one message: ``origin.answer`` where there is one and it can be edited.

        Raises Unreachable when the chat is gone for good, a TelegramError when trying again makes sense.
        """
        if isinstance(outcome, Working):
            return await self._show_working(origin, outcome)
        if origin.album and isinstance(outcome, Found | NothingFound):
            message = await self._albums.show(origin, outcome, self._show)
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
