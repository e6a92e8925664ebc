"""Reloads of 100,000 chargers, one after another, while decisions are asked for."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import nodes
import yard
from http_client import drive

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Recorder
    from nodes import Node

_SECONDS = 15.0
_CONNECTIONS, _PAUSE_S = 8, 0.02
_MOST_MS = 20.0


def test_no_decision_fails_and_few_wait(tmp_path: Path, record: Recorder) -> None:
    """Every charger and its policy change each time; strangers ask all the while, so each denial is on the disk."""
    policies = nodes.yard_of(nodes.CHARGERS, tmp_path / "policies")
    bodies = [
        json.dumps({"charger": f"P0-{n:06}", "identifier": f"04C2{n:010X}", "time": nodes.NIGHT})
        for n in range(0, nodes.CHARGERS, 97)
    ]
    with (
        nodes.open_node(policies, tmp_path / "state", scheduler="apart") as node,
        ThreadPoolExecutor(1) as beside,
    ):
        url = f"http://{node.target.address}"
        calm = drive(url, "/v1/decide", bodies, connections=_CONNECTIONS, seconds=3, pause_s=_PAUSE_S)
        until = time.monotonic() + _SECONDS
        load = beside.submit(
            drive, url, "/v1/decide", bodies, connections=_CONNECTIONS, seconds=_SECONDS, pause_s=_PAUSE_S
        )
        took = []
        while time.monotonic() < until:
            took.append(_reloaded(node, policies, len(took) + 1))
        busy = load.result()
    reloads = f"{len(took)} reloads of {max(took):.1f} s at most; calm {calm.p99_ms:.1f} ms"
    figure = f"p99 {busy.p99_ms:.1f} ms, {busy.failed} failed of {busy.answered:,} ({reloads})"
    record("decide while 100,000 chargers are reloaded", figure, f"p99 ≤ {_MOST_MS:.0f} ms, none failed",
           p99_ms=busy.p99_ms)  # fmt: skip
    assert busy.failed == 0
    assert calm.failed == 0
    assert busy.p99_ms <= _MOST_MS


def _reloaded(node: Node, policies: Path, turn: int) -> float:
    """Change every charger and the policy, and return the seconds until the change is in force."""
    before = node.told("/v1/policies")["revision"]
    tree = yard.files(1, nodes.CHARGERS, 5)
    changed = {name: text.replace(b'"d0"', b'"d%d"' % turn) for name, text in tree.items()}
    changed["policies/p0.yaml"] = yard.policy(0, 5, priority=100 + turn)
    for name, content in changed.items():
        beside = policies / f"{name}.new"
        beside.write_bytes(content)
        beside.replace(policies / name)
    began = time.monotonic()
    while node.told("/v1/policies")["revision"] == before:
        time.sleep(0.05)
    return time.monotonic() - began
