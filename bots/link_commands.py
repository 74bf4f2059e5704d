"""/link: a person who is here on two platforms becomes one, by a code that one account makes and the other sends."""

from bots.cards import Card, Tone
from bots.context import Asker, Command, Context, said
from bots.wording import Words
from core import linking
from core.linking import LIFE, NotLinked, Why


async def link(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/link: a code. /link CODE, where the code is from the other platform: one person."""
    return await (_join(context, asker, words, arguments) if arguments else _offer(context, asker, words))


async def _offer(context: Context, asker: Asker, words: Words) -> Card:
    if not asker.private:
        return said(words("Send me /link in a private chat: the code is for your eyes only."))
    code = await context.database.run(
        linking.make_code, asker.identity, asker.name, pepper=context.pepper, now=context.clock()
    )
    minutes = int(LIFE.total_seconds()) // 60
    return said(
        words("Are you here on Telegram and on Discord? Then send me this from your other account:"),
        f"`/link {code}`",
        words.plural("It works once, for {n} minute.", "It works once, for {n} minutes.", minutes),
        words("From then on both have one balance and one history. It cannot be undone."),
        words("Keep the code to yourself: whoever sends it shares your credits."),
        heading=words("One person, two accounts"),
        tone=Tone.ANSWER,
    )


async def _join(context: Context, asker: Asker, words: Words, code: str) -> Card:
    # Also in a group: refused, the code would stay good, and everybody there has seen it.
    now = context.clock()
    if (wait := context.guesses.wait(asker.identity, now)) > 0:
        return said(
            words("Those were many wrong codes. Please try again in {duration}.", duration=words.duration(wait))
        )
    try:
        linked = await context.database.run(
            linking.link,
            code.removeprefix("/link"),  # what is copied as a whole into a field for the code
            asker.identity,
            asker.name,
            allowance=context.policy.allowance,
            pepper=context.pepper,
            now=now,
        )
    except NotLinked as reason:
        if reason.why is Why.UNKNOWN:
            context.guesses.wrong(asker.identity, now)
        return said(_why_not(reason.why, words))
    return said(
        words("Done: your two accounts are one person here, with one balance and one history."),
        words.plural("You have {n} credit.", "You have {n} credits.", linked.balance),
        tone=Tone.ANSWER,
    )


def _why_not(why: Why, words: Words) -> str:
    match why:
        case Why.UNKNOWN:
            return words("I do not know this code. Send /link from your other account, and copy the code from there.")
        case Why.USED:
            return words("This code was used already. Send /link from your other account for a new one.")
        case Why.OVER:
            return words("This code is too old. Send /link from your other account for a new one.")
        case Why.JOINED:
            return words("This code is from you: send it from your other account. If you have done so, you are joined.")
        case Why.SAME_PLATFORM:
            return words("Only accounts on different platforms can be joined, one on each.")


LINK_COMMAND = Command(
    name="link",
    title=lambda words: words("link"),
    run=link,
    description=lambda words: words("Join your accounts on Telegram and Discord"),
    alone=True,
)
