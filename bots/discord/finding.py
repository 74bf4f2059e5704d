"""/find and the message menu “Find this product”: pictures that are handed to the bot, wherever it may be used."""

from collections.abc import Sequence
from typing import Any, Final

import discord

from bots import notices
from bots.discord import incoming
from bots.discord.incoming import PLATFORM, Picture
from bots.discord.parts import Parts
from bots.discord.replies import begin, tell
from bots.questions import Question, question_of
from bots.wording import Words
from bots.wording import words as words_of
from core.database import DatabaseUnavailable
from core.model import ANY_MARKET, Origin, PhotoQuery
from core.regions import MARKETS, find_market, flag

#: Discord API: Application Commands, "25 choices max".
MOST_CHOICES: Final = 25
_REGION: Final = "region"

_Interaction = discord.Interaction[Any]


class Finding:
    """Takes handed pictures."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def find(self, interaction: _Interaction, photo: discord.Attachment, text: str, market: str) -> None:
        """/find: the photo, words that steer the search, a market as it was picked or typed."""
        question = question_of(text)
        if market:
            known = find_market(market) or await self._named(interaction, market)
            if known is None:
                await self._ask_for_market(interaction, market)
                return
            question = Question(region=known, hint=question.hint)
        await self._take(interaction, [incoming.picture_of(photo)], question, message=None)

    async def _named(self, interaction: _Interaction, market: str) -> str | None:
        """The market of a name in the person's language, or of its flag."""
        return find_market(market, _names(await self._parts.words(incoming.asker_of(interaction))))

    async def find_in(self, interaction: _Interaction, message: discord.Message) -> None:
        """The menu of somebody's message: its pictures, those it forwards, those of its embeds."""
        pictures = incoming.pictures_in_sight(message)
        if not pictures:
            await tell(interaction, notices.no_picture(await self._parts.words(incoming.asker_of(interaction))))
            return
        await self._take(interaction, pictures, Question(region=None, hint=None), message=str(message.id))

    async def _take(
        self, interaction: _Interaction, pictures: Sequence[Picture], question: Question, *, message: str | None
    ) -> None:
        if not await begin(interaction, thinking=True):
            return
        parts, asker = self._parts, incoming.asker_of(interaction)
        origin = Origin(
            platform=PLATFORM,
            chat=asker.chat,
            message=message,
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
            sent_at=parts.clock(),
            member=await parts.membership.is_member(asker.identity.user),
        )
        parts.interactions.remember(asker.event, interaction)
        try:
            await parts.taking.take(pictures, query)
            parts.outages.over(asker.chat)
        except DatabaseUnavailable:
            parts.outages.noticed(asker.chat)
            parts.interactions.forget(asker.event)
            await parts.show(interaction, notices.try_later(words_of(asker.language)))
        await parts.locales.saw(asker.identity, asker.language)

    async def _ask_for_market(self, interaction: _Interaction, typed: str) -> None:
        """A market that nobody knows: the list of those there are."""
        if not await begin(interaction, alone=True, thinking=True):
            return
        try:
            card = await self._parts.commands.run(_REGION, incoming.asker_of(interaction), typed)
        except DatabaseUnavailable:
            card = notices.try_later(words_of(incoming.language_of(interaction)))
        assert card is not None, "there is such a command"
        await self._parts.show(interaction, card)


def market_choices(typed: str, words: Words) -> list[tuple[str, str]]:
    """Names and codes of the markets that ``typed`` begins or occurs in: by name, code or flag; all for nothing."""
    wanted = " ".join(typed.removeprefix("#").split()).casefold()
    found = []
    for code in (ANY_MARKET, *(market.code for market in MARKETS)):
        name = f"{flag(code)} {words.market(code)}"
        english = next((market.name for market in MARKETS if market.code == code), "")
        if any(wanted in text.casefold() for text in (name, english, code)) or find_market(typed) == code:
            found.append((name, code))
    return sorted(found, key=lambda choice: not _begins(choice, wanted))[:MOST_CHOICES]


def _begins(choice: tuple[str, str], wanted: str) -> bool:
    name, code = choice
    return wanted in (code.casefold(), flag(code)) or name.partition(" ")[2].casefold().startswith(wanted)


def _names(words: Words) -> list[tuple[str, str]]:
    """What a typed market may be called besides its code and English name: as it is listed, with and without a flag."""
    named = [(words.market(market.code), market.code) for market in MARKETS]
    flagged = [(f"{flag(code)} {name}", code) for name, code in named]
    flags = [(flag(market.code), market.code) for market in MARKETS]
    return [*named, *flagged, *flags]
