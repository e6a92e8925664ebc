"""Several nodes on one PostgreSQL, sharing nothing, a Redis or a cluster: what one takes in is in force on all."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fakes.served import POLICIES, Served, eventually, serving
from load import NIGHT, Load, await_copy, import_fleet, in_an_hour, known, metric
from servers.redis import RedisServer, running_cluster, running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from servers.postgres import Postgres


class Nodes(NamedTuple):
    """Two nodes, and the Redis servers between them."""

    one: Served
    other: Served
    redis: Sequence[RedisServer]


@pytest.fixture(scope="module", params=["nothing", "redis", "cluster"])
def nodes(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nodes]:
    if request.param == "redis":
        with running_redis() as server:
            yield from _nodes(postgres, tmp_path_factory, server.url, [server])
    elif request.param == "cluster":
        with running_cluster() as (url, servers):
            yield from _nodes(postgres, tmp_path_factory, url, servers)
    else:
        yield from _nodes(postgres, tmp_path_factory, "", [])


def _nodes(
    postgres: Postgres, directories: pytest.TempPathFactory, redis_url: str, redis: Sequence[RedisServer]
) -> Iterator[Nodes]:
    settings = {"database_url": asyncio.run(postgres.new_database()), "redis_url": redis_url}
    with (
        serving(POLICIES, directories.mktemp("one"), **settings) as one,
        serving(POLICIES, directories.mktemp("other"), **settings) as other,
    ):
        yield Nodes(one, other, redis)


def _redis(node: Served) -> str:
    return str(node.client.get("/health/ready").json()["stores"]["redis"])


def _reason(node: Served, identifier: str, **question: str) -> str:
    return str(node.decide(charger="NTH-07", identifier=identifier, time=NIGHT, **question).json()["reason"])


def test_an_import_on_one_is_in_force_on_the_other_within_a_second(nodes: Nodes) -> None:
    assert _reason(nodes.other, known(1)) == "unknown_identifier"
    import_fleet(nodes.one, 10)
    eventually(lambda: _reason(nodes.other, known(1)) == "own_vehicle", within=1)


def test_a_message_that_is_lost_costs_no_more_than_a_second(nodes: Nodes) -> None:
    import_fleet(nodes.one, 10)
    record = {"identifier": "04D3000000000001", "type": "rfid", "class": "own", "vehicle": "spare", "fleet": "north"}
    path = f"/v1/identifiers/{'c' * 32}"
    for status in ("active", "blocked") * 3:
        for server in nodes.redis:
            server.ask("CLIENT", "KILL", "TYPE", "pubsub")
        assert nodes.one.client.put(path, json=record | {"status": status}).status_code in (200, 201)
        expected = {"active": "own_vehicle", "blocked": "identifier_blocked"}[status]
        eventually(lambda expected=expected: _reason(nodes.other, "04D3000000000001") == expected, within=1)


def test_an_override_on_one_is_in_force_on_the_other_within_a_second(nodes: Nodes) -> None:
    wanted = {"chargers": {"ids": ["NTH-03"]}, "mode": "freevend", "reason": "fair", "until": in_an_hour()}
    made = nodes.one.client.post("/v1/overrides", json=wanted).json()
    question = {"charger": "NTH-03", "identifier": "anybody"}
    eventually(lambda: nodes.other.decide(**question).json()["window"] == made["id"], within=1)
    nodes.other.client.delete(f"/v1/overrides/{made['id']}")
    eventually(lambda: nodes.one.decide(**question).json()["window"] != made["id"], within=1)


def test_guessed_pins_count_on_all_nodes_together(nodes: Nodes) -> None:
    import_fleet(nodes.one, 10)
    eventually(lambda: _reason(nodes.other, known(1)) == "own_vehicle", within=1)
    for number in range(30):
        if (
            _reason((nodes.one, nodes.other)[number % 2], f"90{number:02}", identifier_type="pin")
            != "unknown_identifier"
        ):
            break
    if nodes.redis:
        assert 9 < number < 14, "on a machine that is busy a count may get lost, but not every second one"
    else:
        assert number == 20, "where nothing is shared each node counts for itself"
    for node in (nodes.one, nodes.other):
        assert _reason(node, "9999", identifier_type="pin") == "too_many_attempts"
        assert _reason(node, "9999") == "too_many_attempts", "untyped digits may be a PIN"
        assert _reason(node, known(1)) == "own_vehicle", "other identifiers are not affected"
        asked = {"charger": "NTH-08", "identifier": "9999", "identifier_type": "pin", "time": NIGHT}
        assert node.decide(**asked).json()["reason"] == "unknown_identifier", "nor are other chargers"


def test_what_one_has_read_the_other_finds_in_redis(nodes: Nodes, tmp_path: Path) -> None:
    import_fleet(nodes.one, 200)
    settings = {name: nodes.one.settings[name] for name in ("DATABASE_URL", "REDIS_URL")} | {"snapshot_max_age": "0"}
    for expected in ("database", "shared" if nodes.redis else "database"):
        with serving(POLICIES, tmp_path / expected, **settings) as node:
            eventually(lambda node=node: _redis(node) != "down", within=10)
            for number in range(200):  # on a busy machine Redis may be left out for a while
                assert _reason(node, known(number)) == "own_vehicle"
            assert metric(node, "policy_service_lookups_total", level=expected) > 20


def test_a_flood_of_random_tokens_neither_reaches_the_database_nor_fills_anything(nodes: Nodes) -> None:
    import_fleet(nodes.one, 10)
    await_copy(nodes.one)
    before = metric(nodes.one, "policy_service_lookups_total", level="database")
    kept = sum(server.ask("DBSIZE") for server in nodes.redis)
    for number in range(500):
        assert _reason(nodes.one, f"04EE{number:010X}") == "unknown_identifier"
    assert metric(nodes.one, "policy_service_lookups_total", level="database") - before <= 5
    assert sum(server.ask("DBSIZE") for server in nodes.redis) <= kept


def test_both_answer_alike_under_load_while_one_imports(nodes: Nodes) -> None:
    import_fleet(nodes.one, 300)
    time.sleep(1)
    with Load(nodes.one.url, 300).running() as here, Load(nodes.other.url, 300).running() as there:
        for _ in range(5):
            import_fleet(nodes.one, 300)
    assert here.wrong == there.wrong == []
    assert min(len(here.seconds), len(there.seconds)) > 50
