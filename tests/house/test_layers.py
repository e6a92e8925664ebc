"""The rooms look inward only: the contracts of pyproject.toml, run as a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from project import ROOT


def test_every_import_contract_is_kept() -> None:
    """As a process of its own: in this one it would silence the loggers of other tests."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "kept, 0 broken" in ran.stdout
