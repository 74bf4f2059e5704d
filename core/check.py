"""Proves the books on a live database: every rule of the ledger, as one query each."""

from sqlalchemy import Connection, case, func, select

from core.budgets import EVERYWHERE
from core.clock import day_of
from core.model import Charge
from core.searches import State
from core.tables import entries, milliseconds, searches, spending

#: A day in the milliseconds that moments are stored as.
_DAY = 86_400_000

_hold = entries.alias("hold")
_resolution = entries.alias("resolution")


def check(connection: Connection) -> list[str]:
    """What is wrong: a sentence each; empty when the books are right. Reads only, in one transaction."""
    problems = []
    if pots := _overdrawn(connection):
        problems.append(f"{pots} pots of credits are below zero.")
    if wrong := _wrong_amounts(connection):
        problems.append(f"{wrong} holds do not take one credit, or grants give less than none.")
    if orphans := _open_without_question(connection):
        problems.append(f"{orphans} holds are open although nothing is being asked for them.")
    if unheld := _asked_without_hold(connection):
        problems.append(f"{unheld} searches are being asked without one open hold.")
    if wrong := _resolved_wrongly(connection):
        problems.append(f"{wrong} captures or releases do not fit the hold that they resolve.")
    if unpaid := _answered_without_capture(connection):
        problems.append(f"{unpaid} searches were answered for a credit without one capture, or captured otherwise.")
    problems += _miscounted(connection)
    return problems


def _overdrawn(connection: Connection) -> int:
    pots = (
        select(entries.c.person_id)
        .group_by(entries.c.person_id, entries.c.ends_on)
        .having(func.sum(entries.c.amount) < 0)
    )
    return connection.scalars(select(func.count()).select_from(pots.subquery())).one()


def _wrong_amounts(connection: Connection) -> int:
    wrong = ((entries.c.kind == "hold") & (entries.c.amount != -1)) | (
        (entries.c.kind == "grant") & (entries.c.amount < 0)
    )
    return connection.scalars(select(func.count()).select_from(entries).where(wrong)).one()


def _open_without_question(connection: Connection) -> int:
    query = (
        select(func.count())
        .select_from(_hold)
        .outerjoin(_resolution, _resolution.c.hold_id == _hold.c.id)
        .outerjoin(searches, searches.c.id == _hold.c.search)
        .where(
            _hold.c.kind == "hold",
            _resolution.c.id.is_(None),
            searches.c.state.is_distinct_from(State.ASKED.value),
        )
    )
    return connection.scalars(query).one()


def _asked_without_hold(connection: Connection) -> int:
    resolved = select(_resolution.c.id).where(_resolution.c.hold_id == _hold.c.id).exists()
    held = select(_hold.c.id).where(_hold.c.search == searches.c.id, _hold.c.kind == "hold", ~resolved)
    query = select(func.count()).select_from(searches).where(searches.c.state == State.ASKED, ~held.exists())
    return connection.scalars(query).one()


def _resolved_wrongly(connection: Connection) -> int:
    query = (
        select(func.count())
        .select_from(_resolution)
        .join(_hold, _hold.c.id == _resolution.c.hold_id)
        .where(
            (_hold.c.kind != "hold")
            | (_hold.c.person_id != _resolution.c.person_id)
            | _hold.c.ends_on.is_distinct_from(_resolution.c.ends_on)
            | ((_resolution.c.kind == "capture") & (_resolution.c.amount != 0))
            | ((_resolution.c.kind == "release") & (_resolution.c.amount != 1))
        )
    )
    return connection.scalars(query).one()


def _answered_without_capture(connection: Connection) -> int:
    captured = (
        select(func.count())
        .select_from(entries)
        .where(entries.c.search == searches.c.id, entries.c.kind == "capture")
        .scalar_subquery()
    )
    paid = case((searches.c.charge == Charge.PAID, 1), else_=0)
    return connection.scalars(select(func.count()).select_from(searches).where(captured != paid)).one()


def _miscounted(connection: Connection) -> list[str]:
    """The counts that limits are checked against, compared with the entries that they were made from."""
    day = milliseconds(_hold.c.at) // _DAY
    query = (
        select(func.min(_hold.c.at), func.count())
        .select_from(_hold)
        .outerjoin(_resolution, _resolution.c.hold_id == _hold.c.id)
        .where(
            _hold.c.kind == "hold",
            ~func.coalesce((_resolution.c.kind == "release") & ~_resolution.c.uncertain, False),
        )
        .group_by(day)
    )
    derived: dict[str, int] = {}
    for moment, count in connection.execute(query):
        day_name = day_of(moment)
        for period in (day_name, day_name[:7]):
            derived[period] = derived.get(period, 0) + count
    kept = select(spending.c.period, spending.c.spent).where(spending.c.scope == EVERYWHERE)
    counted = {period: spent for period, spent in connection.execute(kept) if spent}
    return [
        f"{period}: {counted.get(period, 0)} credits count against the budget, {derived.get(period, 0)} were spent."
        for period in sorted(derived.keys() | counted.keys())
        if derived.get(period, 0) != counted.get(period, 0)
    ]
