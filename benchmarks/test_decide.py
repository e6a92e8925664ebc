"""One decision in process, against the floor: a dict look-up and a bisect over the same keys and instants."""

from __future__ import annotations

import random
from bisect import bisect_right
from typing import TYPE_CHECKING

import fleet
import in_process
import instructions
import pytest
import yard

from policy_service.application.lookup import Lookup
from policy_service.domain.identifier import IdentifierRecord, IdentifierType
from policy_service.domain.registration import Absence, Registration
from policy_service.engine.decide import decide

if TYPE_CHECKING:
    from conftest import Recorder
    from in_process import Cost
    from pytest_benchmark.fixture import BenchmarkFixture

_MOST_FLOORS = 3.5
_MOST_GROWTH = 1.3


@pytest.mark.benchmark(group="decide")
def test_floor(benchmark: BenchmarkFixture) -> None:
    """The floor itself: 20,000 look-ups and bisects."""
    benchmark(in_process.floor(yard.plan(1, 10, 5)), in_process.EVERYTHING)


@pytest.mark.benchmark(group="decide")
def test_decide(benchmark: BenchmarkFixture) -> None:
    """20,000 decisions about a registered vehicle, its record in hand."""
    benchmark(in_process.decisions(yard.plan(1, 10, 5)), in_process.EVERYTHING)


@pytest.mark.benchmark(group="decide")
def test_decide_unknown(benchmark: BenchmarkFixture) -> None:
    """20,000 decisions about an unknown vehicle."""
    decisions = in_process.decisions(yard.plan(1, 10, 5), Absence.UNKNOWN_IDENTIFIER)
    benchmark(decisions, in_process.EVERYTHING)


def test_a_decision_costs_a_few_floors(record: Recorder) -> None:
    """In-process decide, registry record in hand; decision id, clock and encoding left out."""
    found = in_process.cost_of_decide(yard.plan(1, 10, 5))
    figure = f"{found.floors:.2f} x floor ({found.ns:.0f} ns)"
    record("decide in process, 10 chargers, 5 windows", figure, f"≤ {_MOST_FLOORS} x", floors=found.floors)
    assert found.floors <= _MOST_FLOORS


def test_instructions_are_counted_where_they_can_be(record: Recorder) -> None:
    """The figure that the gate holds; see `tests/gate`."""
    counted = instructions.instructions(yard.plan(1, 10, 5), yard.OWN, yard.NOW) if instructions.available() else None
    told = "not counted: valgrind is not installed" if counted is None else f"{counted:,.0f}"
    record("instructions of the same", told, instructions=counted)


@pytest.mark.parametrize(
    ("what", "small", "large"),
    [
        ("10 to 100,000 chargers", (1, 10, 5), (1, 100_000, 5)),
        ("5 to 1,000 windows", (1, 10, 5), (1, 10, 1000)),
        ("1 to 1,000 policies", (1, 1000, 5), (1000, 1000, 5)),
    ],
)
def test_the_cost_of_a_decision_hardly_grows(
    what: str, small: tuple[int, int, int], large: tuple[int, int, int], record: Recorder
) -> None:
    """Growth is told in floors over the same keys; in nanoseconds it holds the machine's cache misses as well."""
    _recorded(record, what, in_process.cost_of_decide(yard.plan(*small)), in_process.cost_of_decide(yard.plan(*large)))


def test_it_hardly_grows_with_identifiers(record: Recorder) -> None:
    """From the text presented to the decision; the floor looks the text up and bisects."""
    _recorded(record, "1,000 to 1,000,000 identifiers", _cost_among(1_000), _cost_among(1_000_000))


def _cost_among(identifiers: int) -> Cost:
    plan, lookup, rng = yard.plan(1, 10, 5), Lookup(_NoPins()), random.Random(20261123)  # noqa: S311 - no secrets
    known = {}
    for number in range(identifiers):
        form = fleet.identifier(number).replace(":", "")
        known[(form,)] = Registration(
            IdentifierRecord(str(number), form, IdentifierType.RFID, yard.OWN.record.vehicle_class, f"bus-{number}")
        )
    texts = [fleet.identifier(rng.randrange(identifiers)) for _ in range(in_process.QUESTIONS)]
    asked = [(rng.choice(list(plan.chargers)), text, yard.NOW + rng.randrange(400 * 86_400)) for text in texts]
    by_text = {fleet.identifier(int(found.record.id)): found for found in known.values()}
    bounds = {id_: governance.timeline.home.bounds for id_, governance in plan.governances.items()}

    def decisions(part: slice) -> None:
        for charger, text, at in asked[part]:
            decide(plan, charger, at, known[lookup.present(text, "rfid").keys])

    def floor(part: slice) -> None:
        for charger, text, at in asked[part]:
            bisect_right(bounds[charger], at)
            by_text[text]

    return in_process.cost(decisions, floor)


class _NoPins:
    """Fingerprints that nobody asks for."""

    generation = 0

    def pin_key(self, form: str) -> str:
        return form

    def fingerprint(self, key: str) -> str:
        return key


def _recorded(record: Recorder, what: str, before: Cost, after: Cost) -> None:
    growth = after.floors / before.floors
    figure = f"{growth:.2f} x in floors ({before.floors:.2f} → {after.floors:.2f}); {before.ns:.0f} → {after.ns:.0f} ns"
    record(f"decide from {what}", figure, f"≤ {_MOST_GROWTH} x", growth=growth)
    assert growth <= _MOST_GROWTH
