"""Commands for everybody: what there is, credits, privacy."""

from bots.cards import Action, Card, Line, Press, Tone
from bots.chat_settings import SETTINGS
from bots.context import Asker, Command, Context, said
from bots.gift_commands import LINK, REDEEM, redeem
from bots.link_commands import LINK_COMMAND
from bots.preference_commands import LANGUAGE, REGION, set_region
from bots.wording import Words
from core import forgetting, gifts, people
from core.clock import next_month
from core.ledger import LINKED
from core.standing import credits_of
from core.statement import Entry, history

#: Entries that /credits shows.
_HISTORY = 10
#: A deep link `…?start=region-GB` also sets the market.
_REGION_LINK = "region-"


async def start(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/start: one phone screen; a deep link may set the market or bring a gift."""
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
    elif arguments.lower().startswith(LINK):
        given = await redeem(context, asker, words, arguments[len(LINK) :])
        lines += [line.text for line in given.lines]
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
        listed.append(
            words(
                "For admins: /usage, /grant, /take, /gift, /block, /unblock, /budget, /limit, /audit, /reconcile, "
                "/pause, /resume"
            )
        )
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


async def credits_(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/credits: what is left, what comes back when, and the last entries in words."""
    now = context.clock()
    number, balance = await context.database.run(
        credits_of, asker.identity, asker.name, policy=context.policy, pepper=context.pepper, now=now
    )
    entries = await context.database.read(history, number, limit=_HISTORY)
    left = words.plural("You have {n} credit.", "You have {n} credits.", balance)
    renewal = words(
        "Back to {allowance} on {date}.",
        allowance=words.number(context.policy.allowance),
        date=words.date(next_month(now).date()),
    )
    lines = [left, renewal] if balance < context.policy.allowance else [left]
    if not asker.private:
        return said(*lines, tone=Tone.ANSWER)
    return said(*lines, *(entry_line(entry, words) for entry in entries), tone=Tone.ANSWER)


def entry_line(entry: Entry, words: Words) -> str:
    """What happened in an account: ``24 Nov · +20 · monthly allowance``."""
    match entry.kind:
        case "capture":
            what = words("search")
        case "hold":
            what = words("search under way or given back")
        case "release":
            what = words("given back: no answer came")
        case "grant" if entry.reason == "allowance":
            what = words("monthly allowance")
        case "grant" if entry.reason == gifts.REASON and entry.by is None:
            what = words("gift code")
        case "grant":
            what = words("given by an admin")
        case "adjust" if entry.reason == LINKED and entry.by is None:
            what = words("joined with your other account")
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
    REGION,
    Command(
        name="credits",
        title=lambda words: words("credits"),
        run=credits_,
        description=lambda words: words("What is left"),
        groups=True,
        alone=True,
    ),
    LANGUAGE,
    REDEEM,
    LINK_COMMAND,
    SETTINGS,
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
        alone=True,
    ),
    Command(
        name="id",
        title=lambda words: words("id"),
        run=who,
        description=lambda words: words("Your number and this chat's"),
        groups=True,
    ),
)
