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


def clock(sent: str, platform: str) -> Finding:
    """This machine's clock against the ``Date`` of an answer that has just come."""
    off = abs((datetime.now(UTC) - parsedate_to_datetime(sent)).total_seconds())
    if off > _CLOCK_TOLERANCE:
        text = f"This machine's clock is {off:.0f} s off {platform}'s: set up NTP, days and months depend on it."
        return Finding(check="clock", verdict=Verdict.BROKEN, text=text)
    return Finding(check="clock", verdict=Verdict.OK, text=f"It agrees with {platform}'s.")
