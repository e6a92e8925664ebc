"""The database goes, hangs or is full: what is known goes on deciding, doubt is a denial, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, Served, eventually, serving
from load import NDJSON, NIGHT, Load, await_copy, blocked, import_fleet, in_an_hour, known, stirred
from servers.disk import limited_disk, small_disk
from servers.postgres import Postgres, running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.disk import Disk

FLEET = 500
NOT_FROM_FILES = {"labels": {"depot": "north"}, "attributes": {"max_kw": 150}}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres(durable=True) as postgres:
        yield postgres


@pytest.fixture
def address(server: Postgres) -> Iterator[str]:
    server.ensure_running()
    yield asyncio.run(server.new_database())
    server.ensure_running()


@pytest.fixture(scope="module")
def only_node(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    address = asyncio.run(server.new_database())
    with serving(POLICIES, tmp_path_factory.mktemp("state"), database_url=address) as served:
        import_fleet(served, FLEET)
        yield served


@pytest.fixture
def node(only_node: Served, server: Postgres) -> Served:
    """Give the node in good order, with an up-to-date copy of the registry."""
    server.ensure_running()
    eventually(lambda: _database(only_node) == "up", within=10)
    await_copy(only_node)
    return only_node


def _reason(node: Served, identifier: str, charger: str = "NTH-07") -> str:
    reply = node.decide(charger=charger, identifier=identifier, time=NIGHT)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["reason"])


def _says(node: Served, words: str) -> bool:
    return any(words in problem for problem in node.client.get("/health/ready").json()["problems"])


def _database(node: Served) -> str:
    return str(node.client.get("/health/ready").json()["stores"]["database"])


def test_without_the_database_the_copy_decides_for_all_vehicles_and_it_recovers_by_itself(
    node: Served, server: Postgres
) -> None:
    with Load(node.url, FLEET).running() as seen:
        time.sleep(0.5)
        server.stop()
        eventually(lambda: _says(node, "copy of the registry"), within=5)
        told = node.client.get("/health/ready").json()
        assert (told["status"], told["stores"]["database"]) == ("degraded", "down")
        time.sleep(1)
        server.start()
        eventually(lambda: _database(node) == "up", within=10)
    assert seen.wrong == []
    assert len(seen.seconds) > 50


def test_what_changed_last_is_not_forgotten_without_the_database(node: Served, server: Postgres) -> None:
    record = {"identifier": known(1), "type": "rfid", "class": "own", "vehicle": "bus-1", "fleet": "north"}
    assert _reason(node, known(1)) == "own_vehicle"
    page = node.client.get("/v1/identifiers", params={"limit": 1000, "source": "fleet"}).json()["identifiers"]
    id_ = next(each["id"] for each in page if each["vehicle"] == "bus-1")
    assert node.client.put(f"/v1/identifiers/{id_}", json=record | {"status": "blocked"}).status_code == 200
    await_copy(node)
    server.kill()
    eventually(lambda: _database(node) == "down", within=5)
    assert _reason(node, known(1)) == "identifier_blocked"
    assert _reason(node, known(2)) == "own_vehicle"
    server.start()
    eventually(lambda: node.client.put(f"/v1/identifiers/{id_}", json=record).status_code == 200, within=10)


def test_a_database_that_hangs_keeps_no_vehicle_waiting_that_is_known(node: Served, server: Postgres) -> None:
    server.signal(signal.SIGSTOP)
    try:
        for number in range(20):  # what each asks for is stale or unknown to the process: the copy has it
            began = time.monotonic()
            assert _reason(node, known(number)) == "own_vehicle"
            assert time.monotonic() - began < 3
        began = time.monotonic()
        assert _reason(node, known(3)) == "own_vehicle"
        assert time.monotonic() - began < 0.5, "after some failures nobody waits any more"
    finally:
        server.signal(signal.SIGCONT)
    eventually(lambda: _database(node) == "up", within=10)


def test_a_node_that_starts_without_any_store_decides(address: str, server: Postgres, tmp_path: Path) -> None:
    override = {"chargers": {"ids": ["NTH-02"]}, "mode": "freevend", "until": in_an_hour(), "reason": "fair"}
    with serving(POLICIES, tmp_path, database_url=address, secret="") as node:
        import_fleet(node, FLEET)
        pin = {"identifier": "4711", "type": "pin", "class": "own", "vehicle": "van", "fleet": "north"}
        assert node.client.put(f"/v1/identifiers/{'a' * 32}", json=pin).status_code == 201
        assert node.client.put("/v1/chargers/NTH-H1", json=NOT_FROM_FILES).status_code in (200, 201)
        made = node.client.post("/v1/overrides", json=override)
        assert made.status_code == 201, made.text
        await_copy(node)
        from_http = node.decide(charger="NTH-H1", identifier=known(7), time=NIGHT).json()
        assert from_http["reason"] not in ("unknown_charger", "no_policy")
    server.stop()
    with serving(POLICIES, tmp_path, database_url=address, secret="") as node:
        assert _database(node) == "down"
        assert _reason(node, known(7)) == "own_vehicle"
        assert _reason(node, blocked(7)) == "identifier_blocked"
        assert _reason(node, "04FFFFFFFFFFFF") == "lookup_failed", "it may have come since"
        assert _reason(node, "4711") == "own_vehicle", "the key of PINs is on this node, too"
        assert _reason(node, known(7), "NTH-H1") == from_http["reason"]
        now = node.decide(charger="NTH-02", identifier="anybody").json()
        assert now["reason"] == "freevend"
        assert now["window"] == made.json()["id"]
        assert node.client.put("/v1/chargers/NTH-H2", json=NOT_FROM_FILES).status_code == 503
        server.start()
        eventually(lambda: _database(node) == "up", within=10)
        assert node.client.put("/v1/chargers/NTH-H2", json=NOT_FROM_FILES).status_code in (200, 201)
        assert _reason(node, "04FFFFFFFFFFFF") == "unknown_identifier"


@pytest.fixture(params=[small_disk, limited_disk])
def disk(request: pytest.FixtureRequest) -> Iterator[Disk]:
    with request.param() as found:
        yield found


def test_a_full_disk_under_sqlite_loses_nothing_and_admits_nobody(disk: Disk) -> None:
    with serving(POLICIES, disk.path / "state") as node:
        import_fleet(node, FLEET)
        disk.fill(node.process.pid)
        with Load(node.url, FLEET).running() as seen:
            many = "".join(
                f'{{"identifier": "04C3{number:010X}", "type": "rfid", "class": "own", "vehicle": "v", "fleet": "f"}}\n'
                for number in range(20_000)
            )
            refused = node.client.post("/v1/identifiers/import?atomic=true", content=many, headers=NDJSON)
            assert refused.status_code == 503
            assert node.client.put(f"/v1/identifiers/{'b' * 32}", json={"identifier": known(1)}).status_code in (
                422,
                503,
            )
            time.sleep(0.5)
        assert seen.wrong == []
        assert len(seen.seconds) > 20
        denied = node.decide(charger="NTH-07", identifier="04FFFFFFFFFFFF", time=NIGHT).json()
        assert denied["outcome"] == "access_denied"
        disk.empty(node.process.pid)
        eventually(lambda: node.client.get(f"/v1/events/{denied['decision_id']}").status_code == 200, within=10)
        again = node.client.post("/v1/identifiers/import?atomic=true", content=many, headers=NDJSON)
        assert again.json()["accepted"] == 20_000
        assert _reason(node, known(FLEET - 1)) == "own_vehicle", "what was taken in before is there"
        with stirred(node):
            assert _reason(node, blocked(FLEET - 1)) == "identifier_blocked"
