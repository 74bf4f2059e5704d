"""What the core says, as messages: one for a photo, edited from "Searching…" to the answer and from page to page."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord

from bots.albums import AlbumAnswers
from bots.cards import Card, Links
from bots.discord.layout import sheet_of, without_files
from bots.discord.posting import Make, Place, Poster
from bots.discord.thumbnails import Thumbnails
from bots.discord.tokens import Interactions, TokenGone, Waiting
from bots.outcome_cards import outcome_card
from bots.wording import words
from core.adapter import Unreachable
from core.model import Found, NothingFound, Origin, Outcome, Working

#: The photo of an origin as a small JPEG, where it is to be seen beside the answer; else None.
PhotoOf = Callable[[Origin], Awaitable[bytes | None]]


def made_of(card: Card) -> Make:
    """What makes the sheet of a card that is no answer."""
    return lambda with_files: sheet_of(card if with_files else without_files(card))


class DiscordMessenger:
    """The core's messenger for Discord (core.adapter.Messenger)."""

    def __init__(
        self,
        *,
        poster: Poster,
        interactions: Interactions,
        pictures: Thumbnails,
        albums: AlbumAnswers,
        links: Links,
        photo_of: PhotoOf,
    ) -> None:
        self._poster = poster
        self._interactions = interactions
        self._pictures = pictures
        self._albums = albums
        self._links = links
        self._photo_of = photo_of

    async def show(self, origin: Origin, outcome: Outcome | Working) -> str | None:
        """Show it where an interaction waits for it, else in one message: ``origin.answer``, if that can be edited.

        Raises Unreachable when it can be shown nowhere, what discord.py or aiohttp raises when trying again makes
        sense.
        """
        if isinstance(outcome, Working):
            return await self._show_working(origin, outcome)
        if origin.album and isinstance(outcome, Found | NothingFound):
            return await self._albums.show(origin, outcome, self.show_again)
        return await self.show_again(origin, outcome)

    async def show_again(self, origin: Origin, outcome: Outcome) -> str:
        """Show an answer that is stored. Raises as ``show`` does."""
        place = Place(
            chat=origin.chat,
            reply_to=origin.message,
            message=origin.answer,
            event=origin.event,
            asker=self._interactions.asker(origin.event),
            language=origin.language,
        )
        return await self._poster.put(place, await self._draw(origin, outcome), nonce=outcome.search or None)

    async def show_pressed(
        self, interaction: discord.Interaction[Any], origin: Origin, outcome: Outcome, *, theirs: bool, receipt: bool
    ) -> str:
        """Show another part of an answer where it was asked for: in the place of the answer where that is ``theirs``.

        Else for the presser alone; without the ``receipt`` where it is somebody else's. The interaction is
        acknowledged already. Raises as ``show`` does.
        """
        return await self._pressed(interaction, await self._draw(origin, outcome, receipt=receipt), theirs=theirs)

    async def show_card(self, interaction: discord.Interaction[Any], card: Card, *, theirs: bool) -> str:
        """Show a card where it was asked for, as ``show_pressed`` does."""
        return await self._pressed(interaction, made_of(card), theirs=theirs)

    async def _pressed(self, interaction: discord.Interaction[Any], make: Make, *, theirs: bool) -> str:
        try:
            return await self._poster.into(Waiting(interaction, copy=not theirs), make)
        except TokenGone:
            raise Unreachable from None

    async def _show_working(self, origin: Origin, working: Working) -> str | None:
        if working.quiet:
            # Where an interaction waits, Discord shows that the bot is thinking.
            if self._interactions.of(origin.event) is None:
                await self._poster.sign(origin.chat)
            return None
        card = outcome_card(working, words(origin.language), self._links)
        # Nobody is told in private that a search goes on: only how it ended.
        place = Place(chat=origin.chat, reply_to=origin.message, message=origin.answer, event=origin.event)
        return await self._poster.put(place, lambda _: sheet_of(card), nonce=working.search)

    async def _draw(self, origin: Origin, outcome: Outcome, *, receipt: bool = True) -> Make:
        """What makes the sheet of an outcome, with the pictures that belong to it."""
        card = outcome_card(outcome, words(origin.language), self._links)
        if not receipt:
            card = replace(card, receipt="")
        pictures, photo = await asyncio.gather(self._pictures.of(card), self._photo(origin, card))
        return lambda pictured: sheet_of(card, pictures=pictures, photo=photo) if pictured else sheet_of(card)

    async def _photo(self, origin: Origin, card: Card) -> bytes | None:
        """The photo, where something can still be done with it."""
        return await self._photo_of(origin) if card.rows or card.choices else None
