"""Access events as they come: replay, filters, keys that end, a server that ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
from fakes.keyed import keys, stored
from fakes.listener import listening
from fakes.served import POLICIES, eventually, serving

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope
from policy_service.entrypoints.http.event_schema import envelope_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

ENVELOPE = jsonschema_rs.validator_for(envelope_schema())
NIGHT = "2026-11-24T11:15:00Z"


def _deny(node: Served, number: int, charger: str = "NTH-07") -> str:
    asked = node.decide(charger=charger, identifier=f"04C2{number:010X}", time=NIGHT).json()
    assert asked["outcome"] == "access_denied"
    return str(asked["decision_id"])


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    with serving(POLICIES, tmp_path) as served:
        yield served


def test_events_come_as_they_happen_and_are_replayed_after_a_break(node: Served, tmp_path: Path) -> None:
    _deny(node, 1)
    node.client.get("/v1/events")
    with listening(node) as listener:
        told = [_deny(node, number) for number in range(2, 5)]
        eventually(lambda: listener.names() == told, within=5)
        assert {message.event for message in listener.messages} == {"access.denied"}
        for message in listener.messages:
            ENVELOPE.validate(message.data)
            assert message.data["data"] == node.client.get(f"/v1/events/{message.data['id']}").json()
        began = time.monotonic()
        node.stop()
        assert time.monotonic() - began < 4
    last = listener.messages[0].id
    with serving(POLICIES, tmp_path) as again:
        late = _deny(again, 9)
        with listening(again, after=last) as replayed:
            eventually(lambda: replayed.names() == [*told[1:], late], within=5)


def test_filters_narrow_the_stream(node: Served) -> None:
    with listening(node, charger="NTH-08", type="access.denied") as listener:
        _deny(node, 1)
        wanted = _deny(node, 2, "NTH-08")
        eventually(lambda: listener.names() == [wanted], within=5)


def test_one_vehicle_is_followed(node: Served) -> None:
    own = {"identifier": "04A2B3C4D5E681", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}
    assert node.client.put(f"/v1/identifiers/{'a' * 32}", json=own).is_success
    with listening(node, vehicle="bus-17") as listener:
        _deny(node, 1)
        assert node.decide(charger="NTH-08", identifier=own["identifier"], time=NIGHT).is_success
        eventually(lambda: [message.data["data"]["vehicle"] for message in listener.messages] == ["bus-17"], within=5)


def test_a_stream_says_at_once_how_far_it_is(node: Served) -> None:
    _deny(node, 1)
    node.client.get("/v1/events")
    with node.client.stream("GET", "/v1/events/stream") as reply:
        assert next(reply.iter_bytes()) == b": policy-service events\nid: 1\n\n"


def test_a_position_of_nowhere_begins_with_a_gap(node: Served) -> None:
    _deny(node, 1)
    node.client.get("/v1/events")
    with listening(node, after="4711") as listener:
        eventually(lambda: [message.event for message in listener.messages] == ["gap"], within=5)
        fresh = _deny(node, 2)
        eventually(lambda: listener.names() == [None, fresh], within=5)


def test_a_stream_in_bad_form_is_a_problem(node: Served) -> None:
    for headers in ({"Last-Event-ID": "x"}, {"Last-Event-ID": "-1"}, {"Last-Event-ID": "9" * 40}):
        assert node.client.get("/v1/events/stream", headers=headers).status_code == 422
    assert node.client.get("/v1/events/stream", params={"type": "fault"}).status_code == 422


def test_a_listener_is_kept_to_its_chargers_and_ends_with_its_key(tmp_path: Path) -> None:
    wanted = (
        WantedKey("all", frozenset({Scope.ADMIN})),
        WantedKey("south", frozenset({Scope.READ}), labels=(("depot", ("auckland",)),)),
    )
    every, bound = stored(tmp_path, *wanted)
    with serving(POLICIES, tmp_path) as node:
        everybody = node.bringing(every)
        chargers = everybody.get("/v1/chargers", params={"limit": 1000}).json()["chargers"]
        depots = {charger["id"]: charger["labels"].get("depot") for charger in chargers}
        theirs = next(name for name, depot in depots.items() if depot == "auckland")
        with listening(node, key=bound) as listener:
            for charger in ("NTH-07", theirs):
                asked = {"charger": charger, "identifier": "04C2FF", "time": NIGHT}
                assert everybody.post("/v1/decide", json=asked).is_success
            eventually(lambda: [message.data["subject"] for message in listener.messages] == [theirs], within=5)
            assert keys(tmp_path, "revoke", "south").returncode == 0
            eventually(listener.ended.is_set, within=5)


def test_who_went_away_makes_room_for_others(node: Served) -> None:
    for _ in range(120):
        with node.client.stream("GET", "/v1/events/stream") as reply:
            assert reply.status_code == 200
    eventually(lambda: node.client.get("/health/live").status_code == 200, within=5)
