"""OPA: its server, built by the Go toolchain; 100,000 chargers as data, windows as data by depot, class and weekday."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from peers.depots import CLASSES
from peers.peer import Asking, Server
from peers.processes import LOOPBACK, free_port, running
from peers.provisions import OPA, opa

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Depot, Yard
    from peers.questions import Question

_RULES = """
package depot
default allow := true
allow := false if {
    some window in data.windows[data.chargers[input.charger]][input.vehicle][input.weekday]
    input.minute >= window[0]
    input.minute < window[1]
}
"""


def _windows(depot: Depot) -> dict[str, list[list[list[int]]]]:
    return {
        refused: [
            [[window.start, window.end] for window in depot.windows if day in window.days and refused in window.refused]
            for day in range(7)
        ]
        for refused in CLASSES
    }


def _body(question: Question) -> str:
    vehicle, minute = question.vehicle_class, question.minute
    asked = {"charger": question.charger, "vehicle": vehicle, "weekday": question.weekday, "minute": minute}
    return json.dumps({"input": asked})


def _allowed(said: bytes) -> bool:
    return bool(json.loads(said)["result"])


@contextmanager
def _serve(yard: Yard) -> Generator[Asking]:
    program = opa()
    with tempfile.TemporaryDirectory() as place:
        rules, data, port = Path(place, "depot.rego"), Path(place, "data.json"), free_port()
        rules.write_text(_RULES, encoding="utf-8")
        windows = {depot.name: _windows(depot) for depot in yard.depots}
        data.write_text(json.dumps({"chargers": yard.depot_of, "windows": windows}), encoding="utf-8")
        quiet = ["--log-level", "error", "--disable-telemetry"]
        command: list[str | Path] = [program, "run", "--server", "--addr", f"{LOOPBACK}:{port}", *quiet, rules, data]
        with running(command, port, "/health", Path(place, "log"), os.environ) as pid:
            headers = {"Content-Type": "application/json"}
            yield Asking(port, "/v1/data/depot/allow", headers, _body, _allowed, pid)


def _version() -> str:
    opa()
    return OPA


PEER = Server(
    "OPA",
    _version,
    "chargers and windows as data, windows by depot, class and weekday; no keys, no decision log; local time comes in",
    "vehicles (the class comes with each request), recurrence, until when, reasons unless written as such",
    _serve,
)
