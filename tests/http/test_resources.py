"""Chargers, identifiers, agreements, events and policies as resources."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from fakes.served import eventually

if TYPE_CHECKING:
    from fakes.served import Served

NDJSON = {"Content-Type": "application/x-ndjson"}
NIGHT = "2026-11-24T11:15:00Z"


def pages(served: Served, address: str, plural: str, limit: int) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        following = "" if cursor is None else f"&cursor={cursor}"
        page = served.client.get(f"{address}{'&' if '?' in address else '?'}limit={limit}{following}").json()
        found += page[plural]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_chargers_are_listed_by_pages_in_order(served: Served) -> None:
    ids = [charger["id"] for charger in pages(served, "/v1/chargers", "chargers", 7)]
    assert ids == sorted(set(ids))
    assert len(ids) >= 50
    north = served.client.get("/v1/chargers?label=depot:north&limit=1000").json()["chargers"]
    assert {charger["labels"]["depot"] for charger in north} == {"north"}


def test_a_charger_over_http_lives_and_goes(served: Served) -> None:
    put = served.client.put("/v1/chargers/NTH-90", json={"labels": {"depot": "north", "zone": "yard-a"}})
    assert (put.status_code, put.json()["file"]) == (201, None)
    assert served.decide(charger="NTH-90", identifier="x", time=NIGHT).json()["reason"] != "unknown_charger"
    assert served.client.put("/v1/chargers/NTH-90", json={"labels": {"depot": "north"}}).status_code == 200
    assert served.client.delete("/v1/chargers/NTH-90").status_code == 204
    assert served.client.delete("/v1/chargers/NTH-90").status_code == 404
    assert served.decide(charger="NTH-90", identifier="x", time=NIGHT).json()["reason"] == "unknown_charger"


def test_a_charger_of_a_file_is_changed_there(served: Served) -> None:
    for reply in (
        served.client.put("/v1/chargers/NTH-01", json={}),
        served.client.delete("/v1/chargers/NTH-01"),
        served.client.post("/v1/chargers/import", content='{"id": "NTH-01"}', headers=NDJSON),
    ):
        assert reply.status_code == 409


def test_a_source_changes_and_drops_its_own_chargers_alone(served: Served) -> None:
    def bring(source: str, *lines: dict[str, object], more: str = "") -> dict[str, Any]:
        content = "\n".join(json.dumps(line) for line in lines)
        reply = served.client.post(f"/v1/chargers/import?source={source}{more}", content=content, headers=NDJSON)
        told: dict[str, Any] = reply.json()
        return told

    assert bring("one", {"id": "ONE-1"}, {"id": "ONE-2"})["accepted"] == 2
    clash = bring("two", {"id": "ONE-1", "labels": {"depot": "south"}}, {"id": "TWO-1"})
    assert (clash["accepted"], clash["errors"]) == (
        1,
        [{"line": 1, "pointer": "/id", "detail": "belongs to another source"}],
    )
    assert bring("two", {"id": "TWO-2"}, more="&mode=replace&force=true")["dropped"] == 1
    assert served.client.get("/v1/chargers/ONE-2").json()["source"] == "one"
    assert served.client.put("/v1/chargers/ONE-2", json={"labels": {"depot": "north"}}).json()["source"] == "one"
    counted = {each["source"]: each["records"] for each in served.client.get("/v1/sources").json()["sources"]}
    assert (counted["one"], counted["two"]) == (2, 1)
    for charger_id in ("ONE-1", "ONE-2", "TWO-2"):
        assert served.client.delete(f"/v1/chargers/{charger_id}").status_code == 204


def test_mode_and_schedule_agree_with_decisions(served: Served) -> None:
    mode = served.client.get("/v1/chargers/NTH-01/mode", params={"at": NIGHT}).json()
    assert (mode["mode"], mode["window"]) == ("managed", "weeknights")
    assert (mode["since"], mode["until"]) == ("2026-11-24T07:00:00Z", "2026-11-24T19:00:00Z")
    asked = {"from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"}
    schedule = served.client.get("/v1/chargers/NTH-01/schedule", params=asked).json()
    assert [segment["mode"] for segment in schedule["segments"]] == ["freevend", "managed", "freevend"]
    assert (schedule["segments"][0]["start"], schedule["segments"][-1]["end"]) == (asked["from"], asked["to"])


def test_transitions_come_in_time_order_over_pages(served: Served) -> None:
    address = "/v1/transitions?from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z&label=depot:north"
    found = pages(served, address, "transitions", 5)
    order = [(change["at"], change["charger"]) for change in found]
    assert order == sorted(order)
    assert len(set(order)) == len(order) >= 10
    assert pages(served, f"{address}&charger=NTH-03", "transitions", 1) == [
        change for change in found if change["charger"] == "NTH-03"
    ]
    assert pages(served, f"{address}&charger=nobody", "transitions", 5) == []


def test_identifiers_are_imported_looked_up_changed_and_never_shown(served: Served) -> None:
    lines = '{"identifier": "AABBCCDD01", "type": "rfid", "class": "own", "vehicle": "v1", "fleet": "f"}\n{"type": 5}\n'
    report = served.client.post("/v1/identifiers/import?source=test", content=lines, headers=NDJSON).json()
    assert (report["accepted"], report["rejected"]) == (1, 1)
    assert report["errors"][0]["line"] == 2
    found = served.client.post("/v1/identifiers/lookup", json={"identifier": "aa:bb:cc:dd:01"}).json()["record"]
    assert found["identifier_masked"] == "…DD01"
    assert "AABBCCDD01" not in str(found)
    address = f"/v1/identifiers/{found['id']}"
    blocked = {"type": "rfid", "class": "own", "vehicle": "v1", "fleet": "f", "status": "blocked"}
    assert served.client.put(address, json=blocked).json()["status"] == "blocked"
    decided = served.decide(charger="AKL-01", identifier="AABBCCDD01", time=NIGHT).json()
    assert decided["reason"] in ("identifier_blocked", "freevend")
    assert served.client.delete(address).status_code == 204
    assert served.client.get(address).status_code == 404


def test_a_refused_atomic_import_takes_nothing(served: Served) -> None:
    lines = '{"agreement": "at-1", "fleet": "f"}\n{"agreement": "at-2"}\n'
    reply = served.client.post("/v1/agreements/import?atomic=true", content=lines, headers=NDJSON)
    assert (reply.status_code, reply.json()["accepted"]) == (422, 0)
    assert reply.json()["errors"] == [{"line": 2, "pointer": "/fleet", "detail": "is required"}]
    assert served.client.get("/v1/agreements/at-1").status_code == 404


def test_agreements_live_and_go(served: Served) -> None:
    put = served.client.put("/v1/agreements/a-1", json={"fleet": "metro", "valid_to": "2027-01-01T00:00:00Z"})
    assert (put.status_code, put.json()["valid_to"]) == (201, "2027-01-01T00:00:00Z")
    backwards = {"fleet": "metro", "valid_from": "2027-01-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}
    assert served.client.put("/v1/agreements/a-1", json=backwards).status_code == 409
    assert served.client.delete("/v1/agreements/a-1").status_code == 204


def test_an_upload_of_another_media_type_is_415(served: Served) -> None:
    headers = {"Content-Type": "application/json"}
    assert served.client.post("/v1/identifiers/import", content="{}", headers=headers).status_code == 415


def test_events_are_filtered_and_exported(served: Served) -> None:
    for _ in range(3):
        served.decide(charger="NTH-05", identifier="0A0B0C0D0E", time=NIGHT)
    address = "/v1/events?outcome=access_denied&reason=unknown_identifier&charger=NTH-05"
    found = pages(served, address, "events", 2)
    assert len(found) == 3
    assert [event["recorded_at"] for event in found] == sorted((e["recorded_at"] for e in found), reverse=True)
    export = served.client.get(address, headers={"Accept": "text/csv"})
    assert export.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(export.text)))
    assert [row["decision_id"] for row in rows] == [event["decision_id"] for event in found]
    page = served.client.get(f"{address}&limit=2", headers={"Accept": "text/csv"})
    assert len(list(csv.DictReader(io.StringIO(page.text)))) == 2
    assert page.headers["x-next-cursor"]
    assert served.client.get(f"{address}&label=depot:south").json()["events"] == []


def test_allowed_vehicles_are_recorded_soon(served: Served) -> None:
    line = '{"identifier": "AABBCCDD02", "type": "rfid", "class": "own", "vehicle": "v2", "fleet": "f"}'
    served.client.post("/v1/identifiers/import?source=test2", content=line, headers=NDJSON)
    decided = served.decide(charger="AKL-01", identifier="AABBCCDD02", time=NIGHT).json()
    if decided["reason"] == "own_vehicle":
        eventually(lambda: served.client.get(f"/v1/events/{decided['decision_id']}").status_code == 200)


def test_policies_are_listed_shown_and_checked(served: Served) -> None:
    listed = served.client.get("/v1/policies").json()
    names = [policy["name"] for policy in listed["policies"]]
    assert "north-depot" in names
    assert listed["in_force"] is True
    shown = served.client.get("/v1/policies/north-depot").json()
    assert "NTH-01" in shown["chargers"]
    assert "weeknights" in [window["name"] for window in shown["windows"]]
    text = "apiVersion: policy-service/v1\nkind: AccessPolicy\nmetadata: {name: x}\nspec:\n  timezone: Europe/Berln\n"
    found = served.client.post("/v1/policies/validate", json={"files": {"x.yaml": text}}).json()["diagnostics"]
    assert {finding["file"] for finding in found} == {"x.yaml"}
    assert {"code", "severity", "file", "line", "column", "message", "help"} == found[0].keys()
