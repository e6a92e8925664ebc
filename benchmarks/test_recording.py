"""Decide over HTTP with every decision recorded, against the same without: what durable denials cost."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, eventually, serving
from http_client import drive
from servers.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Recorder
    from fakes.served import Served
    from http_client import Figures

_NIGHT = "2026-11-24T11:15:00Z"
_FLEET = 1_000
_ROUNDS = 5
_SECONDS = 3.0
_CONNECTIONS = 16
_LEAST_SHARE, _MOST_P99 = 0.7, 2.0


@pytest.fixture(params=["sqlite", "postgresql"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """Serve the shipped policies over either database."""
    if request.param == "sqlite":
        with serving(POLICIES, tmp_path) as served:
            yield served
        return
    with running_postgres(durable=True) as server:
        address = asyncio.run(server.new_database())
        with serving(POLICIES, tmp_path, database_url=address) as served:
            yield served


def _bodies(*, record: bool) -> list[str]:
    """Return questions about known vehicles, every tenth about an unknown one."""
    tokens = [f"04A2{number:010X}" if number % 10 else f"04C2{number:010X}" for number in range(_FLEET)]
    asked = {"charger": "NTH-07", "time": _NIGHT, "record": record}
    return [json.dumps({**asked, "identifier": token}) for token in tokens]


def _import(node: Served) -> None:
    plain = {"type": "rfid", "class": "own", "fleet": "north"}
    records = [{**plain, "identifier": f"04A2{number:010X}", "vehicle": f"bus-{number}"} for number in range(_FLEET)]
    content = "".join(json.dumps(record) + "\n" for record in records)
    headers = {"Content-Type": "application/x-ndjson"}
    reply = node.client.post("/v1/identifiers/import", content=content, headers=headers, params={"source": "fleet"})
    assert reply.json()["accepted"] == _FLEET


def _waiting(node: Served) -> float:
    lines = node.client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("policy_service_event_spool_bytes ")).split()[1])


def _round(node: Served, *, record: bool) -> Figures:
    time.sleep(1.2)  # the figure of what waits is a second old at most
    eventually(lambda: not _waiting(node), within=60)
    figures = drive(node.url, "/v1/decide", _bodies(record=record), connections=_CONNECTIONS, seconds=_SECONDS)
    assert figures.failed == 0
    return figures


def test_recording_costs_less_than_a_third(node: Served, record: Recorder, request: pytest.FixtureRequest) -> None:
    """Rounds alternate: whatever else the machine does meets both alike."""
    _import(node)
    _round(node, record=True)
    pairs = [(_round(node, record=False), _round(node, record=True)) for _ in range(_ROUNDS)]
    share = statistics.median(recorded.rate / bare.rate for bare, recorded in pairs)
    p99 = statistics.median(recorded.p99_ms / bare.p99_ms for bare, recorded in pairs)
    name = request.node.callspec.id
    bare, recorded = pairs[-1]
    told = f"{recorded.rate:,.0f} of {bare.rate:,.0f} a second"
    record(f"decide over HTTP, recorded, {name}", f"{share:.2f} x ({told})", f"≥ {_LEAST_SHARE} x")
    told = f"{recorded.p99_ms:.1f} to {bare.p99_ms:.1f} ms"
    record(f"p99 of the same, {name}", f"{p99:.2f} x ({told})", f"≤ {_MOST_P99} x")
    assert share >= _LEAST_SHARE
    assert p99 <= _MOST_P99
