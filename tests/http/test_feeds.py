"""Imports and their sources over HTTP, on both stores: how far, how it ended, what is owed, what may not be dropped."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import POLICIES, eventually, serving

from policy_service.application.imports.batches import BATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings: dict[str, Any] = {}
    if request.param == "postgresql":
        settings["database_url"] = asyncio.run(request.getfixturevalue("postgres").new_database())
    with serving(POLICIES, tmp_path_factory.mktemp("state"), **settings) as served:
        yield served


def lines(*names: str, **changed: object) -> bytes:
    plain = {"type": "rfid", "class": "own", "vehicle": "bus", "fleet": "north"}
    return b"".join(json.dumps({"identifier": name, **plain, **changed}).encode() + b"\n" for name in names)


def upload(service: Served, body: bytes, kind: str = "identifiers", **how: object) -> tuple[int, dict[str, Any]]:
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in how.items()}
    reply = service.client.post(f"/v1/{kind}/import", params=words, content=body, headers=NDJSON)
    return reply.status_code, reply.json()


def source(service: Served, name: str, kind: str = "identifiers") -> dict[str, Any]:
    found: dict[str, Any] = service.client.get(f"/v1/sources/{kind}/{name}").json()
    return found


def test_an_import_is_on_record_with_its_counts(service: Served) -> None:
    status, reply = upload(service, lines("AB01", "AB02", "AB02") + b"nonsense\n\n", source="counts", mode="replace")
    assert (status, reply["accepted"], reply["rejected"]) == (200, 2, 2)
    run = service.client.get(f"/v1/imports/{reply['import_id']}").json()
    counts = {name: run[name] for name in ("lines", "accepted", "rejected", "dropped", "conflicts")}
    assert counts == {"lines": 4, "accepted": 2, "rejected": 2, "dropped": 0, "conflicts": 1}
    assert (run["kind"], run["source"], run["mode"], run["atomic"]) == ("identifiers", "counts", "replace", False)
    assert (run["state"], run["caller"]) == ("done", None)
    assert run["ended_at"] >= run["started_at"]
    begun = service.client.get("/v1/imports", params={"limit": 100}).json()["imports"]
    assert run["id"] in [each["id"] for each in begun]
    assert begun == sorted(begun, key=lambda each: each["started_at"], reverse=True)
    assert service.client.get("/v1/imports/im-0000000000").status_code == 404
    assert source(service, "counts")["last_import"] == run


def test_an_import_that_runs_tells_how_far_it_is(service: Served) -> None:
    halt = threading.Event()

    def slow() -> Iterator[bytes]:
        yield lines(*(f"CC{number:06X}" for number in range(BATCH + 2_000)))
        halt.wait(20)
        yield lines("CCFFFFFF")

    def running() -> list[dict[str, Any]]:
        runs = service.client.get("/v1/imports").json()["imports"]
        return [run for run in runs if run["source"] == "slow" and run["state"] == "running" and run["accepted"]]

    replies: list[Any] = []
    thread = threading.Thread(
        target=lambda: replies.append(
            service.client.post("/v1/identifiers/import", params={"source": "slow"}, content=slow(), headers=NDJSON)
        )
    )
    thread.start()
    try:
        eventually(running, within=10)
    finally:
        halt.set()
        thread.join()
    assert replies[0].json()["accepted"] == BATCH + 2_001
    assert service.client.get(f"/v1/imports/{replies[0].json()['import_id']}").json()["state"] == "done"


def test_what_is_refused_is_on_record_as_refused(service: Served) -> None:
    upload(service, lines("DD01", "DD02"), source="refused")
    before = source(service, "refused")["last_import"]
    assert upload(service, lines("DD03") + b"nonsense\n", source="refused", atomic=True)[0] == 422
    feed = source(service, "refused")
    assert feed["last_attempt"]["state"] == "refused"
    assert feed["last_attempt"]["accepted"] == 0
    assert (feed["last_import"], feed["records"]) == (before, 2)


def test_a_replace_that_would_drop_too_much_is_refused_unless_forced(service: Served) -> None:
    names = [f"EE{number:02X}" for number in range(10)]
    upload(service, lines(*names), source="lossy", mode="replace")
    status, problem = upload(service, lines(*names[:7]), source="lossy", mode="replace")
    assert (status, problem["detail"]) == (409, "the import would drop 3 of 10 records; `force=true` does so")
    assert source(service, "lossy")["last_attempt"]["state"] == "refused"
    assert source(service, "lossy")["records"] == 10
    assert upload(service, lines(*names[:8]), source="lossy", mode="replace")[1]["dropped"] == 2
    assert upload(service, lines(*names[:1]), source="lossy", mode="replace", force=True)[1]["dropped"] == 7


def test_a_replace_of_bad_lines_alone_empties_nothing_even_when_forced(service: Served) -> None:
    upload(service, lines("FF01", "FF02"), source="garbage", mode="replace")
    status, problem = upload(service, b"nonsense\n" * 3, source="garbage", mode="replace", force=True)
    assert (status, problem["accepted"], problem["rejected"], problem["dropped"]) == (422, 0, 3, 0)
    assert source(service, "garbage")["records"] == 2
    status, reply = upload(service, b"", source="garbage", mode="replace")
    assert (status, source(service, "garbage")["records"]) == (409, 2)
    status, reply = upload(service, b"\n\n", source="garbage", mode="replace", force=True)
    assert (status, reply["dropped"], source(service, "garbage")["records"]) == (200, 2, 0)


@pytest.mark.parametrize("ended", [{"status": "suspended"}, {"valid_to": "now"}])
def test_ending_an_agreement_denies_its_vehicles_in_the_same_second(service: Served, ended: dict[str, str]) -> None:
    name = f"metro-{next(iter(ended))}".replace("_", "-")
    card = "0A" + name.encode().hex()[-14:]
    path = f"/v1/agreements/{name}"
    assert service.client.put(path, json={"fleet": "metro"}).status_code in (200, 201)
    upload(
        service, lines(card, **{"class": "agreement", "agreement": name, "attributes": {"kind": "bus"}}), source=name
    )

    def reason() -> str:
        return str(service.decide(charger="NTH-01", identifier=card, time=night(), record=False).json()["reason"])

    def night() -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    mode = {"chargers": {"ids": ["NTH-01"]}, "mode": "managed", "reason": "test", "allow": [{"class": "agreement"}]}
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    override = service.client.post("/v1/overrides", json={**mode, "until": until}).json()
    try:
        assert reason() == "agreement_vehicle"
        change = {key: night() if value == "now" else value for key, value in ended.items()}
        began = time.monotonic()
        assert service.client.put(path, json={"fleet": "metro", **change}).status_code == 200
        assert reason() == ("agreement_suspended" if "status" in ended else "agreement_expired")
        assert time.monotonic() - began < 1
    finally:
        service.client.delete(f"/v1/overrides/{override['id']}")


def test_a_source_that_did_not_come_degrades_readiness_until_it_comes(service: Served) -> None:
    path = "/v1/sources/identifiers/nightly"
    put = service.client.put(path, json={"expected_every": "PT2S"})
    assert (put.status_code, put.json()["overdue"], put.json()["last_import"]) == (200, False, None)
    told = f"the identifiers of source nightly are overdue since {put.json()['due_at']}"
    eventually(lambda: told in ready(service)["problems"], within=8)
    assert ready(service)["status"] == "degraded"
    assert metric(service, "policy_service_source_overdue") == 1
    service.client.put(path, json={"expected_every": "PT26H"})
    upload(service, lines("0B01"), source="nightly")
    feed = source(service, "nightly")
    assert (feed["overdue"], feed["expected_every"], feed["records"]) == (False, "PT26H", 1)
    assert told not in ready(service)["problems"]
    assert metric(service, "policy_service_source_overdue") == 0
    assert time.time() - metric(service, "policy_service_source_last_import_timestamp_seconds") < 60
    assert service.log().count("a source of imports is overdue") == 1
    assert service.log().count("a source of imports is no longer overdue") == 1
    assert service.client.put(path, json={"expected_every": None}).json()["due_at"] is None


def test_sources_are_listed_page_by_page(service: Served) -> None:
    for name in ("page-a", "page-b", "page-c"):
        service.client.put(f"/v1/sources/chargers/{name}", json={"expected_every": None})
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = service.client.get("/v1/sources", params={"limit": 2, **cursor}).json()
        seen += [f"{each['kind']}/{each['source']}" for each in page["sources"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == sorted(set(seen))
    assert {"chargers/page-a", "chargers/page-b", "chargers/page-c"} <= set(seen)


@pytest.mark.parametrize("body", [{"expected_every": "26h"}, {"expected_every": "PT0S"}, {}, {"expected_every": 5}])
def test_a_length_that_is_none_is_refused(service: Served, body: dict[str, object]) -> None:
    assert service.client.put("/v1/sources/identifiers/x", json=body).status_code == 422
    assert service.client.get("/v1/sources/vehicles/x").status_code == 422
    assert service.client.get("/v1/sources/identifiers/nobody-ever").status_code == 404


def ready(service: Served) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get("/health/ready").json()
    return found


def metric(service: Served, name: str) -> float:
    labels = '{kind="identifiers",source="nightly"}'
    line = next(line for line in service.client.get("/metrics").text.splitlines() if line.startswith(name + labels))
    return float(line.rpartition(" ")[2])
