"""A service that is told to stop does so by itself, whenever that is and whatever it waits for."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from fakes.served import POLICIES, eventually, serving

if TYPE_CHECKING:
    from pathlib import Path

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
