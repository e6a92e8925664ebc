"""What an explanation says of each step, and what would have to differ for a vehicle to be let in."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_policies import cases
from small_plans import NOW, STRANGER, at, context, own
from test_oracle import ABOUT, compiled, midnight, oracle

from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.agreement import Agreement
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.instant import DAY
from policy_service.domain.made_override import MadeOverride
from policy_service.domain.registration import Registration
from policy_service.domain.selector import Selector
from policy_service.engine.compile import compile_plan
from policy_service.engine.explain import explain
from policy_service.language.load import load

if TYPE_CHECKING:
    from datetime import date

    from policy_service.domain.registration import Finding
    from policy_service.engine.explain import Explanation
    from policy_service.engine.plan import Plan

TREE = """\
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: depot}
spec:
  timezone: Australia/Melbourne
  chargers: {ids: ["*"]}
  priority: 200
  defaultMode: managed
  allow:
    - {class: agreement, agreements: [metro]}
    - {class: own, when: vehicle.kind == "bus" and vehicle.height_m < 3.2}
    - {class: own, when: charger.max_kw > 200}
    - {class: own, during: [days]}
  windows:
    - {name: open, mode: freevend, rrule: FREQ=DAILY, from: 2026-01-01, start: 12:00, end: 14:00}
  exceptions:
    - {name: shut, days: {dates: [2026-03-05]}, mode: managed, allow: []}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: other}
spec: {timezone: UTC, chargers: {ids: ["A*"]}, defaultMode: freevend}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: elsewhere}
spec: {timezone: UTC, chargers: {ids: ["A*"], when: charger.max_kw > 200}, defaultMode: freevend}
---
apiVersion: policy-service/v1
kind: Schedule
metadata: {name: days}
spec: {rrule: FREQ=DAILY, from: 2026-01-01, start: 08:00, end: 10:00}
---
apiVersion: policy-service/v1
kind: Attributes
metadata: {name: attributes}
spec: {charger: {max_kw: number}, vehicle: {kind: string, height_m: number}}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [{id: A1, labels: {zone: b, depot: n}, attributes: {max_kw: 150}}]}
"""
OVERRIDE = """\
apiVersion: policy-service/v1
kind: Override
metadata: {name: closed}
spec:
  {chargers: {ids: [A1]}, from: 2026-03-02T12:00, to: 2026-03-02T13:00, mode: managed, reason: works,
     allow: []}
"""
MORNING, NOON, SHUT = "2026-03-02T11:00+11:00", "2026-03-02T12:30+11:00", "2026-03-05T09:00+11:00"
CITY = Registration(
    IdentifierRecord("r2", "K2", IdentifierType.RFID, VehicleClass.AGREEMENT, "tram-1", "city", "city"),
    Agreement("city", "city"),
)
TALL = own(attributes={"kind": "bus", "height_m": 3.5})
NOT_OWN = "grant to class own: not met, the vehicle's class is agreement"
KNOWN_ONLY = "access_denied: the vehicle is known, but no grant covers it at this charger at this time"


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Compile the tree."""
    return planned(TREE)


def planned(*texts: str) -> Plan:
    checked = load({f"{name}.yaml": text.encode() for name, text in zip("po", texts, strict=False)})
    assert checked.tree is not None, checked.diagnostics
    compiled = compile_plan(checked.tree, context(NOW))
    assert compiled.plan is not None, compiled.diagnostics
    return compiled.plan


def steps(plan: Plan, when: str, finding: Finding) -> list[str]:
    return [step.text for step in explain(plan, "A1", at(when), finding).steps]


def test_it_tells_charger_policy_mode_vehicle_and_every_grant(plan: Plan) -> None:
    assert steps(plan, MORNING, TALL) == [
        "charger A1 is in the inventory (depot=n, zone=b)",
        "policy depot governs it with priority 200, over other",
        (
            "Mon 2026-03-02 11:00 in Australia/Melbourne: its default mode sets managed; "
            "the next change is at Mon 2026-03-02 12:00"
        ),
        "vehicle bus-1, own: in good standing",
        "grant to class agreement, agreements metro: not met, the vehicle's class is own",
        "grant to class own: not met, the condition fails at: vehicle.height_m < 3.2 (vehicle.height_m is 3.5)",
        "grant to class own: not met, the condition fails at: charger.max_kw > 200 (charger.max_kw is 150)",
        "grant to class own: not met, outside the hours of days",
        KNOWN_ONLY,
    ]
    assert steps(plan, "2026-03-02T08:30+11:00", TALL)[-2:] == [
        "grant to class own: met",
        "allowed: one of the depot's own vehicles",
    ]
    agreement = "grant to class agreement, agreements metro: not met, the agreement is city"
    assert steps(plan, MORNING, CITY)[3:] == [
        "vehicle tram-1, agreement, fleet city: in good standing",
        agreement,
        NOT_OWN,
        NOT_OWN,
        NOT_OWN,
        KNOWN_ONLY,
    ]


def test_of_a_window_it_tells_when_it_begins_and_ends(plan: Plan) -> None:
    told = explain(plan, "A1", at(NOON), STRANGER)
    assert [step.text for step in told.steps[2:]] == [
        (
            "Mon 2026-03-02 12:30 in Australia/Melbourne: window open sets freevend, Mon 2026-03-02 12:00 to "
            "Mon 2026-03-02 14:00; the next change is at Mon 2026-03-02 14:00"
        ),
        "allowed: the charger is open to everyone now; nothing is looked up",
    ]
    detail = told.steps[2].detail
    assert (detail["start"], detail["end"]) == ("2026-03-02T01:00:00Z", "2026-03-02T03:00:00Z")
    assert (detail["level"], detail["window"], detail["place"]) == ("window", "open", "p.yaml:15:7")
    assert told.nearest_allow is None


def test_of_an_override_made_over_http_it_tells_the_reason() -> None:
    checked = load({"p.yaml": TREE.encode()})
    assert checked.tree is not None
    soon = at(MORNING) + 3600
    made = MadeOverride("ov-7k3m9x2a", Selector(("A1",)), NOW, soon, AccessMode.MANAGED, "yard closed", NOW, serial=1)
    plan = compile_plan(checked.tree, context(NOW, overrides=(made.as_override(),))).plan
    assert plan is not None
    step = explain(plan, "A1", at(MORNING), STRANGER).steps[2]
    assert "Australia/Melbourne: override ov-7k3m9x2a (yard closed) sets managed, " in step.text
    assert step.detail["override_reason"] == "yard closed"


def test_where_nobody_may_it_says_so(plan: Plan) -> None:
    assert steps(plan, SHUT, TALL)[-2:] == ["allow is empty: nobody may charge", KNOWN_ONLY]


def test_steps_end_where_the_answer_is_known(plan: Plan) -> None:
    assert steps(plan, MORNING, STRANGER)[3:] == [
        "nobody knows the identifier",
        "access_denied: nobody knows the identifier",
    ]
    absent = explain(plan, "Z9", at(MORNING), STRANGER)
    assert [step.text for step in absent.steps] == [
        "charger Z9 is not in the inventory",
        "access_denied: the charger is not in the inventory",
    ]
    assert absent.steps[0].detail == {"known": False}
    assert absent.nearest_allow == {"change": "add the charger to the inventory", "at": None}


FREE = "2026-03-02T01:00:00Z"
"""When the charger is open to everyone next."""


@pytest.mark.parametrize(
    ("when", "finding", "expected"),
    [
        (MORNING, TALL, {"change": "come within the hours of days", "at": FREE, "place": "p.yaml:13:7"}),
        (
            MORNING,
            CITY,
            {"change": "let the grant be about agreement city as well", "at": FREE, "place": "p.yaml:10:7"},
        ),
        (
            MORNING,
            own(chargers=Selector(("B*",))),
            {"change": "let the identifier hold at this charger as well", "at": FREE},
        ),
        (SHUT, TALL, {"change": "write a grant to class own", "at": "2026-03-05T21:00:00Z", "place": "p.yaml:17:71"}),
        (MORNING, STRANGER, {"change": "import the identifier for an own or agreement vehicle", "at": FREE}),
        (
            MORNING,
            own(status=IdentifierStatus.BLOCKED),
            {
                "change": "have the fleet's office set the identifier's status to active",
                "at": FREE,
                "then": "the grants of the rule in force still have to cover the vehicle",
            },
        ),
    ],
)
def test_the_nearest_way_in_is_the_least_change(
    plan: Plan, when: str, finding: Finding, expected: dict[str, str]
) -> None:
    assert explain(plan, "A1", at(when), finding).nearest_allow == expected


@pytest.mark.parametrize(("when", "place"), [("2026-03-02T09:30+11:00", "p.yaml:9:10"), (NOON, "o.yaml:6:13")])
def test_where_nobody_may_charge_a_grant_is_written_into_the_list_that_says_so(when: str, place: str) -> None:
    start, end = TREE.index("  allow:"), TREE.index("  exceptions:")
    window = "{name: closed, mode: managed, rrule: FREQ=DAILY, from: 2026-01-01, start: 09:00, end: 10:00}"
    found = planned(f"{TREE[:start]}  allow: []\n  windows: [{window}]\n{TREE[end:]}", OVERRIDE)
    nearest = explain(found, "A1", at(when), TALL).nearest_allow
    assert nearest is not None
    assert nearest["place"] == place


def test_who_holds_at_other_chargers_is_told_that_before_the_grants(plan: Plan) -> None:
    told = explain(plan, "A1", at(MORNING), own(chargers=Selector(("B*",)))).steps
    assert told[4].text == "the identifier holds at other chargers only"
    assert told[4].detail == {"met": False, "selector": "identifier"}


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(20)
def test_steps_lead_to_the_decision(data: st.DataObject, about: date, seed: int) -> None:
    case, dice = data.draw(cases(about)), random.Random(seed)  # noqa: S311 - a test's choice of instants
    found = compiled(case, midnight(about)).plan
    if found is None:
        return
    for charger, entry in found.chargers.items():
        edges = [each.start for each in entry.segments(midnight(about), midnight(about) + 60 * DAY)]
        for finding in case.findings:
            for edge in dice.sample(edges, min(len(edges), 10)):
                lead_to_the_decision(explain(found, charger, edge + dice.randrange(-1, 2), finding))


def lead_to_the_decision(explanation: Explanation) -> None:
    """Hold each step against what was decided."""
    answer = explanation.decision.answer
    details = {step.name: step.detail for step in explanation.steps}
    grants = [step.detail for step in explanation.steps if step.name == "grant"]
    assert (details["mode"]["mode"], details["mode"]["window"]) == (answer.mode, answer.window)
    assert details["policy"]["policy"] == answer.policy
    admitted = answer.reason in {Reason.OWN_VEHICLE, Reason.AGREEMENT_VEHICLE}
    obstacle = details.get("identifier", {}).get("obstacle")
    assert obstacle in {None, answer.reason}
    met = any(each.get("met") for each in grants) and not any("selector" in each for each in grants)
    assert met is admitted
    assert bool(grants) is (admitted or answer.reason is Reason.NOT_GRANTED)
    assert (explanation.nearest_allow is None) is ((answer.would_be or answer.outcome) is Outcome.ALLOWED)
