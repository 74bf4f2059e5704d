"""What a person prefers: a market, a language."""

from dataclasses import replace

from bots.cards import Action, Card, Choice, Line, Press, Tone
from bots.chat_settings import language_name, market_name
from bots.context import Asker, Command, Context, said
from bots.wording import Words, languages
from core import chats, people
from core.model import ANY_MARKET
from core.regions import MARKETS, find_market
from core.texts import clean


async def region(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/region: the list of markets, or the one that was typed."""
    if arguments:
        codes = (ANY_MARKET, *(market.code for market in MARKETS))
        code = find_market(arguments, [(words.market(code), code) for code in codes])
        if code is None:
            card = await _markets(context, asker, words)
            sentence = words(
                "I do not know the market “{market}”. Pick one:", market=words.outside(clean(arguments, 40))
            )
            return replace(card, tone=Tone.NOTICE, lines=(Line(sentence), *card.lines[1:]))
        return await set_region(context, asker, words, code)
    return await _markets(context, asker, words)


async def _markets(context: Context, asker: Asker, words: Words) -> Card:
    person = await context.database.read(people.find, asker.identity)
    chat = await context.database.read(chats.find, asker.platform, asker.chat)
    used = (person.region if person else None) or chat.region or context.policy.region
    lines = [Line(words("Which market shall I look in?"))]
    lines.append(Line(words("Now: {market}.", market=market_name(used, words))))
    if chat.region and person and person.region and person.region != chat.region:
        lines.append(Line(words("Everyone here: {market}.", market=market_name(chat.region, words))))
    codes = (ANY_MARKET, *(market.code for market in MARKETS))
    options = tuple(
        Action(market_name(code, words), Press.REGION, argument=code, chosen=code == used) for code in codes
    )
    return Card(
        tone=Tone.ANSWER, lines=tuple(lines), choices=(Choice(label=words("Pick your market"), options=options),)
    )


async def set_region(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """A market for oneself; a chat's admin is offered to set it for everyone there."""
    code = find_market(argument)
    if code is None:
        return await _markets(context, asker, words)
    await _prefer(context, asker, region=code)
    card = said(words("Your searches now look in {market}.", market=market_name(code, words)), tone=Tone.ANSWER)
    if asker.private or not asker.chat_admin:
        return card
    everyone = words("For everyone here: {market}", market=market_name(code, words))
    action = Action(everyone, Press.REGION_ALL, argument=code)
    return replace(card, rows=((action,),))


async def language(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/language: the languages there are, or the one that was typed."""
    if arguments:
        return await set_language(context, asker, words, arguments)
    person = await context.database.read(people.find, asker.identity)
    chosen = person.language if person else None
    options = tuple(
        Action(language_name(tag), Press.LANGUAGE, argument=tag, chosen=tag == chosen) for tag in languages()
    )
    follow = Action(words("As my app"), Press.LANGUAGE, chosen=chosen is None)
    return Card(
        tone=Tone.ANSWER,
        lines=(Line(words("Which language shall I speak?")),),
        choices=(Choice(label=words("Pick your language"), options=(*options, follow)),),
    )


async def set_language(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """A language for oneself; empty: as the app is set."""
    wanted = argument.strip().lower()
    known = {tag.lower(): tag for tag in languages()} | {language_name(tag).lower(): tag for tag in languages()}
    if wanted and wanted not in known:
        spoken = ", ".join(language_name(tag) for tag in languages())
        return said(words("I do not speak that language yet. I speak: {languages}.", languages=spoken))
    tag = known.get(wanted)
    await _prefer(context, asker, language=tag)
    words = await context.words(asker)
    card = said(words("I speak {language} with you now.", language=language_name(words.language)), tone=Tone.ANSWER)
    if asker.private or not asker.chat_admin or tag is None:
        return card
    everyone = words("With everyone here: {language}", language=language_name(tag))
    return replace(card, rows=((Action(everyone, Press.LANGUAGE_ALL, argument=tag),),))


async def _prefer(context: Context, asker: Asker, **preferences: str | None) -> None:
    await context.database.run(
        people.prefer, asker.identity, asker.name, context.clock(), pepper=context.pepper, **preferences
    )


REGION = Command(
    name="region",
    title=lambda words: words("region"),
    run=region,
    description=lambda words: words("Pick your market"),
    groups=True,
)

LANGUAGE = Command(
    name="language",
    title=lambda words: words("language"),
    run=language,
    description=lambda words: words("Pick your language"),
)
