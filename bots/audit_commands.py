"""/audit: what admins did, in words."""

from bots.arguments import is_number
from bots.cards import Card, Tone
from bots.context import Asker, Command, Context, said
from bots.limit_commands import limit_name, limit_value
from bots.wording import Words
from core import audit
from core.audit import Action

#: Actions that are shown if no number is said, and at most.
_FEW = 10
_MOST = 50


async def run(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/audit [N]."""
    if arguments and not (is_number(arguments) and int(arguments[:20]) > 0):
        return said(words("Write it like this: `/audit 20`: the last 20 things that admins did."))
    number = min(int(arguments[:20]), _MOST) if arguments else _FEW
    actions = await context.database.read(audit.last, number)
    if not actions:
        return said(words("No admin has done anything yet."), tone=Tone.ANSWER)
    lines = (_line(action, words) for action in actions)
    return said(*lines, heading=words("What admins did"), tone=Tone.ANSWER)


def _line(action: Action, words: Words) -> str:
    when = f"{words.date(action.at.date())}, {words.time(action.at)}"
    line = f"{when} · `{action.by}` · {_what(action, words)}"
    if change := _change(action, words):
        line = words("{what}: {change}", what=line, change=change)
    return f"{line} ({words.outside(action.reason)})" if action.reason else line


def _what(action: Action, words: Words) -> str:
    target = action.target or ""
    said_so = {
        "grant": words("credits given to `{person}`", person=target),
        "take": words("credits taken from `{person}`", person=target),
        "block": words("`{person}` blocked", person=target),
        "unblock": words("`{person}` unblocked", person=target),
        "pause": words("searching paused"),
        "resume": words("searching let go on"),
        "gift": words("gift codes made"),
        "budget": limit_name(target, words),
        "limit": limit_name(target, words),
        "reconcile": words("books of {month} reconciled", month=target),
        "chat_region": words("market of `{chat}`", chat=target),
        "chat_language": words("language of `{chat}`", chat=target),
        "chat_limit": words("daily limit of `{chat}`", chat=target),
    }
    return said_so.get(action.action, action.action)


def _change(action: Action, words: Words) -> str:
    """From what to what; empty where the action says it all."""
    match action.action:
        case "block" | "unblock" | "pause" | "resume":
            return ""
        case "gift":
            return action.after
        case "budget" | "limit":
            before, after = limit_value(action.before, words), limit_value(action.after, words)
        case _:
            before, after = action.before or words("not set"), action.after or words("not set")
    return f"{before} → {after}"


AUDIT = Command(name="audit", run=run, description=lambda words: words("What admins did"), admin=True)
