"""/usage: who may see what of the report, and its making. Asked anew for every command and every press."""

import asyncio
from dataclasses import replace
from datetime import datetime

from bots.arguments import Misunderstood
from bots.cards import Card
from bots.context import Asker, Command, Context, said
from bots.usage_card import Report, file_card, usage_card
from bots.usage_file import usage_csv
from bots.usage_question import Question, read_argument, read_question
from bots.wording import Words
from core.charts import draw
from core.figures import EVERYTHING, Scope
from core.model import Identity
from core.usage import NobodyThere, usage_and_days


async def report(context: Context, asker: Asker, words: Words, arguments: str) -> Card:
    """/usage [PERIOD] [PERSON | CHAT | MARKET]; in a group, for its own admins, [PERIOD]."""
    now, zone = context.clock(), context.settings.report_timezone
    replied = asker.replied if asker.private else None
    try:
        question = read_question(arguments, replied, words, today=now.astimezone(zone).date(), zone=zone)
    except Misunderstood as sentence:
        return said(str(sentence))
    return await _answer(context, asker, words, question, now)


async def show_usage(context: Context, asker: Asker, words: Words, argument: str) -> Card:
    """What a button of the report asks for: another period, or the file."""
    now, zone = context.clock(), context.settings.report_timezone
    try:
        question = read_argument(argument, words, today=now.astimezone(zone).date(), zone=zone)
    except Misunderstood:
        return _refusal(context, asker, words)  # no button of ours
    return await _answer(context, asker, words, question, now)


async def make_report(context: Context, question: Question, now: datetime, *, full: bool) -> Report:
    """Count and draw; ``full``: for the operator's eyes, with the file. Raises NobodyThere, DatabaseUnavailable."""
    zone, limits = context.settings.report_timezone, context.policy.limits if full else None
    read = context.database.read
    figures, rows = await read(usage_and_days, question.period, zone, now, question.scope, limits)
    return Report(
        question=question,
        usage=figures,
        chart=await asyncio.to_thread(draw, figures, zone, now),
        zone=zone,
        now=now,
        csv=usage_csv(rows) if full else None,
        full=full,
    )


async def _answer(context: Context, asker: Asker, words: Words, question: Question, now: datetime) -> Card:
    full = asker.private and context.is_admin(asker.identity)
    if not full:
        here = Identity(platform=asker.platform, user=asker.chat)
        if asker.private or not asker.chat_admin:
            return _refusal(context, asker, words)
        if question.scope not in (EVERYTHING, Scope(chat=here)) or question.file:
            return said(words("I show this chat's figures here, and nothing else."))
        question = replace(question, scope=Scope(chat=here))
    made = await _made(context, question, now, full=full)
    if made is None:
        return said(words("Nobody of that number has ever been here: `{person}`.", person=question.scope.person))
    return file_card(made) if question.file else usage_card(made, words)


async def _made(context: Context, question: Question, now: datetime, *, full: bool) -> Report | None:
    """None for the number of nobody. On some platforms the numbers of chats look like those of people."""
    try:
        return await make_report(context, question, now, full=full)
    except NobodyThere:
        chat = replace(question, scope=Scope(chat=question.scope.person))
        made = await make_report(context, chat, now, full=full)
        return made if made.usage.searches or made.usage.before.searches else None


def _refusal(context: Context, asker: Asker, words: Words) -> Card:
    if context.is_admin(asker.identity) and not asker.private:
        return said(words("Send me /{command} in a private chat: it is about other people.", command="usage"))
    return said(words("This is for the admins of this bot."))


USAGE_COMMANDS = (
    Command(
        name="usage",
        run=report,
        description=lambda words: words("What was used, and by whom"),
        admin=True,
        chat_admins=True,
    ),
)
