"""What a CSMS reports of chargers, on a served service: states, evidence, words out of order, secrecy, breaches."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes.modes import desired_mode
from fakes.served import eventually, serving

from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.engine import database_at
from policy_service.domain.access import AccessMode
from policy_service.domain.instant import format_instant_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakes.served import Served

TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: shut}
spec:
  timezone: UTC
  chargers: {labels: {yard: shut}}
  defaultMode: managed
  allow: [{class: own}]
  onBreach: stop
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: watched}
spec:
  timezone: UTC
  chargers: {labels: {yard: watched}}
  defaultMode: managed
  allow: [{class: own}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: S-1, labels: {yard: shut}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: S-2, labels: {yard: shut}, profile: ocpp-2x, protocol: ocpp2.0.1}
    - {id: W-1, labels: {yard: watched}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: W-2, labels: {yard: watched}, profile: ocpp-2x, protocol: ocpp2.0.1}
    - {id: W-3, labels: {yard: watched}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: W-4, labels: {yard: watched}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: W-5, labels: {yard: watched}}
    - {id: W-6, labels: {yard: watched}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: W-7, labels: {yard: watched}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: U-1}
"""
GOVERNED = ("S-1", "S-2", *(f"W-{number}" for number in range(1, 8)))
SYNTHETIC = "A0000000"
"""What micro-ocpp sends while in freevend."""


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the tree, every governed charger told that it is to be managed."""
    home = tmp_path_factory.mktemp("yard")
    (home / "policies").mkdir()
    (home / "policies" / "yard.yaml").write_text(TREE)
    with serving(home / "policies", home / "state", switch_within=3600) as served:
        tell(served, GOVERNED)
        yield served


def tell(served: Served, chargers: Sequence[str], at: int | None = None) -> None:
    """Tell chargers that they are to be managed, unless somebody has."""

    async def told() -> None:
        database = database_at(f"sqlite:///{served.settings['STATE_DIR']}/policy-service.sqlite3")
        for name in chargers:
            instant = time.time_ns() // 1_000_000 if at is None else at
            wanted = desired_mode(name, at=instant, transition_id=f"t-{name}", from_mode=None)
            await SqlDesiredModes(database).tell([wanted], [])
        await database.close()

    asyncio.run(told())


def put(served: Served, charger: str, **body: object) -> dict[str, Any]:
    answer = served.client.put(f"/v1/chargers/{charger}/reported", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def seen(served: Served, charger: str) -> dict[str, Any]:
    found: dict[str, Any] = served.client.get(f"/v1/chargers/{charger}/reported").json()
    return found


def _in(seconds: float) -> str:
    return format_instant_ms(time.time_ns() // 1_000_000 + round(seconds * 1000))


def test_a_charger_that_is_seen_in_its_mode_is_in_sync(yard: Served) -> None:
    before = seen(yard, "W-1")
    assert (before["state"], before["reported"], before["desired"]["mode"]) == ("switching", None, "managed")
    after = put(yard, "W-1", mode="managed", evidence={"status": "Accepted"})
    assert (after["state"], after["reported"]["mode"], after["reported"]["online"]) == ("in_sync", "managed", True)
    assert seen(yard, "W-1") == after
    listed = yard.client.get("/v1/chargers", params={"in_sync": "true"}).json()["chargers"]
    assert "W-1" in [charger["id"] for charger in listed]
    assert yard.client.get("/v1/chargers/W-1").json()["sync"]["state"] == "in_sync"
    assert put(yard, "W-1", online=False)["reported"]["mode"] == "managed"
    assert put(yard, "W-1", mode=None, boot=True)["state"] == "switching"
    assert seen(yard, "W-1")["attempts"] == before["attempts"] + 1


def test_variables_beat_words(yard: Served) -> None:
    said = put(yard, "W-2", mode="managed", evidence={"variables": {"AuthCtrlr.Enabled": "false"}})
    assert (said["state"], said["reported"]["mode"]) == ("switching", "freevend")
    assert said["reported"]["evidence"]["said"] == "managed"
    agreed = put(yard, "W-2", mode="managed", evidence={"variables": {"AuthCtrlr.Enabled": True}})
    assert (agreed["state"], "said" in agreed["reported"]["evidence"]) == ("in_sync", False)


def test_reports_out_of_order_and_from_the_future_are_not_believed(yard: Served) -> None:
    assert put(yard, "W-3", mode="managed", at=_in(0))["state"] == "in_sync"
    late = put(yard, "W-3", mode="freevend", at=_in(-1000))
    assert (late["state"], late["reported"]["mode"]) == ("in_sync", "managed")
    future = put(yard, "W-3", mode="managed", at=_in(86_400))
    assert future["reported"]["at"] < _in(60)
    assert future["reported"]["evidence"]["clock_suspect"] is True
    assert put(yard, "W-3", mode="managed")["state"] == "in_sync"


def test_a_report_that_comes_twice_changes_nothing(yard: Served) -> None:
    report = {"mode": "freevend", "boot": True, "at": _in(-0.5)}
    once, twice = (put(yard, "W-7", **report) for _ in range(2))
    assert once == twice


def test_what_the_service_says_in_evidence_nobody_else_can_say(yard: Served) -> None:
    forged = {"said": "freevend", "clock_suspect": True, "breach": True, "note": "read back"}
    assert put(yard, "W-2", mode="managed", evidence=forged)["reported"]["evidence"] == {"note": "read back"}


def test_no_identifier_is_kept_of_evidence(yard: Served) -> None:
    variables = {
        "Cst_FreeVendIdTag": "Sesame-open-5",
        "Cst_FreeVendActive": "false",
        "Free text": "is 04:A2:B3:C4",
        "04A2B3C4D5E680": "Accepted",
    }
    commands = [
        {"action": "ChangeConfiguration", "payload": {"key": "Cst_FreeVendIdTag", "value": "Sesame-open-5"}},
        {"action": "SetVariables", "payload": [{"variable": {"name": "RfidTagFreeCharging"}, "attributeValue": "x"}]},
        {"idToken": {"idToken": "Sesame-open-5"}},
    ]
    kept = put(yard, "W-4", mode="managed", evidence={"variables": variables, "commands": commands, "note": "\u0000ok"})
    assert kept["state"] == "in_sync"
    assert "Sesame" not in str(kept)
    assert "04A2B3C4D5E680" not in str(kept), "nor where it is the name of a member"
    assert kept["reported"]["evidence"]["variables"]["Free text"] == "is withheld"
    assert kept["reported"]["evidence"]["note"] == "ok"
    assert "Sesame" not in yard.log()


def test_one_without_a_known_switch_is_unsupported_whatever_is_said(yard: Served) -> None:
    assert put(yard, "W-5", mode="managed")["state"] == "unsupported"
    listed = yard.client.get("/v1/chargers", params={"state": "unsupported"}).json()["chargers"]
    assert [charger["id"] for charger in listed] == ["W-5"]


def test_one_that_no_policy_governs_is_told_nothing(yard: Served) -> None:
    kept = put(yard, "U-1", mode="freevend")
    assert (kept["state"], kept["desired"], kept["reported"]["mode"]) == (None, None, "freevend")
    assert yard.client.get("/v1/chargers/U-1").json()["sync"] is None


def test_pages_of_chargers_out_of_sync_are_whole(yard: Served) -> None:
    whole = yard.client.get("/v1/chargers", params={"in_sync": "false"}).json()["chargers"]
    assert all(charger["sync"]["state"] != "in_sync" for charger in whole)
    paged: list[Any] = []
    cursor: str | None = None
    for _ in range(len(whole)):
        params = {"in_sync": "false", "limit": "1"} | ({} if cursor is None else {"cursor": cursor})
        page = yard.client.get("/v1/chargers", params=params).json()
        paged += page["chargers"]
        cursor = page["next_cursor"]
    assert ([each["id"] for each in paged], cursor) == ([each["id"] for each in whole], None)
    assert not yard.client.get("/v1/chargers", params={"in_sync": "true", "state": "diverged"}).json()["chargers"]


def test_a_breach_shows_a_charger_in_freevend_and_stops_where_the_policy_says_so(yard: Served) -> None:
    for charger, stop in (("S-1", True), ("W-6", False)):
        assert put(yard, charger, mode="managed")["state"] == "in_sync"
        answer = yard.client.post(f"/v1/ocpp/1.6/{charger}/authorize", json={"idTag": SYNTHETIC})
        members = [member.strip() for member in answer.headers["Policy-Decision"].split(",")]
        assert ("stop" in members, answer.json()["idTagInfo"]["status"]) == (stop, "Blocked")
        decided = yard.decide(charger=charger, identifier=SYNTHETIC).json()
        assert decided.get("stop", False) is stop
        eventually(lambda charger=charger: seen(yard, charger)["state"] == "switching", within=60)  # type: ignore[misc]  # bound at once
        found = seen(yard, charger)
        assert (found["reported"]["mode"], found["reported"]["evidence"]) == ("freevend", {"breach": True})
        assert found["attempts"] >= 1


def test_a_session_that_may_not_be_refused_is_stopped_by_the_header(yard: Served) -> None:
    event = {
        "eventType": "Started",
        "timestamp": _in(0),
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "4711"},
        "idToken": {"idToken": "", "type": "NoAuthorization"},
    }
    stopped = yard.client.post("/v1/ocpp/2.0.1/S-2/transaction-event", json=event)
    assert stopped.json() == {"idTokenInfo": {"status": "Accepted"}}
    assert stopped.headers["Policy-Decision"].endswith("outcome=access_denied, reason=no_identifier, stop")
    recorded = yard.client.post("/v1/ocpp/2.0.1/W-2/transaction-event", json=event)
    assert "Policy-Decision" not in recorded.headers
    assert yard.client.post("/v1/breaches", json={"charger": "S-2"}).json()["stop"] is True
    assert yard.client.post("/v1/breaches", json={"charger": "W-2"}).json()["stop"] is False


_BAD: Sequence[dict[str, Any]] = (
    {"mode": "open"},
    {"mode": 1},
    {"at": "yesterday"},
    {"at": "2026-11-24T11:15:00"},
    {"online": "yes"},
    {"boot": None},
    {"transition_id": "a b"},
    {"evidence": []},
    {"evidence": {"variables": {"A": {}}}},
    {"evidence": {"variables": {str(number): 1 for number in range(101)}}},
    {"evidence": {"status": "x" * 51}},
    {"evidence": {"commands": [0] * 51}},
    {"evidence": {"note": "x" * 8192}},
    {"charger": "W-1"},
)


@pytest.mark.parametrize("body", _BAD, ids=lambda body: str(body)[:40])
def test_a_report_in_bad_form_is_a_problem(yard: Served, body: dict[str, Any]) -> None:
    before = seen(yard, "W-5")["reported"]
    assert yard.client.put("/v1/chargers/W-5/reported", json=body).status_code == 422
    assert seen(yard, "W-5")["reported"] == before


def test_of_a_charger_that_nobody_knows_nothing_is_kept(yard: Served) -> None:
    assert yard.client.put("/v1/chargers/nobody/reported", json={"mode": "managed"}).status_code == 404
    assert yard.client.get("/v1/chargers/nobody/reported").status_code == 404


def diverged(served: Served) -> int:
    """Return of how many chargers the log says that they are not in their modes."""
    lines = [json.loads(line) for line in served.log().splitlines() if "chargers are not in their modes" in line]
    return sum(line["charger.count"] for line in lines)


def test_what_nobody_speaks_of_diverges_aloud_and_once(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "yard.yaml").write_text(TREE)
    with serving(policies, tmp_path / "state", switch_within=1) as served:
        tell(served, GOVERNED)
        assert put(served, "W-1", mode=AccessMode.MANAGED)["state"] == "in_sync"
        eventually(lambda: diverged(served) == len(GOVERNED) - 2, within=60)
        metrics = served.client.get("/metrics").text
        assert f'policy_service_mode_events_total{{type="mode.diverged"}} {len(GOVERNED) - 2}.0' in metrics
        assert 'policy_service_chargers_by_state{state="unsupported"}' in metrics
        page = served.client.get("/v1/chargers", params={"state": "diverged"}).json()["chargers"]
        assert [charger["id"] for charger in page] == [name for name in GOVERNED if name not in ("W-1", "W-5")]
