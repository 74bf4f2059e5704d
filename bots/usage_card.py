"""The usage report as a card: the figures in plain words, the picture, the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bots.cards import Action, Card, Document, Line, Press, Tone
from bots.person_commands import entry_line
from bots.usage_question import Question, argument_of
from bots.wording import Words
from core.accounts import Account
from core.charts import Chart
from core.figures import PersonUsage, Usage
from core.regions import flag
from core.texts import clean

#: People, markets and entries of an account that are named.
_TOP, _MARKETS, _ENTRIES = 5, 4, 8
#: Credits of a day from which on parts of one are of no interest.
_WHOLE = 10
#: A sign of the picture's colours stays beside its word.
_COLOURS, _TIED = re.compile("([🟩🟧⬜🟥]) "), "\\1\N{NO-BREAK SPACE}"
#: Days that are no longer ago than this need no year.
_NEAR = timedelta(days=330)
#: Characters of a name.
_NAME = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures, and how they are drawn."""

    question: Question
    usage: Usage
    chart: Chart
    zone: ZoneInfo
    now: datetime
    #: The CSV file; None where it is not for whoever asks.
    csv: bytes | None
    #: Whether it is for the operator's eyes: with the numbers of people.
    full: bool


def usage_card(report: Report, words: Words) -> Card:
    """The whole report, with buttons for other periods."""
    usage = report.usage
    groups = [
        [*_credits(report, words), *_budget(report, words)],
        [*_searches(usage, words), *_markets(usage, words)],
        [*_before(report, words)],
        [*(_account(usage.account, words) if usage.account else ())],
    ]
    top = () if usage.account else tuple(_top(usage, words, full=report.full))
    return Card(
        tone=Tone.ANSWER,
        heading=words("Usage"),
        facts=tuple(filter(None, (_period(report, words), _about(report, words)))),
        lines=(*map(Line, _apart(groups)), *(Line(line, below_chart=True) for line in top)),
        rows=_rows(report.question, words),
        chart=report.chart.png,
        alt=alt_text(report.chart, words),
        document=_document(report) if report.csv is not None else None,
    )


def digest_card(report: Report, words: Words) -> Card:
    """The report in short, unasked."""
    groups = [
        [*_credits(report, words), *_budget(report, words)],
        [*_searches(report.usage, words)],
        [*_before(report, words)],
    ]
    return Card(
        tone=Tone.ANSWER,
        heading=words("This month so far"),
        facts=(_period(report, words),),
        lines=tuple(map(Line, _apart(groups))),
        help=words("More: /usage"),
        chart=report.chart.png,
        alt=alt_text(report.chart, words),
    )


def file_card(report: Report) -> Card:
    """Nothing but the file."""
    return Card(tone=Tone.ANSWER, document=_document(report))


def alt_text(chart: Chart, words: Words) -> str:
    """The numbers of the picture, for those who do not see it."""
    shown = words(
        "Credits used from {first} to {last}: {used}, possibly used: {uncertain}, answered free: {free}.",
        first=words.date(chart.first),
        last=words.date(chart.last),
        used=words.number(chart.used),
        uncertain=words.number(chart.uncertain),
        free=words.number(chart.free),
    )
    if chart.most_on is None or chart.monthly:
        return shown
    most = words("Most on {date}: {n}.", date=words.date(chart.most_on), n=words.number(chart.most))
    return words.together(shown, most)


def _apart(groups: list[list[str]]) -> Iterator[str]:
    """The lines, with an empty one between groups."""
    for at, group in enumerate(filter(None, groups)):
        yield from ([""] if at else [])
        yield from group


def _credits(report: Report, words: Words) -> Iterator[str]:
    """What was used, and what the colours of the picture mean."""
    figures, chart = report.usage, report.chart
    used = words(
        "🟩 used {used} · 🟧 possibly used {uncertain} · given back {released} · "
        "⬜ answered free {free} (saved you {free})",
        used=words.number(figures.captured),
        uncertain=words.number(figures.uncertain),
        released=words.number(figures.released),
        free=words.number(figures.from_cache),
    )
    yield _COLOURS.sub(_TIED, used)
    if chart.line is not None:
        n = words.number(round(chart.line, 0 if chart.line >= _WHOLE else 1))
        drawn = words("🟥 budget of a month: {n}", n=n) if chart.monthly else words("🟥 budget of a day: {n}", n=n)
        yield _COLOURS.sub(_TIED, drawn)


def _budget(report: Report, words: Words) -> Iterator[str]:
    """What the budgets have left, in a report of days that go on."""
    budget = report.usage.budget
    if budget is None or report.now >= report.usage.period.until:
        return
    if budget.month_limit is not None:
        yield words(
            "Budget this month: {used} of {limit} used, {left} left",
            used=words.number(budget.month_used),
            limit=words.number(budget.month_limit),
            left=words.number(budget.month_left or 0),
        )
    if budget.day_limit is not None:
        yield words(
            "Budget today: {used} of {limit} used, {left} left",
            used=words.number(budget.day_used),
            limit=words.number(budget.day_limit),
            left=words.number(budget.day_left or 0),
        )
    if budget.month_limit is None:
        if budget.day_limit is None:
            yield words("No budget is set.")
    elif not budget.month_left:
        yield words("The month's budget is spent.")
    elif budget.ends_on is not None:
        yield words("At this pace the month's budget ends on {date}.", date=words.date(budget.ends_on))
    else:
        yield words("At this pace the month's budget lasts.")


def _searches(usage: Usage, words: Words) -> Iterator[str]:
    yield words(
        "Searches {searches} · nothing found {nothing} · refused {refused} · no answer came {lost}",
        searches=words.number(usage.searches),
        nothing=words.number(usage.nothing_found),
        refused=words.number(sum(usage.refused.values())),
        lost=words.number(usage.lost),
    )
    if usage.account is None:
        yield words("People {active} · new {new}", active=words.number(usage.active), new=words.number(usage.new))
    if usage.useful_share is not None:
        yield words.plural(
            "Called useful: {share} of {n} vote",
            "Called useful: {share} of {n} votes",
            usage.useful + usage.not_useful,
            share=words.percent(usage.useful_share),
        )


def _before(report: Report, words: Words) -> Iterator[str]:
    before = report.usage.before
    if not before.searches and not before.counted:
        return
    first, last = report.usage.period.before(report.zone, report.now).days(report.zone)
    yield words(
        "Before ({period}): used {used} · searches {searches} · people {people}",
        period=_days(first, last, report, words),
        used=words.number(before.captured),
        searches=words.number(before.searches),
        people=words.number(before.active),
    )


def _markets(usage: Usage, words: Words) -> Iterator[str]:
    """Where people looked, and what share of the votes there was kind."""
    if len(usage.markets) < 2:
        return
    shown = []
    for row in usage.markets[:_MARKETS]:
        parts = [flag(row.market), words.number(row.searches)]
        if row.useful_share is not None:
            parts += ["👍", words.percent(row.useful_share)]
        shown.append("\N{NO-BREAK SPACE}".join(parts))  # a flag stays beside its number
    yield " · ".join(shown)


def _top(usage: Usage, words: Words, *, full: bool) -> Iterator[str]:
    people = usage.top(_TOP)
    if people:
        yield ""
        yield words("Most credits:")
    for person in people:
        number = f" · `{person.person}`" if full else ""
        yield f"{_called(person, words)}{number} · {words.number(person.captured)}"


def _account(account: Account, words: Words) -> Iterator[str]:
    balance = words.number(account.balance)
    if account.allowance is None:
        yield words("{balance} credits left · this month's free ones are not given yet", balance=balance)
    else:
        yield words(
            "{balance} credits left · free ones this month: {allowance}",
            balance=balance,
            allowance=words.number(account.allowance),
        )
    yield from (entry_line(entry, words) for entry in account.entries[:_ENTRIES])


def _called(who: PersonUsage | Account, words: Words) -> str:
    return words.outside(clean(who.name, _NAME)) or "–"


def _period(report: Report, words: Words) -> str:
    first, last = report.usage.period.days(report.zone)
    return _days(first, max(first, min(last, report.now.astimezone(report.zone).date())), report, words)


def _days(first: date, last: date, report: Report, words: Words) -> str:
    """``1 Nov – 24 Nov``; with their years where they are long ago."""
    today = report.now.astimezone(report.zone).date()
    shown = [words.date(day) if today - day < _NEAR else day.isoformat() for day in (first, last)]
    return shown[0] if first == last else " – ".join(shown)


def _about(report: Report, words: Words) -> str:
    """What the report is about, where it is not about everything."""
    scope, account = report.question.scope, report.usage.account
    if account is not None:
        return f"{_called(account, words)} · {account.person}"
    if scope.market is not None:
        return f"{flag(scope.market)} {words.market(scope.market)}"
    if scope.chat is not None:
        return str(scope.chat) if report.full else words("this chat")
    return ""


def _rows(question: Question, words: Words) -> tuple[tuple[Action, ...], ...]:
    def period(written: str, label: str) -> Action:
        argument = argument_of(written, question.scope)
        return Action(label, Press.USAGE, argument=argument, chosen=written == question.written)

    return (
        (period("today", words("Today")), period("7d", words("7 days"))),
        (period("month", words("This month")), period("last", words("Last month"))),
    )


def _document(report: Report) -> Document:
    first, last = report.usage.period.days(report.zone)
    question = report.question
    argument = argument_of(question.written, question.scope, file=True)
    return Document(
        name=f"usage-{first.isoformat()}-{last.isoformat()}.csv",
        data=report.csv or b"",
        action=Action("CSV", Press.USAGE, argument=argument),
    )
