"""How Discord refuses: a status, a JSON error code, and for malformed bodies what is wrong where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

#: Discord API: Opcodes and Status Codes, JSON error codes
MESSAGES = {
    0: "404: Not Found",
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10007: "Unknown Member",
    10008: "Unknown Message",
    10013: "Unknown User",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    40094: "This interaction has reached the maximum number of follow-up messages",
    50001: "Missing Access",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50013: "Missing Permissions",
    50027: "Invalid Webhook Token",
    50035: "Invalid Form Body",
}
#: What a bot is refused only because it did something wrong: kept in `DiscordWorld.violations`.
VIOLATIONS = (40005, 40060, 50006, 50035)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a body."""

    path: str  #: "components.0.components.3.label"; empty: the body as a whole
    code: str  #: Discord's own: "BASE_TYPE_BAD_LENGTH"
    text: str

    def __str__(self) -> str:
        return f"{self.path or 'body'}: {self.code} {self.text}"


class DiscordError(Exception):
    """An answer that refuses."""

    def __init__(self, status: int, code: int, *, message: str = "", problems: Iterable[Problem] = ()) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message or MESSAGES.get(code, "")
        self.problems = tuple(problems)

    def json(self, prefix: str = "") -> Json:
        """The body; the places of the problems are below `prefix` ("data" in an interaction's callback)."""
        body: Json = {"message": self.message, "code": self.code}
        for problem in self.problems:
            here = body.setdefault("errors", {})
            for step in [*prefix.split("."), *problem.path.split(".")]:
                here = here.setdefault(step, {}) if step else here
            here.setdefault("_errors", []).append({"code": problem.code, "message": problem.text})
        return body

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems)) or self.message


def invalid(path: str, code: str, text: str) -> DiscordError:
    """400 with one problem."""
    return DiscordError(400, 50035, problems=[Problem(path, code, text)])


def refuse_if_any(problems: Iterable[Problem]) -> None:
    """Raise the DiscordError of these problems, if there are any."""
    if found := list(problems):
        raise DiscordError(400, 50035, problems=found)
