"""When the watch looks, and when it tells how many chargers are in which state."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
from fakes.clock import FakeClock
from fakes.reported import MemoryReportedModes

from policy_service.application import mode_watch
from policy_service.application.mode_watch import COUNTED_EVERY_S, ModeWatch
from policy_service.application.plan_holder import PlanHolder
from policy_service.domain.charger_sync import SyncState
from policy_service.domain.mode_follow_up import Patience

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.anyio

_NONE = dict.fromkeys(SyncState, 0)


class _Chargers:
    """Counts how often it was asked to count."""

    def __init__(self) -> None:
        self.asked = 0

    async def counts(self) -> Mapping[SyncState, int]:
        self.asked += 1
        return {**_NONE, SyncState.DIVERGED: self.asked}


class _Lease:
    mine = True

    async def held(self) -> bool:
        return self.mine

    async def give_back(self) -> None:
        self.mine = False


class _Heard:
    def __init__(self) -> None:
        self.states: list[Mapping[SyncState, int]] = []

    def charger_states(self, counted: Mapping[SyncState, int]) -> None:
        self.states.append(counted)


class _Watched:
    """A watch without a plan: nothing is due, and the counting is left."""

    def __init__(self) -> None:
        self.lease, self.chargers, self.heard = _Lease(), _Chargers(), _Heard()
        others: Any = (MemoryReportedModes(), cast("Any", self.chargers), PlanHolder(), self.lease, FakeClock(0))
        self.watch = ModeWatch(*others, cast("Any", self.heard), Patience())

    async def looked(self, seconds: float) -> None:
        """Let it look several times within so many seconds."""
        watching = asyncio.create_task(self.watch.keep_watching(every_s=0.01))
        await asyncio.sleep(seconds)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        self.lease.mine = True


async def test_chargers_are_counted_at_once_and_then_now_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(mode_watch, "monotonic", lambda: now)
    watched = _Watched()
    await watched.looked(0.1)
    assert watched.heard.states == [{**_NONE, SyncState.DIVERGED: 1}]
    now += COUNTED_EVERY_S - 1
    await watched.looked(0.1)
    assert watched.chargers.asked == 1
    now += 1
    await watched.looked(0.1)
    assert watched.heard.states[1:] == [{**_NONE, SyncState.DIVERGED: 2}]


async def test_who_watches_no_more_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two nodes would show the chargers, one of them as they stood long ago."""
    monkeypatch.setattr(mode_watch, "monotonic", lambda: 1_000.0)
    watched = _Watched()
    await watched.looked(0.05)
    watched.lease.mine = False
    await watched.looked(0.05)
    assert watched.heard.states == [{**_NONE, SyncState.DIVERGED: 1}, _NONE]
    await watched.looked(0.05)
    assert watched.heard.states[2:] == [{**_NONE, SyncState.DIVERGED: 2}]


async def test_it_rests_between_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def looked(_: ModeWatch) -> bool:
        nonlocal looks
        looks += 1
        return False

    monkeypatch.setattr(ModeWatch, "look", looked)
    await _Watched().looked(0.1)
    assert 2 <= looks <= 11
