"""The operator's limits in chat: what holds, and what an admin sets in its place from now on."""

from bots.arguments import Misunderstood, is_number
from bots.cards import Card, Tone
from bots.context import Asker, Command, Context, said
from bots.wording import Words
from core import limits
from core.audit import By
from core.budgets import Limits, in_force, spent_now
from core.settings import MOST_CREDITS

#: What each command sets, as it is typed.
_BUDGETS = {"month": "month", "day": "day"}
_LIMITS = {"chat": "chat_day", "new": "new_account"}
#: Goes back to what .env says.
_DEFAULT = "default"


async def budget(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/budget [day|month N|none|default]."""
    example = words(
        "Write it like this: `/budget day 50`, `/budget month none` for no limit, "
        "`/budget month default` for what .env says."
    )
    return await _limit(context, asker, words, arguments, _BUDGETS, example)


async def limit(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/limit [chat|new N|none|default]."""
    example = words(
        "Write it like this: `/limit chat 50` (a day), `/limit new 5` (in an account's first 24 hours), "
        "`/limit chat none` for no limit, `/limit chat default` for what .env says."
    )
    return await _limit(context, asker, words, arguments, _LIMITS, example)


async def _limit(
    context: Context, asker: Asker, words: Words, arguments: str, names: dict[str, str], example: str
) -> Card:
    if not arguments:
        return await _what_holds(context, words)
    what, _, value = arguments.lower().partition(" ")
    try:
        name, number = _read(what, value.strip(), names, words, example)
    except Misunderstood as misunderstood:
        return said(str(misunderstood))
    by = By(admin=str(asker.identity), event=asker.event, at=context.clock())
    own = context.policy.limits
    if value == _DEFAULT:
        change = await context.database.run(limits.reset, by, name, limits=own)
    else:
        change = await context.database.run(limits.change, by, name, number, limits=own)
    sentence = words(
        "{limit}: {before} → {after}",
        limit=limit_name(name, words),
        before=limit_value(change.before, words),
        after=limit_value(change.after, words),
    )
    return said(sentence, words("This holds from now on, also after a restart."), tone=Tone.ANSWER)


def _read(what: str, value: str, names: dict[str, str], words: Words, example: str) -> tuple[str, int | None]:
    if what not in names or not (is_number(value) or value in (limits.NONE, _DEFAULT)):
        raise Misunderstood(example)
    if not is_number(value):
        return names[what], None
    number = int(value[:20])
    if number > MOST_CREDITS:
        raise Misunderstood(words("The number of credits must be from 0 to {most}.", most=words.number(MOST_CREDITS)))
    return names[what], number


def limit_name(name: str, words: Words) -> str:
    """What a limit is called; ``name`` is a field of `core.budgets.Limits`."""
    match name:
        case "month":
            return words("Credits a month")
        case "day":
            return words("Credits a day")
        case "chat_day":
            return words("Credits a day in one chat")
        case _:
            return words("Credits of a new account in its first 24 hours")


def limit_value(written: str, words: Words) -> str:
    """A limit as the journal has it, in words."""
    return words.number(int(written)) if is_number(written) else words("no limit")


async def _what_holds(context: Context, words: Words) -> Card:
    own: Limits = context.policy.limits
    hold = await context.database.read(in_force, own)
    changed = await context.database.read(limits.changed)
    month, day = await context.database.read(spent_now, context.clock())
    used = {"month": month, "day": day}
    lines = []
    for name in limits.SETTINGS:
        value = getattr(hold, name)
        line = words(
            "{limit}: {value}",
            limit=limit_name(name, words),
            value=words("no limit") if value is None else words.number(value),
        )
        if name in used:
            line = words("{line} · {n} used", line=line, n=words.number(used[name]))
        if name in changed:
            setting = getattr(own, name)
            said_there = limits.NONE if setting is None else str(setting)
            line = words(
                "{line} (set by an admin; `{setting}={value}` does not count)",
                line=line,
                setting=limits.SETTINGS[name].upper(),
                value=said_there,
            )
        lines.append(line)
    lines.append(words("/budget and /limit change them: `/budget day 50`, `/limit new none`."))
    return said(*lines, heading=words("What may be spent"), tone=Tone.ANSWER)


BUDGET = Command(
    name="budget", run=budget, description=lambda words: words("What may be spent in a month and a day"), admin=True
)
LIMIT = Command(
    name="limit",
    run=limit,
    description=lambda words: words("What a chat and a new account may spend"),
    admin=True,
)
