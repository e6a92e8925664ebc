"""Cerbos: its own binary; one resource policy a depot, whose rules it looks up by role: the class of the vehicle."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from peers.peer import Asking, Server
from peers.processes import LOOPBACK, free_port, running
from peers.provisions import CERBOS, cerbos

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Depot, Window, Yard
    from peers.questions import Question


def _rule(window: Window) -> dict[str, object]:
    time = f"R.attr.minute >= {window.start} && R.attr.minute < {window.end} && R.attr.weekday in {list(window.days)}"
    return {
        "name": window.name,
        "actions": ["charge"],
        "effect": "EFFECT_DENY",
        "roles": list(window.refused),
        "condition": {"match": {"expr": time}},
    }


def _policy(depot: Depot) -> str:
    rules = [{"actions": ["charge"], "effect": "EFFECT_ALLOW", "roles": ["*"]}, *map(_rule, depot.windows)]
    resource = {"resource": depot.name, "version": "default", "rules": rules}
    return json.dumps({"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": resource})


def _body(question: Question) -> str:
    attributes = {"weekday": question.weekday, "minute": question.minute}
    resource = {"kind": question.depot, "id": question.charger, "attr": attributes}
    principal = {"id": question.identifier, "roles": [question.vehicle_class]}
    return json.dumps({"principal": principal, "resources": [{"resource": resource, "actions": ["charge"]}]})


def _allowed(said: bytes) -> bool:
    return bool(json.loads(said)["results"][0]["actions"]["charge"] == "EFFECT_ALLOW")


@contextmanager
def _serve(yard: Yard) -> Generator[Asking]:
    program = cerbos()
    with tempfile.TemporaryDirectory() as place:
        policies, port = Path(place, "policies"), free_port()
        policies.mkdir()
        for depot in yard.depots:
            (policies / f"{depot.name}.json").write_text(_policy(depot), encoding="utf-8")
        configuration = {
            "server": {"httpListenAddr": f"{LOOPBACK}:{port}", "grpcListenAddr": f"{LOOPBACK}:{free_port()}"},
            "storage": {"driver": "disk", "disk": {"directory": str(policies), "watchForChanges": False}},
            "telemetry": {"disabled": True},
            "audit": {"enabled": False},
        }
        file = Path(place, "cerbos.json")
        file.write_text(json.dumps(configuration), encoding="utf-8")
        command: list[str | Path] = [program, "server", "--config", file, "--log-level", "ERROR"]
        with running(command, port, "/_cerbos/health", Path(place, "log"), os.environ) as pid:
            yield Asking(port, "/api/check/resources", {"Content-Type": "application/json"}, _body, _allowed, pid)


def _version() -> str:
    cerbos()
    return CERBOS


PEER = Server(
    "Cerbos",
    _version,
    "a resource policy a depot, indexed by roles, which are the classes; no keys, no audit log; local time comes in",
    "chargers and vehicles (depot and class come with each request), recurrence, until when, reasons but as outputs; "
    "zones by name at run time: a misspelt one makes the rule err, and a deny is left out",
    _serve,
)
