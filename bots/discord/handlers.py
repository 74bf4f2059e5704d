"""From a message to a query or a sentence. What cannot be written down is kept, and tried again."""

import time
from collections.abc import Callable
from typing import Final

import discord
import structlog

from bots import notices
from bots.cards import Card
from bots.context import Asker
from bots.discord import incoming
from bots.discord.incoming import PLATFORM, Picture
from bots.discord.layout import sheet_of
from bots.discord.missed import Missed
from bots.discord.parts import Parts
from bots.discord.photos import DiscordPhotos
from bots.discord.posting import Place, Poster
from bots.presses import usable
from bots.seldom import Seldom
from bots.wording import words as words_of
from core.database import DatabaseUnavailable
from core.model import Origin, PhotoQuery
from core.texts import cut

#: Seconds in a channel between two sentences to those who write something else than photos.
_USAGE_EVERY: Final = 5.0
#: Characters of words that a button carries (``bots.button_data``).
_CARRIED: Final = 60

log = structlog.get_logger(__name__)


class Handlers:
    """What people write."""

    def __init__(
        self,
        parts: Parts,
        poster: Poster,
        photos: DiscordPhotos,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._poster = poster
        self._photos = photos
        self._usage = Seldom(_USAGE_EVERY, clock=monotonic)
        self._missed = Missed(self._done)
        #: Messages that got a sentence: found again, they get no second one.
        self._sentences = Seldom()

    async def message(self, message: discord.Message) -> None:
        """Do what a message asks for, to its commit; or keep it until that is possible again."""
        if not incoming.is_persons(message) or not incoming.is_addressed(message, self._bot):
            return
        try:
            await self._done(message)
        except DatabaseUnavailable:
            self._missed.add(message)
            if self._parts.outages.noticed(str(message.channel.id)):
                self._put(message, notices.out_of_order(words_of(self._asker(message).language)))

    async def close(self) -> None:
        """Try no more what could not be written down: it is found at the next start."""
        await self._missed.close()

    async def _done(self, message: discord.Message) -> None:
        """Do what a message asks for. Raises DatabaseUnavailable."""
        await self._addressed(message)
        self._parts.outages.over(str(message.channel.id))

    async def _addressed(self, message: discord.Message) -> None:
        replied = incoming.replied_to(message)
        if pictures := incoming.pictures_of(message):
            await self._search(message, pictures, shown_in=message)
        elif incoming.has_other_files(message):
            self._say(message, notices.photo_wanted(await self._parts.words(self._asker(message))))
        elif replied is not None and replied.author.id == self._bot.id:
            await self._offer_words(message, replied)
        elif replied is not None and not incoming.is_private(message) and (theirs := incoming.pictures_of(replied)):
            await self._search(message, theirs, shown_in=replied)
        else:
            await self._explain(message)

    async def _search(self, message: discord.Message, pictures: list[Picture], *, shown_in: discord.Message) -> None:
        """Journal a query; the answer replies to the message that shows the pictures."""
        parts, asker, question = self._parts, self._asker(message), incoming.asked_in(message)
        for picture in pictures:
            self._photos.remember(picture.photo, picture.address)
        origin = Origin(
            platform=PLATFORM,
            chat=asker.chat,
            message=str(shown_in.id),
            private=asker.private,
            event=asker.event,
            photo=pictures[0].photo,
            language=asker.language,
        )
        query = PhotoQuery(
            origin=origin,
            person=asker.identity,
            name=asker.name,
            hint=question.hint,
            region=question.region,
            sent_at=message.created_at,
            member=await parts.membership.is_member(asker.identity.user),
        )
        parts.interactions.asked(asker.event, asker.identity.user)
        await parts.taking.take(pictures, query)

    async def _offer_words(self, message: discord.Message, replied: discord.Message) -> None:
        """Words in reply to an answer of ours: a button that searches its photo again with them."""
        asker, hint = self._asker(message), incoming.asked_in(message).hint
        search_id = incoming.search_of(replied)
        if search_id is None or hint is None:
            # In a server, talk below a message of ours is mostly meant for people.
            if incoming.is_private(message) or incoming.is_called(message, self._bot):
                await self._explain(message)
            return
        words = await self._parts.words(asker)
        if await usable(self._parts.service, search_id, asker) is None:
            self._say(message, notices.expired(words))
        else:
            self._say(message, notices.search_with(search_id, hint, words, carried=cut(hint, _CARRIED)))

    async def _explain(self, message: discord.Message) -> None:
        """Say how it goes, to words; a poll, say, asks for nothing."""
        if message.content and self._usage.may(str(message.channel.id)):
            words = await self._parts.words(self._asker(message))
            private = incoming.is_private(message)
            self._say(message, notices.how_to_use(words) if private else notices.how_to_use_in_servers(words))

    def _say(self, message: discord.Message, card: Card) -> None:
        if self._sentences.may(incoming.event_of(message)):
            self._put(message, card)

    def _put(self, message: discord.Message, card: Card) -> None:
        place = Place(chat=str(message.channel.id), reply_to=str(message.id))
        self._parts.background.later(self._poster.put(place, lambda _: sheet_of(card)))

    def _asker(self, message: discord.Message) -> Asker:
        identity = incoming.identity_of(message.author)
        return Asker(
            identity=identity,
            name=incoming.name_of(message.author),
            chat=str(message.channel.id),
            private=incoming.is_private(message),
            language=self._parts.locales.of(identity),
            event=incoming.event_of(message),
        )

    @property
    def _bot(self) -> discord.ClientUser:
        user = self._parts.client.user
        assert user is not None, "it is logged in before anything is received"
        return user
