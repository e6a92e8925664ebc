"""What answers in the place of the service, one source at a time: by the clock, by the bundle, by what was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policy_service.client import OcppAnswer, Source, Told
from policy_service.client.answers import Decided, WouldBe
from policy_service.client.asked import Asked
from policy_service.client.fallbacks import Fallbacks
from policy_service.client.held_bundle import HeldBundle
from policy_service.domain.access import VehicleClass
from policy_service.domain.bundle import (
    FORMAT,
    HOLDS_S,
    Bundle,
    BundledCharger,
    BundledGovernance,
    BundledGrant,
    BundledLayer,
    BundledPlan,
    BundledPolicy,
)
from policy_service.domain.bundled_registry import bundled
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.instant import DAY, format_instant, parse_instant
from policy_service.domain.registration import Registration
from policy_service.engine.timeline import HORIZON
from policy_service.engine.unbundle_plan import unbundle_plan

if TYPE_CHECKING:
    from policy_service.client.degraded import DegradedDecision

NOW = parse_instant("2026-11-24T11:15:00Z")
CARD = "04A2B3C4D5E680"


def bundle(status: IdentifierStatus, confirmed_at: int) -> HeldBundle:
    grant = BundledGrant("own", None, (), None, (), ())
    plan = BundledPlan(
        revision="sha256:" + "0" * 64,
        tzdata="2026a",
        holidays="0",
        ungoverned="deny",
        begins=NOW - DAY,
        ends=NOW + 3 * DAY + HORIZON,
        vehicle_attributes={},
        charger_attributes={},
        sources=(),
        policies=(BundledPolicy("yard", "UTC", "enforce", "deny", "allow", {}),),
        layers=(BundledLayer(0, None, "managed", (grant,), None, ()),),
        governances=(BundledGovernance(0, (0,), {}, twins=False),),
        profiles=(),
        chargers=(BundledCharger("SHUT", {}, None, None, (), 0),),
    )
    record = IdentifierRecord("1", CARD, IdentifierType.RFID, VehicleClass.OWN, "bus-1", "north", status=status)
    registry = bundled([Registration(record)], bytes(32))
    return HeldBundle(Bundle(FORMAT, NOW, 60, 3600, plan, registry), unbundle_plan(plan), confirmed_at)


class World:
    """Fallbacks under a clock, and what they have told."""

    def __init__(self) -> None:
        """Hold no bundle."""
        self.bundle: HeldBundle | None = None
        self.told: list[DegradedDecision] = []
        self.fallbacks = Fallbacks(lambda _: self.bundle, self.told.append, 100)

    def hear(self, at: int = NOW, reason: str = "own_vehicle", outcome: str | None = None, **members: str) -> None:
        outcome = outcome or ("allowed" if reason in {"own_vehicle", "freevend"} else "access_denied")
        info: dict[str, Any] = {"status": "Accepted", "expiryDate": format_instant(at + 3600)}
        info = info if outcome == "allowed" else {"status": "Invalid"}
        answer = OcppAnswer({"idTagInfo": info}, Told("id", outcome, reason, None), Source.SERVICE)
        self.fallbacks.heard_payload("1.6", card(), answer, members, at)

    def ask(self, at: int, asked: Asked | None = None) -> OcppAnswer:
        return self.fallbacks.payload("1.6", asked or card(), at * 1000)


def card(identifier: str = CARD, **more: Any) -> Asked:  # noqa: ANN401 - fields of a question
    return Asked.of(charger="SHUT", identifier=identifier, type_=None, time=None, **more)


@pytest.mark.parametrize(("until", "last"), [(NOW + 600, NOW + 599), (None, NOW + HOLDS_S - 1)])
def test_a_remembered_answer_ends_with_its_decision_and_after_two_days(until: int | None, last: int) -> None:
    world = World()
    world.hear(**({} if until is None else {"valid-until": str(until)}))
    held = world.ask(last)
    assert (held.source, held.payload["idTagInfo"]["status"]) == ("cache", "Accepted")
    expires = parse_instant(held.payload["idTagInfo"]["expiryDate"])
    assert expires == min(until or NOW + HOLDS_S, last + 3600)
    assert world.ask(last + 1).source == "on_unreachable"


@pytest.mark.parametrize("reason", ["lookup_failed", "too_many_attempts"])
def test_a_passing_state_is_not_remembered(reason: str) -> None:
    world = World()
    world.hear(reason=reason)
    assert world.ask(NOW + 1).source == "on_unreachable"


def test_an_answer_that_held_for_its_own_moment_alone_is_not_remembered_and_replaces_the_one_before() -> None:
    world = World()
    world.hear()
    world.hear(at=NOW + 10, **{"valid-until": str(NOW + 10)})
    assert world.ask(NOW + 11).source == "on_unreachable"


def test_a_bundle_that_was_confirmed_later_and_says_otherwise_is_believed() -> None:
    world = World()
    world.hear()
    world.bundle = bundle(IdentifierStatus.BLOCKED, NOW + 30)
    answer = world.ask(NOW + 60)
    assert (answer.source, answer.payload) == ("bundle", {"idTagInfo": {"status": "Blocked"}})
    world.bundle = bundle(IdentifierStatus.BLOCKED, NOW - 30)
    assert world.ask(NOW + 60).source == "cache"
    world.bundle = bundle(IdentifierStatus.ACTIVE, NOW + 30)
    assert world.ask(NOW + 60).source == "cache"


def test_an_accepted_of_the_bundle_expires_with_the_bundle() -> None:
    world = World()
    world.bundle = bundle(IdentifierStatus.ACTIVE, NOW)
    info = world.ask(NOW + HOLDS_S - 60).payload["idTagInfo"]
    assert info == {"status": "Accepted", "expiryDate": format_instant(NOW + HOLDS_S), "parentIdTag": "north"}


def test_what_the_charger_replays_is_judged_at_its_own_time_by_the_bundle_alone() -> None:
    world = World()
    world.hear()
    world.bundle = bundle(IdentifierStatus.ACTIVE, NOW)
    then = NOW - 7200
    late = Asked.of(charger="SHUT", identifier=CARD, type_=None, time=then, starts=True, replayed=True)
    answer = world.ask(NOW + 60, late)
    assert (answer.source, answer.decision and answer.decision.late) == ("bundle", True)
    assert world.told[-1].time == format_instant(then)


def test_an_allowance_of_on_unreachable_is_short_and_told() -> None:
    world = World()
    world.bundle = bundle(IdentifierStatus.ACTIVE, NOW)
    pin = Asked.of(charger="SHUT", identifier="8264", type_="KeyCode", time=None)
    answer = world.fallbacks.payload("2.1", pin, NOW * 1000)
    info = {"status": "Accepted", "cacheExpiryDateTime": format_instant(NOW + 30)}
    assert (answer.source, answer.payload) == ("on_unreachable", {"idTokenInfo": info})
    (told,) = world.told
    assert (told.outcome, told.reason, told.identifier, told.identifier_masked) == (
        "allowed",
        "lookup_failed",
        None,
        "…",
    )


def test_freevend_is_told_to_nobody() -> None:
    world = World()
    world.hear(reason="freevend")
    assert world.ask(NOW + 1).source == "cache"
    assert world.told == []


@pytest.mark.parametrize(
    ("reason", "would_be"), [("unknown_identifier", "access_denied"), ("own_vehicle", None), ("no_policy", None)]
)
def test_what_is_remembered_of_a_policy_that_observes_is_told_as_what_it_would_be(
    reason: str, would_be: str | None
) -> None:
    world = World()
    world.hear(reason=reason, outcome="allowed")
    names: Any = dict.fromkeys(("decision_id", "mode", "vehicle_class", "valid_until", "policy", "window"))
    softened = None if would_be is None else WouldBe(would_be, reason)
    told = {"outcome": "allowed", "reason": reason, "charger": "SHUT", "time": "", "revision": "", "would_be": softened}
    world.fallbacks.heard_decision(card(), Decided(**names | told), NOW)
    assert world.ask(NOW + 1).source == "cache"
    assert world.fallbacks.decision(card(), (NOW + 1) * 1000).source == "cache"
    assert [(each.outcome, each.would_be) for each in world.told] == [("allowed", would_be)] * 2


def test_a_clock_that_was_put_back_decides_nothing() -> None:
    world = World()
    world.bundle = bundle(IdentifierStatus.ACTIVE, NOW)
    world.hear()
    assert world.ask(NOW + 7200).source == "cache"
    put_back = world.ask(NOW + 6000)
    assert (put_back.source, put_back.payload["idTagInfo"]["status"]) == ("on_unreachable", "Accepted")
    assert world.fallbacks.decision(card(), (NOW + 6000) * 1000).source == "on_unreachable"
    assert world.ask(NOW + 7000).source == "cache"
    world.hear(NOW + 3600)  # the service is there again: this clock is as good as any
    assert world.ask(NOW + 3600).source == "cache"


def test_a_bundle_of_the_future_decides_nothing() -> None:
    world = World()
    world.bundle = bundle(IdentifierStatus.ACTIVE, NOW + 3600)
    assert world.ask(NOW).source == "on_unreachable"
    assert world.ask(NOW + 3600).source == "bundle"
