"""Access events counted, and those of one transaction."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from fakes.served import POLICIES, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(POLICIES, tmp_path_factory.mktemp("state")) as served:
        own = {"identifier": "04A2B3C4D5E681", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}
        assert served.client.put(f"/v1/identifiers/{'a' * 32}", json=own).is_success
        for charger, identifier in (("NTH-07", "04C201"), ("NTH-07", "04C202"), ("NTH-08", own["identifier"])):
            asked = {"charger": charger, "identifier": identifier, "time": NIGHT, "transaction_id": f"t-{identifier}"}
            assert served.decide(**asked).is_success
        yield served


def _counts(node: Served, by: str, **wanted: str) -> dict[str | None, tuple[int, int]]:
    body = node.client.get("/v1/events/summary", params={"group_by": by, **wanted}).json()
    assert body["group_by"] == by
    assert body["from"] < body["to"]
    return {group["key"]: (group["count"], group["denied"]) for group in body["groups"]}


def test_events_are_counted_by_what_operators_ask_for(node: Served) -> None:
    assert _counts(node, "reason") == {"unknown_identifier": (2, 2), "own_vehicle": (1, 0)}
    assert _counts(node, "charger") == {"NTH-07": (2, 2), "NTH-08": (1, 0)}
    assert _counts(node, "depot") == {"north": (3, 2)}
    assert _counts(node, "fleet") == {None: (2, 2), "north": (1, 0)}
    assert sum(count for count, _ in _counts(node, "hour").values()) == 3
    assert next(iter(_counts(node, "hour"))).endswith(":00:00Z")
    assert _counts(node, "reason", outcome="access_denied") == {"unknown_identifier": (2, 2)}
    assert _counts(node, "reason", to="2026-01-01T00:00Z") == {}


@pytest.mark.parametrize("by", ["hour", "day"])
def test_hours_and_days_are_cut_by_the_clock_that_is_asked_for(node: Served, by: str) -> None:
    def asked(**wanted: str) -> dict[str, Any]:
        return node.client.get("/v1/events/summary", params={"group_by": by, **wanted}).json()

    for zone in ("UTC", "Asia/Kolkata"):
        told = asked(timezone=zone)
        begun = [datetime.fromisoformat(group["key"]).astimezone(ZoneInfo(zone)) for group in told["groups"]]
        assert (told["timezone"], sum(group["count"] for group in told["groups"])) == (zone, 3)
        assert {(at.hour if by == "day" else 0, at.minute) for at in begun} == {(0, 0)}
    assert asked()["timezone"] == "UTC"


def test_events_are_asked_for_by_vehicle_fleet_policy_card_or_transaction(node: Served) -> None:
    every = node.client.get("/v1/events").json()["events"]
    for name in ("vehicle", "fleet", "policy", "identifier_fingerprint", "transaction_id"):
        for value in {event[name] for event in every} - {None}:
            same = [event for event in every if event[name] == value]
            assert node.client.get("/v1/events", params={name: value}).json()["events"] == same
            assert sum(count for count, _ in _counts(node, "type", **{name: value}).values()) == len(same)
    assert _counts(node, "charger", fleet="north") == {"NTH-08": (1, 0)}
    assert _counts(node, "charger", transaction_id="t-of-nobody") == {}


def test_an_export_holds_all_that_fits_however_many_pages_that_is(tmp_path: Path) -> None:
    def exported(**wanted: str) -> list[dict[str, str]]:
        export = node.client.get("/v1/events", params=wanted, headers={"Accept": "text/csv"})
        return list(csv.DictReader(io.StringIO(export.text)))

    with serving(POLICIES, tmp_path) as node:
        for number in range(260):
            assert node.decide(charger="NTH-06", identifier=f"04E3{number:06X}", time=NIGHT).is_success
        rows = exported(charger="NTH-06")
        assert len({row["decision_id"] for row in rows}) == len(rows) == 260
        assert [row["recorded_at"] for row in rows] == sorted((row["recorded_at"] for row in rows), reverse=True)
        cursor = node.client.get("/v1/events?charger=NTH-06&limit=255").json()["next_cursor"]
        assert exported(charger="NTH-06", cursor=cursor) == rows[255:]


def test_a_failed_session_is_told_from_a_denial(node: Served) -> None:
    def match(transaction_id: str) -> dict[str, object]:
        wanted = {"charger": "NTH-07", "transaction_id": transaction_id}
        return node.client.get("/v1/events/match", params=wanted).json()

    refused = match("t-04C201")
    assert refused["denied"] is True
    assert [event["reason"] for event in refused["events"]] == ["unknown_identifier"]
    assert match("t-of-a-fault") == {"denied": False, "events": []}


def test_questions_in_bad_form_are_problems(node: Served) -> None:
    for path in ("summary", "summary?group_by=identifier", "match", "match?charger=NTH-07", "match?transaction_id=t"):
        assert node.client.get(f"/v1/events/{path}").status_code == 422
    unknown = node.client.get("/v1/events/summary?group_by=day&timezone=Europe/Berlyn")
    assert unknown.status_code == 422
    assert unknown.json()["errors"] == [
        {"parameter": "timezone", "detail": "unknown time zone; write an IANA name such as `Australia/Melbourne`"}
    ]
    for wanted in ("vehicle=", "fleet=%00", "policy=", "identifier_fingerprint=04A2B3C4D5E681", "transaction_id=a%20b"):
        assert node.client.get(f"/v1/events?{wanted}").status_code == 422
