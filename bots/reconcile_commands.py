"""/reconcile: the provider's dashboard against the books."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from bots.arguments import Misunderstood, is_number
from bots.cards import Card, Tone
from bots.context import Asker, Command, Context, said
from bots.wording import Words
from core.audit import By, reason_of
from core.clock import month_of
from core.reconcile import Reconciliation, reconcile
from core.settings import MOST_CREDITS

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The arguments of /reconcile."""

    credits: int
    #: The month's first moment, UTC.
    month: datetime
    reason: str | None


def read_count(arguments: str, now: datetime, words: Words) -> Count:
    """``812 [2026-10] [reason]``: what the dashboard says was used in the month. Raises Misunderstood."""
    first, _, rest = arguments.partition(" ")
    if not is_number(first):
        raise Misunderstood(
            words("Write it like this: `/reconcile 812 2026-10`: what the provider's dashboard says of that month.")
        )
    if int(first[:20]) > MOST_CREDITS:
        raise Misunderstood(words("The number of credits must be from 0 to {most}.", most=words.number(MOST_CREDITS)))
    month = month_of(now)
    if _MONTH.fullmatch(rest.partition(" ")[0]):
        month, _, rest = rest.partition(" ")
    try:
        begin = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    except ValueError:
        raise Misunderstood(words("{month} is no month: write it like 2026-10.", month=month)) from None
    if begin > now:
        raise Misunderstood(words("{month} has not begun yet.", month=month))
    return Count(credits=int(first), month=begin, reason=reason_of(rest))


async def run(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/reconcile N [MONTH] [reason]."""
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    try:
        count = read_count(arguments, by.at, words)
    except Misunderstood as sentence:
        return said(str(sentence))
    found = await context.database.run(
        reconcile, by, count.credits, count.month, reason=count.reason, pepper=context.pepper
    )
    return said(*_lines(found, words), heading=month_of(count.month), tone=Tone.ANSWER)


def _lines(found: Reconciliation, words: Words) -> list[str]:
    lines = [
        words(
            "The dashboard says {counted}; the books have {captured} used and {uncertain} possibly used.",
            counted=words.number(found.counted),
            captured=words.number(found.captured),
            uncertain=words.number(found.uncertain),
        )
    ]
    if found.booked > 0:
        sentence = words.plural(
            "{n} credit more is booked on the operator's account.",
            "{n} credits more are booked on the operator's account.",
            found.booked,
        )
    elif found.booked < 0:
        sentence = words.plural(
            "{n} credit less is booked on the operator's account.",
            "{n} credits less are booked on the operator's account.",
            -found.booked,
        )
    else:
        sentence = words("They agree: nothing is booked.")
    lines.append(sentence)
    if found.uncertain:
        lines.append(
            words(
                "Of {n} possibly used, {used} were used, if the dashboard is right.",
                n=words.number(found.uncertain),
                used=words.number(found.of_uncertain),
            )
        )
    if found.open:
        lines.append(words("Being asked just now: {n}", n=words.number(found.open)))
    if found.unexplained < 0:
        lines.append(
            words(
                "The dashboard has {n} fewer than were answered: look again later.", n=words.number(-found.unexplained)
            )
        )
    else:
        lines.append(words("Unexplained: {n}", n=words.number(found.unexplained)))
    return lines


RECONCILE = Command(
    name="reconcile",
    run=run,
    description=lambda words: words("Compare the books with the provider's dashboard"),
    admin=True,
)
