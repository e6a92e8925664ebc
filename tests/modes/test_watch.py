"""When the watch looks, and when it tells how many chargers are in which state."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
from fakes.clock import FakeClock
from fakes.reported import MemoryReportedModes

from policy_service.application import mode_watch
from policy_service.application.mode_watch import BEGUN_EVERY_MS, COUNTED_EVERY_S, LARGEST, ModeWatch
from policy_service.application.plan_holder import PlanHolder, PlanState
from policy_service.application.ports import ConflictError
from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import DesiredMode, SyncState
from policy_service.domain.mode_follow_up import Patience, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.charger_sync import ReportedMode, Standing
    from policy_service.domain.mode_events import ModeEvent

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
        self.apart: list[int] = []
        self.events: list[ModeEvent] = []

    def mode_events(self, events: Sequence[ModeEvent]) -> None:
        self.events += events

    def diverged(self, events: Sequence[ModeEvent]) -> None:
        self.apart.append(len(events))

    def charger_states(self, counted: Mapping[SyncState, int]) -> None:
        self.states.append(counted)


class _Reported(MemoryReportedModes):
    """Notes of each look whether it went through all chargers."""

    def __init__(self) -> None:
        super().__init__()
        self.through: list[bool] = []
        self.reports = 0
        """So many come in while the next looks store what they found."""

    async def due(self, now: int, *, first_ms: int | None, limit: int) -> Mapping[str, Standing]:
        self.through.append(first_ms is not None)
        return await super().due(now, first_ms=first_ms, limit=limit)

    async def put(self, reported: Sequence[ReportedMode], events: Sequence[ModeEvent]) -> None:
        if self.reports:
            self.reports -= 1
            raise ConflictError
        await super().put(reported, events)


class _Watched:
    """A watch without a plan: nothing is due, and the counting is left."""

    def __init__(self) -> None:
        self.lease, self.chargers, self.heard = _Lease(), _Chargers(), _Heard()
        self.reported, self.clock, self.plans = _Reported(), FakeClock(), PlanHolder()
        self.watch = ModeWatch(
            self.reported,
            cast("Any", self.chargers),
            self.plans,
            self.lease,
            self.clock,
            cast("Any", self.heard),
            Patience(),
        )

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


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> _Watched:
    """Return a watch with a plan in which every charger can be switched."""
    watched = _Watched()
    watched.plans.swap(PlanState(plan=cast("Any", object())))
    monkeypatch.setattr(mode_watch, "subject_of", lambda _, charger, standing: Subject(charger, standing, True))  # noqa: FBT003
    return watched


async def test_all_chargers_are_gone_through_at_once_and_then_now_and_again(planned: _Watched) -> None:
    for passed in (0, BEGUN_EVERY_MS - 1, 1, -BEGUN_EVERY_MS + 1, -1):  # at last the clock has been put back
        planned.clock.milliseconds += passed
        assert not await planned.watch.look()
    assert planned.reported.through == [True, False, True, False, True]


async def test_what_one_look_finds_diverged_is_said_together(planned: _Watched) -> None:
    at = planned.clock.now_ms() - Patience().within_ms
    for number in range(LARGEST + 1):
        told = DesiredMode(f"C-{number}", AccessMode.MANAGED, None, at, "t", "north", None)
        planned.reported.told[told.charger] = told
    assert await planned.watch.look()
    assert not planned.heard.apart
    assert not await planned.watch.look()
    assert not await planned.watch.look()
    assert planned.reported.through == [True, True, False]
    assert planned.heard.apart == [LARGEST + 1]


async def test_what_a_report_overtakes_is_not_said_and_looked_at_again(planned: _Watched) -> None:
    at = planned.clock.now_ms() - Patience().within_ms
    planned.reported.told["C-1"] = DesiredMode("C-1", AccessMode.MANAGED, None, at, "t", "north", None)
    planned.reported.reports = 1
    assert await planned.watch.look()
    assert (planned.heard.events, planned.heard.apart) == ([], [])
    assert not await planned.watch.look()
    assert planned.heard.events == list(planned.reported.events.values())
    assert planned.heard.apart == [1]
