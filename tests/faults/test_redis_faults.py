"""Redis dies, hangs, is slow, refuses, forgets: decisions stay right and quick, and it comes back by itself."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fakes.served import POLICIES, Served, eventually, serving
from load import NIGHT, Load, import_fleet, known, metric, stirred
from servers.redis import RedisServer, running_redis
from servers.slow import slowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.postgres import Postgres

FLEET = 3_000
MOST_SECONDS = 0.1
"""What 99 of 100 decisions may take, whatever Redis does."""


class House(NamedTuple):
    """A service with a Redis that tests may break."""

    node: Served
    redis: RedisServer


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture(scope="module")
def only_house(postgres: Postgres, own_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve from a PostgreSQL and a Redis, with a fleet taken in, and no copy that would spare asking them."""
    address = asyncio.run(postgres.new_database())
    state = tmp_path_factory.mktemp("state")
    with serving(POLICIES, state, database_url=address, redis_url=own_redis.url, snapshot_max_age=0) as node:
        import_fleet(node, FLEET)
        yield House(node, own_redis)


@pytest.fixture
def house(only_house: House) -> House:
    """Give the house in good order."""
    only_house.redis.ensure_running()
    eventually(lambda: _stores(only_house.node) == {"database": "up", "redis": "up"})
    return only_house


def _stores(node: Served) -> dict[str, str]:
    return dict(node.client.get("/health/ready").json()["stores"])


def _is_down(node: Served) -> bool:
    told = node.client.get("/health/ready").json()
    return bool(told["stores"]["redis"] == "down" and told["status"] == "degraded" and told["problems"])


@pytest.mark.parametrize("fault", ["killed", "hung"])
def test_a_redis_that_is_gone_under_load_is_not_noticed_by_drivers(house: House, fault: str) -> None:
    number = {"killed": signal.SIGKILL, "hung": signal.SIGSTOP}[fault]
    with stirred(house.node), Load(house.node.url, FLEET).running() as seen:
        time.sleep(1)
        house.redis.signal(number)
        time.sleep(0.1)
        before = len(seen.seconds)
        eventually(lambda: _is_down(house.node), within=5)
        time.sleep(3)
        assert metric(house.node, "policy_service_store_up", store="redis") == 0
        gone = sorted(seen.seconds[before:])
        if fault == "hung":
            house.redis.signal(signal.SIGCONT)
        else:
            house.redis.kill()
            house.redis.start()
        eventually(lambda: _stores(house.node)["redis"] == "up", within=5)
        time.sleep(0.5)
    assert seen.wrong == []
    assert len(gone) > 100
    assert gone[int(len(gone) * 0.99)] < MOST_SECONDS
    assert metric(house.node, "policy_service_store_up", store="redis") == 1


def test_a_slow_redis_slows_nobody_down(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    with slowed(house.redis.port, seconds=0.04) as port:
        settings = {
            "database_url": _database_of(house.node),
            "redis_url": f"redis://127.0.0.1:{port}/0",
            "snapshot_max_age": 0,
        }
        with (
            serving(POLICIES, tmp_path_factory.mktemp("slow"), **settings) as node,
            stirred(node),
            Load(node.url, FLEET).running() as seen,
        ):
            time.sleep(3)
    assert seen.wrong == []
    assert len(seen.seconds) > 50
    assert seen.p99 < MOST_SECONDS


def test_a_redis_that_refuses_the_password_is_told_and_does_without(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_redis("--requirepass", "sesame") as closed:
        wrong = closed.url.replace("sesame", "guess")
        settings = {"database_url": _database_of(house.node), "redis_url": wrong, "snapshot_max_age": 0}
        with serving(POLICIES, tmp_path_factory.mktemp("refused"), **settings) as node:
            eventually(lambda: _is_down(node), within=5)
            with Load(node.url, FLEET).running() as seen:
                time.sleep(1)
            assert seen.wrong == []
            assert "guess" not in node.log()
        with serving(POLICIES, tmp_path_factory.mktemp("let in"), **settings | {"redis_url": closed.url}) as node:
            assert _stores(node)["redis"] == "up"


def test_a_redis_that_forgets_everything_changes_no_answer(house: House) -> None:
    with stirred(house.node), Load(house.node.url, FLEET).running() as seen:
        for _ in range(20):
            house.redis.ask("FLUSHALL")
            house.redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            time.sleep(0.1)
    assert seen.wrong == []


def test_what_is_in_redis_shows_no_identifier_as_a_key_and_goes_by_itself(house: House) -> None:
    house.redis.ask("FLUSHALL")
    asked: list[str] = []

    def five_are_there() -> bool:
        """Ask about one more vehicle: while Redis is taken for gone, a busy moment is enough, none gets there."""
        asked.append(known(len(asked)))
        reply = house.node.decide(charger="NTH-07", identifier=asked[-1], time=NIGHT)
        assert reply.json()["outcome"] == "allowed"
        return house.redis.ask("DBSIZE") >= 5

    eventually(five_are_there, within=10)
    keys = [key.decode() for key in house.redis.ask("KEYS", "*")]
    assert all(key.startswith("policy-service:") for key in keys)
    assert not any(identifier[4:] in key for key in keys for identifier in asked)
    assert all(0 < house.redis.ask("TTL", key) <= 900 for key in keys)


def _database_of(node: Served) -> str:
    return node.settings["DATABASE_URL"]
