"""What goes wrong on demand between the bot and Discord."""

import asyncio
from dataclasses import dataclass, field

from tests.discord_lab.errors import DiscordError, Json, invalid

#: The bytes of an attachment; any other route is named as in Discord's documentation.
DOWNLOAD = "GET /attachments/{channel}/{attachment}/{file}"


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with the next `times` requests; a request meets at most one of them, the oldest first."""

    route: str | None = None  #: "POST /channels/{channel}/messages"; None: every one
    channel: int | None = None  #: None: in every channel
    new_files: bool = False  #: only requests that bring files
    times: float = 1
    error: DiscordError | None = None
    retry_after: float | None = None  #: seconds: 429
    via: bool = True  #: 429 of Discord's own, after which discord.py waits; False: Cloudflare's, a ban
    delay: float = 0.0  #: seconds before the request is answered
    drop: bool = False  #: perform, then cut the connection before the answer

    @property
    def headers(self) -> dict[str, str]:
        """What a 429 of Discord's own has in its head."""
        return {"Via": "1.1 google"} if self.via else {}

    def rate_limit(self) -> Json:
        """Discord API: Rate Limits, the body of a 429."""
        return {"message": "You are being rate limited.", "retry_after": self.retry_after, "global": False}


@dataclass(slots=True)
class Faults:
    """The faults that wait for their requests."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Anything that a Fault can say."""
        self.waiting.append(fault)

    def refuse(self, route: str | None, status: int, code: int = 0, *, times: float = 1) -> None:
        """The next requests are refused and not performed: 403 with 50013 or 50001, 404 with 10008, 500, 503 …"""
        self.add(Fault(route=route, error=DiscordError(status, code), times=times))

    def limit(self, route: str | None, retry_after: float, *, via: bool = True, times: float = 1) -> None:
        """429."""
        self.add(Fault(route=route, retry_after=retry_after, via=via, times=times))

    def refuse_new_files_in_edits(self, *, times: float = 1) -> None:
        """400 when a message is edited with new files (discord-api-docs, issue 7529)."""
        text = "This field is required"
        for route in ("/channels/{channel}/messages/{message}", "/webhooks/{application}/{token}/messages/{message}"):
            error = invalid("components", "BASE_TYPE_REQUIRED", text)
            self.add(Fault(route=f"PATCH {route}", new_files=True, error=error, times=times))

    def next(self, route: str, channel: str | None, files: bool) -> Fault | None:
        """The fault that this request meets, used up by it."""
        for fault in self.waiting:
            here = fault.channel is None or str(fault.channel) == channel
            fits = here and fault.route in (None, route) and (files or not fault.new_files)
            if fits and fault.times > 0:
                fault.times -= 1
                return fault
        return None


async def strike(fault: Fault) -> None:
    """Wait and refuse, as far as this fault does; raises its DiscordError."""
    await asyncio.sleep(fault.delay)
    if fault.error is not None:
        raise fault.error
