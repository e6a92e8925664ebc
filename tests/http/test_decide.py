"""Decisions over HTTP: shapes, reasons, records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from policy_service.entrypoints.http.wire import StepDetail

if TYPE_CHECKING:
    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
DAY = "2026-11-24T01:15:00Z"


@pytest.fixture(scope="module", autouse=True)
def _known(served: Served) -> None:
    own = '{"identifier": "04A2B3C4D5E681", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}\n'
    pin = '{"identifier": "482913", "type": "pin", "class": "own", "vehicle": "van-3", "fleet": "north"}\n'
    reply = served.client.post(
        "/v1/identifiers/import", content=own + pin, headers={"Content-Type": "application/x-ndjson"}
    )
    assert reply.json()["accepted"] == 2


def test_a_denial_is_a_decision_with_a_message_in_local_time(served: Served) -> None:
    reply = served.decide(charger="NTH-01", identifier="04:A2:B3:C4:D5:E6:80", time=NIGHT)
    body = reply.json()
    assert reply.status_code == 200
    assert body.pop("decision_id").startswith("01")
    assert body.pop("revision").startswith("sha256:")
    assert body == {
        "outcome": "access_denied",
        "reason": "unknown_identifier",
        "mode": "managed",
        "vehicle_class": "unknown",
        "charger": "NTH-01",
        "time": NIGHT,
        "valid_until": "2026-11-24T19:00:00Z",
        "policy": "north-depot",
        "window": "weeknights",
        "message": "Fleet vehicles only until 06:00",
    }


def test_freevend_looks_nothing_up_and_leaves_no_event(served: Served) -> None:
    body = served.decide(charger="NTH-01", identifier="whoever", time=DAY).json()
    assert (body["outcome"], body["reason"], body["vehicle_class"]) == ("allowed", "freevend", None)
    assert served.client.get(f"/v1/events/{body['decision_id']}").status_code == 404


def test_an_own_vehicle_is_admitted_under_any_spelling(served: Served) -> None:
    for spelling in ("04a2b3c4d5e681", " 04-A2-B3-C4-D5-E6-81", "04:A2:B3:C4:D5:E6:81"):
        body = served.decide(charger="AKL-01", identifier=spelling, time=NIGHT).json()
        assert body["vehicle_class"] == "own"
        assert "message" not in body or body["outcome"] == "access_denied"


def test_a_denial_is_on_record_before_its_answer_left(served: Served) -> None:
    headers = {"X-Request-ID": "request-of-a-test"}
    question = {"charger": "NTH-01", "identifier": "04:A2:B3:C4:D5:E6:80", "time": NIGHT, "evse": 1, "connector": 2}
    body = served.client.post("/v1/decide", json=question, headers=headers).json()
    event = served.client.get(f"/v1/events/{body['decision_id']}").json()
    assert event["type"] == "access.denied"
    assert (event["evse"], event["connector"], event["request_id"]) == (1, 2, "request-of-a-test")
    assert event["identifier_masked"] == "…E680"
    assert "04A2B3C4D5E680" not in str(event)


def test_record_false_leaves_no_event(served: Served) -> None:
    body = served.decide(charger="NTH-01", identifier="0A0B0C0D", time=NIGHT, record=False).json()
    assert served.client.get(f"/v1/events/{body['decision_id']}").status_code == 404


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ({"charger": "nobody", "identifier": "x"}, "unknown_charger"),
        ({"charger": "NTH-01", "identifier": "", "time": NIGHT}, "no_identifier"),
        ({"charger": "NTH-01", "identifier": "  ", "time": NIGHT}, "no_identifier"),
        ({"charger": "NTH-01", "identifier": "０４Ａ２Ｂ３Ｃ４", "time": NIGHT}, "unknown_identifier"),  # noqa: RUF001 - look-alikes
    ],
)
def test_reasons(served: Served, question: dict[str, Any], reason: str) -> None:
    assert served.decide(**question).json()["reason"] == reason


def test_guessing_pins_is_throttled_and_hinders_nobody_else(served: Served) -> None:
    for attempt in range(10):
        body = served.decide(
            charger="NTH-02", identifier=f"9000{attempt}", identifier_type="KeyCode", time=NIGHT
        ).json()
        assert body["reason"] == "unknown_identifier"
    body = served.decide(charger="NTH-02", identifier="482913", identifier_type="pin", time=NIGHT).json()
    assert (body["outcome"], body["reason"]) == ("access_denied", "too_many_attempts")
    assert body["valid_until"] == "2026-11-24T11:15:30Z"
    card = served.decide(charger="NTH-02", identifier="04:A2:B3:C4:D5:E6:80", time=NIGHT).json()
    assert card["reason"] == "unknown_identifier"
    elsewhere = served.decide(charger="NTH-03", identifier="482913", identifier_type="pin", time=NIGHT).json()
    assert elsewhere["reason"] != "too_many_attempts"


def test_a_batch_keeps_the_order_and_a_problem_stands_in_its_place(served: Served) -> None:
    requests: list[Any] = [
        {"charger": "NTH-01", "identifier": "x1", "time": NIGHT},
        {"charger": "NTH-01", "identifier": 5},
        {"charger": "NTH-01", "identifier": "x2", "time": DAY},
        {"charger": "NTH-01", "identifier": "a\x00b"},
        "no question",
    ]
    decisions = served.client.post("/v1/decide/batch", json={"requests": requests}).json()["decisions"]
    assert [each.get("reason", each.get("status")) for each in decisions] == [
        "unknown_identifier",
        422,
        "freevend",
        422,
        422,
    ]
    assert decisions[1]["errors"] == [{"pointer": "/identifier", "detail": "it must be a string"}]


def test_an_explanation_is_the_decision_and_its_steps_and_leaves_no_event(served: Served) -> None:
    question = {"charger": "NTH-01", "identifier": "04:A2:B3:C4:D5:E6:80", "time": NIGHT}
    explained = served.client.post("/v1/explain", json=question).json()
    decided = served.decide(**question).json()
    varying = ("decision_id",)
    assert {k: v for k, v in decided.items() if k not in varying}.items() <= explained.items()
    assert [step["name"] for step in explained["steps"]][:3] == ["charger", "policy", "mode"]
    assert served.client.get(f"/v1/events/{explained['decision_id']}").status_code == 404


def test_every_member_of_a_steps_detail_is_described(served: Served) -> None:
    schemas = served.client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["StepReply"]["properties"]["detail"] == {"$ref": "#/components/schemas/StepDetail"}
    described = schemas["StepDetail"]["properties"].keys()
    seen: set[str] = set()
    for charger in ("NTH-01", "NOWHERE-1"):
        for identifier in ("04A2B3C4D5E680", "04A2B3C4D5E681", ""):
            for at in (NIGHT, DAY):
                question = {"charger": charger, "identifier": identifier, "time": at}
                for step in served.client.post("/v1/explain", json=question).json()["steps"]:
                    StepDetail.model_validate(step["detail"])
                    seen |= step["detail"].keys()
    assert seen - described == set()
    assert {"labels", "beaten", "local_start", "obstacle", "met", "outcome"} <= seen


def test_decision_ids_are_uuids_of_version_7_in_order(served: Served) -> None:
    ids = [served.decide(charger="NTH-01", identifier="x", time=DAY).json()["decision_id"] for _ in range(3)]
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", each) for each in ids
    )
    assert len(set(ids)) == 3


def test_no_identifier_reaches_logs_or_metrics(served: Served) -> None:
    served.decide(charger="NTH-01", identifier="04:A2:B3:C4:D5:E6:80", time=NIGHT)
    served.client.get("/v1/identifiers/04A2B3C4D5E680")
    for text in (served.log(), served.client.get("/metrics").text):
        assert "04A2B3C4D5E680" not in text.replace(":", "").upper()
