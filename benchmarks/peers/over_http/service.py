"""policy-service, served by its own command: an API key asked for, metrics on, each denial durable before it leaves."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import policy_service
from peers.depots import policy_files
from peers.peer import Asking, Server
from peers.processes import LOOPBACK, free_port, running
from peers.questions import registrations

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Yard
    from peers.questions import Question

_COMMAND = Path(sys.executable).with_name("policy-service")
_JSON, _LINES = "application/json", "application/x-ndjson"


def _body(question: Question) -> str:
    return json.dumps({"charger": question.charger, "identifier": question.identifier, "time": question.time})


def _allowed(said: bytes) -> bool:
    return bool(json.loads(said)["outcome"] == "allowed")


def _key(state: Path) -> str:
    made = subprocess.run(  # noqa: S603 - our own command
        [str(_COMMAND), "keys", "create", "--name", "peers", "--scope", "admin", "--state-dir", str(state)],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()[0]


def _import(port: int, key: str) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    for kind, lines in zip(("agreements", "identifiers"), registrations(), strict=True):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": _LINES}
        connection.request("POST", f"/v1/{kind}/import?source=peers", lines, headers)
        response = connection.getresponse()
        report = json.load(response)
        if response.status != http.client.OK or report["rejected"]:
            raise AssertionError(report)
    connection.close()


@contextmanager
def _serve(yard: Yard) -> Generator[Asking]:
    with tempfile.TemporaryDirectory() as place:
        policies, state, port = Path(place, "policies"), Path(place, "state"), free_port()
        policies.mkdir()
        state.mkdir()
        for path, text in policy_files(yard).items():
            (policies / path).write_text(text, encoding="utf-8")
        key = _key(state)
        command: list[str | Path] = [
            _COMMAND,
            "serve",
            "--policies",
            policies,
            "--state-dir",
            state,
            "--port",
            str(port),
        ]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
        settings = {"POLICY_SERVICE_LOG_LEVEL": "error", "POLICY_SERVICE_RECORD_ALLOWED": "false"}
        with running(command, port, "/health/ready", Path(place, "log"), ours | settings) as pid:
            _import(port, key)
            headers = {"Authorization": f"Bearer {key}", "Content-Type": _JSON}
            yield Asking(port, "/v1/decide", headers, _body, _allowed, pid)


PEER = Server(
    "policy-service",
    lambda: policy_service.__version__,
    "one worker; an API key with each request, metrics, denials on disk before they leave; works out local time itself",
    "",
    _serve,
    is_peer=False,
)
