"""The names and descriptions of commands in the languages that Discord has and we speak."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation, locale_str

from bots.wording import SOURCE, Words
from bots.wording import words as words_of

#: Discord's documentation, "Application Command Naming": letters and digits of any script, ``-``, ``_`` and ``'``; what
#: has lower case is in lower case. Thai and Devanagari are named there, since their vowels are no letters.
_NAME: Final = re.compile(r"[-_'\w\u0e31-\u0e3a\u0e47-\u0e4e\u0900-\u097f]{1,32}")
_NAMES: Final = (TranslationContextLocation.command_name, TranslationContextLocation.parameter_name)
#: A menu is called as people write.
_MENU_NAME: Final = 32

Text = Callable[[Words], str]


def text(say: Text, name: str = "") -> locale_str:
    """A sentence in the code's own language that knows its translations; ``name`` is what commands are found by."""
    return locale_str(name or say(words_of(SOURCE)), say=say)


class Translator(app_commands.Translator):
    """Looks them up in ``bots/locales``."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: app_commands.TranslationContext[Any, Any]
    ) -> str | None:
        """None where it stays as it is: our English, a language we do not speak, a name that Discord does not take."""
        say: Text | None = string.extras.get("say")
        words = _spoken(locale.value)
        if say is None or words is None:
            return None
        found = say(words)
        if context.location in _NAMES and not _may_be_called(
            found, menu=isinstance(context.data, app_commands.ContextMenu)
        ):
            return None
        return found


def _may_be_called(name: str, *, menu: bool) -> bool:
    if menu:
        return 1 <= len(name) <= _MENU_NAME
    return _NAME.fullmatch(name) is not None and name == name.lower()


@cache
def _spoken(locale: str) -> Words | None:
    """The sentences of a language of Discord's; None for English, and for those that are answered in English."""
    words = words_of(locale)
    is_spoken = words.language.partition("-")[0] == locale.partition("-")[0]
    return words if is_spoken and words.language != SOURCE else None
