"""One decision in process, against the floor: a dict look-up and a bisect over the same keys and instants."""

from __future__ import annotations

import random
from bisect import bisect_right
from time import perf_counter_ns
from typing import TYPE_CHECKING

import pytest
import yard

from policy_service.domain.registration import Absence
from policy_service.engine.decide import decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Recorder
    from pytest_benchmark.fixture import BenchmarkFixture

    from policy_service.engine.plan import Plan

_QUESTIONS = 20_000
_ROUNDS = 9
_MOST_FLOORS = 6.0
_MOST_GROWTH = 1.5


def _questions(plan: Plan) -> list[tuple[str, int]]:
    rng = random.Random(20261123)  # noqa: S311 - questions, not secrets
    ids = list(plan.chargers)
    return [(rng.choice(ids), yard.NOW + rng.randrange(400 * 86_400)) for _ in range(_QUESTIONS)]


def _per_call(work: Callable[[], None]) -> float:
    """Return nanoseconds a question: the best of several rounds, since noise only adds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        start = perf_counter_ns()
        work()
        best = min(best, perf_counter_ns() - start)
    return best / _QUESTIONS


def _floor(plan: Plan) -> Callable[[], None]:
    questions = _questions(plan)
    bounds = {
        id_: entry.governance.timeline.home.bounds
        for id_, entry in plan.chargers.items()
        if entry.governance is not None
    }

    def work() -> None:
        for charger, at in questions:
            bisect_right(bounds[charger], at)

    return work


def _decisions(plan: Plan) -> Callable[[], None]:
    questions = _questions(plan)
    own = yard.OWN

    def work() -> None:
        for charger, at in questions:
            decide(plan, charger, at, own)

    return work


def _floors(plan: Plan) -> tuple[float, float]:
    """Return the cost of a decision in floors, and in nanoseconds."""
    decisions, floor = _decisions(plan), _floor(plan)
    decisions()
    cost = _per_call(decisions)
    return cost / _per_call(floor), cost


@pytest.mark.benchmark(group="decide")
def test_floor(benchmark: BenchmarkFixture) -> None:
    """The floor itself: 20,000 look-ups and bisects."""
    benchmark(_floor(yard.plan(1, 10, 5)))


@pytest.mark.benchmark(group="decide")
def test_decide(benchmark: BenchmarkFixture) -> None:
    """20,000 decisions about a registered vehicle, its record in hand."""
    benchmark(_decisions(yard.plan(1, 10, 5)))


@pytest.mark.benchmark(group="decide")
def test_decide_unknown(benchmark: BenchmarkFixture) -> None:
    """20,000 decisions about an unknown vehicle."""
    plan = yard.plan(1, 10, 5)
    questions = _questions(plan)

    def work() -> None:
        for charger, at in questions:
            decide(plan, charger, at, Absence.UNKNOWN_IDENTIFIER)

    benchmark(work)


def test_a_decision_costs_at_most_six_floors(record: Recorder) -> None:
    """In-process decide, registry record in hand; decision id, clock and encoding left out."""
    floors, cost = _floors(yard.plan(1, 10, 5))
    record("decide in process, 10 chargers, 5 windows", f"{floors:.2f} x floor ({cost:.0f} ns)", f"≤ {_MOST_FLOORS} x")
    assert floors <= _MOST_FLOORS


@pytest.mark.parametrize(
    ("what", "small", "large"),
    [
        ("10 to 100,000 chargers", (1, 10, 5), (1, 100_000, 5)),
        ("5 to 1,000 windows", (1, 10, 5), (1, 10, 1000)),
    ],
)
def test_the_cost_of_a_decision_hardly_grows(
    what: str, small: tuple[int, int, int], large: tuple[int, int, int], record: Recorder
) -> None:
    """Growth is told in floors over the same keys; in nanoseconds it holds the machine's cache misses as well."""
    before, before_ns = _floors(yard.plan(*small))
    after, after_ns = _floors(yard.plan(*large))
    growth = after / before
    record(
        f"decide from {what}",
        f"{growth:.2f} x in floors ({before:.2f} → {after:.2f}); {before_ns:.0f} → {after_ns:.0f} ns",
        f"≤ {_MOST_GROWTH} x",
    )
    assert growth <= _MOST_GROWTH
