"""Decisions that a client made without the service, told to it: taken once, checked, and shown as what they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes.keyed import made
from fakes.served import POLICIES, eventually, serving

from policy_service.client.degraded import new_id
from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

CARD = "04FFFFFFFFFF77"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(POLICIES, tmp_path_factory.mktemp("degraded")) as served:
        yield served


def told(**changed: object) -> dict[str, Any]:
    now = int(time.time())
    return {
        "decision_id": new_id(now * 1000),
        "degraded": "bundle",
        "time": format_instant(now),
        "charger": "NTH-01",
        "outcome": "access_denied",
        "reason": "unknown_identifier",
        "identifier": CARD,
        **changed,
    }


def test_what_is_told_twice_is_one_event(node: Served) -> None:
    decisions = [told(), told(outcome="allowed", reason="own_vehicle", vehicle="bus-1", degraded="cache")]
    for _ in range(2):
        reply = node.client.post("/v1/events/degraded", json={"decisions": decisions})
        assert (reply.status_code, reply.json()) == (200, {"taken": 2})
    ids = {decision["decision_id"] for decision in decisions}

    def found() -> list[dict[str, Any]]:
        events = node.client.get("/v1/events").json()["events"]
        return [event for event in events if event["decision_id"] in ids]

    eventually(lambda: len(found()) == 2, within=60)
    by_type = {event["type"]: event for event in found()}
    assert by_type["access.denied"]["degraded"] == "bundle"
    assert by_type["access.allowed"]["degraded"] == "cache"
    assert by_type["access.denied"]["identifier_masked"] == "…FF77"
    assert by_type["access.denied"]["labels"]["depot"] == "north"
    own = node.decide(charger="NTH-01", identifier=CARD, time="2026-11-24T11:15:00Z").json()
    eventually(lambda: node.client.get(f"/v1/events/{own['decision_id']}").status_code == 200, within=60)
    event = node.client.get(f"/v1/events/{own['decision_id']}").json()
    assert "degraded" not in event
    assert event["identifier_fingerprint"] == by_type["access.denied"]["identifier_fingerprint"]


def test_it_comes_as_csv_and_cannot_be_explained(node: Served) -> None:
    decision = told()
    assert node.client.post("/v1/events/degraded", json={"decisions": [decision]}).status_code == 200
    path = f"/v1/events/{decision['decision_id']}"
    eventually(lambda: node.client.get(path).status_code == 200, within=60)
    explained = node.client.get(f"{path}/explanation")
    assert explained.status_code == 200
    assert explained.json()["missing"]
    lines = node.client.get("/v1/events", headers={"Accept": "text/csv"}).text.splitlines()
    assert lines[0].endswith(",degraded")
    assert any(decision["decision_id"] in line and line.endswith(",bundle") for line in lines)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"decision_id": "x"}, "/decisions/0/decision_id"),
        ({"degraded": "service"}, "/decisions/0/degraded"),
        ({"time": "2020-01-01T00:00:00Z"}, "/decisions/0/time"),
        ({"time": "2199-01-01T00:00:00Z"}, "/decisions/0/time"),
        ({"reason": "because"}, "/decisions/0/reason"),
        ({"identifier": "\u0000"}, "/decisions/0/identifier"),
        ({"identifier_masked": CARD}, "/decisions/0/identifier_masked"),
        ({"vehicle_name": "x"}, None),
    ],
)
def test_what_is_not_in_shape_is_refused_as_a_whole(
    node: Served, changed: dict[str, object], pointer: str | None
) -> None:
    sound = told()
    reply = node.client.post("/v1/events/degraded", json={"decisions": [told(**changed), sound]})
    assert reply.status_code == 422
    assert pointer is None or pointer in [error["pointer"] for error in reply.json()["errors"]]
    assert CARD not in reply.text
    assert node.client.get(f"/v1/events/{sound['decision_id']}").status_code == 404


def test_it_needs_a_scope_of_its_own_and_a_bound_key_tells_of_its_chargers_alone(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    state = tmp_path_factory.mktemp("degraded-keys")
    plain = made(state, "plain", "decide", "read", "bundle")
    bound = made(state, "bound", "degraded", label="depot:north")
    with serving(POLICIES, state) as served:
        body = {"decisions": [told()]}
        assert served.bringing(plain).post("/v1/events/degraded", json=body).status_code == 403
        assert served.bringing(bound).post("/v1/events/degraded", json=body).status_code == 200
        chargers = served.bringing(plain).get("/v1/chargers").json()["chargers"]
        foreign = next(each["id"] for each in chargers if each["labels"].get("depot") != "north")
        other = {"decisions": [told(), told(charger=foreign)]}
        refused = served.bringing(bound).post("/v1/events/degraded", json=other)
        assert refused.status_code == 403
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/decisions/1/charger"]
