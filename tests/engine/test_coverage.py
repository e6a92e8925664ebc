"""Coverage counts what questions met: windows, grants, both sides of conditions, reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from random_policies import FREEVEND, MANAGED
from small_plans import context, tree
from test_goldens import H, at, daily, own, plan_of, policy, window

from policy_service.domain.access import Reason, VehicleClass
from policy_service.domain.identifier import IdentifierStatus
from policy_service.domain.policy import Grant, Override, Schedule, ScheduleRef, Span, WallEnd
from policy_service.domain.registration import Absence, Registration
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.compile import compile_plan
from policy_service.engine.coverage import Kind, coverage_of
from policy_service.engine.decide import decide

if TYPE_CHECKING:
    from policy_service.engine.plan import Plan

BUS, VAN = own(attributes={"kind": "bus"}), own(attributes={"kind": "van"})
BLOCKED = own(attributes={"kind": "bus"}, status=IdentifierStatus.BLOCKED)
STRANGER = Absence.UNKNOWN_IDENTIFIER
NIGHT, NOON = "2026-03-02T23:00Z", "2026-03-02T12:00Z"
BUSES = (Grant(VehicleClass.OWN, when=Expression('vehicle.kind == "bus"')),)
PLAN = plan_of(policy(window("nights", daily(Span(22 * H, WallEnd(1, 6 * H)))), allow=BUSES))


def missing(plan: Plan, *asked: tuple[str, Registration | Absence]) -> list[str]:
    coverage = coverage_of(plan)
    for instant, finding in asked:
        decision = decide(plan, "A1", at(instant), finding)
        assert decision is not None
        coverage.ask(plan, "A1", at(instant), finding, decision.answer.reason)
    return [part.text for part in coverage.missing]


ALL = [
    "window default",
    "window nights",
    "grant own",
    "condition met",
    "condition not met",
    "reason freevend",
    "reason unknown_identifier",
    "reason not_granted",
    "reason own_vehicle",
]


CASES: list[tuple[tuple[tuple[str, Registration | Absence], ...], set[str]]] = [
    ((), set()),
    (((NOON, BUS),), {"window default", "reason freevend"}),
    (((NIGHT, STRANGER),), {"window nights", "reason unknown_identifier"}),
    (((NIGHT, BUS),), {"window nights", "grant own", "condition met", "reason own_vehicle"}),
    (((NIGHT, VAN),), {"window nights", "condition not met", "reason not_granted"}),
    (((NIGHT, BLOCKED),), {"window nights"}),
    (((NOON, VAN), (NIGHT, VAN), (NIGHT, BUS), (NIGHT, STRANGER)), set(ALL)),
]


@pytest.mark.parametrize(("asked", "met"), CASES)
def test_a_question_covers_what_it_meets(asked: tuple[tuple[str, Registration | Absence], ...], met: set[str]) -> None:
    assert missing(PLAN, *asked) == [part for part in ALL if part not in met]


def test_a_grant_is_covered_inside_its_hours_alone() -> None:
    hours = {"noon": Schedule("noon", (daily(Span(11 * H, WallEnd(0, 13 * H))),))}
    grants = (Grant(VehicleClass.OWN, during=(ScheduleRef("noon"),)),)
    plan = plan_of(policy(default_mode=MANAGED, allow=grants), schedules=hours)
    assert "grant own" in missing(plan, (NIGHT, BUS))
    assert "grant own" not in missing(plan, (NOON, BUS))


def test_what_a_policy_cannot_answer_is_not_asked_for() -> None:
    everybody = plan_of(policy(default_mode=MANAGED))
    reasons = [part.name for part in coverage_of(everybody).parts if part.kind is Kind.REASON]
    assert reasons == [Reason.UNKNOWN_IDENTIFIER, Reason.OWN_VEHICLE, Reason.AGREEMENT_VEHICLE]
    nobody = plan_of(policy(default_mode=MANAGED, allow=()))
    reasons = [part.name for part in coverage_of(nobody).parts if part.kind is Kind.REASON]
    assert reasons == [Reason.UNKNOWN_IDENTIFIER, Reason.NOT_GRANTED]
    open_ = plan_of(policy(default_mode=FREEVEND))
    assert [part.text for part in coverage_of(open_).parts] == ["window default", "reason freevend"]
    assert coverage_of(open_).percent == 0


@pytest.mark.parametrize("some", [{"agreements": ("metro",)}, {"exclude_agreements": ("metro",)}])
def test_who_admits_some_agreements_alone_can_refuse_the_others(some: dict[str, tuple[str, ...]]) -> None:
    grants = (Grant(VehicleClass.OWN), Grant(VehicleClass.AGREEMENT, **some))
    parts = coverage_of(plan_of(policy(default_mode=MANAGED, allow=grants))).parts
    assert str(Reason.NOT_GRANTED) in {part.name for part in parts if part.kind is Kind.REASON}


def test_a_selector_is_covered_by_chargers_on_both_sides_of_its_condition() -> None:
    strong = policy(chargers=Selector(ids=("*",), when=Expression('charger.id == "A1"')))
    plan = plan_of(strong)
    sides = [part.text for part in coverage_of(plan).parts if part.kind is Kind.CONDITION]
    assert sides == ["condition met", "condition not met"]
    assert "condition met" not in missing(plan, (NOON, BUS))
    assert "condition not met" in missing(plan, (NOON, BUS))
    alone = policy(chargers=Selector(ids=("A1",), when=Expression('charger.id == "A1"')))
    assert [part.text for part in coverage_of(plan_of(alone)).parts if part.kind is Kind.CONDITION] == ["condition met"]


def test_a_selector_is_not_covered_by_a_charger_that_the_rest_of_it_leaves_out() -> None:
    apart = Selector(ids=("A2",), when=Expression('charger.id != "B1"'))
    plan = plan_of(policy(), policy(name="apart", chargers=apart, priority=200))
    assert "condition met" in missing(plan, (NOON, BUS))


@pytest.mark.parametrize("charger", ["A2", "B1"])
def test_a_charger_that_no_policy_governs_covers_nothing(charger: str) -> None:
    plan = plan_of(policy(chargers=Selector(ids=("A1",))))
    coverage = coverage_of(plan)
    coverage.ask(plan, charger, at(NOON), BUS, Reason.NO_POLICY)
    assert coverage.missing == list(coverage.parts)


def test_an_override_made_over_http_is_not_asked_for() -> None:
    made = Override("made", Selector(ids=("A1",)), at(NOON), at(NIGHT), MANAGED, created=1)
    plan = compile_plan(tree(policy()), context(overrides=(made,))).plan
    assert plan is not None
    assert [part.text for part in coverage_of(plan).parts] == ["window default", "reason freevend"]


def test_an_override_of_a_file_is_covered_where_it_sets_the_mode() -> None:
    shut = Override(
        "works", Selector(ids=("A1",)), at("2026-03-03T00:00Z"), at("2026-03-04T00:00Z"), MANAGED, allow=BUSES
    )
    plan = plan_of(policy(default_mode=FREEVEND), overrides=(shut,))
    parts = {"override in force", "grant own", "condition met", "condition not met"}
    assert parts <= set(missing(plan, (NOON, BUS)))
    assert parts.isdisjoint(missing(plan, ("2026-03-03T12:00Z", BUS), ("2026-03-03T12:00Z", VAN)))
