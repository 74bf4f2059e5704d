"""What `snapshop doctor` finds: one check, how it is, and the next step."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

#: Seconds that this machine's clock may differ from a platform's before days and months come out wrong.
_CLOCK_TOLERANCE = 30


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was looked at, how it is, and the next step."""

    check: str
    verdict: Verdict
    text: str


def ok(check: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(check=check, verdict=Verdict.OK, text=text)


def look(check: str, text: str) -> Finding:
    """The bot runs with it, but it is probably not meant."""
    return Finding(check=check, verdict=Verdict.LOOK, text=text)


def broken(check: str, text: str) -> Finding:
    """The bot does not run, or not as the settings say."""
    return Finding(check=check, verdict=Verdict.BROKEN, text=text)


def clock(sent: str, platform: str) -> Finding:
    """This machine's clock against the ``Date`` of an answer that has just come."""
    off = abs((datetime.now(UTC) - parsedate_to_datetime(sent)).total_seconds())
    if off > _CLOCK_TOLERANCE:
        text = f"This machine's clock is {off:.0f} s off {platform}'s: set up NTP, days and months depend on it."
        return broken("clock", text)
    return ok("clock", f"It agrees with {platform}'s.")
