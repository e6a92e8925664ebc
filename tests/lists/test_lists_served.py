"""Local lists over HTTP: who may have them, what is on record of that, two nodes at once, and no database at all."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from fakes.keyed import made
from fakes.local_lists import ListeningCharger
from fakes.served import eventually, serving
from offline_yard import card, validator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2
    from fakes.served import Served
    from servers.postgres import Postgres

TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {ids: ["*"]}
  defaultMode: managed
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: N-1, labels: {depot: north}, protocol: ocpp1.6}
    - {id: S-1, labels: {depot: south}, protocol: ocpp2.0.1}
"""
NDJSON = {"Content-Type": "application/x-ndjson"}
PIN = "82649173"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "yard.yaml").write_text(TREE)
    return folder


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def served(tree: Path, state: Path) -> Iterator[Served]:
    with serving(tree, state) as service:
        know(service, *range(30))
        yield service


def know(service: Served, *numbers: int, **told: str) -> None:
    body = "\n".join(
        json.dumps({"identifier": card(n), "type": "rfid", "class": "own", "vehicle": f"bus-{n}", "fleet": "n", **told})
        for n in numbers
    )
    done = service.client.post("/v1/identifiers/import", content=body, headers=NDJSON)
    assert done.json()["accepted"] == len(numbers), done.text


def local_list(client: httpx2.Client, charger: str = "N-1", since: int | None = None) -> dict[str, Any]:
    asked = {} if since is None else {"since": since}
    reply = client.get(f"/v1/chargers/{charger}/local-auth-list", params=asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def rows(state: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(state / "policy-service.sqlite3")) as database:
        return database.execute(query).fetchall()


def test_a_list_and_the_difference_to_it_fit_ocpp(served: Served) -> None:
    pin = {"identifier": PIN, "type": "pin", "class": "own", "vehicle": "bus-pin", "fleet": "n"}
    served.client.post("/v1/identifiers/import", content=json.dumps(pin), headers=NDJSON)
    for charger, protocol, number in (("N-1", "ocpp1.6", "listVersion"), ("S-1", "ocpp2.0.1", "versionNumber")):
        listening = ListeningCharger(number)
        for changed in ((), (30, 31), ()):
            know(served, *changed) if changed else None
            found = local_list(served.client, charger, listening.version)
            for command in found["commands"]:
                assert command["action"] == "SendLocalList"
                validator(protocol).validate(command["payload"])
                assert listening.take(command["payload"]) == "Accepted"
            assert (listening.version, len(listening.entries)) == (found["version"], found["entries"])
        assert found["update_type"] == "Differential"
        assert found["commands"] == []
        assert PIN not in json.dumps(found)
    reply = served.client.get("/v1/chargers/N-1/local-auth-list")
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.json()["valid_until"] > reply.json()["made_at"]


def test_what_is_asked_wrongly_is_refused(served: Served) -> None:
    assert served.client.get("/v1/chargers/X-9/local-auth-list").status_code == 404
    for since in ("-1", "x", str(2**31), "1e3"):
        assert served.client.get("/v1/chargers/N-1/local-auth-list", params={"since": since}).status_code == 422
    assert served.client.get("/v1/chargers/N-1/local-auth-list", params={"sinse": 1}).status_code == 422


def test_what_was_just_refused_is_off_the_list_at_once(served: Served) -> None:
    know(served, 50)
    before = local_list(served.client)
    know(served, 50, status="blocked")
    after = local_list(served.client, since=before["version"])
    assert after["commands"][0]["payload"]["localAuthorizationList"] == [{"idTag": card(50)}]
    assert after["based_on"] == before["version"]


def test_a_charger_that_was_handed_a_list_is_due_for_another_one(served: Served, state: Path) -> None:
    version = local_list(served.client)["version"]
    know(served, 60)
    due = "SELECT detail FROM mode_events WHERE type = 'local_list.update_due' AND charger = 'N-1'"
    wanted = {"version": version, "why": "content"}
    eventually(lambda: wanted in [json.loads(detail) for (detail,) in rows(state, due)], within=60)


def test_forgetting_an_identifier_empties_what_is_stored_of_lists(served: Served, state: Path) -> None:
    first = local_list(served.client)
    assert rows(state, "SELECT 1 FROM local_list_contents")
    assert card(7) not in str(rows(state, "SELECT content FROM local_list_contents"))
    asked = served.client.post("/v1/events/forget", json={"identifier": card(7), "dry_run": True})
    assert asked.status_code == 200, asked.text
    assert rows(state, "SELECT 1 FROM local_list_contents")
    served.client.post("/v1/events/forget", json={"identifier": card(7)})
    assert not rows(state, "SELECT 1 FROM local_list_contents")
    assert local_list(served.client, since=first["version"])["commands"] == []
    know(served, 61)
    assert local_list(served.client, since=first["version"])["update_type"] == "Full"


def test_it_needs_a_scope_of_its_own_and_leaves_an_entry_without_identifiers(tree: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(tree, state) as served:
        know(served, *range(30))
        plain = made(state, "plain", "read", "decide", "bundle")
        bound = made(state, "bound", "lists", label="depot:south")
        admin = served.bringing(made(state, "root", "admin"))
        eventually(lambda: admin.get("/v1/audit").status_code == 200, within=60)
        eventually(lambda: served.bringing(bound).get("/v1/chargers").status_code == 403, within=60)
        assert served.bringing(plain).get("/v1/chargers/N-1/local-auth-list").status_code == 403
        assert served.bringing(bound).get("/v1/chargers/N-1/local-auth-list").status_code == 403
        found = local_list(served.bringing(bound), "S-1")
        [entry] = [each for each in admin.get("/v1/audit").json()["entries"] if each["subject"] == "S-1"]
        assert (entry["caller"], entry["action"]) == ("bound", "GET /v1/chargers/{charger_id}/local-auth-list")
        assert entry["detail"] == {"version": found["version"], "entries": 30, "since": None}
        assert card(1) not in served.log()
        assert card(1) not in admin.get("/metrics").text


def test_nodes_that_are_asked_at_once_hand_out_one_version_and_none_without_their_database(
    tree: Path, tmp_path: Path, postgres: Postgres
) -> None:
    address = asyncio.run(postgres.new_database())
    with (
        serving(tree, tmp_path / "one", database_url=address) as one,
        serving(tree, tmp_path / "other", database_url=address) as other,
        ThreadPoolExecutor(8) as pool,
    ):
        seen = [0]
        for round_ in range(6):
            know(one, round_)
            asked = pool.map(lambda node: local_list(node.client), [one, other] * 4)
            versions = {found["version"] for found in asked if found["entries"] == round_ + 1}
            assert len(versions) == 1
            seen.append(versions.pop())
        assert seen == sorted(set(seen))
        asyncio.run(postgres.drop_database(address))
        gone = one.client.get("/v1/chargers/N-1/local-auth-list")
        assert gone.status_code == 503
        assert gone.headers["Content-Type"] == "application/problem+json"
