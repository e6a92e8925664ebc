"""The stores in memory, a clock that stands, and a receiver that answers as it is told."""

from __future__ import annotations

import pytest
from fakes.clock import FakeClock
from fakes.stores import MemoryState


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
