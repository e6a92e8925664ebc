"""A scheduler of its own says how it is and what it counts, to whom the service would."""

from __future__ import annotations

import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
from exposed import told_by
from fakes.keyed import bearer, stored
from fakes.launched import launched
from fakes.served import POLICIES, eventually
from servers.redis import free_port

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope
from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.launched import Process


@contextmanager
def scheduling(state: Path, **settings: object) -> Iterator[tuple[httpx2.Client, Process, Path]]:
    """Run a scheduler with a port of its own; give a client of it, its process and its log."""
    state.mkdir(exist_ok=True)
    port, log = free_port(), state / "log"
    told = {"policies": POLICIES, "state_dir": state, "scheduler_port": port, "secret": "a secret of the tests"}
    with log.open("w") as sink:
        process = launched(sink, sink, "scheduler", settings={**told, **settings})
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=False) as client:
        try:
            eventually(lambda: process.poll() is not None or _answers(client), within=60)
            assert process.poll() is None, log.read_text()
            yield client, process, log
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            assert process.wait(30) in {0, -signal.SIGTERM}


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/health/live").json() == {"status": "live"}
    except httpx2.TransportError:
        return False


def test_it_counts_what_it_tells(tmp_path: Path) -> None:
    with scheduling(tmp_path / "state") as (client, process, _):
        ready = client.get("/health/ready").json()
        assert (ready["status"], ready["problems"], ready["stores"]) == ("ready", [], {"database": "up"})

        def told() -> float:
            return told_by(client.get("/metrics").text).value("transition_lateness_seconds_count")

        eventually(lambda: told() > 0, within=30)
        found = told_by(client.get("/metrics").text)
        assert found.value("transitions_behind_seconds") < 1
        assert found.value("store_up", store="database") == 1
        assert found.value("plan_in_force") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_metrics_are_for_who_may_read(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    reads, decides = stored(state, *(WantedKey(scope, frozenset({scope})) for scope in (Scope.READ, Scope.DECIDE)))
    with scheduling(state) as (client, _, _log):
        assert client.get("/metrics", headers=bearer(reads)).status_code == 200
        assert client.head("/metrics", headers=bearer(reads)).status_code == 200
        refused = {
            401: client.get("/metrics"),
            403: client.get("/metrics", headers=bearer(decides)),
            404: client.get("/v1/decide", headers=bearer(reads)),
            405: client.post("/metrics", headers=bearer(reads)),
        }
        for status, reply in refused.items():
            assert (reply.status_code, reply.json()["status"]) == (status, status)
            assert reply.headers["content-type"] == "application/problem+json"
            assert reply.json()["instance"] == f"urn:policy-service:request:{reply.headers['x-request-id']}"
        assert client.get("/health/ready").status_code == 200
        assert client.get("/health/live", headers={"X-Request-ID": "probe-1"}).headers["x-request-id"] == "probe-1"


def test_others_do_not_reach_it_without_a_key(tmp_path: Path) -> None:
    log = tmp_path / "log"
    told = {"policies": POLICIES, "state_dir": tmp_path, "scheduler_port": free_port(), "host": "0.0.0.0"}  # noqa: S104 - refused
    with log.open("w") as sink:
        assert launched(sink, sink, "scheduler", settings=told).wait(60) == ExitCode.USAGE
    assert "no key stands in their way" in log.read_text()


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with socket.socket() as taken, log.open("w") as sink:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = {"policies": POLICIES, "state_dir": tmp_path, "scheduler_port": port}
        assert launched(sink, sink, "scheduler", settings=told).wait(60) == ExitCode.USAGE
    assert f"nobody can listen at 127.0.0.1:{port}" in log.read_text()
