"""OCPP verbatim against a plain decide, and a morning rush of 2,000 chargers through the reference CSMS."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fakes.served import ROOT, eventually, serving
from http_client import drive
from ocpp_chargers import rush

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Recorder
    from fakes.served import Served

_CHARGERS, _VEHICLES = 2_000, 1_000
_ROUNDS, _ROUND_S, _CONNECTIONS = 7, 2.0, 16
_MOST_TIMES_DECIDE = 1.3
_MORNINGS, _RATE, _RUSH_S, _MOST_P99_MS = 3, 200, 20, 50.0
_TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: depot}
spec:
  timezone: UTC
  chargers: {ids: ["C-*"]}
  defaultMode: managed
  allow: [{class: own}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: depot}
spec:
  chargers:
""" + "".join(f"    - {{id: C-{number}}}\n" for number in range(_CHARGERS))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    """Serve a depot of 2,000 chargers, all managed, and 1,000 vehicles."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "depot.yaml").write_text(_TREE)
    plain = {"type": "rfid", "class": "own", "fleet": "north"}
    records = [{**plain, "identifier": _card(number), "vehicle": f"bus-{number}"} for number in range(_VEHICLES)]
    content = "".join(json.dumps(record) + "\n" for record in records)
    headers = {"Content-Type": "application/x-ndjson"}
    with serving(tmp_path / "policies", tmp_path / "state") as served:
        reply = served.client.post("/v1/identifiers/import", content=content, headers=headers)
        assert reply.json()["accepted"] == _VEHICLES
        yield served


@pytest.fixture
def csms(node: Served, tmp_path: Path) -> Iterator[str]:
    """Run the reference CSMS in a process of its own, and give the address where chargers connect."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is a file; children inherit this
    command = [sys.executable, str(ROOT / "demo" / "csms.py"), "--port", "0", "--service", node.url]
    log = tmp_path / "csms.log"
    with log.open("w") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink)  # noqa: S603 - our own script
    try:
        eventually(lambda: "listening on" in log.read_text(), within=60)
        yield log.read_text().split()[-1]
    finally:
        process.terminate()
        process.wait(30)


def _card(number: int) -> str:
    return f"04A2{number:010X}"


def _tokens() -> list[str]:
    """Return a thousand tokens, every tenth a stranger's."""
    return [_card(number) if number % 10 else f"04C2{number:010X}" for number in range(_VEHICLES)]


@pytest.mark.parametrize(
    ("path", "key"), [("/v1/ocpp/1.6/C-7/authorize", "idTag"), ("/v1/ocpp/2.0.1/C-7/authorize", "idToken")]
)
def test_a_verbatim_authorize_costs_little_more_than_a_decide(
    node: Served, record: Recorder, path: str, key: str
) -> None:
    """Rounds alternate: whatever else the machine does meets both alike."""
    plain = [json.dumps({"charger": "C-7", "identifier": token}) for token in _tokens()]
    presented = _tokens() if key == "idTag" else [{"idToken": token, "type": "ISO14443"} for token in _tokens()]
    verbatim = [json.dumps({key: each}) for each in presented]

    def rate(path: str, bodies: list[str]) -> float:
        figures = drive(node.url, path, bodies, connections=_CONNECTIONS, seconds=_ROUND_S)
        assert figures.failed == 0
        return figures.rate

    rate(path, verbatim)
    pairs = [(rate("/v1/decide", plain), rate(path, verbatim)) for _ in range(_ROUNDS)]
    times = statistics.median(decided / authorised for decided, authorised in pairs)
    decided, authorised = pairs[-1]
    told = f"{authorised:,.0f} of {decided:,.0f} a second"
    record(f"POST {path}, in decides", f"{times:.2f} x ({told})", f"≤ {_MOST_TIMES_DECIDE} x")
    assert times <= _MOST_TIMES_DECIDE


def test_a_morning_rush_is_answered_in_time(csms: str, record: Recorder) -> None:
    """Every third charger speaks another version, every tenth driver is a stranger; three mornings, for the median."""
    chargers = [f"C-{number}" for number in range(_CHARGERS)]
    mornings = [rush(csms, chargers, _tokens(), rate=_RATE, seconds=_RUSH_S) for _ in range(_MORNINGS)]
    asked = _RATE * _RUSH_S
    assert {(seen.asked, seen.failed, seen.denied) for seen in mornings} == {(asked, 0, asked // 10)}
    seen = sorted(mornings, key=lambda morning: morning.p99_ms)[_MORNINGS // 2]
    figure = f"p50 {seen.p50_ms:.1f}, p99 {seen.p99_ms:.1f}, worst {seen.worst_ms:.0f} ms"
    what = f"{_CHARGERS:,} chargers at the reference CSMS, {_RATE} authorisations a second for {_RUSH_S:.0f} s"
    record(what, figure, f"p99 ≤ {_MOST_P99_MS:.0f} ms")
    assert seen.p99_ms <= _MOST_P99_MS
