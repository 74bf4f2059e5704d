"""Gift codes in chat: an admin makes them, whoever has one redeems it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bots.arguments import MOST_MOVED, Misunderstood, read_until
from bots.cards import Card, Tone
from bots.context import Asker, Command, Context, said
from bots.wording import Words
from core import gifts
from core.audit import By

#: A deep link ``…?start=gift-ABCDEFGHJKLM`` redeems a code.
LINK = "gift-"
_GIFT = re.compile(r"(?P<amount>[0-9]{1,9})(\s*[x×*]\s*(?P<count>[0-9]{1,9}))?(\s+(?P<until>until .+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """The arguments of /gift."""

    amount: int
    count: int
    until: datetime | None


def read_gift(arguments: str, now: datetime, words: Words) -> Gift:
    """``10 x20 until 31 Dec``: credits, how many codes, the last day. Raises Misunderstood."""
    found = _GIFT.fullmatch(arguments)
    until, rest = read_until(found["until"], now, words) if found and found["until"] else (None, "")
    if found is None or rest:
        raise Misunderstood(words("Write it like this: `/gift 10 x20 until 2026-12-31`: 20 codes of 10 credits each."))
    amount, count = int(found["amount"]), int(found["count"] or 1)
    if not 0 < amount <= MOST_MOVED:
        raise Misunderstood(words("The number of credits must be from 1 to {most}.", most=words.number(MOST_MOVED)))
    if not 0 < count <= gifts.MOST_CODES:
        raise Misunderstood(words("The number of codes must be from 1 to {most}.", most=words.number(gifts.MOST_CODES)))
    return Gift(amount=amount, count=count, until=until)


async def gift(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/gift N [xCODES] [until DATE]."""
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    try:
        wanted = read_gift(arguments, by.at, words)
    except Misunderstood as sentence:
        return said(str(sentence))
    codes = await context.database.run(
        gifts.make, by, wanted.amount, wanted.count, ends_on=wanted.until, pepper=context.pepper
    )
    lines = [
        words.plural(
            "{n} code of {credits}.",
            "{n} codes of {credits} each.",
            len(codes),
            credits=words.plural("{n} credit", "{n} credits", wanted.amount),
        ),
        words("Give a line to each person: it works once, and everybody can use one of these."),
    ]
    if wanted.until:
        lines.append(words("They can be used until {date}.", date=_last_day(wanted.until, words)))
    lines.append(words("Copy them now: I keep none of them."))
    return said(*lines, *(f"`/redeem {code}`" for code in codes), tone=Tone.ANSWER)


async def redeem(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/redeem CODE; also behind a deep link."""
    if not arguments:
        return said(words("Write your code behind it, like this: `/redeem ABCDEFGHJKLM`"))
    now = context.clock()
    if (wait := context.guesses.wait(asker.identity, now)) > 0:
        return said(
            words("Those were many wrong codes. Please try again in {duration}.", duration=words.duration(wait))
        )
    try:
        given = await context.database.run(
            gifts.redeem,
            arguments,
            asker.identity,
            asker.name,
            event=asker.event,
            policy=context.policy,
            pepper=context.pepper,
            now=now,
        )
    except gifts.UnknownCode:
        context.guesses.wrong(asker.identity, now)
        return said(
            words(
                "I do not know this code. Please look at it once more: it has {n} signs.", n=words.number(gifts.LENGTH)
            )
        )
    except gifts.NotRedeemed as reason:
        return said(_why_not(reason, words))
    lines = [
        words.plural("You got {n} credit.", "You got {n} credits.", given.amount),
        words.plural("You have {n} credit.", "You have {n} credits.", given.balance),
    ]
    if given.ends_on:
        lines.append(words("They can be used until {date}.", date=_last_day(given.ends_on, words)))
    return said(*lines, tone=Tone.ANSWER)


def _why_not(reason: gifts.NotRedeemed, words: Words) -> str:
    match reason:
        case gifts.UsedByYou():
            return words("You have used this code already.")
        case gifts.OneOfThese():
            return words("You have had one of these codes already. This one is still good for somebody else.")
        case gifts.Over(ends_on=ends_on):
            return words("This code was good until {date}.", date=_last_day(ends_on, words))
        case _:
            return words("Somebody has used this code already.")


def _last_day(ends_on: datetime, words: Words) -> str:
    return words.date((ends_on - timedelta(days=1)).date())


GIFT = Command(name="gift", run=gift, description=lambda words: words("Make gift codes"), admin=True)
REDEEM = Command(
    name="redeem",
    title=lambda words: words("redeem"),
    run=redeem,
    description=lambda words: words("Use a gift code"),
)
