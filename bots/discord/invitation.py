"""The addresses that add the bot to a server or to a person, with exactly what it needs there."""

from typing import Final

import discord

#: To read what is sent to it, and to answer with pictures; nothing else, in threads as well.
_PERMISSIONS: Final = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)


def invitation(application: int) -> str:
    """The address that adds the application of this number to a server."""
    return discord.utils.oauth_url(application, permissions=_PERMISSIONS, scopes=("bot", "applications.commands"))


def personal_invitation(application: int) -> str:
    """The address by which people add it to themselves (DISCORD_USER_INSTALL): commands only, and no permissions.

    ``integration_type=1`` is the installation to a user (Discord's documentation, "Application Resource").
    """
    address = discord.utils.oauth_url(application, scopes=("applications.commands",))
    return f"{address}&integration_type=1"
