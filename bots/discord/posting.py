"""Sheets into messages: shown, sent or edited, in the best form that Discord takes, and what to make of refusals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import discord
import structlog

from bots import notices
from bots.discord.layout import Sheet, under
from bots.discord.quiet import Quiet
from bots.discord.tokens import Interactions, TokenGone, Waiting
from bots.wording import words
from core.adapter import Unreachable

# Discord API: JSON error codes.
_UNKNOWN_MESSAGE: Final = 10008
_NOT_OURS: Final = 50005
_NO_PERMISSION: Final = 50013
#: "Cannot reply without permission to read message history".
_NO_HISTORY: Final = 160002
#: What was sent is malformed or too large, whatever the code beside it: it would be tomorrow, too.
_REFUSED: Final = (400, 413)
_NOBODY: Final = discord.AllowedMentions.none()

#: Makes what is to be shown, anew for every try; False: without pictures.
Make = Callable[[bool], Sheet]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sheet goes."""

    #: A channel, a thread or direct messages.
    chat: str
    #: The message it replies to, where that is still there.
    reply_to: str | None = None
    #: The message to edit; None: a new one.
    message: str | None = None
    #: What it answers: where an interaction waits for this event, it is shown there.
    event: str = ""
    #: Who is told in private where the channel refuses; None: nobody.
    asker: str | None = None
    #: In which language they are told why: a BCP 47 tag.
    language: str = ""


class Poster:
    """Puts sheets into channels. One that refuses is left alone for an hour: 10,000 refusals are a ban."""

    def __init__(self, client: discord.Client, interactions: Interactions, quiet: Quiet) -> None:
        self._client = client
        self._interactions = interactions
        self._quiet = quiet
        #: Where messages are taken, but no files.
        self._bare = Quiet()

    async def put(self, place: Place, make: Make, *, nonce: str | None = None) -> str:
        """Show it, return the id of the message that shows it now.

        ``nonce`` is a search's id: what is sent twice for it, since nobody knew whether it had arrived, arrives once.
        Raises Unreachable when nothing can be shown there; what discord.py or aiohttp raises when trying again makes
        sense.
        """
        if (waiting := self._interactions.of(place.event)) is not None:
            try:
                return await self.into(waiting, make)
            except TokenGone:
                log.info("token_gone", chat=place.chat)
                self._interactions.forget(place.event)
        if not place.chat:
            raise Unreachable  # it was forgotten meanwhile
        try:
            shown = None if self._quiet.is_quiet(place.chat) else await self._in_channel(place, make, nonce)
            return shown or await self._in_private(place, make, nonce)
        except discord.HTTPException as error:
            raise _final(error) from None

    async def into(self, waiting: Waiting, make: Make) -> str:
        """Show it where an interaction waits, return the message's id. Raises TokenGone, else as ``put`` does."""
        try:
            return await waiting.show(lambda: make(True))
        except discord.HTTPException as error:
            if not _refuses_files(error):
                raise
            log.warning("pictures_refused", reason=_reason(error))
        try:
            return await waiting.show(lambda: make(False))
        except discord.Forbidden:
            raise TokenGone from None
        except discord.HTTPException as error:
            raise _final(error) from None

    async def sign(self, chat: str) -> None:
        """Show "… is typing" once, for ten seconds or until something is sent. Never raises."""
        if self._quiet.is_quiet(chat):
            return
        try:
            await self._client.get_partial_messageable(int(chat)).typing()
        except (discord.Forbidden, discord.NotFound):
            self._quiet.hush(chat)  # who may not type may not send either
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.debug("sign_not_shown", error=type(error).__name__)

    async def _in_channel(self, place: Place, make: Make, nonce: str | None) -> str | None:
        """The id of the message; None: the channel does not take any."""
        channel = self._client.get_partial_messageable(int(place.chat))
        try:
            if place.message is None:
                return await self._send(channel, make, _numbered(nonce, "1"), reply_to=place.reply_to)
            return await self._edit_or_replace(channel, place, place.message, make, nonce)
        except (discord.Forbidden, discord.NotFound) as error:
            log.info("channel_closed", chat=place.chat, code=error.code)
            self._quiet.hush(place.chat)
            return None

    async def _in_private(self, place: Place, make: Make, nonce: str | None) -> str:
        """To the person who asked, with a sentence why it is there."""
        if place.asker is None:
            raise Unreachable
        why = notices.answered_here(words(place.language))
        channel = None
        try:
            channel = await self._client.create_dm(discord.Object(int(place.asker)))
            if self._quiet.is_quiet(str(channel.id)):
                raise Unreachable
            direct = self._client.get_partial_messageable(channel.id)
            return await self._send(direct, lambda pictured: under(why, make(pictured)), _numbered(nonce, "1"))
        except (discord.Forbidden, discord.NotFound) as error:
            log.info("person_closed", code=error.code)
            if channel is not None:
                self._quiet.hush(str(channel.id))
            raise Unreachable from None

    async def _edit_or_replace(
        self, channel: discord.PartialMessageable, place: Place, message: str, make: Make, nonce: str | None
    ) -> str:
        """Edit a message. What cannot be edited is sent anew, and goes: an answer is in one place."""
        old = channel.get_partial_message(int(message))
        try:
            return await self._edit(old, make)
        except discord.HTTPException as error:
            if error.status not in _REFUSED and error.code not in (_UNKNOWN_MESSAGE, _NOT_OURS):
                raise
            log.info("sent_anew", reason=_reason(error))
            goes = error.status in _REFUSED
        # The lost message's own last digits: another try has the same nonce, another loss has another.
        new = await self._send(channel, make, _numbered(nonce, f"{old.id & 0xFFFF_FFFF:08x}"), reply_to=place.reply_to)
        if goes:
            try:
                await old.delete()
            except discord.HTTPException as error:
                log.info("old_message_stays", reason=_reason(error))
        return new

    async def _edit(self, message: discord.PartialMessage, make: Make) -> str:
        chat = str(message.channel.id)
        sheet = make(not self._bare.is_quiet(chat))
        try:
            await message.edit(view=sheet.view, attachments=sheet.files, allowed_mentions=_NOBODY)
        except discord.Forbidden as error:
            if not sheet.files or error.code != _NO_PERMISSION:
                raise
            self._bare.hush(chat)
            sheet = make(False)
            await message.edit(view=sheet.view, attachments=[], allowed_mentions=_NOBODY)
        return str(message.id)

    async def _send(
        self, channel: discord.PartialMessageable, make: Make, nonce: str | None, *, reply_to: str | None = None
    ) -> str:
        sheet, sent = await self._send_somehow(channel, make, nonce, reply_to)
        if not sheet.view.is_in(sent.components):
            # What an earlier try has sent with this nonce: "Searching…", before its id was written down.
            await self._edit(channel.get_partial_message(sent.id), make)
        return str(sent.id)

    async def _send_somehow(
        self, channel: discord.PartialMessageable, make: Make, nonce: str | None, reply_to: str | None
    ) -> tuple[Sheet, discord.Message]:
        """Send it with its pictures and as a reply, else without what is refused."""
        chat = str(channel.id)
        pictured = not self._bare.is_quiet(chat)
        while True:
            sheet = make(pictured)
            try:
                return sheet, await _post(channel, sheet, nonce, reply_to)
            except discord.HTTPException as error:
                if error.code == _NO_HISTORY and reply_to is not None:
                    reply_to = None
                elif error.code == _UNKNOWN_MESSAGE and nonce is not None:
                    nonce = None  # discord.py, Messageable.send: what had this nonce has just been deleted
                elif sheet.files and _refuses_files(error):
                    log.warning("pictures_refused", reason=_reason(error))
                    pictured = False
                    if error.code == _NO_PERMISSION:
                        self._bare.hush(chat)
                else:
                    raise


async def _post(
    channel: discord.PartialMessageable, sheet: Sheet, nonce: str | None, reply_to: str | None
) -> discord.Message:
    where: dict[str, Any] = {"nonce": nonce} if nonce else {}
    if reply_to is not None:
        where["reference"] = discord.MessageReference(
            message_id=int(reply_to), channel_id=channel.id, fail_if_not_exists=False
        )
    return await channel.send(
        view=sheet.view, files=sheet.files, mention_author=False, allowed_mentions=_NOBODY, **where
    )


def _refuses_files(error: discord.HTTPException) -> bool:
    """Whether it may be taken without files (discord-api-docs, issue 7529)."""
    return error.status in _REFUSED or error.code == _NO_PERMISSION


def _final(error: discord.HTTPException) -> Exception:
    """What a refusal means to the core: Unreachable where another try would be refused as well."""
    if error.status not in _REFUSED:
        return error
    log.error("card_refused", reason=_reason(error))
    return Unreachable()


def _reason(error: discord.HTTPException) -> str:
    """What Discord says is wrong: a code, and places in what was sent."""
    return f"{error.code} {error.text[:300]}"


def _numbered(nonce: str | None, number: str) -> str | None:
    """Discord API: Create Message. A nonce has at most 25 characters, a search's id 16."""
    return f"{nonce}-{number}" if nonce else None
