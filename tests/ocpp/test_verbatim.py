"""OCPP payloads as they come, of all three versions; every answer is held against the official schemas."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import ocpp
import pytest
from fakes.served import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2
    from fakes.served import Served

SCHEMAS = Path(ocpp.__file__).parent
TREE = """
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: small}
spec:
  protocols: [ocpp2.0.1]
  denial: {displayText: true, maxChars: 20, formats: [ASCII], languages: [fr]}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {labels: {depot: yard}}
  defaultMode: managed
  allow: [{class: own}]
  messages: {unknown_identifier: {en: Not known here, fr: Véhicule inconnu ici}}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: nights}
spec:
  timezone: UTC
  chargers: {ids: [NIGHTS]}
  defaultMode: freevend
  windows:
    - name: night
      mode: managed
      rrule: FREQ=DAILY
      from: 2026-01-01
      start: "18:00"
      end: "06:00"
      allow: [{class: own}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: SMALL, labels: {depot: yard}, protocol: ocpp2.0.1, profile: small}
    - {id: OPEN, labels: {depot: yard}}
    - {id: SHUT, labels: {depot: yard}}
    - {id: NEW, labels: {depot: yard}}
    - {id: NIGHTS}
"""
CARD, MAC, PIN = "04A2B3C4D5E680", "92D50A693F80", "82649173"
STRANGER, BLOCKED = "04FFFFFFFFFF01", "04FFFFFFFFFF02"
VERSIONS = ["2.0.1", "2.1"]
DIRECTORY = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("ocpp")
    (root / "policies").mkdir()
    (root / "policies" / "yard.yaml").write_text(TREE)
    with serving(root / "policies", root / "state", log_level="debug") as served:
        records = [(CARD, "rfid", "bus-1"), (MAC, "mac", "bus-2"), (PIN, "pin", "bus-3")]
        for number, (identifier, type_, vehicle) in enumerate(records):
            record = {"identifier": identifier, "type": type_, "class": "own", "vehicle": vehicle, "fleet": "north"}
            assert served.client.put(f"/v1/identifiers/{number:032x}", json=record).status_code == 201
        yield served


def _post(node: Served, version: str, action: str, payload: object, charger: str = "SHUT") -> httpx2.Response:
    return node.client.post(f"/v1/ocpp/{version}/{charger}/{action}", json=payload)


def _valid(version: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    schema = json.loads((SCHEMAS / DIRECTORY[version] / "schemas" / f"{name}.json").read_text(encoding="utf-8-sig"))
    jsonschema_rs.validator_for(schema).validate(payload)
    return payload


def _authorize(
    node: Served, version: str, token: str, type_: str = "ISO14443", charger: str = "SHUT"
) -> dict[str, Any]:
    if version == "1.6":
        payload: dict[str, Any] = _valid(version, "Authorize", {"idTag": token})
    else:
        payload = _valid(version, "AuthorizeRequest", {"idToken": {"idToken": token, "type": type_}})
    reply = _post(node, version, "authorize", payload, charger)
    assert reply.status_code == 200, reply.text
    info: dict[str, Any] = _valid(version, "AuthorizeResponse", reply.json()).popitem()[1]
    return info


def _event(version: str, kind: str, trigger: str, token: tuple[str, str] | None, **more: object) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": more.pop("timestamp", _now()),
        "triggerReason": trigger,
        "seqNo": 1,
        "transactionInfo": {"transactionId": "tx-1"},
        "evse": {"id": 1, "connectorId": 2},
        **more,
    }
    if token:
        payload["idToken"] = {"idToken": token[0], "type": token[1]}
    return _valid(version, "TransactionEventRequest", payload)


def _stamp(moment: datetime, seconds: int) -> str:
    return (moment + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now(offset_s: float = 0) -> str:
    return datetime.fromtimestamp(time.time() + offset_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tell(node: Served, version: str, payload: dict[str, Any], charger: str = "SHUT") -> dict[str, Any]:
    reply = _post(node, version, "transaction-event", payload, charger)
    assert reply.status_code == 200, reply.text
    return _valid(version, "TransactionEventResponse", reply.json())


def _events(node: Served, charger: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = node.client.get("/v1/events", params={"charger": charger}).json()["events"]
    return events


def _seconds_left(instant: str) -> float:
    assert instant.endswith("Z")
    return datetime.fromisoformat(instant).timestamp() - time.time()


@pytest.mark.parametrize("version", DIRECTORY)
def test_own_vehicles_are_accepted_for_an_hour_and_their_fleet_is_told(node: Served, version: str) -> None:
    info = _authorize(node, version, CARD)
    assert info["status"] == "Accepted"
    expiry, group = ("expiryDate", "parentIdTag") if version == "1.6" else ("cacheExpiryDateTime", "groupIdToken")
    assert 3_500 < _seconds_left(info[expiry]) <= 3_600
    assert info[group] == ("north" if version == "1.6" else {"idToken": "north", "type": "Central"})


@pytest.mark.parametrize("version", DIRECTORY)
def test_a_stranger_is_denied_and_the_header_says_why(node: Served, version: str) -> None:
    payload = {"idTag": STRANGER} if version == "1.6" else {"idToken": {"idToken": STRANGER, "type": "ISO14443"}}
    reply = _post(node, version, "authorize", payload, "NEW")
    info = reply.json().popitem()[1]
    assert info == {"status": "Invalid" if version == "1.6" else "Unknown"}
    header = reply.headers["policy-decision"]
    assert "outcome=access_denied, reason=unknown_identifier, signal=status_only" in header
    decision_id = header.partition('id="')[2].partition('"')[0]
    event = node.client.get(f"/v1/events/{decision_id}").json()
    assert (event["type"], event["ocpp_action"], event["charger"]) == ("access.denied", "Authorize", "NEW")


@pytest.mark.parametrize(
    ("token", "type_"),
    [
        (CARD, "ISO14443"),
        (CARD.lower(), "ISO15693"),
        ("04:A2:B3:C4:D5:E6:80", "Local"),
        (CARD, "Central"),
        (f"VID:{MAC}", "ISO14443"),
        (MAC.lower(), "MacAddress"),
        ("92:D5:0A:69:3F:80", "MacAddress"),
        (PIN, "KeyCode"),
    ],
)
@pytest.mark.parametrize("version", DIRECTORY)
def test_one_vehicle_however_it_is_spelt(node: Served, version: str, token: str, type_: str) -> None:
    if version == "1.6" and type_ == "KeyCode":
        type_ = ""
    assert _authorize(node, version, token, type_)["status"] == "Accepted"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_pin_is_invalid(node: Served, version: str) -> None:
    assert _authorize(node, version, "55512345", "KeyCode")["status"] == "Invalid"


def test_a_refused_driver_reads_what_the_charger_can_show(node: Served) -> None:
    info = _authorize(node, "2.0.1", STRANGER, charger="SMALL")
    assert info["personalMessage"] == {"format": "ASCII", "language": "fr", "content": "Vehicule inconnu ici"}
    assert _events(node, "SMALL")[0]["driver_signal"] == "text"


def test_a_start_of_1_6_is_decided_whatever_the_charger_remembers(node: Served) -> None:
    start = {"connectorId": 2, "idTag": STRANGER, "meterStart": 0, "timestamp": _now()}
    reply = _post(node, "1.6", "start-transaction", _valid("1.6", "StartTransaction", start))
    assert reply.json() == {"idTagInfo": {"status": "Invalid"}}
    _valid("1.6", "StartTransactionResponse", {"transactionId": 1, **reply.json()})
    event = _events(node, "SHUT")[0]
    assert (event["ocpp_action"], event["connector"]) == ("StartTransaction", 2)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_decided_once_and_never_cut(node: Served, version: str) -> None:
    stranger = (STRANGER, "ISO14443")
    assert _tell(node, version, _event(version, "Started", "CablePluggedIn", None), "OPEN") == {}
    denied = _tell(node, version, _event(version, "Updated", "Authorized", stranger), "OPEN")
    assert denied["idTokenInfo"] == {"status": "Unknown"}
    before = len(_events(node, "OPEN"))
    for kind, trigger in (
        ("Updated", "MeterValuePeriodic"),
        ("Updated", "StopAuthorized"),
        ("Updated", "Deauthorized"),
        ("Ended", "StopAuthorized"),
        ("Ended", "EVDeparted"),
    ):
        told = _tell(node, version, _event(version, kind, trigger, stranger), "OPEN")
        assert told == {"idTokenInfo": {"status": "Accepted"}}
    assert len(_events(node, "OPEN")) == before
    found = node.client.get("/v1/events/match", params={"charger": "OPEN", "transaction_id": "tx-1"}).json()
    assert found["denied"] is True


@pytest.mark.parametrize("version", VERSIONS)
def test_no_authorization_is_accepted_and_a_breach_in_managed_mode(node: Served, version: str) -> None:
    started = _event(version, "Started", "CablePluggedIn", ("", "NoAuthorization"))
    assert _tell(node, version, started)["idTokenInfo"] == {"status": "Accepted"}
    assert _events(node, "SHUT")[0]["type"] == "access.breach"


def test_a_start_just_after_the_switch_is_not_refused_for_it(node: Served) -> None:
    evening = datetime.now(UTC).replace(hour=18, minute=0, second=0) - timedelta(days=1)

    def status(seconds: int, token: str = STRANGER) -> str:
        start = {"connectorId": 1, "idTag": token, "meterStart": 0, "timestamp": _stamp(evening, seconds)}
        reply = _post(node, "1.6", "start-transaction", start, "NIGHTS")
        assert ", late" in reply.headers["policy-decision"]
        return str(reply.json()["idTagInfo"]["status"])

    assert [status(each) for each in (-1, 0, 30, 59, 60, 90)] == [*["Accepted"] * 4, "Invalid", "Invalid"]
    event = _event("2.1", "Started", "Authorized", (STRANGER, "ISO14443"), offline=True, timestamp=_stamp(evening, 30))
    info = _tell(node, "2.1", event, "NIGHTS")["idTokenInfo"]
    assert info == {"status": "Accepted", "cacheExpiryDateTime": _stamp(evening, 30)}, "nobody may remember it"
    blocked = {"identifier": BLOCKED, "type": "rfid", "class": "own", "vehicle": "bus-4", "fleet": "north"}
    assert node.client.put(f"/v1/identifiers/{'a' * 32}", json={**blocked, "status": "blocked"}).status_code == 201
    assert (status(-1, BLOCKED), status(30, BLOCKED)) == ("Accepted", "Blocked"), "a block is never judged back"


def test_a_charger_whose_clock_is_wrong_is_judged_by_ours(node: Served) -> None:
    for timestamp in ("1970-01-01T00:00:00Z", _now(3_600), _now(-8 * 86_400)):
        start = {"connectorId": 1, "idTag": CARD, "meterStart": 0, "timestamp": timestamp}
        reply = _post(node, "1.6", "start-transaction", start)
        assert "clock-suspect" in reply.headers["policy-decision"]
    start = {"connectorId": 1, "idTag": CARD, "meterStart": 0, "timestamp": _now(-3_600)}
    header = _post(node, "1.6", "start-transaction", start).headers["policy-decision"]
    assert header.endswith(", late")


def _judged(node: Served, charger: str) -> tuple[bool | None, bool | None]:
    event = _events(node, charger)[0]
    return event["late"], event["clock_suspect"]


def test_the_event_keeps_what_was_made_of_the_chargers_clock(node: Served) -> None:
    for timestamp, judged in (
        (_now(), (False, False)),
        (_now(-3_600), (True, False)),
        ("1970-01-01T00:00:00Z", (False, True)),
        (_now(3_600), (False, True)),
    ):
        start = {"connectorId": 1, "idTag": STRANGER, "meterStart": 0, "timestamp": timestamp}
        _post(node, "1.6", "start-transaction", start)
        assert _judged(node, "SHUT") == judged
        offline = _event("2.1", "Started", "Authorized", (STRANGER, "ISO14443"), offline=True, timestamp=timestamp)
        _tell(node, "2.1", offline)
        assert _judged(node, "SHUT") == judged
        _tell(node, "2.1", {**offline, "idToken": {"idToken": "", "type": "NoAuthorization"}})
        assert (_events(node, "SHUT")[0]["type"], _judged(node, "SHUT")) == ("access.breach", judged)
    _authorize(node, "1.6", STRANGER)
    assert _judged(node, "SHUT") == (None, None), "an Authorize tells no time"
    node.decide(charger="SHUT", identifier=STRANGER, time="2026-11-24T11:15:00Z")
    assert _judged(node, "SHUT") == (None, None), "a CSMS is believed"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("19223201", "19223201"),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        ("two words", None),
        ("\u00e9", None),
        ("", None),
        (None, None),
    ],
)
def test_the_event_keeps_the_messages_id_that_can_be_kept(node: Served, told: str | None, kept: str | None) -> None:
    headers = {} if told is None else {"OCPP-Message-Id": told.encode("latin-1")}
    token = {"idToken": {"idToken": STRANGER, "type": "ISO14443"}}
    started = _event("2.0.1", "Started", "Authorized", (STRANGER, "ISO14443"))
    start = {"connectorId": 2, "idTag": STRANGER, "meterStart": 0, "timestamp": _now()}
    for path, payload in (
        ("1.6/SHUT/authorize", {"idTag": STRANGER}),
        ("1.6/SHUT/start-transaction", start),
        ("2.0.1/SHUT/authorize", token),
        ("2.1/SHUT/authorize", token),
        ("2.0.1/SHUT/transaction-event", started),
        ("2.1/SHUT/transaction-event", started),
    ):
        reply = node.client.post(f"/v1/ocpp/{path}", json=payload, headers=headers)
        assert reply.status_code == 200
        assert _events(node, "SHUT")[0]["message_id"] == kept, path


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("1.6/SHUT/authorize", {}),
        ("1.6/SHUT/authorize", {"idTag": "0" * 21}),
        ("1.6/SHUT/authorize", {"idTag": 7}),
        ("1.6/SHUT/start-transaction", {"idTag": PIN}),
        ("2.0.1/SHUT/authorize", {"idToken": {"idToken": "0" * 37, "type": "Central"}}),
        ("2.0.1/SHUT/authorize", {"idToken": PIN}),
        ("2.1/SHUT/transaction-event", {"eventType": "Begun"}),
    ],
)
def test_a_malformed_payload_is_a_problem(node: Served, path: str, payload: dict[str, Any]) -> None:
    reply = node.client.post(f"/v1/ocpp/{path}", json=payload)
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert PIN not in reply.text


def test_what_a_payload_lacks_is_named(node: Served) -> None:
    (fault,) = node.client.post("/v1/ocpp/1.6/NTH-01/authorize", json={}).json()["errors"]
    assert fault["pointer"] == "/idTag"


def test_no_identifier_is_in_the_log(node: Served) -> None:
    log = node.log()
    for identifier in (CARD, MAC, PIN, STRANGER, "55512345"):
        assert identifier not in log
        assert identifier.lower() not in log
