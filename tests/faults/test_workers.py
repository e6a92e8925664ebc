"""The supervisor of workers: one that is gone is replaced at once, at whatever moment it went."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.served import POLICIES, eventually, serving
from killing import workers_of

if TYPE_CHECKING:
    from fakes.served import Served


def _serving(node: Served) -> list[int]:
    """Return the workers among a service's processes: Python keeps one of its own there."""
    return [pid for pid in workers_of(node) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_worker_that_dies_while_it_is_asked_whether_it_lives_is_replaced(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path, workers=2) as node:
        victim, other = _serving(node)
        os.kill(victim, signal.SIGSTOP)
        time.sleep(1.5)  # it is asked twice a second, and cannot answer any more
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: victim not in _serving(node), within=5)
        eventually(lambda: len(_serving(node)) == 2, within=5)
        assert other in _serving(node)
        assert node.client.get("/health/ready").status_code == 200
