"""/settings: what a chat's own admins choose for everyone there: market, language, credits a day."""

from dataclasses import dataclass, replace
from typing import Final

from bots.cards import Action, Card, Choice, Line, Press, Tone
from bots.context import Asker, Command, Context, said
from bots.wording import Words, languages
from bots.wording import words as words_of
from core import admin, chats
from core.audit import By
from core.budgets import in_force
from core.chats import Chat
from core.limits import NONE
from core.model import ANY_MARKET
from core.regions import MARKETS, find_market, flag

#: Credits a day that are offered, where they are fewer than the operator allows.
LIMITS: Final = (10, 20, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What holds in a chat."""

    chat: Chat
    #: What the operator set, which holds where the chat's admins chose nothing.
    region: str
    limit: int | None


async def settings(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """All of a chat's settings; ``argument`` names the list that is open: market, language or limit."""
    return _not_allowed(asker, words) or await _card(context, asker, words, opened=argument)


async def set_region_for_all(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """A market for everyone in a chat who chose none; empty: the operator's. Only the chat's admins may."""
    code = find_market(argument) if argument else None
    if asker.private or not asker.chat_admin or (argument and code is None):
        return said(words("Only admins of this chat can set its market."))
    await context.database.run(admin.set_chat_region, _by(context, asker), asker.platform, asker.chat, code)
    market = market_name(code or context.policy.region, words)
    done = words("Searches here now look in {market}, unless someone chose their own.", market=market)
    return await _card(context, asker, words, done=done)


async def set_language_for_all(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """A language for everyone in a chat who chose none; empty: that of each app. Only the chat's admins may."""
    tag = argument or None
    if asker.private or not asker.chat_admin or (tag and tag not in languages()):
        return said(words("Only admins of this chat can set its language."))
    await context.database.run(admin.set_chat_language, _by(context, asker), asker.platform, asker.chat, tag)
    if tag is None:
        done = words("I speak everyone's own language here.")
    else:
        done = words("I speak {language} here, unless someone chose their own.", language=language_name(tag))
    return await _card(context, asker, words, done=done)


async def set_limit_for_all(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """Credits a day for everyone in a chat together; ``none``: the operator's limit. Only the chat's admins may.

    They can only lower what the operator set (`core.budgets.Limits.in_chat`).
    """
    if (refusal := _not_allowed(asker, words)) is not None:
        return refusal
    if argument not in (NONE, *map(str, LIMITS)):
        return await _card(context, asker, words, opened="limit")
    limit = None if argument == NONE else int(argument)
    await context.database.run(admin.set_chat_limit, _by(context, asker), asker.platform, asker.chat, limit)
    held = await _held(context, asker)
    value = _limit_text(_effective(held), words)
    done = words("Everyone here together may now spend: {limit}.", limit=value)
    return await _card(context, asker, words, done=done)


def market_name(code: str, words: Words) -> str:
    """A market with its flag."""
    return f"{flag(code)} {words.market(code)}"


def language_name(tag: str) -> str:
    """What a language calls itself."""
    return words_of(tag).language_name()


def _not_allowed(asker: Asker, words: Words) -> Card | None:
    if asker.private:
        return said(words("Send me /settings in a group or a server: it is about everyone there."))
    if not asker.chat_admin:
        return said(words("Only admins of this chat can change its settings."))
    return None


def _by(context: Context, asker: Asker) -> By:
    return By(admin=str(asker.identity), event=asker.event, at=context.clock())


async def _held(context: Context, asker: Asker) -> _Held:
    chat = await context.database.read(chats.find, asker.platform, asker.chat)
    limits = await context.database.read(in_force, context.policy.limits)
    return _Held(chat=chat, region=context.policy.region, limit=limits.chat_day)


def _effective(held: _Held) -> int | None:
    limits = [limit for limit in (held.limit, held.chat.daily_limit) if limit is not None]
    return min(limits, default=None)


async def _card(context: Context, asker: Asker, words: Words, *, opened: str = "", done: str = "") -> Card:
    """``done`` says what was just set; ``opened`` is the one list that is shown where there are no menus."""
    held = await _held(context, asker)
    choices = {"market": _markets(held, words), "language": _languages(held, words), "limit": _limits(held, words)}
    if opened in choices:
        back = Action(words("‹ Back"), Press.SETTINGS)
        choice = choices[opened]
        lines: tuple[Line, ...] = (Line(choice.label),)
        return Card(tone=Tone.ANSWER, lines=lines, choices=(replace(choice, opens=None),), rows=((back,),))
    said_above = done or words("Pick what to change. Whoever chose their own market or language keeps it.")
    heading = words("Settings for everyone here")
    return Card(tone=Tone.ANSWER, heading=heading, lines=(Line(said_above),), choices=tuple(choices.values()))


def _markets(held: _Held, words: Words) -> Choice:
    chosen = held.chat.region
    label = words("Market: {market}", market=words.market(chosen or held.region))
    own = words("As the operator set it: {market}", market=words.market(held.region))
    options = [Action(own, Press.REGION_ALL, chosen=chosen is None)]
    options += [
        Action(market_name(code, words), Press.REGION_ALL, argument=code, chosen=code == chosen)
        for code in (ANY_MARKET, *(market.code for market in MARKETS))
    ]
    return _choice(label, "market", options)


def _languages(held: _Held, words: Words) -> Choice:
    chosen = held.chat.language
    everyones = words("Everyone's own")
    label = words("Language: {language}", language=language_name(chosen) if chosen else everyones)
    options = [Action(everyones, Press.LANGUAGE_ALL, chosen=chosen is None)]
    options += [
        Action(language_name(tag), Press.LANGUAGE_ALL, argument=tag, chosen=tag == chosen) for tag in languages()
    ]
    return _choice(label, "language", options)


def _limits(held: _Held, words: Words) -> Choice:
    chosen = held.chat.daily_limit
    label = words("Everyone here together: {limit}", limit=_limit_text(_effective(held), words))
    own = words("As the operator set it: {limit}", limit=_limit_text(held.limit, words))
    options = [Action(own, Press.CHAT_LIMIT, argument=NONE, chosen=chosen is None)]
    for limit in LIMITS:
        if held.limit is None or limit < held.limit:
            text = _limit_text(limit, words)
            options.append(Action(text, Press.CHAT_LIMIT, argument=str(limit), chosen=limit == chosen))
    return _choice(label, "limit", options)


def _limit_text(limit: int | None, words: Words) -> str:
    if limit is None:
        return words("no limit")
    return words.plural("{n} credit a day", "{n} credits a day", limit)


def _choice(label: str, name: str, options: list[Action]) -> Choice:
    return Choice(label=label, options=tuple(options), opens=Action(label, Press.SETTINGS, argument=name))


SETTINGS = Command(
    name="settings",
    title=lambda words: words("settings"),
    run=settings,
    description=lambda words: words("What holds for everyone in this chat"),
    groups=True,
)
