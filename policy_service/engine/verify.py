"""Policy tests: the questions that operators committed, asked of the plan and held against what they expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.domain.agreement import Agreement
from policy_service.domain.identifier import IdentifierRecord, IdentifierType
from policy_service.domain.registration import Absence, Registration
from policy_service.engine.decide_found import decide_found
from policy_service.engine.explain import explain
from policy_service.engine.zone import Zone, wall_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.decision import Decision
    from policy_service.domain.policy import PolicyTest, TestCase, TestVehicle
    from policy_service.domain.registration import Finding
    from policy_service.engine.explain import Explanation, Step
    from policy_service.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Verified:
    """One case: what was answered, what was expected and not so (empty: passed), and then how that came about."""

    test: str
    case: TestCase
    at: int
    mismatches: tuple[tuple[str, str | None, str | None], ...]
    """Key, expected value, actual value."""
    decision: Decision
    explanation: Explanation | None
    """Of a case that failed: an explanation looks at every policy, and a thousand cases that pass need none."""

    @property
    def passed(self) -> bool:
        """Tell whether everything expected was so."""
        return not self.mismatches

    @property
    def steps(self) -> tuple[Step, ...]:
        """How it came about, where it failed."""
        return () if self.explanation is None else self.explanation.steps


def verify(plan: Plan, test: PolicyTest) -> Iterator[Verified]:
    """Ask every case of the test and compare."""
    for case in test.cases:
        at = case_instant(plan, case)
        finding = finding_of(case.vehicle)
        decision = decide_found(plan, case.charger, at, finding)
        answer = decision.answer
        actual = {
            "outcome": str(answer.outcome),
            "reason": str(answer.reason),
            "mode": None if answer.mode is None else str(answer.mode),
            "window": answer.window,
        }
        wrong = tuple((key, value, actual[key]) for key, value in case.expect.items() if actual[key] != value)
        explanation = explain(plan, case.charger, at, finding) if wrong else None
        yield Verified(test.name, case, at, wrong, decision, explanation)


def case_instant(plan: Plan, case: TestCase) -> int:
    """Return the case's instant in epoch seconds; a local one is in the governing policy's zone, else in UTC."""
    if isinstance(case.at, int):
        return case.at
    entry = plan.chargers.get(case.charger)
    policy = entry.policy if entry else None
    zone = Zone.of(policy.timezone if policy else "UTC")
    return zone.to_utc(wall_seconds(case.at.day.toordinal(), case.at.second))


def finding_of(vehicle: TestVehicle | None) -> Finding:
    """Return the registration that stands for a test's vehicle: active, and its agreement in force."""
    if vehicle is None:
        return Absence.UNKNOWN_IDENTIFIER
    record = IdentifierRecord(
        id=vehicle.name,
        key=vehicle.name,
        type=IdentifierType.OTHER,
        vehicle_class=vehicle.vehicle_class,
        vehicle=vehicle.name,
        fleet=vehicle.fleet,
        agreement=vehicle.agreement,
        attributes=vehicle.attributes,
    )
    return Registration(record, Agreement(vehicle.agreement or "", vehicle.fleet or ""))
