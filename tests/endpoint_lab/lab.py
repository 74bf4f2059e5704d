"""The stand-in that tests use: all behaviours, chosen in-process, by a request's own headers or over HTTP; a pace."""

import time
from collections import deque
from collections.abc import Callable

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bots.sandbox.behaviours import Behaviour, answering
from bots.sandbox.endpoint import Endpoint, Plan
from tests.endpoint_lab.answers import ANSWERS
from tests.endpoint_lab.deliveries import DELIVERIES
from tests.endpoint_lab.refusals import REFUSALS, refused, reset_before, reset_during, retry_after

BEHAVIOURS: dict[str, Behaviour] = {
    **{name: answering(change) for name, change in ANSWERS.items()},
    **{name: refused(name) for name in REFUSALS},
    "429-retry-after": retry_after,
    "reset-before": reset_before,
    "reset-during": reset_during,
    **DELIVERIES,
}


class Wish(BaseModel):
    """How to behave, as JSON."""

    model_config = ConfigDict(strict=True, extra="forbid")

    behaviour: str
    times: int | None = Field(default=None, ge=1, le=1000)
    seconds: float | None = Field(default=None, ge=0, le=600)


class EndpointLab(Endpoint):
    """An endpoint that knows every behaviour of BEHAVIOURS.

    `behave`'s `seconds` are the wait of slow, half-head and half-body, the time between two bytes of drip, and the
    Retry-After of 429-retry-after. A request with the headers Sandbox-Behaviour and Sandbox-Seconds is answered so,
    whatever is planned. `rate` is requests a second: more than 2 x rate + 1 in two seconds are refused with 429.
    `now` gives seconds.
    """

    def __init__(
        self, *, key: str | None = None, rate: float | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(key=key, behaviours=BEHAVIOURS)
        self._rate, self._now = rate, now
        self._recent: deque[float] = deque()

    def routes(self) -> list[web.RouteDef]:
        return [
            *super().routes(),
            web.get("/sandbox/endpoint", self._tell),
            web.post("/sandbox/endpoint", self._steer),
        ]

    def plan(self, request: web.Request) -> Plan:
        name, seconds = (request.headers.get(header) for header in ("Sandbox-Behaviour", "Sandbox-Seconds"))
        if name is not None:
            try:
                plan = (name, None if seconds is None else float(seconds))
            except ValueError:
                raise web.HTTPBadRequest from None
            if name not in self.behaviours:
                raise web.HTTPBadRequest(text="no such behaviour")
            return plan
        return ("429", None) if self._too_fast() else super().plan(request)

    def _too_fast(self) -> bool:
        if self._rate is None:
            return False
        self._recent.append(self._now())
        while self._recent[0] <= self._recent[-1] - 2.0:
            self._recent.popleft()
        if len(self._recent) <= 2 * self._rate + 1:
            return False
        self._recent.pop()
        return True

    async def _tell(self, request: web.Request) -> web.Response:
        return web.json_response(self.state())

    async def _steer(self, request: web.Request) -> web.Response:
        try:
            wish = Wish.model_validate_json(await request.read())
            self.behave(wish.behaviour, wish.times, wish.seconds)
        except ValueError as error:  # pydantic's ValidationError too
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(self.state())
