"""The usage report: of everything, of one market, one chat or one person. Every figure is counted by a scan.

Searches count by when they came, credits by the moment of their hold, votes by the search they are about. Linked people
count as the one they were merged into.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row

from core import people, scans
from core.accounts import account
from core.budgets import Limits
from core.figures import EVERYTHING, DayUsage, Figures, MarketUsage, PersonUsage, Scope, Usage
from core.forecast import budget
from core.linked import all_of, links
from core.model import Charge
from core.periods import Period
from core.scans import BY_DAY, BY_MARKET, BY_PERSON, CAPTURED, OPEN, RELEASED, UNCERTAIN, Part

#: What stands for somebody who was forgotten, who has no name.
NOBODY = ("forgotten", "")
#: Beside the fates of credits, in the counts of a day.
_SEARCHES, _FREE = "searches", "free"


class NobodyThere(LookupError):
    """A person whom the bot has never met, or has forgotten."""


def usage(
    connection: Connection,
    period: Period,
    zone: ZoneInfo,
    now: datetime,
    *,
    scope: Scope = EVERYTHING,
    limits: Limits | None = None,
) -> Usage:
    """The figures of a period. ``limits`` are what the budgets are measured against. Raises NobodyThere."""
    merged = links(connection)
    part = _part(connection, period, zone, scope, merged)
    by_day = list(scans.outcomes(connection, part, BY_DAY))
    fates = list(scans.fates(connection, part, BY_DAY))
    searched = list(scans.searched(connection, part, BY_PERSON, BY_MARKET))
    voted = list(scans.voted(connection, part))
    figures = _figures(by_day, fates, voted, _active(connection, part, searched, merged))
    before = _part(connection, period.before(zone, now), zone, scope, merged)
    called = _called(connection, merged)
    spent = scans.fates(connection, part, BY_PERSON)
    balances = scans.balances(connection, now, part.people)
    left = _sums((merged.get(who, who), balance) for who, balance in balances.items())
    own = None
    if part.people is not None:
        who = next(one for one in part.people if one not in merged)
        person, name = called.get(who, NOBODY)
        own = account(connection, part.people, person=person, name=name, now=now)
    return Usage(
        **{field.name: getattr(figures, field.name) for field in fields(Figures)},
        period=period,
        before=_figures_of(connection, before, merged),
        people=tuple(_people(searched, spent, merged, called, left, everyone=scope == EVERYTHING)),
        markets=tuple(_markets(searched, voted)),
        days=tuple(_days(period.days(zone)[0], _day_counts(by_day, fates), {})),
        budget=budget(connection, limits, now) if scope == EVERYTHING and limits else None,
        account=own,
    )


def days(
    connection: Connection, period: Period, zone: ZoneInfo, *, by_person: bool, scope: Scope = EVERYTHING
) -> list[DayUsage]:
    """Searches and credits by day of a time zone, or by day and person. Raises NobodyThere."""
    merged = links(connection)
    part = _part(connection, period, zone, scope, merged)
    keys = (BY_DAY, BY_PERSON) if by_person else (BY_DAY,)
    counts = _day_counts(
        scans.outcomes(connection, part, *keys),
        scans.fates(connection, part, *keys),
        merged if by_person else None,
    )
    return list(_days(period.days(zone)[0], counts, _called(connection, merged) if by_person else {}))


def usage_and_days(
    connection: Connection, period: Period, zone: ZoneInfo, now: datetime, scope: Scope, limits: Limits | None
) -> tuple[Usage, list[DayUsage]]:
    """The figures, and the days by person, of the same moment. Raises NobodyThere."""
    figures = usage(connection, period, zone, now, scope=scope, limits=limits)
    return figures, days(connection, period, zone, by_person=True, scope=scope)


def _part(connection: Connection, period: Period, zone: ZoneInfo, scope: Scope, merged: Mapping[int, int]) -> Part:
    everyone = None
    if scope.person is not None:
        person = people.find(connection, scope.person)
        if person is None:
            raise NobodyThere(f"{scope.person} has never been here")
        everyone = all_of(merged.get(person.id, person.id), merged)
    return Part(period=period, zone=zone, market=scope.market, chat=scope.chat, people=everyone)


def _figures_of(connection: Connection, part: Part, merged: Mapping[int, int]) -> Figures:
    return _figures(
        scans.outcomes(connection, part),
        scans.fates(connection, part),
        scans.voted(connection, part),
        _active(connection, part, scans.searched(connection, part, BY_PERSON), merged),
    )


def _figures(
    outcomes: Iterable[Row[Any]], fates: Iterable[Row[Any]], voted: Iterable[Row[Any]], active: tuple[int, int]
) -> Figures:
    ended: Counter[str | None] = Counter()
    from_cache = 0
    for row in outcomes:
        ended[row.outcome] += row.number
        from_cache += row.number if _is_free(row) else 0
    credits_ = _sums((row.fate, row.number) for row in fates)
    votes = _sums((row.useful, row.number) for row in voted)
    answered, lost = ended["found"] + ended["nothing"], ended["lost"]
    apart = (None, "found", "nothing", "lost")
    return Figures(
        searches=ended.total(),
        answered=answered,
        nothing_found=ended["nothing"],
        refused={kind: number for kind, number in sorted(ended.items(), key=str) if kind and kind not in apart},
        lost=lost,
        from_cache=from_cache,
        captured=credits_[CAPTURED],
        released=credits_[RELEASED],
        uncertain=credits_[UNCERTAIN],
        open=credits_[OPEN],
        active=active[0],
        new=active[1],
        useful=votes[True],
        not_useful=votes[False],
    )


def _active(
    connection: Connection, part: Part, searched: Iterable[Row[Any]], merged: Mapping[int, int]
) -> tuple[int, int]:
    """How many people searched, and how many of them never did before."""
    active = {merged.get(row.person, row.person) for row in searched}
    before = {merged.get(person, person) for person in scans.veterans(connection, part.period.since)}
    return len(active), len(active - before)


def _people(
    searched: Iterable[Row[Any]],
    fates: Iterable[Row[Any]],
    merged: Mapping[int, int],
    called: Mapping[int, tuple[str, str]],
    balances: Counter[int],
    *,
    everyone: bool,
) -> Iterator[PersonUsage]:
    searches = _sums((merged.get(row.person, row.person), row.number) for row in searched)
    spent = _sums(((merged.get(row.person, row.person), row.fate), row.number) for row in fates)
    listed = {who for who, number in searches.items() if number}
    listed |= {who for (who, fate), number in spent.items() if number and fate == CAPTURED}
    if everyone:
        listed |= {who for who, balance in balances.items() if balance and who in called}
    rows = [
        PersonUsage(
            person=called.get(who, NOBODY)[0],
            name=called.get(who, NOBODY)[1],
            searches=searches[who],
            captured=spent[who, CAPTURED],
            uncertain=spent[who, UNCERTAIN],
            balance=balances[who],
        )
        for who in listed
    ]
    yield from sorted(rows, key=lambda row: (-row.captured, -row.searches, row.person))


def _markets(searched: Iterable[Row[Any]], voted: Iterable[Row[Any]]) -> Iterator[MarketUsage]:
    searches = _sums((row.market, row.number) for row in searched)
    votes = _sums(((row.market, row.useful), row.number) for row in voted)
    for market, number in sorted(searches.items(), key=lambda pair: (-pair[1], pair[0] or "")):
        yield MarketUsage(market=market, searches=number, useful=votes[market, True], not_useful=votes[market, False])


#: Of a day of the period (and of a person, else of everybody: None): searches, answers that were free, credits by fate.
_Counts = Mapping[tuple[int, int | None], Counter[str]]


def _day_counts(
    outcomes: Iterable[Row[Any]], fates: Iterable[Row[Any]], merged: Mapping[int, int] | None = None
) -> _Counts:
    """By person as well where ``merged`` is given."""
    counts: defaultdict[tuple[int, int | None], Counter[str]] = defaultdict(Counter)

    def of(row: Row[Any]) -> Counter[str]:
        return counts[row.day, None if merged is None else merged.get(row.person, row.person)]

    for row in outcomes:
        count = of(row)
        count[_SEARCHES] += row.number
        count[_FREE] += row.number if _is_free(row) else 0
    for row in fates:
        of(row)[row.fate] += row.number
    return counts


def _days(first: date, counts: _Counts, called: Mapping[int, tuple[str, str]]) -> Iterator[DayUsage]:
    for (number, who), count in sorted(counts.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
        if not any(count[what] for what in (_SEARCHES, CAPTURED, UNCERTAIN)):
            continue  # a credit that was given back, held after the midnight of its search
        person, name = ("", "") if who is None else called.get(who, NOBODY)
        yield DayUsage(
            day=first + timedelta(days=number),
            person=person,
            name=name,
            searches=count[_SEARCHES],
            captured=count[CAPTURED],
            uncertain=count[UNCERTAIN],
            from_cache=count[_FREE],
        )


def _called(connection: Connection, merged: Mapping[int, int]) -> dict[int, tuple[str, str]]:
    """Identities and names; of one who was merged where whom they count as has none."""
    known = scans.known(connection)
    return {merged.get(who, who): called for who, called in known.items()} | known


def _is_free(row: Row[Any]) -> bool:
    return row.outcome in ("found", "nothing") and row.charge in (Charge.STORED, Charge.SHARED)


def _sums(pairs: Iterable[tuple[Any, int]]) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for key, number in pairs:
        sums[key] += number
    return sums
