"""What is generated is up to date: schemas/ holds what the code would write."""

from __future__ import annotations

import subprocess
import sys

from project import ROOT


def test_schemas_and_the_description_of_the_api_are_what_the_code_would_write() -> None:
    command = [sys.executable, str(ROOT / "tools" / "generate.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert result.returncode == 0, result.stdout + result.stderr
