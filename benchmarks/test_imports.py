"""Importing a million identifiers into each store, beside what a bare driver does with the same rows."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import fleet
import httpx2
import pytest

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.schema import upgrade

_HERE = Path(__file__).parent
sys.path.append(str(_HERE.parent / "tests"))

from servers.postgres import running_postgres  # noqa: E402 - found on the path just set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Recorder
    from servers.postgres import Postgres

COUNT = int(os.environ.get("POLICY_SERVICE_BENCH_IDENTIFIERS", "1000000"))
_LEAST_A_SECOND = 20_000
_MOST_MB = 300.0
_EVERY_S = 0.02
_HOW: dict[str, dict[str, str]] = {
    "merge": {},
    "merge, atomic": {"atomic": "true"},
    "replace": {"mode": "replace"},
    "replace, a tenth changed": {"mode": "replace"},
}
_COLUMNS = (
    "id", "key", "type", "class", "vehicle", "fleet", "agreement", "attributes", "chargers",
    "valid_from", "valid_to", "status", "source", "spelling",
)  # fmt: skip
_POLICY = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec: {timezone: Europe/London, chargers: {ids: ["Y-*"]}, defaultMode: managed, allow: [{class: own}]}
---
apiVersion: policy-service/v1
kind: Attributes
metadata: {name: attributes}
spec: {vehicle: {kind: string, height_m: number}}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [{id: Y-1}]}
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL that syncs to disk as a real one does."""
    with running_postgres(durable=True) as server:
        yield server


@pytest.mark.parametrize("technology", ["sqlite", "postgresql"])
def test_a_million_identifiers_are_imported(
    technology: str, postgres: Postgres, tmp_path: Path, record: Recorder
) -> None:
    """Over HTTP, each way of importing, and decisions in between; the floor has the same indexes to fill."""
    floor = _sqlite_floor(tmp_path) if technology == "sqlite" else asyncio.run(_copy_floor(postgres))
    name = "executemany" if technology == "sqlite" else "COPY"
    record(f"{technology}: bare {name} of {COUNT:,} identifiers in one transaction", f"{floor:,.0f} a second")
    rates: list[float] = []
    peaks: list[float] = []
    for number, (how, words) in enumerate(_HOW.items()):
        if number < 3:  # noqa: PLR2004 - the last is over the list of the one before
            settings = {} if technology == "sqlite" else {"DATABASE_URL": asyncio.run(postgres.new_database())}
            place = tmp_path / str(number)
        with _serving(place, settings) as (address, pid):
            measured = _import(address, pid, words, changed=number == 3)  # noqa: PLR2004 - as above
        rates.append(measured["rate"])
        peaks.append(measured["above_mb"])
        record(
            f"{technology}: {COUNT:,} identifiers over HTTP, {how}",
            f"{measured['rate']:,.0f} a second ({measured['rate'] / floor:.2f} x floor), "
            f"{measured['above_mb']:.0f} MB above idle; decide meanwhile p50 {measured['p50_ms']:.1f} ms, "
            f"p99 {measured['p99_ms']:.0f} ms; {measured['cpu_us']:.0f} µs of the service's processor time each",
            f"≥ {_LEAST_A_SECOND:,} a second, ≤ {_MOST_MB:.0f} MB",
        )
    assert min(rates) >= _LEAST_A_SECOND
    assert max(peaks) <= _MOST_MB


def _rows() -> Iterator[tuple[Any, ...]]:
    for number in range(COUNT):
        spelled, owner = fleet.identifier(number), fleet.owner(number)
        attributes = '{"height_m":3.1,"kind":"bus"}'
        yield (
            f"{'0' * 22}{number:010x}", spelled.replace(":", ""), "rfid", "own", f"{owner}-{number:07}", owner, None,
            attributes, None, None, 1_814_400_000, "active", "fleet", spelled,
        )  # fmt: skip


async def _migrated(url: str) -> None:
    database = database_at(url)
    await upgrade(database)
    await database.close()


def _sqlite_floor(place: Path) -> float:
    asyncio.run(_migrated(f"sqlite:///{place}/floor.db"))
    connection = sqlite3.connect(place / "floor.db", isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    rows = list(_rows())
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT INTO identifiers ({names}) VALUES ({', '.join('?' * len(_COLUMNS))})", rows)  # noqa: S608 - our own names
    connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return COUNT / took


async def _copy_floor(postgres: Postgres) -> float:
    url = await postgres.new_database()
    await _migrated(url)
    name, _, host = url.rpartition("@/")[2].partition("?host=")
    connection = await asyncpg.connect(user="postgres", host=host, database=name)
    rows = list(_rows())
    began = time.perf_counter()
    await connection.copy_records_to_table("identifiers", records=rows, columns=list(_COLUMNS))
    took = time.perf_counter() - began
    await connection.close()
    await postgres.drop_database(url)
    return COUNT / took


@contextmanager
def _serving(place: Path, settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    policies = place / "policies"
    policies.mkdir(parents=True, exist_ok=True)
    (policies / "yard.yaml").write_text(_POLICY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"LOG_LEVEL": "warning", "SECRET": "a secret of the benchmarks", "RECORD_ALLOWED": "false", **settings}
    environment = {**os.environ, **{f"POLICY_SERVICE_{name}": value for name, value in own.items()}}
    command = [sys.executable, "-m", "policy_service", "serve", "--policies", str(policies), "--port", str(port)]
    process = subprocess.Popen([*command, "--state-dir", str(place / "state")], env=environment)  # noqa: S603 - our own service
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, process)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended"
        try:
            if httpx2.get(f"{address}/health/ready", timeout=5).status_code == 200:  # noqa: PLR2004 - HTTP
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail("the service did not become ready")


def _import(address: str, pid: int, how: dict[str, str], *, changed: bool) -> dict[str, float]:
    idle = _memory_mb(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
    ended = threading.Event()
    waits: list[float] = []
    asking = threading.Thread(target=_keep_asking, args=(address, ended, waits))
    asking.start()
    busy = _processor_s(pid)
    began = time.perf_counter()
    try:
        answer = httpx2.post(
            f"{address}/v1/identifiers/import",
            params={"source": "fleet", **how},
            content=fleet.ndjson(COUNT, changed=10 if changed else 0),
            headers={"Content-Type": "application/x-ndjson"},
            timeout=900,
        )
        took = time.perf_counter() - began
    finally:
        ended.set()
        asking.join()
    assert answer.json()["accepted"] == COUNT, answer.text[:500]
    waits.sort()
    return {
        "rate": COUNT / took,
        "cpu_us": (_processor_s(pid) - busy) / COUNT * 1e6,
        "above_mb": _memory_mb(pid, "VmHWM") - idle,
        "p50_ms": waits[len(waits) // 2] * 1000,
        "p99_ms": waits[len(waits) * 99 // 100] * 1000,
    }


def _keep_asking(address: str, ended: threading.Event, waits: list[float]) -> None:
    """Ask for a decision fifty times a second, about vehicles that come and vehicles that do not."""
    number = 0
    with httpx2.Client(base_url=address, timeout=60) as client:
        while not ended.wait(_EVERY_S):
            number += 1
            question = {"charger": "Y-1", "identifier": fleet.identifier(number * 37 % COUNT), "record": False}
            began = time.perf_counter()
            assert client.post("/v1/decide", json=question).status_code == 200  # noqa: PLR2004 - HTTP
            waits.append(time.perf_counter() - began)


def _processor_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int, name: str) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
