"""Observations that gather first come to the same as if each had been observed at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from policy_service.adapters.telemetry.tallies import Observations

BUCKETS = (0.001, 0.01, 0.1, 1.0)
SECONDS = st.one_of(st.sampled_from((0.0, *BUCKETS)), st.floats(0, 5, allow_nan=False))


def _histogram() -> tuple[CollectorRegistry, Histogram]:
    registry = CollectorRegistry()
    return registry, Histogram("taken", "Time", registry=registry, buckets=BUCKETS)


def _told(registry: CollectorRegistry) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in generate_latest(registry).decode().splitlines() if line[0] != "#"]
    return {name: round(float(value), 9) for name, _, value in lines if "_created" not in name}


@given(st.lists(st.lists(SECONDS, max_size=20), max_size=4))
def test_what_gathers_comes_to_the_same(turns: list[list[float]]) -> None:
    (plain, at_once), (other, later) = _histogram(), _histogram()
    gathered = Observations(later)
    for seconds in turns:
        for each in seconds:
            at_once.observe(each)
            gathered.observe(each)
        gathered.flush()
        assert _told(other) == _told(plain)
