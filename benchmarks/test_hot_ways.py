"""Batches and OCPP's messages on each of the three ways, side by side: what the short ones buy."""

from __future__ import annotations

import json
import statistics
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from fakes.served import serving
from http_client import drive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from conftest import Recorder
    from fakes.served import Served

_VEHICLES, _BATCH = 1_000, 20
_ROUNDS, _ROUND_S, _CONNECTIONS = 5, 1.5, 16
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
  chargers: [{id: C-7}]
"""
_LEAST = {
    "/v1/decide/batch": {"protocol": 1.3, "asgi": 1.3},
    "/v1/ocpp/1.6/C-7/authorize": {"protocol": 3.0, "asgi": 1.5},
    "/v1/ocpp/2.0.1/C-7/authorize": {"protocol": 3.0, "asgi": 1.5},
}
"""Times the rate of the long way."""


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Served]]:
    """Serve one managed charger and 1,000 vehicles, once for each way."""
    root: Path = tmp_path_factory.mktemp("ways")
    (root / "policies").mkdir()
    (root / "policies" / "depot.yaml").write_text(_TREE)
    plain = {"type": "rfid", "class": "own", "fleet": "north"}
    records = [{**plain, "identifier": _card(number), "vehicle": f"bus-{number}"} for number in range(_VEHICLES)]
    content = "".join(json.dumps(record) + "\n" for record in records)
    headers = {"Content-Type": "application/x-ndjson"}
    with ExitStack() as stack:
        found = {}
        for way in ("protocol", "asgi", "off"):
            served = stack.enter_context(serving(root / "policies", root / way, hot_path=way))
            reply = served.client.post("/v1/identifiers/import", content=content, headers=headers)
            assert reply.json()["accepted"] == _VEHICLES
            found[way] = served
        yield found


def _card(number: int) -> str:
    return f"04A2{number:010X}"


def _tokens() -> list[str]:
    """Return a thousand tokens, every tenth a stranger's."""
    return [_card(number) if number % 10 else f"04C2{number:010X}" for number in range(_VEHICLES)]


def _bodies(path: str) -> list[str]:
    tokens = _tokens()
    if path.endswith("batch"):
        asked = [{"charger": "C-7", "identifier": token} for token in tokens]
        return [json.dumps({"requests": asked[at : at + _BATCH]}) for at in range(0, len(asked), _BATCH)]
    if "/1.6/" in path:
        return [json.dumps({"idTag": token}) for token in tokens]
    return [json.dumps({"idToken": {"idToken": token, "type": "ISO14443"}}) for token in tokens]


@pytest.mark.parametrize("path", _LEAST)
def test_the_short_ways_are_worth_it(ways: Mapping[str, Served], record: Recorder, path: str) -> None:
    """Rounds alternate: whatever else the machine does meets all alike."""
    bodies = _bodies(path)

    def rate(served: Served) -> float:
        figures = drive(served.url, path, bodies, connections=_CONNECTIONS, seconds=_ROUND_S)
        assert figures.failed == 0
        return figures.rate

    for served in ways.values():
        rate(served)
    rounds = [{way: rate(served) for way, served in ways.items()} for _ in range(_ROUNDS)]
    for way, least in _LEAST[path].items():
        times = statistics.median(each[way] / each["off"] for each in rounds)
        told = f"{rounds[-1][way]:,.0f} to {rounds[-1]['off']:,.0f} a second"
        record(f"POST {path}, HOT_PATH={way}, to off", f"{times:.2f} x ({told})", f"≥ {least} x")
        assert times >= least
