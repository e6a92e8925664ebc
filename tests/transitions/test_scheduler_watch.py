"""A service that leaves telling to others notices that nobody does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.clock import FakeClock
from fakes.served import POLICIES
from fakes.stores import MemoryState
from fakes.webhooks import MemoryLeases
from two_schedulers import Heard

from policy_service.application.process_lease import MODES, ProcessLease
from policy_service.application.transitions.scheduler_watch import SILENT_S, SchedulerWatch
from policy_service.bootstrap import wiring
from policy_service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_it_is_said_when_the_lease_stands_still_and_until_it_moves() -> None:
    state, clock, heard = MemoryState(), FakeClock(), Heard()

    def passed_s() -> float:
        return clock.milliseconds / 1000

    watch = SchedulerWatch(MemoryLeases(state), heard, passed_s)
    scheduler = ProcessLease(MemoryLeases(state), clock, MODES, passed_s)

    async def after(seconds: float, *, tells: bool) -> int:
        clock.milliseconds += round(seconds * 1000)
        if tells:
            assert await scheduler.held()
        await watch.look()
        return len(watch.concerns())

    assert await after(0, tells=False) == 0, "it may be starting as well"
    assert await after(SILENT_S + 1, tells=False) == 1
    assert heard.silent_s == SILENT_S + 1
    for _ in range(10):
        assert await after(SILENT_S, tells=True) == 0
        assert heard.silent_s == 0
    state.down = True
    assert await after(SILENT_S, tells=False) == 0
    assert await after(1, tells=False) == 1, "nobody is told without the database"
    state.down = False
    assert await after(0, tells=False) == 1, "it stands where it stood"
    assert await after(0, tells=True) == 0


async def test_a_service_without_one_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "nobody tells chargers their modes"
    for scheduler, silent in (("apart", True), ("inside", False)):
        settings = Settings(policies=POLICIES, state_dir=tmp_path / scheduler, scheduler=scheduler, reload_interval=60)
        async with wiring.running(settings) as service:
            assert not any(said in each for each in service.health.readiness().problems)
            with monkeypatch.context() as patched:
                patched.setattr("policy_service.application.transitions.scheduler_watch.SILENT_S", -1)
                assert any(said in each for each in service.health.readiness().problems) is silent
