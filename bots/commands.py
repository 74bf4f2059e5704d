"""The commands, written once: a command is a function of who asks and what follows; adapters parse and lay out."""

from bots.admin_commands import ADMIN_COMMANDS
from bots.cards import Card, Press
from bots.chat_settings import set_language_for_all, set_limit_for_all, set_region_for_all, settings
from bots.context import Asker, Command, Context, said
from bots.person_commands import PERSON_COMMANDS, forget_now
from bots.preference_commands import set_language, set_region
from bots.usage_commands import USAGE_COMMANDS, show_usage
from bots.wording import Words

#: Buttons of command cards, by what pressing them asks for.
_PRESSES = {
    Press.REGION: set_region,
    Press.REGION_ALL: set_region_for_all,
    Press.LANGUAGE: set_language,
    Press.LANGUAGE_ALL: set_language_for_all,
    Press.CHAT_LIMIT: set_limit_for_all,
    Press.SETTINGS: settings,
    Press.FORGET: forget_now,
    Press.USAGE: show_usage,
}


class Commands:
    """All commands and the buttons of their cards."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.all: tuple[Command, ...] = (*PERSON_COMMANDS, *USAGE_COMMANDS, *ADMIN_COMMANDS)
        self._by_name = {command.name: command for command in self.all}

    async def run(self, name: str, asker: Asker, arguments: str) -> Card | None:
        """Do a command; None where there is none of this name. Raises DatabaseUnavailable."""
        command = self._by_name.get(name.lower())
        if command is None:
            return None
        words = await self.context.words(asker)
        of_chat = command.chat_admins and asker.chat_admin and not asker.private
        if command.admin and not (of_chat or self.context.is_admin(asker.identity)):
            return _for_admins(self.context, asker, words)
        if command.admin and not (of_chat or asker.private):
            return said(words("Send me /{command} in a private chat: it is about other people.", command=name))
        return await command.run(self.context, asker, words, " ".join(arguments.split()))

    async def press(self, press: Press, argument: str, asker: Asker) -> Card | None:
        """Do what a button of a command's card asks for; None for other buttons. Raises DatabaseUnavailable."""
        run = _PRESSES.get(press)
        if run is None:
            return None
        return await run(self.context, asker, await self.context.words(asker), argument)


def _for_admins(context: Context, asker: Asker, words: Words) -> Card:
    if context.settings.admins:
        return said(words("This is for the admins of this bot."))
    return said(
        words("This bot has no admin yet."),
        words("If you run it, write `ADMINS={person}` into its .env and start it again.", person=asker.identity),
    )
