"""`make demo-csms` shows what it says, and ends by itself."""

from __future__ import annotations

import subprocess
import sys

from fakes.served import ROOT


def test_the_demo_ends_well() -> None:
    command = [sys.executable, str(ROOT / "demo" / "demo_csms.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)  # noqa: S603 - our own
    assert done.returncode == 0, done.stdout + done.stderr
    assert "incidents: 0" in done.stdout
    assert done.stdout.count("access.denied") == 9
    assert done.stdout.rstrip().endswith("Every answer is the expected one.")
