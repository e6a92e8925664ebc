"""Makes the reference CSMS with its simulated chargers, and the oracle of the policy format, importable."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from conducting import Conductor
from fakes.served import ROOT
from held_loop import hold_for_databases
from simulated_time import MONDAY

if TYPE_CHECKING:
    from pathlib import Path

sys.path += [str(ROOT / "demo"), str(ROOT / "tests" / "engine")]


@pytest.fixture
def conductor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conductor:
    """Make the clock of all processes."""
    hold_for_databases(monkeypatch.setattr)
    return Conductor(tmp_path / "clock", MONDAY)


@pytest.fixture
def anyio_backend(conductor: Conductor) -> tuple[str, dict[str, Any]]:
    """Run the tests in the loop that moves the clock."""
    return "asyncio", {"loop_factory": lambda: conductor.loop}
