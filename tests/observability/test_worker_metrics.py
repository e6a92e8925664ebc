"""Metrics of several workers: whoever is asked tells the same, and a worker that dies takes nothing back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from exposed import NIGHT, PREFIX, exercised, read
from fakes.served import POLICIES, eventually, serving

from policy_service.adapters.telemetry.metrics import METRICS

if TYPE_CHECKING:
    from fakes.served import Served

WORKERS = 3
READINGS = 12
DENIED = {"outcome": "access_denied", "reason": "unknown_identifier"}


def _ask(served: Served, count: int) -> None:
    """Ask for decisions over a connection each, and wait until they are counted.

    Nothing of it is TLS: to load certificates for each connection would cost more than the connection.
    """

    async def one(number: int) -> str:
        async with httpx2.AsyncClient(base_url=served.url, timeout=30, verify=False) as client:
            question = {"charger": "NTH-01", "identifier": f"04B2{number:010X}", "time": NIGHT}
            return str((await client.post("/v1/decide", json=question)).json()["reason"])

    async def every() -> Counter[str]:
        found: Counter[str] = Counter()
        for begin in range(0, count, 20):
            found.update(await asyncio.gather(*(one(begin + at) for at in range(min(20, count - begin)))))
        return found

    assert asyncio.run(every()) == {DENIED["reason"]: count}
    time.sleep(1)  # each worker adds up what it has counted a few times a second


def _everywhere(served: Served, name: str, **labels: str) -> set[float]:
    return {read(served).value(name, **labels) for _ in range(READINGS)}


def _has_no_gauge(served: Served, pid: int) -> bool:
    return not list(_metrics(served).glob(f"gauge_live*_{pid}.db"))


def _metrics(served: Served) -> Path:
    return Path(served.settings["STATE_DIR"]) / "metrics"


def _workers(served: Served) -> set[int]:
    return {int(path.stem.rpartition("_")[2]) for path in _metrics(served).glob("gauge_livesum_*.db")}


def test_the_sum_is_exact_whichever_worker_answers(crowd: Served) -> None:
    before = read(crowd)
    _ask(crowd, 200)
    counted = before.value("decisions_total", **DENIED) + 200
    assert _everywhere(crowd, "decisions_total", **DENIED) == {counted}
    decisions = sum(each.value for each in before.samples if each.name == f"{PREFIX}decisions_total") + 200
    assert _everywhere(crowd, "decision_duration_seconds_count") == {decisions}
    eventually(lambda: read(crowd).value("events_stored_total") >= counted, within=10)
    assert read(crowd).value("workers") == WORKERS
    assert len(_workers(crowd)) == WORKERS


def test_a_worker_that_is_killed_takes_nothing_back_and_leaves_no_gauge(crowd: Served) -> None:
    _ask(crowd, 60)
    counted = read(crowd).value("decisions_total", **DENIED)
    requests = read(crowd).value("http_request_duration_seconds_count", route="/v1/decide")
    for killed in sorted(_workers(crowd))[:2]:
        os.kill(killed, signal.SIGKILL)
        eventually(partial(_has_no_gauge, crowd, killed), within=60)  # the supervisor may wait for a worker that starts
        eventually(lambda: read(crowd).value("workers") == WORKERS, within=60)
        assert _everywhere(crowd, "decisions_total", **DENIED) == {counted}
        assert killed not in _workers(crowd)
    _ask(crowd, 60)
    assert _everywhere(crowd, "decisions_total", **DENIED) == {counted + 60}
    assert _everywhere(crowd, "http_request_duration_seconds_count", route="/v1/decide") == {requests + 60}


def test_requests_under_way_in_a_dead_worker_are_under_way_no_more(crowd: Served) -> None:
    eventually(lambda: read(crowd).value("workers") == WORKERS, within=60)
    host, port = crowd.url.removeprefix("http://").split(":")
    head = f"POST /v1/explain HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"
    held = [socket.create_connection((host, int(port)), timeout=10) for _ in range(9)]
    try:
        for each in held:
            each.sendall(head.encode() + b"{")
        eventually(lambda: read(crowd).value("http_requests_in_flight") == len(held) + 1, within=10)
        killed = min(_workers(crowd))
        os.kill(killed, signal.SIGKILL)
        eventually(partial(_has_no_gauge, crowd, killed), within=60)
        alive = [each for each in held if not _ended(each)]
        eventually(lambda: read(crowd).value("http_requests_in_flight") == len(alive) + 1, within=10)
    finally:
        for each in held:
            each.close()
    eventually(lambda: read(crowd).value("http_requests_in_flight") == 1, within=10)


def _ended(connection: socket.socket) -> bool:
    connection.setblocking(False)  # noqa: FBT003 - the library's signature
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_every_row_of_the_table_is_exposed_and_nothing_else_is(crowd: Served) -> None:
    exercised(crowd)
    eventually(lambda: read(crowd).value("source_overdue", source="nightly") == 0, within=10)
    exposed = read(crowd)
    kinds = {PREFIX + row.name: row.kind for row in METRICS.values()}
    assert {name: kind for name, kind in exposed.types.items() if name.startswith(PREFIX)} == kinds
    assert set(exposed.types) == set(kinds)
    labels = {
        name: {label for each in exposed.samples if each.name.startswith(PREFIX + name) for label in each.labels}
        - {"le"}
        for name in METRICS
        if not any(other != name and other.startswith(name) for other in METRICS)
    }
    assert labels == {name: set(METRICS[name].labels) for name in labels}


def test_no_label_tells_a_charger_or_an_identifier(crowd: Served) -> None:
    _ask(crowd, 3)
    values = json.dumps([sample.labels for sample in read(crowd).samples])
    assert "NTH-01" not in values
    assert "04B2" not in values


def test_counters_stand_at_zero_before_anything_happens_and_a_restart_begins_anew(tmp_path: Path) -> None:
    for _ in range(2):
        with serving(POLICIES, tmp_path, workers=2) as served:
            exposed = read(served)
            counted = [each for each in exposed.samples if each.name.startswith(f"{PREFIX}decisions")]
            assert {each.value for each in counted} == {0.0}
            for name in (
                "breaches_total",
                "audit_lost_total",
                "events_dropped_total",
                "lookups_total",
                "event_store_total",
            ):
                assert exposed.value(name) == 0, name
            eventually(lambda: read(served).value("reloads_total", outcome="in_force") == 2, within=60)
            _ask(served, 5)
            assert read(served).value("decisions_total", **DENIED) == 5


def test_without_a_copy_of_the_registry_its_age_counts_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "registry-snapshot.unfinished" / "in-the-way").mkdir(parents=True)
    with serving(POLICIES, tmp_path) as served:
        assert eventually(lambda: "copy of the registry stays as it is" in served.log())
        time.sleep(1)  # until it is added up once more
        assert 0 <= read(served).value("registry_snapshot_age_seconds") < 60
