"""One changed policy among 1,000 over 100,000 chargers: what it means, from the command to its last line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import yard

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Recorder

_POLICIES, _CHARGERS, _WINDOWS = 1000, 100_000, 5
_MOST_SECONDS = 5.0
_NIGHTS = 285
_KINDS = 3


def test_what_one_changed_policy_means_is_soon_told(tmp_path: Path, record: Recorder) -> None:
    """Reading both trees included, in a process of its own."""
    for side in ("old", "new"):
        for name, text in yard.files(_POLICIES, _CHARGERS, _WINDOWS).items():
            file = tmp_path / side / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
    changed = tmp_path / "new/policies/p7.yaml"
    changed.write_bytes(changed.read_bytes().replace(b"end: 06:00", b"end: 05:00"))
    command = [sys.executable, "-m", "policy_service", "diff", str(tmp_path / "old"), str(tmp_path / "new")]
    command += ["--from", "2026-11-23T00:00Z", "--format", "json"]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    seconds = time.perf_counter() - start
    assert len(json.loads(done.stdout)["changes"]) == _NIGHTS * _KINDS * _CHARGERS // _POLICIES
    record(
        "diff of one changed policy among 1,000 (100,000 chargers), 400 days, read from files",
        f"{seconds:.1f} s",
        f"≤ {_MOST_SECONDS:.0f} s",
    )
    assert seconds <= _MOST_SECONDS
