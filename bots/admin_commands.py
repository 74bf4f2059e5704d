"""Commands for the operator's admins: figures, giving and taking, blocking, pausing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bots.arguments import MOST_MOVED, Misunderstood, is_number, read_person, read_until
from bots.audit_commands import AUDIT
from bots.cards import Card, Tone
from bots.context import Asker, Command, Context, said
from bots.gift_commands import GIFT
from bots.limit_commands import BUDGET, LIMIT
from bots.reconcile_commands import RECONCILE
from bots.wording import Words
from core import admin
from core.audit import By, reason_of
from core.model import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """The arguments of /grant and /take."""

    person: Identity
    amount: int
    until: datetime | None
    reason: str | None


def read_grant(arguments: str, replied: Identity | None, now: datetime, words: Words) -> Transfer:
    """``PERSON N [until DATE] [reason]``; without PERSON in reply to a message. Raises Misunderstood."""
    example = words("Write it like this: `/grant telegram:123 10 until 2026-12-31 for the raffle`")
    given = read_take(arguments, replied, words, example=example)
    until, reason = read_until(given.reason or "", now, words)
    return replace(given, until=until, reason=reason or None)


def read_take(arguments: str, replied: Identity | None, words: Words, *, example: str | None = None) -> Transfer:
    """``PERSON N [reason]``; without PERSON in reply to a message. Raises Misunderstood, with the example."""
    first, _, rest = arguments.partition(" ")
    person = replied
    if first and not is_number(first):
        person = read_person(first, words)
        first, _, rest = rest.strip().partition(" ")
    if person is None or not is_number(first):
        raise Misunderstood(example or words("Write it like this: `/take telegram:123 10 given by mistake`"))
    if person.user.startswith("-"):
        raise Misunderstood(words("`{person}` is a chat: credits belong to people.", person=person))
    amount = int(first)
    if not 0 < amount <= MOST_MOVED:
        raise Misunderstood(words("The number of credits must be from 1 to {most}.", most=words.number(MOST_MOVED)))
    return Transfer(person=person, amount=amount, until=None, reason=reason_of(rest))


async def grant(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/grant PERSON N [until DATE] [reason]."""
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    try:
        give = read_grant(arguments, asker.replied, by.at, words)
    except Misunderstood as sentence:
        return said(str(sentence))
    change = await context.database.run(
        admin.grant,
        by,
        give.person,
        give.amount,
        ends_on=give.until,
        reason=give.reason,
        policy=context.policy,
        pepper=context.pepper,
    )
    return _changed(
        words("`{person}`: {before} → {after} credits.", person=give.person, before=change.before, after=change.after),
        give,
        words,
    )


async def take(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/take PERSON N [reason]."""
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    try:
        taken = read_take(arguments, asker.replied, words)
    except Misunderstood as sentence:
        return said(str(sentence))
    change = await context.database.run(
        admin.take, by, taken.person, taken.amount, reason=taken.reason, policy=context.policy, pepper=context.pepper
    )
    return _changed(
        words("`{person}`: {before} → {after} credits.", person=taken.person, before=change.before, after=change.after),
        taken,
        words,
    )


def _changed(sentence: str, transfer: Transfer, words: Words) -> Card:
    lines = [sentence]
    if transfer.until:
        last_day = (transfer.until - timedelta(days=1)).date()
        lines.append(words("They can be used until {date}.", date=words.date(last_day)))
    return said(*lines, tone=Tone.ANSWER)


async def block(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/block PERSON or CHAT [reason]."""
    return await _block(context, asker, words, arguments, blocked=True)


async def unblock(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/unblock PERSON or CHAT."""
    return await _block(context, asker, words, arguments, blocked=False)


async def _block(context: Context, asker: Asker, words: Words, arguments: str, *, blocked: bool) -> Card:
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    first, _, rest = arguments.partition(" ")
    try:
        target = read_person(first, words)
    except Misunderstood as sentence:
        if asker.replied is None:
            return said(str(sentence))
        target, rest = asker.replied, arguments
    if target in context.settings.admins and blocked:
        return said(words("An admin cannot be blocked: take them out of ADMINS first."))
    reason = reason_of(rest)
    if target.user.startswith("-"):
        change = await context.database.run(
            admin.block_chat, by, target.platform, target.user, blocked=blocked, reason=reason
        )
    else:
        change = await context.database.run(
            admin.block_person, by, target, blocked=blocked, reason=reason, pepper=context.pepper
        )
    state = {"open": words("open"), "blocked": words("blocked")}
    return said(
        words("`{person}`: {before} → {after}.", person=target, before=state[change.before], after=state[change.after]),
        tone=Tone.ANSWER,
    )


async def pause(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/pause [reason]."""
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    change = await context.database.run(admin.pause, by, paused=True, reason=reason_of(arguments))
    if change.before == change.after:
        return said(words("Searching is paused already. /resume lets it go on."), tone=Tone.ANSWER)
    return said(words("Searching is paused for everybody. /resume lets it go on."), tone=Tone.ANSWER)


async def resume(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/resume: searching goes on, and after a refusal of the endpoint the next photo tries it at once."""
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    await context.database.run(admin.pause, by, paused=False, reason=reason_of(arguments))
    context.breaker.probe_now()
    return said(words("Searching goes on: the next photo is searched."), tone=Tone.ANSWER)


ADMIN_COMMANDS = (
    Command(name="grant", run=grant, description=lambda words: words("Give credits"), admin=True),
    Command(name="take", run=take, description=lambda words: words("Take credits back"), admin=True),
    GIFT,
    Command(name="block", run=block, description=lambda words: words("Block a person or a chat"), admin=True),
    Command(name="unblock", run=unblock, description=lambda words: words("Unblock a person or a chat"), admin=True),
    BUDGET,
    LIMIT,
    AUDIT,
    RECONCILE,
    Command(name="pause", run=pause, description=lambda words: words("Pause searching for everybody"), admin=True),
    Command(name="resume", run=resume, description=lambda words: words("Let searching go on"), admin=True),
)
