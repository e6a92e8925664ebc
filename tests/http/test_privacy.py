"""What is known of persons: enrolment from a denial, forgetting, rotation of the key of fingerprints."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, eventually, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
BUS = {"type": "rfid", "class": "own", "vehicle": "bus-77", "fleet": "north"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def node(state: Path) -> Iterator[Served]:
    with serving(POLICIES, state) as served:
        yield served


def _denied(node: Served, identifier: str, **question: str) -> str:
    body = node.decide(charger="NTH-07", identifier=identifier, time=NIGHT, **question).json()
    assert body["outcome"] == "access_denied"
    return str(body["decision_id"])


def _newest(node: Served, count: int) -> list[dict[str, object]]:
    return node.client.get("/v1/events", params={"limit": count}).json()["events"]


def _event(node: Served, decision_id: str) -> dict[str, object]:
    return node.client.get(f"/v1/events/{decision_id}").json()


def test_an_unknown_vehicle_is_enrolled_from_its_denial(node: Served) -> None:
    decision_id = _denied(node, "04:E1:B2:C3:D4:E5:01")
    _denied(node, "04E1B2C3D4E501")
    reply = node.client.post(f"/v1/events/{decision_id}/enrol", json=BUS)
    assert reply.status_code == 201
    assert reply.json()["vehicle"] == "bus-77"
    assert "04E1" not in reply.text
    assert node.decide(charger="NTH-07", identifier="04e1b2c3d4e501", time=NIGHT).json()["outcome"] == "allowed"
    assert node.client.post(f"/v1/events/{decision_id}/enrol", json=BUS).status_code == 409


def test_one_that_got_a_record_meanwhile_is_not_enrolled_again(node: Served) -> None:
    decision_id = _denied(node, "04E1B2C3D4E502")
    known = {**BUS, "identifier": "04E1B2C3D4E502"}
    assert node.client.put(f"/v1/identifiers/{'a' * 32}", json=known).status_code == 201
    assert node.client.post(f"/v1/events/{decision_id}/enrol", json=BUS).status_code == 409


def test_no_pin_is_ever_kept(node: Served) -> None:
    for question in ({"identifier": "739154", "identifier_type": "KeyCode"}, {"identifier": "739155"}):
        decision_id = _denied(node, **question)
        assert node.client.post(f"/v1/events/{decision_id}/enrol", json=BUS).status_code == 409


def test_what_cannot_be_enrolled_is_told(node: Served) -> None:
    allowed = node.decide(charger="NTH-07", identifier="", time=NIGHT).json()["decision_id"]
    assert node.client.post(f"/v1/events/{allowed}/enrol", json=BUS).status_code == 409
    nobody = "01990000-0000-7000-8000-000000000000"
    assert node.client.post(f"/v1/events/{nobody}/enrol", json=BUS).status_code == 404
    decision_id = _denied(node, "04E1B2C3D4E503")
    assert node.client.post(f"/v1/events/{decision_id}/enrol", json={"type": "rfid"}).status_code == 422
    contradiction = {**BUS, "class": "agreement"}
    assert node.client.post(f"/v1/events/{decision_id}/enrol", json=contradiction).status_code == 409
    assert node.client.post(f"/v1/events/{decision_id}/enrol", json=BUS).status_code == 201


def test_an_identifier_is_kept_for_its_time_only(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path, enrol_window=1) as node:
        decision_id = _denied(node, "04E1B2C3D4E504")
        eventually(lambda: node.client.post(f"/v1/events/{decision_id}/enrol", json=BUS).status_code == 409, within=4)
    with serving(POLICIES, tmp_path, enrol_window=0) as node:
        late = _denied(node, "04E1B2C3D4E505")
        assert node.client.post(f"/v1/events/{late}/enrol", json=BUS).status_code == 409
        eventually(lambda: not _sealed(tmp_path), within=10)


def _sealed(state: Path) -> list[str]:
    connection = sqlite3.connect(state / "policy-service.sqlite3")
    try:
        query = "SELECT sealed_identifier FROM access_events WHERE sealed_identifier IS NOT NULL"
        return [row[0] for row in connection.execute(query)]
    finally:
        connection.close()


def test_forgetting_leaves_decisions_and_no_trace(node: Served, state: Path) -> None:
    decision_id = _denied(node, "04E1B2C3D4E506")
    before = _event(node, decision_id)
    assert before["identifier_masked"] == "…E506"
    dry = node.client.post("/v1/events/forget", json={"identifier": "04:e1:b2:c3:d4:e5:06", "dry_run": True}).json()
    assert dry == {"events": 1, "record_exists": False, "dry_run": True}
    assert _event(node, decision_id) == before
    gone = node.client.post("/v1/events/forget", json={"identifier": "04:e1:b2:c3:d4:e5:06"}).json()
    assert gone == {"events": 1, "record_exists": False, "dry_run": False}
    after = _event(node, decision_id)
    erased = ("identifier_masked", "identifier_fingerprint", "fingerprint_key", "vehicle")
    assert after == {**before, **dict.fromkeys(erased)}
    audit = node.client.get("/v1/audit", params={"action": "POST /v1/events/forget"}).json()["entries"]
    assert audit[0]["detail"] == {"events": 1, "dry_run": False}
    assert not _traces(state, "04E1B2C3D4E506", str(before["identifier_fingerprint"]))


def _traces(state: Path, *texts: str) -> list[str]:
    connection = sqlite3.connect(state / "policy-service.sqlite3")
    try:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(access_events)")]
        rows = connection.execute("SELECT * FROM access_events").fetchall()
        return [name for row in rows for name, value in zip(columns, row, strict=True) if str(value) in texts]
    finally:
        connection.close()


def test_a_known_vehicle_and_a_pin_are_forgotten_as_well(node: Served) -> None:
    for kind, identifier in (("rfid", "04E1B2C3D4E507"), ("pin", "628417")):
        record = {**BUS, "type": kind, "identifier": identifier, "vehicle": f"bus-{kind}"}
        assert node.client.put(f"/v1/identifiers/{(kind * 32).encode().hex()[:32]}", json=record).status_code == 201
        body = node.decide(charger="NTH-07", identifier=identifier, identifier_type=kind, time=NIGHT).json()
        assert body["outcome"] == "allowed"
        gone = node.client.post("/v1/events/forget", json={"identifier": identifier, "identifier_type": kind}).json()
        assert (gone["events"], gone["record_exists"]) == (1, True)
        assert _event(node, body["decision_id"])["vehicle"] is None


def test_after_a_rotation_fingerprints_differ_and_forgetting_finds_both(node: Served) -> None:
    first = _event(node, _denied(node, "04E1B2C3D4E508"))
    begun = node.client.post("/v1/fingerprint-keys").json()
    second = _event(node, _denied(node, "04E1B2C3D4E508"))
    assert second["fingerprint_key"] == begun["generation"] == first["fingerprint_key"] + 1
    assert second["identifier_fingerprint"] != first["identifier_fingerprint"]
    gone = node.client.post("/v1/events/forget", json={"identifier": "04E1B2C3D4E508"}).json()
    assert gone["events"] == 2


def test_a_rotation_reaches_all_workers_and_a_restart(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path, workers=2) as node:
        assert node.client.post("/v1/fingerprint-keys").status_code == 201

        def keys() -> set[object]:
            for number in range(20):
                with node.bringing("of nobody") as client:  # each on a connection of its own, to whichever worker
                    asked = {"charger": "NTH-07", "identifier": f"04E1B2C3D4F5{number:02}", "time": NIGHT}
                    assert client.post("/v1/decide", json=asked).is_success
            return {each["fingerprint_key"] for each in _newest(node, 20)}

        eventually(lambda: keys() == {2}, within=10)
    with serving(POLICIES, tmp_path) as node:
        assert _event(node, _denied(node, "04E1B2C3D4E509"))["fingerprint_key"] == 2


def test_what_comes_late_is_forgotten_too(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as node:
        event = _event(node, _denied(node, "04E1B2C3D4E510"))
        node.client.post("/v1/events/forget", json={"identifier": "04E1B2C3D4E510"})
    late = {
        **event,
        "decision_id": "01990000-0000-7000-8000-000000000001",
        "time": 0,
        "recorded_at": time.time_ns() // 1_000_000 - 3_600_000,
    }
    spool = tmp_path / "spool"
    spool.mkdir(exist_ok=True)
    line = json.dumps(late).encode()
    (spool / "000000000000-1-0.events").write_bytes(b"%08x %b\n" % (zlib.crc32(line), line))
    with serving(POLICIES, tmp_path) as node:
        eventually(lambda: node.client.get(f"/v1/events/{late['decision_id']}").status_code == 200, within=5)
    with serving(POLICIES, tmp_path) as node:
        eventually(lambda: _event(node, str(late["decision_id"]))["identifier_masked"] is None, within=5)
