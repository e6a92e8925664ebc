"""A plan that went through a bundle, as JSON, answers as the plan that it was made of: random trees, all time zones."""

from __future__ import annotations

import random
from datetime import date

import msgspec
import pytest
from fakes.samples import identifier
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple
from random_policies import cases
from test_oracle import ABOUT, midnight, oracle, plan_or_reason

from policy_service.domain.bundle import HOLDS_S, BundledPlan
from policy_service.domain.bundled_registry import bundled, registration_in
from policy_service.domain.identifier import IdentifierType, normal_form
from policy_service.domain.instant import DAY
from policy_service.domain.registration import Absence, Registration
from policy_service.engine.bundle_plan import bundle_plan
from policy_service.engine.decide import decide
from policy_service.engine.timeline import HORIZON
from policy_service.engine.unbundle_plan import BundleFaultError, unbundle_plan

_ABOUT = date(2026, 11, 24)
PLAN = msgspec.json.Decoder(BundledPlan)
KEY = bytes(range(32))


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(120)
def test_every_answer_is_the_same(data: st.DataObject, about: date, seed: int) -> None:
    case = data.draw(cases(about))
    dice = random.Random(seed)  # noqa: S311 - a test's choice of instants
    now = midnight(about) + dice.randrange(DAY)
    plan = plan_or_reason(case, now)
    if plan is None:
        return
    begins, ends = midnight(about) - 7 * DAY, midnight(about) + 3 * DAY + HORIZON
    written = bundle_plan(plan, list(plan.chargers.values())[1:], begins, ends)
    restored = unbundle_plan(PLAN.decode(msgspec.json.encode(written)))
    assert list(restored.chargers) == list(plan.chargers)[1:]
    for finding in (*case.findings, *Absence, None):
        again = _again(finding)
        for charger in restored.chargers:
            for at in (now, now + HOLDS_S, *(dice.randrange(begins, ends - HORIZON) for _ in range(12))):
                here, there = decide(plan, charger, at, finding), decide(restored, charger, at, again)
                if here is None or there is None:
                    assert here is there
                    continue
                assert astuple(here)[1:] == astuple(there)[1:]
                assert _told(here.answer) == _told(there.answer)


def _told(answer: object) -> tuple[object, ...]:
    names = ("outcome", "reason", "mode", "vehicle_class", "policy", "window", "timezone", "texts", "would_be")
    return tuple(getattr(answer, name) for name in names)


def _again(finding: object) -> object:
    """Return the finding as a bundle has it; a PIN's registration is in none, and stays as it is."""
    if not isinstance(finding, Registration) or finding.record.type is IdentifierType.PIN:
        return finding
    found = registration_in(bundled([finding], KEY), finding.record.key)
    assert found is not None
    return found


def test_a_condition_that_is_not_accepted_here_closes_the_whole_bundle() -> None:
    written = _written()
    grants = [{**grant, "when": 'vehicle.unheard_of == "x"'} for grant in written["layers"][0]["grants"]]
    written["layers"][0]["grants"] = grants
    with pytest.raises(BundleFaultError):
        unbundle_plan(msgspec.convert(written, BundledPlan))


@pytest.mark.parametrize(
    "spoiled", [{"ungoverned": "everybody"}, {"sources": [[1]]}, {"policies": []}, {"layers": []}, {"governances": []}]
)
def test_what_does_not_hold_together_is_no_plan(spoiled: dict[str, object]) -> None:
    with pytest.raises(BundleFaultError):
        unbundle_plan(msgspec.convert(_written() | spoiled, BundledPlan))


def _written() -> dict[str, object]:
    layer = {
        "level": 0,
        "name": None,
        "mode": "managed",
        "grants": [
            {
                "vehicle_class": "own",
                "agreements": None,
                "exclude_agreements": [],
                "when": None,
                "during": [],
                "hours": [],
            }
        ],
        "message": None,
        "hours": [],
    }
    policy = {
        "name": "yard",
        "timezone": "UTC",
        "enforcement": "enforce",
        "on_lookup_failure": "deny",
        "on_unreachable": "deny",
        "messages": {},
    }
    charger = {"id": "A", "labels": {}, "protocol": None, "profile": None, "synthetic_ids": [], "governance": 0}
    return {
        "revision": "sha256:0",
        "tzdata": "2026a",
        "holidays": "0.1",
        "ungoverned": "deny",
        "begins": midnight(_ABOUT),
        "ends": midnight(_ABOUT) + HORIZON + DAY,
        "vehicle_attributes": {},
        "charger_attributes": {},
        "sources": [],
        "policies": [policy],
        "layers": [layer],
        "governances": [{"policy": 0, "layers": [0], "values": {}, "twins": False}],
        "profiles": [],
        "chargers": [charger],
    }


def test_a_bundle_shows_no_identifier_and_nothing_of_pins() -> None:
    card, pin = "04A2B3C4D5E680", "82649173"
    known = [Registration(identifier(card, vehicle="bus-1")), Registration(identifier(pin, type=IdentifierType.PIN))]
    registry = bundled(known, KEY)
    text = msgspec.json.encode(registry).decode()
    assert card not in text
    assert pin not in text
    assert len(registry.vehicles) == 1
    assert registration_in(registry, normal_form("04:a2:b3:c4:d5:e6:80")) is not None
    assert registration_in(registry, pin) is None
