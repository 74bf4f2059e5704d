"""Commands for the operator's admins: figures, giving and taking, blocking, pausing."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bots.cards import Card, Line, Tone
from bots.context import Asker, Command, Context, said
from bots.wording import Words
from core import admin
from core.admin import By
from core.budgets import spent_now
from core.clock import end_of
from core.model import Identity
from core.texts import clean
from core.usage import Period, Usage, usage

#: People that /usage names.
_TOP = 5
#: Characters of a reason that are kept.
_REASON = 200
#: Credits that one command moves at most: a slip of the finger should not cost a year's budget.
_MOST = 1_000_000


class Misunderstood(Exception):
    """The arguments do not fit; the text says how they should be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """The arguments of /grant and /take."""

    person: Identity
    amount: int
    until: datetime | None
    reason: str | None


_UNTIL = re.compile(r"until\s+(\d{4}-\d{2}-\d{2})\b\s*", re.IGNORECASE)


def read_grant(arguments: str, replied: Identity | None, now: datetime, words: Words) -> Transfer:
    """``PERSON N [until DATE] [reason]``; without PERSON in reply to a message. Raises Misunderstood."""
    example = words("Write it like this: `/grant telegram:123 10 until 2026-12-31 for the raffle`")
    given = read_take(arguments, replied, words, example=example)
    if not (found := _UNTIL.match(given.reason or "")):
        return given
    until = _end_of(found[1], words)
    if until <= now:
        raise Misunderstood(words("{date} is over already.", date=found[1]))
    return replace(given, until=until, reason=found.string[found.end() :] or None)


def read_take(arguments: str, replied: Identity | None, words: Words, *, example: str | None = None) -> Transfer:
    """``PERSON N [reason]``; without PERSON in reply to a message. Raises Misunderstood, with the example."""
    first, _, rest = arguments.partition(" ")
    person = replied
    if first and not _is_number(first):
        person = read_person(first, words)
        first, _, rest = rest.strip().partition(" ")
    if person is None or not _is_number(first):
        raise Misunderstood(example or words("Write it like this: `/take telegram:123 10 given by mistake`"))
    if person.user.startswith("-"):
        raise Misunderstood(words("`{person}` is a chat: credits belong to people.", person=person))
    amount = int(first)
    if not 0 < amount <= _MOST:
        raise Misunderstood(words("The number of credits must be from 1 to {most}.", most=words.number(_MOST)))
    return Transfer(person=person, amount=amount, until=None, reason=clean(rest, _REASON) or None)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _end_of(day: str, words: Words) -> datetime:
    """Credits until a day can be used on that day (UTC)."""
    try:
        return end_of(date.fromisoformat(day))
    except (ValueError, OverflowError):
        raise Misunderstood(words("{date} is no date: write it like 2026-12-31.", date=day)) from None


def read_person(text: str, words: Words) -> Identity:
    """Read ``telegram:123``: a number, since names change hands. Raises Misunderstood."""
    try:
        return Identity.parse(text)
    except ValueError:
        shown = words.outside(clean(text, 40)) or "…"
        raise Misunderstood(
            words("I do not know “{person}”: write a person as `telegram:123`, as /id shows it.", person=shown)
        ) from None


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
    reason = clean(rest, _REASON) or None
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
    change = await context.database.run(admin.pause, by, paused=True, reason=clean(arguments, _REASON) or None)
    if change.before == change.after:
        return said(words("Searching is paused already. /resume lets it go on."), tone=Tone.ANSWER)
    return said(words("Searching is paused for everybody. /resume lets it go on."), tone=Tone.ANSWER)


async def resume(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/resume: searching goes on, and after a refusal of the endpoint the next photo tries it at once."""
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    await context.database.run(admin.pause, by, paused=False, reason=clean(arguments, _REASON) or None)
    context.breaker.probe_now()
    return said(words("Searching goes on: the next photo is searched."), tone=Tone.ANSWER)


async def report(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/usage: today, seven days, this month, in plain words."""
    now, zone = context.clock(), context.settings.report_timezone
    today = now.astimezone(zone).date()
    periods = {"today": words("Today"), "7d": words("7 days"), "month": words("This month")}
    lines: list[Line] = []
    month: Usage | None = None
    for name, title in periods.items():
        month = await context.database.read(usage, Period.parse(name, today, zone), zone, now)
        figures = words("{period}: {figures}", period=title, figures=_searches(month, words))
        lines += [Line(figures), Line(_credits(month, words))]
    assert month is not None, "there are periods"
    top = [person for person in month.people if person.captured][:_TOP]
    if top:
        lines.append(Line(words("Most credits this month:")))
    for person in top:
        name = words.outside(clean(person.name, 40)) or "–"
        lines.append(Line(f"{name} · `{person.person}` · {words.number(person.captured)}"))
    lines += [Line(line) for line in await _budget(context, words, now)]
    return Card(tone=Tone.ANSWER, heading=words("Usage"), lines=tuple(lines))


def _searches(figures: Usage, words: Words) -> str:
    searches = words.plural("{n} search", "{n} searches", figures.searches)
    by = words.plural("by {n} person", "by {n} people", figures.active)
    free = words.plural("{n} answered free", "{n} answered free", figures.from_cache)
    return f"{searches} {by} · {free}"


def _credits(figures: Usage, words: Words) -> str:
    used = words.plural("{n} credit used", "{n} credits used", figures.captured)
    perhaps = words("{n} possibly used", n=words.number(figures.uncertain))
    back = words("{n} given back", n=words.number(figures.released))
    return f"{used} · {perhaps} · {back}"


async def _budget(context: Context, words: Words, now: datetime) -> list[str]:
    limits = context.policy.limits
    month, day = await context.database.read(spent_now, now)
    lines = []
    if limits.month is not None:
        lines.append(
            words(
                "Budget left this month: {left} of {limit}",
                left=words.number(max(0, limits.month - month)),
                limit=words.number(limits.month),
            )
        )
    if limits.day is not None:
        lines.append(
            words(
                "Budget left today: {left} of {limit}",
                left=words.number(max(0, limits.day - day)),
                limit=words.number(limits.day),
            )
        )
    return lines or [words("No budget is set.")]


ADMIN_COMMANDS = (
    Command(name="usage", run=report, description=lambda words: words("What was used, and by whom"), admin=True),
    Command(name="grant", run=grant, description=lambda words: words("Give credits"), admin=True),
    Command(name="take", run=take, description=lambda words: words("Take credits back"), admin=True),
    Command(name="block", run=block, description=lambda words: words("Block a person or a chat"), admin=True),
    Command(name="unblock", run=unblock, description=lambda words: words("Unblock a person or a chat"), admin=True),
    Command(name="pause", run=pause, description=lambda words: words("Pause searching for everybody"), admin=True),
    Command(name="resume", run=resume, description=lambda words: words("Let searching go on"), admin=True),
)
