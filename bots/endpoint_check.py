"""`snapshop doctor --spend-one-credit`: one real search, booked like every other."""

import time

from bots.findings import Finding, broken, look, ok
from bots.one_photo import Listener, search_one
from bots.sandbox.pictures import photo
from core.database import DatabaseUnavailable
from core.keyapi.errors import Denial
from core.model import BudgetSpent, Found, Lost, NothingFound, Outcome, Paused
from core.settings import Settings

_DENIED = {
    Denial.KEY: "The endpoint does not accept KEYAPI_KEY: copy it again from your account there.",
    Denial.QUOTA: "The endpoint's credits are used up: buy some.",
    Denial.FORBIDDEN: "KEYAPI_KEY may not use the endpoint: look at your plan there.",
}


async def check_endpoint(settings: Settings) -> Finding:
    """Search for a handbag, afresh whatever is stored. Raises CannotRun."""
    listener, began = Listener(), time.monotonic()
    try:
        outcome = await search_one(settings, photo("leather-handbag", "wall"), fresh=True, alerts=listener)
    except DatabaseUnavailable as error:
        return broken("endpoint", f"It was not asked, because the database cannot be used just now: {error}.")
    return _finding(outcome, listener.denial, time.monotonic() - began, settings)


def _finding(outcome: Outcome, denial: str | None, seconds: float, settings: Settings) -> Finding:
    match outcome:
        case Found(matches=matches):
            return ok("endpoint", f"It answered with {len(matches)} products in {seconds:.1f} s. 1 credit was used.")
        case NothingFound():
            text = f"It answered in {seconds:.1f} s and found nothing like a handbag, which is odd. 1 credit was used."
            return look("endpoint", text)
        case Lost():
            text = f"It was asked and gave no usable answer within {settings.keyapi_timeout:g} s: try again in a while."
            return broken("endpoint", f"{text} A credit may have been used.")
        case BudgetSpent(limit=limit):
            return look("endpoint", f"It was not asked: the budget ({limit}) is spent. Nothing was used.")
        case Paused():
            return look("endpoint", "It was not asked: an admin has paused searching. /resume ends that.")
        case _ if denial is not None:
            return broken("endpoint", f"{_DENIED[Denial(denial)]} Nothing was used.")
        case _:
            return broken("endpoint", "It cannot be reached: check the network and KEYAPI_URL. Nothing was used.")
