"""The endpoint is never asked too fast, and not at all while it denies access."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.keyapi.pacing import Breaker, BreakerState, Pace


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@given(
    st.floats(0.2, 20),
    st.lists(st.floats(0, 3), min_size=1, max_size=80),
    st.floats(0, 1e9),
)
def test_any_two_seconds_hold_at_most_twice_the_rate_and_one(rate: float, gaps: list[float], start: float) -> None:
    clock = Clock(start)
    pace = Pace(rate, clock=clock)
    sent: list[float] = []
    for gap in gaps:
        clock.now += gap
        while (seconds := pace.wait()) > 0:
            clock.now = max(clock.now + seconds, math.nextafter(clock.now, math.inf))
        pace.take()
        sent.append(clock.now)
    for first in range(len(sent)):
        # The clock's own grain: what it cannot tell apart may be counted either way.
        window = [at for at in sent[first:] if at - sent[first] <= 2 - 4 * math.ulp(clock.now) * len(sent)]
        assert len(window) <= 2 * rate + 1


def test_requests_are_evenly_spaced_after_the_first() -> None:
    clock = Clock()
    pace = Pace(2, clock=clock)
    assert pace.wait() == 0
    pace.take()
    assert pace.wait() == 0.5
    clock.now += 0.5
    pace.take()
    assert pace.wait() == 0.5


def test_an_idle_hour_saves_up_no_more_than_the_burst() -> None:
    clock = Clock()
    pace = Pace(1, burst=3, clock=clock)
    clock.now += 3600
    for _ in range(3):
        assert pace.wait() == 0
        pace.take()
    assert pace.wait() == 1


def test_nobody_can_jump_the_pace() -> None:
    pace = Pace(2, clock=Clock())
    pace.take()
    with pytest.raises(ValueError, match=r"0\.500 s"):
        pace.take()


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_pace_without_a_rate_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="rate above 0"):
        Pace(rate, burst)


@pytest.mark.fault(20)
def test_a_429_with_retry_after_stops_everybody_for_so_long_at_most_a_minute() -> None:
    clock = Clock()
    pace = Pace(10, clock=clock)
    assert pace.cool_down(7) == pace.wait() == 7
    clock.now += 7
    assert pace.wait() == 0
    assert pace.cool_down(3600) == pace.wait() == 60
    clock.now += 60
    assert pace.cool_down(-5) == pace.wait() == 0


@pytest.mark.fault(20)
def test_a_429_without_retry_after_stops_everybody_twice_as_long_each_time_until_an_answer_comes() -> None:
    clock = Clock()
    pace = Pace(10, clock=clock)
    waits = []
    for _ in range(6):
        waits.append(pace.cool_down(None))
        clock.now += waits[-1]
    assert waits == [5, 10, 20, 40, 60, 60]
    pace.succeeded()
    assert pace.cool_down(None) == 5


@pytest.mark.fault(20)
def test_four_refusals_of_the_same_moment_count_as_one() -> None:
    clock = Clock()
    pace = Pace(10, clock=clock)
    assert [pace.cool_down(None) for _ in range(4)] == [5, 5, 5, 5]
    clock.now += 5
    assert pace.cool_down(None) == 10


def test_a_short_pause_does_not_end_a_longer_one() -> None:
    clock = Clock()
    pace = Pace(10, clock=clock)
    pace.pause(30)
    pace.pause(1)
    assert pace.wait() == 30


@pytest.mark.fault(21)
def test_a_burst_of_denials_tells_the_admins_once_and_stops_everybody() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    in_flight = [breaker.permit() for _ in range(4)]
    assert all(in_flight)
    assert [breaker.denied() for _ in in_flight] == [True, False, False, False]
    assert not any(breaker.permit() for _ in range(46))
    assert breaker.retry_in() == 60


@pytest.mark.fault(21)
def test_probes_go_one_at_a_time_after_60_seconds_doubling_to_15_minutes() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    assert breaker.denied()
    waits = []
    for _ in range(7):
        waits.append(breaker.retry_in())
        clock.now += waits[-1] - 0.001
        assert not breaker.permit()
        clock.now += 0.002
        assert [breaker.permit() for _ in range(3)] == [True, False, False]
        assert breaker.state is BreakerState.PROBING
        assert not breaker.denied(), "the admins know already"
    assert waits == pytest.approx([60, 120, 240, 480, 900, 900, 900])


@pytest.mark.fault(21)
def test_a_probe_that_is_answered_lets_everybody_search_again() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.denied()
    clock.now += 60
    assert breaker.permit()
    assert breaker.passed(), "the admins hear that it goes on"
    assert [breaker.permit() for _ in range(3)] == [True] * 3
    assert not breaker.passed()
    assert breaker.denied()
    assert breaker.retry_in() == 60, "the next denial starts from the shortest wait"


@pytest.mark.fault(21)
def test_a_probe_without_a_word_about_access_gives_its_place_to_the_next_person() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.denied()
    clock.now += 60
    assert breaker.permit()
    breaker.undecided()
    assert breaker.state is BreakerState.OPEN
    assert [breaker.permit(), breaker.permit()] == [True, False]
    assert not breaker.denied()
    assert breaker.retry_in() == 120, "doubled once, by the one denial"


def test_resume_allows_one_probe_at_once() -> None:
    breaker = Breaker(Clock())
    breaker.denied()
    assert not breaker.permit()
    breaker.probe_now()
    assert breaker.retry_in() == 0
    assert [breaker.permit(), breaker.permit()] == [True, False]


def test_a_closed_breaker_stands_in_nobodys_way() -> None:
    breaker = Breaker(Clock())
    breaker.probe_now()
    breaker.undecided()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.permit()
    assert breaker.retry_in() == 0
