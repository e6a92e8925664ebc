"""Breaches: chargers that are still in freevend while they should ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes.served import POLICIES, serving

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
DAY = "2026-11-24T01:15:00Z"


def test_a_session_that_nobody_was_asked_for_is_a_breach_in_managed_mode(served: Served) -> None:
    report = {"charger": "NTH-01", "time": NIGHT, "ocpp_action": "StartTransaction", "transaction_id": "4711"}
    body = served.client.post("/v1/breaches", json=report).json()
    assert (body["breach"], body["mode"]) == (True, "managed")
    event = served.client.get(f"/v1/events/{body['decision_id']}").json()
    assert (event["type"], event["reason"], event["outcome"]) == ("access.breach", "no_identifier", "access_denied")
    assert (event["ocpp_action"], event["transaction_id"], event["identifier_masked"]) == (
        "StartTransaction",
        "4711",
        None,
    )


def test_in_freevend_nobody_has_to_ask(served: Served) -> None:
    body = served.client.post("/v1/breaches", json={"charger": "NTH-01", "time": DAY}).json()
    assert body == {"breach": False, "decision_id": None, "mode": "freevend", "stop": False}


def test_a_charger_that_sends_its_own_freevend_token_is_a_breach(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as served:
        charger = {"labels": {"depot": "north"}, "synthetic_ids": ["A0000000"]}
        assert served.client.put("/v1/chargers/NTH-99", json=charger).is_success
        body = served.decide(charger="NTH-99", identifier="A0000000", time=NIGHT).json()
        assert body["reason"] == "synthetic_identifier"
        assert served.client.get(f"/v1/events/{body['decision_id']}").json()["type"] == "access.breach"


def test_a_report_in_bad_form_is_a_problem(served: Served) -> None:
    for report in ({}, {"charger": ""}, {"charger": "NTH-01", "identifier": "x"}, {"charger": "NTH-01", "time": "now"}):
        assert served.client.post("/v1/breaches", json=report).status_code == 422
