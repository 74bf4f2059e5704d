"""What Prometheus reads: counts of what happened, in the program's own words."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bots.metrics import Metrics
from core.keyapi.errors import AccessDenied, Denial, NoAnswer, NotSent, RateLimited, SearchFailed
from core.keyapi.pacing import Breaker, Pace
from core.model import BudgetSpent, Charge, Found, Limit, NothingFound
from core.turns import Turns
from tests.builders import MATCHES, NOW, policy


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def read(metrics: Metrics) -> dict[str, float]:
    """Every sample, as Prometheus parses it: name{label}{label} -> value; labels by their names."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        sample.name + "".join(f"{{{value}}}" for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_searches_are_counted_by_platform_outcome_and_what_they_cost(metrics):
    paid, free = (policy().receipt(charge, 3, NOW) for charge in (Charge.PAID, Charge.STORED))
    found = Found(search="s", matches=MATCHES, region=None, hint="red canvas", receipt=paid)
    metrics.ended("telegram", found)
    metrics.ended("telegram", found)
    metrics.ended("discord", NothingFound(search="s", region=None, hint=None, receipt=free))
    metrics.ended("discord", BudgetSpent(search="s", limit=Limit.DAY, until=NOW, receipt=free))
    told = read(metrics)
    assert told["snapshop_searches_total{paid}{found}{telegram}"] == 2
    assert told["snapshop_searches_total{stored}{nothing}{discord}"] == 1
    assert told["snapshop_searches_total{nothing}{budget_spent}{discord}"] == 1
    assert "canvas" not in metrics.text().decode()


def test_every_request_is_a_credit_that_was_used_possibly_used_or_given_back(metrics):
    metrics.asked(1.5, None)
    metrics.asked(30.0, NoAnswer("x"))
    metrics.asked(0.2, NotSent())
    metrics.asked(0.2, RateLimited())
    metrics.asked(0.2, AccessDenied("canary-detail", kind=Denial.QUOTA))
    metrics.lost()
    told = read(metrics)
    assert [told[f"snapshop_credits_total{{{kind}}}"] for kind in ("captured", "uncertain", "released")] == [1, 2, 3]
    assert told["snapshop_endpoint_errors_total{no_answer}"] == 1
    assert told["snapshop_endpoint_errors_total{denied_quota}"] == 1
    assert told["snapshop_endpoint_errors_total{denied_key}"] == 0, "known before it first happens"
    assert (told["snapshop_endpoint_seconds_count"], told["snapshop_endpoint_seconds_bucket{2.0}"]) == (5, 4)
    assert "canary" not in metrics.text().decode()


def test_every_way_to_fail_has_a_name(metrics):
    for failure in SearchFailed.__subclasses__():
        metrics.asked(1, failure(kind=Denial.KEY) if failure is AccessDenied else failure())
    assert read(metrics)["snapshop_endpoint_seconds_count"] == len(SearchFailed.__subclasses__())


async def test_queue_endpoint_and_adapters_are_looked_at_when_somebody_asks(metrics):
    pace, breaker = Pace(100), Breaker()
    turns = Turns(pace, rate=100, concurrency=1)
    telegram = SimpleNamespace(healthy=True, received=0)
    metrics.look_at(turns=turns, breaker=breaker, apps={"telegram": telegram})
    tickets = [turns.ticket("ann"), turns.ticket("ben")]
    breaker.denied()
    telegram.received = 7
    told = read(metrics)
    assert told["snapshop_queue_length"] == 2
    assert [told[f"snapshop_endpoint_state{{{state}}}"] for state in ("closed", "open", "probing")] == [0, 1, 0]
    assert (told["snapshop_adapter_up{telegram}"], told["snapshop_adapter_events_total{telegram}"]) == (1, 7)
    for ticket in tickets:
        ticket.give_back()
    telegram.healthy = False
    told = read(metrics)
    assert (told["snapshop_queue_length"], told["snapshop_adapter_up{telegram}"]) == (0, 0)


async def test_a_blocked_event_loop_shows(metrics):
    watching = asyncio.create_task(metrics.watch_loop())
    await asyncio.sleep(0.9)
    time.sleep(0.4)  # noqa: ASYNC251 -- the mistake that is looked for
    await asyncio.sleep(0.05)
    watching.cancel()
    told = read(metrics)
    assert told["snapshop_loop_lag_seconds_count"] == 1
    assert told["snapshop_loop_lag_seconds_sum"] > 0.2


def test_the_last_proof_of_the_books_shows(metrics):
    before = time.time()
    metrics.checked(2)
    told = read(metrics)
    assert told["snapshop_check_problems"] == 2
    assert before <= told["snapshop_check_timestamp_seconds"] <= time.time()


def test_two_bots_in_one_process_do_not_count_for_each_other(metrics):
    metrics.asked(1, None)
    assert read(Metrics())["snapshop_credits_total{captured}"] == 0
