"""A denial that a client was told is in the table, once, whatever is killed, however long the database is gone."""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, Served, eventually, serving, start
from killing import Denials, assert_each_once, in_postgresql, in_sqlite, kill_a_worker, kill_helpers, kill_service
from load import import_fleet
from servers.postgres import running_postgres
from servers.redis import running_redis

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from servers.postgres import Postgres
    from servers.redis import RedisServer

ROUNDS = int(os.environ.get("POLICY_SERVICE_TEST_KILLS", "8"))
"""``make soak`` asks for 200."""
OUTAGE_S = float(os.environ.get("POLICY_SERVICE_TEST_OUTAGE", "8"))
"""``make soak`` asks for 60."""


def _up(node: Served) -> bool:
    try:
        return node.client.get("/health/live").status_code == 200
    except OSError:
        return False
    except Exception:  # noqa: BLE001 - not yet
        return False


class Depot:
    """A service of two workers with its stores, any of which may be killed and comes back. A context manager."""

    def __init__(self, state: Path, postgres: Postgres, redis: RedisServer, database: str | None = None) -> None:
        """Start the service, on a database of its own where none is named."""
        self.database = database or asyncio.run(postgres.new_database())
        self._state, self._postgres, self._redis = state, postgres, redis
        self.node = self._start()

    def _start(self) -> Served:
        settings = {"database_url": self.database, "redis_url": self._redis.url, "workers": 2}
        node = start(POLICIES, self._state, **settings)
        eventually(lambda: _up(node), within=60)
        return node

    def __enter__(self) -> Self:
        """Do nothing: it runs."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the service where it has not been."""
        self.node.stop()

    def kill(self, rng: random.Random) -> str:
        """Kill something, bring it back, and tell what it was."""
        victim = rng.choice(("service", "service", "worker", "postgresql", "redis"))
        if victim == "service":
            kill_service(self.node)
            self.node = self._start()
        elif victim == "worker":
            kill_a_worker(self.node, rng)
        else:
            server = self._postgres if victim == "postgresql" else self._redis
            server.kill()
            time.sleep(rng.random())
            server.start()
        return victim


@pytest.mark.timeout(60 + 60 * ROUNDS)  # a round starts the service anew, which takes its time on a busy machine
def test_no_answered_denial_is_lost_whatever_is_killed(tmp_path: Path) -> None:
    rng = random.Random(ROUNDS)  # noqa: S311 - moments, not secrets
    denials = Denials()
    killed: list[str] = []
    with (
        running_postgres(durable=True) as postgres,
        running_redis() as redis,
        Depot(tmp_path / "state", postgres, redis) as depot,
    ):
        import_fleet(depot.node, 100)
        for _ in range(ROUNDS):
            before = len(denials.told)
            with denials.asked_at(depot.node.url):
                eventually(lambda before=before: len(denials.told) > before, within=60)
                time.sleep(rng.random())
                killed.append(depot.kill(rng))
        assert depot.node.stop() == 0
        with Depot(tmp_path / "state", postgres, redis, database=depot.database) as last:
            eventually(lambda: not list((tmp_path / "state" / "spool").glob("*.events")), within=60)
            assert last.node.stop() == 0
        assert_each_once(denials.told, asyncio.run(in_postgresql(depot.database)))
    assert not [failure for failure in denials.failed if not failure.startswith("503")], denials.failed[:5]
    print(f"\n{len(denials.told)} denials were told over {ROUNDS} kills, none is lost: {sorted(killed)}")  # noqa: T201


def test_a_service_does_without_the_processes_that_help_it_and_starts_others(tmp_path: Path) -> None:
    """Those that flush events and store them: nothing is lost, waits for long, or is found worth a word."""
    rng = random.Random(ROUNDS)  # noqa: S311 - moments, not secrets
    denials, database = Denials(), tmp_path / "events.db"
    with serving(POLICIES, tmp_path / "state", database_url=f"sqlite:///{database}") as node:
        import_fleet(node, 100)
        with denials.asked_at(node.url):
            for _ in range(2 * ROUNDS):
                time.sleep(rng.random())
                kill_helpers(node)
        eventually(lambda: set(denials.told) <= set(in_sqlite(database)), within=10)
        assert node.stop() == 0
        assert '"ERROR"' not in node.log()
    assert not denials.failed, denials.failed[:5]
    assert_each_once(denials.told, in_sqlite(database))


def test_an_outage_of_the_database_costs_no_denial_and_no_decision(tmp_path: Path) -> None:
    denials = Denials()
    with running_postgres(durable=True) as postgres:
        database = asyncio.run(postgres.new_database())
        with serving(POLICIES, tmp_path, database_url=database) as node:
            import_fleet(node, 100)
            with denials.asked_at(node.url):
                time.sleep(1)
                postgres.stop()
                time.sleep(OUTAGE_S)
                told = list(denials.told)
                postgres.start()
                began = time.monotonic()
                eventually(lambda: set(told) <= set(asyncio.run(in_postgresql(database))), within=30)
                took = time.monotonic() - began
                time.sleep(1)
            assert not denials.failed, denials.failed[:5]
            assert len(told) > OUTAGE_S
            assert node.stop() == 0
        assert_each_once(denials.told, asyncio.run(in_postgresql(database)))
    print(f"\n{len(told)} denials over {OUTAGE_S} s without database, in the table {took:.1f} s after its return")  # noqa: T201


def test_a_stop_without_database_leaves_all_for_the_next_start(tmp_path: Path) -> None:
    denials = Denials()
    with running_postgres(durable=True) as postgres:
        database = asyncio.run(postgres.new_database())
        with serving(POLICIES, tmp_path, database_url=database) as node:
            import_fleet(node, 100)
            eventually((tmp_path / "registry-snapshot.sqlite3").exists, within=20)
            postgres.stop()
            with denials.asked_at(node.url):
                time.sleep(2)
        waiting = list((tmp_path / "spool").iterdir())
        assert denials.told
        assert waiting
        postgres.start()
        with serving(POLICIES, tmp_path, database_url=database):
            eventually(lambda: set(denials.told) <= set(asyncio.run(in_postgresql(database))), within=30)
        assert_each_once(denials.told, asyncio.run(in_postgresql(database)))
        assert not list((tmp_path / "spool").iterdir())
