"""FastAPI with rule-engine, as a user would write it: asked what policy-service is asked, in a process of its own."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from peers.depots import AGREEMENT, OWN
from peers.peer import Asking, Server
from peers.processes import free_port, running
from peers.questions import identifiers

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Yard
    from peers.questions import Question


def _body(question: Question) -> str:
    return json.dumps({"charger": question.charger, "identifier": question.identifier, "time": question.time})


def _allowed(said: bytes) -> bool:
    return bool(json.loads(said)["allowed"])


@contextmanager
def _serve(yard: Yard) -> Generator[Asking]:
    vehicles = {identifier: each for each in (OWN, AGREEMENT) for identifier in identifiers(each)}
    with tempfile.TemporaryDirectory() as place:
        file, port = Path(place, "yard.json"), free_port()
        file.write_text(json.dumps({"depots": yard.depots, "chargers": yard.depot_of, "vehicles": vehicles}))
        command: list[str | Path] = [sys.executable, "-m", "peers.over_http.fastapi_app", str(port), file]
        benchmarks = {"PYTHONPATH": str(Path(__file__).parents[2])}
        with running(command, port, "/health", Path(place, "log"), os.environ | benchmarks) as pid:
            headers = {"Content-Type": "application/json"}
            yield Asking(port, "/decide", headers, _body, _allowed, pid)


PEER = Server(
    "FastAPI + rule-engine",
    lambda: f"{version('fastapi')}, {version('rule-engine')}",
    "a route with pydantic models, rules compiled ahead, vehicles and chargers in dicts; zoneinfo for local time",
    "recurrence but by weekday, reasons, until when, keys, events, reload: all that is still to be written",
    _serve,
)
