"""Commands for everybody: what there is, markets, credits, language, privacy."""

from dataclasses import replace

from bots.cards import Action, Card, Choice, Line, Press, Tone
from bots.context import Asker, Command, Context, said
from bots.wording import Words, languages
from bots.wording import words as words_of
from core import chats, forgetting, ledger, people
from core.clock import next_month
from core.ledger import Entry
from core.model import ANY_MARKET
from core.regions import MARKETS, find_market, flag
from core.standing import credits_of
from core.texts import clean

#: Entries that /credits shows.
_HISTORY = 10
#: A deep link `…?start=region-GB` also sets the market.
_REGION_LINK = "region-"


async def start(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/start: one phone screen; a deep link may set the market."""
    lines = [
        words("Send me a photo of a thing, and I look for the closest products in TikTok Shop."),
        words(
            "A search costs 1 credit; you get {n} each month. Looking at more of an answer is free.",
            n=words.number(context.policy.allowance),
        ),
        words("Words under the photo steer the search. /region picks your market, /credits shows what is left."),
    ]
    if not asker.private:
        lines.insert(1, _in_groups(asker, words))
    if arguments.lower().startswith(_REGION_LINK):
        chosen = await set_region(context, asker, words, arguments[len(_REGION_LINK) :])
        lines += [line.text for line in chosen.lines]
    if not context.settings.admins:
        lines.append(
            words("No admin is set. If you run this bot, write `ADMINS={person}` into its .env.", person=asker.identity)
        )
    return said(*lines, heading=words("Photo in, products out"), tone=Tone.ANSWER)


async def help_(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/help: everything one can do."""
    admin = context.is_admin(asker.identity)
    own = [
        words("Send a photo, or several: they are one question. Each search says what it cost."),
        _in_groups(asker, words),
        words("`#US` under a photo looks in that market this once."),
        words("Reply to an answer with words to search again with them."),
    ]
    listed = [f"/{command.name} · {command.description(words)}" for command in PERSON_COMMANDS]
    if admin:
        listed.append(words("For admins: /usage, /grant, /take, /block, /unblock, /pause, /resume"))
    return said(*own, *listed, heading=words("What I can do"), tone=Tone.ANSWER)


def _in_groups(asker: Asker, words: Words) -> str:
    """How to ask where many people are."""
    if asker.platform == "discord":
        return words(
            "In a server: mention me in the message with the photo, or use /find. For someone else's photo: "
            "its menu, Apps, “{menu}”.",
            menu=words("Find this product"),
        )
    return words("In a group: reply /find to a photo, or write /find under it.")


async def find(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/find without a photo: how it is meant. With one, the adapter makes a query of it."""
    return said(words("Send /find as a reply to a photo, or write it under a photo of yours. Nothing was charged."))


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
    lines.append(Line(words("Now: {market}.", market=_market(used, words))))
    if chat.region and person and person.region and person.region != chat.region:
        lines.append(Line(words("Everyone here: {market}.", market=_market(chat.region, words))))
    codes = (ANY_MARKET, *(market.code for market in MARKETS))
    options = tuple(Action(_market(code, words), Press.REGION, argument=code, chosen=code == used) for code in codes)
    return Card(
        tone=Tone.ANSWER, lines=tuple(lines), choices=(Choice(label=words("Pick your market"), options=options),)
    )


async def set_region(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """A market for oneself; a chat's admin is offered to set it for everyone there."""
    code = find_market(argument)
    if code is None:
        return await _markets(context, asker, words)
    await _prefer(context, asker, region=code)
    card = said(words("Your searches now look in {market}.", market=_market(code, words)))
    if asker.private or not asker.chat_admin:
        return card
    everyone = words("For everyone here: {market}", market=_market(code, words))
    action = Action(everyone, Press.REGION_ALL, argument=code)
    return replace(card, rows=((action,),))


async def set_region_for_all(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """A market for everyone in a chat who chose none; only its admins may."""
    code = find_market(argument)
    if asker.private or not asker.chat_admin or code is None:
        return said(words("Only admins of this chat can set its market."))
    await context.database.run(chats.set_region, asker.platform, asker.chat, code)
    return said(
        words("Searches here now look in {market}, unless someone chose their own.", market=_market(code, words))
    )


def _market(code: str, words: Words) -> str:
    return f"{flag(code)} {words.market(code)}"


async def language(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/language: the languages there are, or the one that was typed."""
    if arguments:
        return await set_language(context, asker, words, arguments)
    person = await context.database.read(people.find, asker.identity)
    chosen = person.language if person else None
    options = tuple(
        Action(_language_name(tag), Press.LANGUAGE, argument=tag, chosen=tag == chosen) for tag in languages()
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
    known = {tag.lower(): tag for tag in languages()} | {_language_name(tag).lower(): tag for tag in languages()}
    if wanted and wanted not in known:
        spoken = ", ".join(_language_name(tag) for tag in languages())
        return said(words("I do not speak that language yet. I speak: {languages}.", languages=spoken))
    tag = known.get(wanted)
    await _prefer(context, asker, language=tag)
    words = await context.words(asker)
    card = said(words("I speak {language} with you now.", language=_language_name(words.language)))
    if asker.private or not asker.chat_admin or tag is None:
        return card
    everyone = words("With everyone here: {language}", language=_language_name(tag))
    return replace(card, rows=((Action(everyone, Press.LANGUAGE_ALL, argument=tag),),))


async def set_language_for_all(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """A language for everyone in a chat who chose none; only its admins may."""
    if asker.private or not asker.chat_admin or argument not in languages():
        return said(words("Only admins of this chat can set its language."))
    await context.database.run(chats.set_language, asker.platform, asker.chat, argument)
    return said(words("I speak {language} here, unless someone chose their own.", language=_language_name(argument)))


def _language_name(tag: str) -> str:
    return words_of(tag).language_name()


async def _prefer(context: Context, asker: Asker, **preferences: str | None) -> None:
    await context.database.run(
        people.prefer, asker.identity, asker.name, context.clock(), pepper=context.pepper, **preferences
    )


async def credits_(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/credits: what is left, what comes back when, and the last entries in words."""
    now = context.clock()
    number, balance = await context.database.run(
        credits_of, asker.identity, asker.name, policy=context.policy, pepper=context.pepper, now=now
    )
    entries = await context.database.read(ledger.history, number, limit=_HISTORY)
    left = words.plural("You have {n} credit.", "You have {n} credits.", balance)
    renewal = words(
        "Back to {allowance} on {date}.",
        allowance=words.number(context.policy.allowance),
        date=words.date(next_month(now).date()),
    )
    lines = [left, renewal] if balance < context.policy.allowance else [left]
    if not asker.private:
        return said(*lines, tone=Tone.ANSWER)
    return said(*lines, *(_entry(entry, words) for entry in entries), tone=Tone.ANSWER)


def _entry(entry: Entry, words: Words) -> str:
    match entry.kind:
        case "capture":
            what = words("search")
        case "hold":
            what = words("search under way or given back")
        case "release":
            what = words("given back: no answer came")
        case "grant" if entry.reason == "allowance":
            what = words("monthly allowance")
        case "grant":
            what = words("given by an admin")
        case _:
            what = words("taken by an admin")
    if entry.kind in ("grant", "adjust") and entry.by and entry.reason:
        what = words("{what}: {reason}", what=what, reason=words.outside(entry.reason))
    sign = "−" if entry.amount < 0 else "+"
    return f"{words.date(entry.at.date())} · {sign}{words.number(abs(entry.amount))} · {what}"


async def privacy(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/privacy: what is kept, and for how long."""
    return said(
        words("Photos are not kept: a fingerprint of the photo and its answer are, so that the same question is free."),
        words.plural(
            "Of a search I keep the words, the chat and the answer for {n} day, its time and cost until you /forget.",
            "Of a search I keep the words, the chat and the answer for {n} days, its time and cost until you /forget.",
            context.settings.retention_days,
        ),
        words("The photo and the words go to the search service, without your name."),
        words("/forget erases what is known of you."),
        heading=words("Your data"),
        tone=Tone.ANSWER,
    )


async def forget(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/forget: asks once."""
    if not asker.private:
        return said(words("Send me /forget in a private chat."))
    sure = Action(words("Yes, forget me"), Press.FORGET)
    return Card(
        tone=Tone.NOTICE,
        lines=(
            Line(words("Shall I erase everything that is known of you? Your credits go with it.")),
            Line(words("This month's free credits do not come again. Old answers stop working.")),
        ),
        rows=((sure,),),
    )


async def forget_now(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """Erase what identifies the person."""
    if not asker.private:
        return said(words("Send me /forget in a private chat."))
    person = await context.database.read(people.find, asker.identity)
    if person is not None:
        await context.database.run(forgetting.forget, person.id, context.clock(), pepper=context.pepper)
    # Also when nobody is there: an earlier attempt may have come no further than this.
    await context.database.erase_traces()
    return said(words("Done. Nothing here points to you any more."))


async def who(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/id: what an operator writes into ADMINS and MEMBERS_OF."""
    lines = [words("You are `{person}`.", person=asker.identity)]
    if not asker.private:
        lines.append(words("This chat is `{chat}`.", chat=f"{asker.platform}:{asker.chat}"))
    return said(*lines, tone=Tone.ANSWER)


PERSON_COMMANDS = (
    Command(
        name="start", title=lambda words: words("start"), run=start, description=lambda words: words("How this works")
    ),
    Command(
        name="help",
        title=lambda words: words("help"),
        run=help_,
        description=lambda words: words("What I can do"),
        groups=True,
    ),
    Command(
        name="find",
        title=lambda words: words("find"),
        run=find,
        description=lambda words: words("Find the product in a photo"),
        groups=True,
    ),
    Command(
        name="region",
        title=lambda words: words("region"),
        run=region,
        description=lambda words: words("Pick your market"),
        groups=True,
    ),
    Command(
        name="credits",
        title=lambda words: words("credits"),
        run=credits_,
        description=lambda words: words("What is left"),
        groups=True,
    ),
    Command(
        name="language",
        title=lambda words: words("language"),
        run=language,
        description=lambda words: words("Pick your language"),
    ),
    Command(
        name="privacy",
        title=lambda words: words("privacy"),
        run=privacy,
        description=lambda words: words("What is kept of you"),
    ),
    Command(
        name="forget",
        title=lambda words: words("forget"),
        run=forget,
        description=lambda words: words("Erase what is kept of you"),
    ),
    Command(
        name="id",
        title=lambda words: words("id"),
        run=who,
        description=lambda words: words("Your number and this chat's"),
        groups=True,
    ),
)
