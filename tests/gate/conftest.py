"""The gate measures with what ``make bench`` measures with, and processes that are started anew, as there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session", autouse=True)
def _forking() -> None:
    """Take the place of what has services forked."""
