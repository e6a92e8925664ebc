"""A bundle and the service that made it decide the same: any charger, identifier and instant of the next 48 hours."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest
from depot import CARD, CHARGERS, IDENTIFIERS, STRANGER, SYNTHETIC, fill, policies
from fakes.served import serving
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policy_service.client.asked import Asked
from policy_service.client.fallbacks import Fallbacks
from policy_service.client.held_bundle import HeldBundle, held
from policy_service.domain.bundle import HOLDS_S
from policy_service.domain.instant import format_instant
from policy_service.domain.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

NAMES = ("outcome", "reason", "mode", "vehicle_class", "policy", "window")
TYPES = [None, "rfid", "ISO14443", "MacAddress", "Central"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("bundles")
    with serving(policies(root), root / "state") as served:
        fill(served)
        yield served


@pytest.fixture(scope="module")
def bundle(node: Served) -> HeldBundle:
    found = held(node.client.get("/v1/bundle").content, int(time.time()))
    assert found is not None
    return found


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    charger=st.sampled_from(CHARGERS),
    identifier=st.sampled_from(IDENTIFIERS) | st.text("0123456789ABCDEF", min_size=8, max_size=20),
    type_=st.sampled_from(TYPES),
    ahead=st.integers(0, HOLDS_S - 1),
)
def test_the_bundle_decides_as_the_service_does(
    node: Served, bundle: HeldBundle, charger: str, identifier: str, type_: str | None, ahead: int
) -> None:
    at = bundle.confirmed_at + ahead
    question = {"charger": charger, "identifier": identifier, "time": format_instant(at), "record": False}
    reply = node.decide(**question, **({"identifier_type": type_} if type_ else {}))
    assert reply.status_code == 200, reply.text
    told = reply.json()
    found = bundle.decide(Asked.of(charger=charger, identifier=identifier, type_=type_, time=at), Moment(at))
    assert found is not None
    answer = found.decision.answer
    assert {name: getattr(answer, name) for name in NAMES} == {name: told[name] for name in NAMES}
    until = told["valid_until"]
    assert format_instant(found.decision.valid_until or 0) == min(until or "9", format_instant(bundle.ends))
    later = found.decision.next_allowed_at
    assert (None if later is None else format_instant(later)) == told.get("next_allowed_at")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    charger=st.sampled_from(CHARGERS),
    identifier=st.sampled_from([*IDENTIFIERS, SYNTHETIC, ""]),
    language=st.sampled_from([None, "fr", "fr-CH", "de"]),
    ahead=st.integers(0, HOLDS_S - 1),
)
@example(charger="SHUT", identifier=STRANGER, language="fr", ahead=0)
@example(charger="SHUT", identifier=SYNTHETIC, language=None, ahead=0)
def test_the_client_tells_of_it_what_the_service_tells(
    node: Served, bundle: HeldBundle, charger: str, identifier: str, language: str | None, ahead: int
) -> None:
    at = bundle.confirmed_at + ahead
    question = {"charger": charger, "identifier": identifier, "time": format_instant(at), "record": False}
    told = node.decide(**question, **({"language": language} if language else {})).json()
    asked = Asked.of(charger=charger, identifier=identifier, type_=None, time=at)
    fallbacks = Fallbacks(lambda _: bundle, lambda _: None, 1)
    found = msgspec.to_builtins(fallbacks.decision(asked, bundle.confirmed_at * 1000, language))
    assert found.pop("source") == "bundle"
    differing = {"decision_id", "valid_until"}
    assert {name: found[name] for name in found.keys() - differing if found[name] or name in told} == {
        name: told[name] for name in told.keys() - differing
    }


def test_a_switch_of_mode_within_the_outage_is_followed(bundle: HeldBundle) -> None:
    asked = Asked.of(charger="NIGHTS", identifier="04FFFFFFFFFF01", type_=None, time=None)
    modes: list[str] = []
    for at in range(bundle.confirmed_at, bundle.ends, 600):
        found = bundle.decide(asked, Moment(at))
        assert found is not None
        answer = found.decision.answer
        assert answer.outcome == ("allowed" if answer.mode == "freevend" else "access_denied")
        modes.append(f"{answer.mode} {answer.window}")
    switches = [mode for before, mode in pairwise(modes) if before != mode]
    assert {"managed night", "managed noon", "freevend None"} <= set(switches)
    assert len(switches) >= 6


def test_a_bundle_decides_nothing_after_its_end_nor_for_a_clock_put_back(bundle: HeldBundle) -> None:
    assert bundle.holds(bundle.ends - 1)
    assert not bundle.holds(bundle.ends)
    assert not bundle.holds(bundle.confirmed_at - HOLDS_S)


def test_what_is_printed_of_a_bundle_leads_to_nobody(bundle: HeldBundle) -> None:
    registry = bundle.bundle.registry
    for printed in (repr(bundle), repr(bundle.bundle), str(registry)):
        assert not [hashed for hashed in (registry.key, *registry.vehicles) if hashed in printed]
    assert repr(bundle) == f"HeldBundle(confirmed_at={bundle.confirmed_at})"


def test_a_pin_and_another_s_charger_are_not_its_business(bundle: HeldBundle) -> None:
    now = Moment(bundle.confirmed_at)
    for charger, type_ in (("SHUT", "KeyCode"), ("SHUT", "pin"), ("NOWHERE", None)):
        assert bundle.decide(Asked.of(charger=charger, identifier=CARD, type_=type_, time=None), now) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"format": "policy-service/bundle.v9"}'])
def test_what_is_no_bundle_is_none(body: bytes) -> None:
    assert held(body, 0) is None
