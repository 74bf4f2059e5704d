"""What a message or an interaction is: pictures, words, who asks; read from Discord's objects, nothing else."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import discord

from bots.button_data import Button, read_button
from bots.context import Asker
from bots.discord.controls import data_in
from bots.questions import LANGUAGE_LIMIT, NAME_LIMIT, Question, is_picture, question_of
from core.model import Identity
from core.texts import clean

PLATFORM: Final = "discord"
#: What a photo is loaded again by: the n-th picture of a message, or an address that Discord named.
BY_MESSAGE: Final = "m:"
BY_ADDRESS: Final = "u:"
#: Mentions and custom emoji as they stand in a text (Discord's documentation, "Message Formatting").
_MARKUP: Final = re.compile(r"<(?:@[!&]?|#)[0-9]+>|<a?:\w+:[0-9]+>|<t:-?[0-9]+(?::[a-zA-Z])?>")
#: What people write; everything else are Discord's own notes, and answers of bots.
_WRITTEN: Final = (discord.MessageType.default, discord.MessageType.reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that Discord serves."""

    #: The Origin.photo to load it again by.
    photo: str
    #: Where it is now: such addresses run out after a day or so.
    address: str
    #: Bytes that Discord announces; None when it does not.
    size: int | None


def pictures_of(message: discord.Message) -> list[Picture]:
    """The pictures in a message and in what it forwards, in their order: by which ``m:…:…:n`` counts them."""
    found = filter(_is_picture, _files(message))
    return [
        Picture(photo=f"{BY_MESSAGE}{message.channel.id}:{message.id}:{number}", address=file.url, size=file.size)
        for number, file in enumerate(found)
    ]


def pictures_in_sight(message: discord.Message) -> list[Picture]:
    """The pictures of a message from a menu, which may never be seen again: by their addresses.

    Where it has none of its own, those of its embeds, as Discord serves them.
    """
    files = [_by_address(file.url, file.size) for file in _files(message) if _is_picture(file)]
    return files or [_by_address(address, None) for address in _embedded(message)]


def picture_of(file: discord.Attachment) -> Picture:
    """What was handed to a command."""
    return _by_address(file.url, file.size)


def has_other_files(message: discord.Message) -> bool:
    """A sticker, a video or another file: what may have been meant as a photo."""
    stickers = any([message.stickers, *(snapshot.stickers for snapshot in message.message_snapshots)])
    return stickers or any(not _is_picture(file) for file in _files(message))


def asked_in(message: discord.Message) -> Question:
    """The market and the words in a message: whom it mentions is neither."""
    return question_of(_MARKUP.sub(" ", message.content))


def is_persons(message: discord.Message) -> bool:
    """Whether somebody wrote it who can pay: no bot, no webhook, no note of Discord's own."""
    author = message.author
    return not (author.bot or author.system or message.webhook_id) and message.type in _WRITTEN


def is_private(message: discord.Message) -> bool:
    """Whether it is a chat with one person."""
    return isinstance(message.channel, discord.DMChannel)


def is_called(message: discord.Message, bot: discord.abc.User) -> bool:
    """Whether its text names the bot."""
    return any(mention in message.content for mention in (f"<@{bot.id}>", f"<@!{bot.id}>"))


def is_addressed(message: discord.Message, bot: discord.abc.User) -> bool:
    """Whether it concerns the bot: by name, or as a reply to it that rings. @everyone and roles are not its name."""
    return is_private(message) or is_called(message, bot) or any(user.id == bot.id for user in message.mentions)


def replied_to(message: discord.Message) -> discord.Message | None:
    """The message it replies to, as far as it may be seen."""
    reference = message.reference
    if message.type is not discord.MessageType.reply or reference is None:
        return None
    return reference.resolved if isinstance(reference.resolved, discord.Message) else None


def event_of(message: discord.Message) -> str:
    """The idempotency key of a message."""
    return f"{PLATFORM}:{message.channel.id}:{message.id}"


def event_in(interaction: discord.Interaction[Any]) -> str:
    """The idempotency key of a command, a press or a form."""
    return f"{PLATFORM}:interaction:{interaction.id}"


def chat_of(interaction: discord.Interaction[Any]) -> str:
    """The channel of an interaction."""
    return str(interaction.channel_id or "")


def in_private(interaction: discord.Interaction[Any]) -> bool:
    """Whether it comes from the chat of one person with the bot; a chat of people among themselves is none."""
    return interaction.guild_id is None and interaction.context.dm_channel


def identity_of(user: discord.abc.User) -> Identity:
    """A Discord account, by its number."""
    return Identity(platform=PLATFORM, user=str(user.id))


def name_of(user: discord.abc.User) -> str:
    """What a person calls themselves everywhere, cleaned."""
    return clean(getattr(user, "global_name", None) or user.name, NAME_LIMIT)


def language_of(interaction: discord.Interaction[Any]) -> str:
    """The language of a person's app."""
    return str(interaction.locale)[:LANGUAGE_LIMIT]


def asker_of(interaction: discord.Interaction[Any]) -> Asker:
    """Who sends a command or presses."""
    return Asker(
        identity=identity_of(interaction.user),
        name=name_of(interaction.user),
        chat=chat_of(interaction),
        private=in_private(interaction),
        chat_admin=interaction.permissions.manage_guild,
        language=language_of(interaction),
        event=event_in(interaction),
    )


def buttons_of(message: discord.Message) -> list[Button]:
    """What can be pressed and picked in a message of ours."""
    return [button for data in data_in(message.components) if (button := read_button(data)) is not None]


def search_of(message: discord.Message) -> str | None:
    """The search that a message of ours is about, from what can be pressed in it."""
    return next((button.search for button in buttons_of(message) if button.search), None)


def thumbnail_in(message: discord.Message, name: str) -> str | None:
    """The address of a message's own small picture of this file name."""
    for component in _walk(message.components):
        media = component.media if isinstance(component, discord.ThumbnailComponent) else None
        if media is not None and media.url.partition("?")[0].endswith(f"/{name}"):
            return media.url
    return None


def _walk(components: Iterable[discord.Component]) -> Iterator[discord.Component]:
    for component in components:
        yield component
        yield from _walk(getattr(component, "children", ()))
        if (accessory := getattr(component, "accessory", None)) is not None:
            yield accessory


def _files(message: discord.Message) -> Iterator[discord.Attachment]:
    yield from message.attachments
    for snapshot in message.message_snapshots:
        yield from snapshot.attachments


def _embedded(message: discord.Message) -> Iterator[str]:
    """Pictures of embeds: never where they come from, only where Discord keeps its copy."""
    for embed in (*message.embeds, *(embed for forwarded in message.message_snapshots for embed in forwarded.embeds)):
        address = embed.image.proxy_url or embed.thumbnail.proxy_url
        if address:
            yield address


def _is_picture(file: discord.Attachment) -> bool:
    return is_picture(file.content_type, file.filename)


def _by_address(address: str, size: int | None) -> Picture:
    return Picture(photo=f"{BY_ADDRESS}{address}", address=address, size=size)
