"""Figures for Prometheus: what the core reports (core.meter), and what is looked at when somebody asks.

No label's value comes from outside: platforms, outcomes and kinds of errors are the program's own words.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bots.chat_app import ChatApp
from core.keyapi.errors import (
    AccessDenied,
    Denial,
    NoAnswer,
    NotSent,
    RateLimited,
    Refused,
    SearchFailed,
    TooLarge,
)
from core.keyapi.pacing import Breaker, BreakerState
from core.meter import Meter
from core.model import Outcome
from core.outcomes import describe
from core.turns import Turns

#: Seconds between two looks at how late the event loop is.
_LOOK: Final = 1.0
#: Seconds. An answer takes about one, KEYAPI_TIMEOUT is 30, QUEUE_WAIT is 120.
_ENDPOINT_BUCKETS: Final = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
_WAIT_BUCKETS: Final = (0.01, 0.1, 0.5, 1, 2, 5, 15, 30, 60, 120, 300)
_LAG_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_FAILURES: Final[Mapping[type[SearchFailed], str]] = {
    NotSent: "not_sent",
    RateLimited: "rate_limited",
    Refused: "refused",
    TooLarge: "too_large",
    NoAnswer: "no_answer",
}

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics(Meter):
    """The figures of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Info("snapshop", "The version that runs.", registry=self.registry).info({"version": version("snapshop")})
        self._searches = Counter(
            "snapshop_searches", "Searches that ended.", ("platform", "outcome", "charge"), registry=self.registry
        )
        self._credits = Counter(
            "snapshop_credits",
            "Credits by what became of them; uncertain: possibly used.",
            ("kind",),
            registry=self.registry,
        )
        self._wait = Histogram(
            "snapshop_queue_wait_seconds",
            "How long searches waited for their turn.",
            buckets=_WAIT_BUCKETS,
            registry=self.registry,
        )
        self._endpoint = Histogram(
            "snapshop_endpoint_seconds",
            "How long requests to the endpoint took.",
            buckets=_ENDPOINT_BUCKETS,
            registry=self.registry,
        )
        self._errors = Counter(
            "snapshop_endpoint_errors", "Requests that were not answered.", ("kind",), registry=self.registry
        )
        self._lag = Histogram(
            "snapshop_loop_lag_seconds", "How late the event loop was.", buckets=_LAG_BUCKETS, registry=self.registry
        )
        self._checked_at = Gauge(
            "snapshop_check_timestamp_seconds", "When the books were last proved.", registry=self.registry
        )
        self._problems = Gauge("snapshop_check_problems", "What was wrong with the books then.", registry=self.registry)
        # From the beginning, so that a first error is seen as a rise.
        for kind in ("captured", "uncertain", "released"):
            self._credits.labels(kind)
        for kind in (*_FAILURES.values(), *(f"denied_{denial}" for denial in Denial)):
            self._errors.labels(kind)

    def ended(self, platform: str, outcome: Outcome) -> None:
        """See Meter."""
        kind, _, charge = describe(outcome)
        self._searches.labels(platform, kind, charge.value).inc()

    def waited(self, seconds: float) -> None:
        """See Meter."""
        self._wait.observe(seconds)

    def asked(self, seconds: float, failure: SearchFailed | None) -> None:
        """See Meter."""
        self._endpoint.observe(seconds)
        if failure is None:
            self._credits.labels("captured").inc()
            return
        self._credits.labels("uncertain" if failure.perhaps_charged else "released").inc()
        self._errors.labels(_kind(failure)).inc()

    def lost(self) -> None:
        """See Meter."""
        self._credits.labels("uncertain").inc()

    def checked(self, problems: int) -> None:
        """See Meter."""
        self._checked_at.set_to_current_time()
        self._problems.set(problems)

    def look_at(self, *, turns: Turns, breaker: Breaker, apps: Mapping[str, ChatApp]) -> None:
        """From now on these are looked at whenever somebody asks for the figures."""
        waiting = Gauge("snapshop_queue_length", "Photos that wait for their turn.", registry=self.registry)
        waiting.set_function(lambda: turns.waiting)
        states = Gauge(
            "snapshop_endpoint_state",
            "1 at the state that holds: open stops searching.",
            ("state",),
            registry=self.registry,
        )
        for state in BreakerState:
            states.labels(state.value).set_function(_is(breaker, state))
        self.registry.register(_Adapters(apps))

    async def watch_loop(self) -> None:
        """Measure how late the event loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK
            await asyncio.sleep(_LOOK)
            self._lag.observe(max(0.0, loop.time() - due))

    def text(self) -> bytes:
        """Everything, in Prometheus's text format (CONTENT_TYPE)."""
        return generate_latest(self.registry)


class _Adapters(Collector):
    def __init__(self, apps: Mapping[str, ChatApp]) -> None:
        self._apps = apps

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("snapshop_adapter_up", "Whether events come in.", labels=("platform",))
        events = CounterMetricFamily("snapshop_adapter_events", "Events that came in.", labels=("platform",))
        for platform, app in self._apps.items():
            up.add_metric((platform,), float(app.healthy))
            events.add_metric((platform,), app.received)
        yield from (up, events)


def _is(breaker: Breaker, state: BreakerState) -> Callable[[], float]:
    return lambda: float(breaker.state is state)


def _kind(failure: SearchFailed) -> str:
    if isinstance(failure, AccessDenied):
        return f"denied_{failure.kind}"
    return _FAILURES[type(failure)]
