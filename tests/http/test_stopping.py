"""A service that is told to stop does so by itself, whenever that is and whatever it waits for."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from fakes.served import POLICIES, eventually, serving

if TYPE_CHECKING:
    from pathlib import Path

_TOLD_BEFORE_UVICORN_LISTENS = """
import signal, sys, uvicorn
from policy_service.entrypoints.http.server import run_server
from policy_service.settings import Settings

run = uvicorn.Server.run

def told_before(server):
    signal.raise_signal(signal.SIGTERM)
    run(server)

uvicorn.Server.run = told_before
sys.exit(run_server(Settings()))
"""
_DENIED = {"charger": "NTH-07", "identifier": "04FFFFFFFFFF80"}


def test_another_process_that_keeps_the_database_to_itself_does_not_keep_the_service_up(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as served:
        with closing(sqlite3.connect(tmp_path / "policy-service.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert served.decide(**_DENIED).status_code == 200
            time.sleep(1)  # what brings the event to the database waits for the other process now
            assert served.stop() == 0
        assert "exception" not in served.log().lower()
        assert "Traceback" not in served.log()
    with serving(POLICIES, tmp_path) as again:
        eventually(lambda: len(again.client.get("/v1/events").json()["events"]) == 1)


def test_a_signal_before_the_server_listens_for_it_ends_the_service(tmp_path: Path) -> None:
    settings = {"POLICIES": POLICIES, "STATE_DIR": tmp_path, "PORT": 0, "SECRET": "a secret of the tests"}
    variables = os.environ | {f"POLICY_SERVICE_{name}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-c", _TOLD_BEFORE_UVICORN_LISTENS]
    ended = subprocess.run(command, env=variables, capture_output=True, timeout=60, check=False)  # noqa: S603 - our own code
    assert ended.returncode == 0, ended.stderr
    assert b"Traceback" not in ended.stderr
