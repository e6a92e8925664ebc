"""What is too old goes, and a clock that has leapt ahead takes little with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fakes.clock import FakeClock
from fakes.events import MemoryEvents
from fakes.samples import event, lines
from fakes.stores import MemoryPlanArchive, MemoryState
from fakes.webhooks import MemoryLeases

from policy_service.application.archive_keeping import NOTE_EVERY_S, ArchiveKeeping
from policy_service.application.event_retention import EVERY_S, Retaining
from policy_service.application.plan_holder import PlanHolder, PlanState
from policy_service.application.ports import PlanOrigin
from policy_service.application.process_lease import RETAINING, ProcessLease
from policy_service.domain.access import Ungoverned

pytestmark = pytest.mark.anyio

ORIGIN = PlanOrigin({}, {}, (), Ungoverned.DENY, "", "")
DAY = 86_400
AT_ONCE = replace(RETAINING, prolong_s=0)


class Node:
    """A process with a clock of its own over stores that it may share."""

    def __init__(self, state: MemoryState, days: int, ahead: int = 0) -> None:
        """Begin without a plan."""
        self.state, self.clock, self.behind = state, FakeClock(), list[int]()
        self.clock.milliseconds += ahead * 1000
        archive, lease = MemoryPlanArchive(state), ProcessLease(MemoryLeases(state), self.clock, AT_ONCE)
        self.retaining = Retaining(days, MemoryEvents(state), archive, lease, self.clock, self)
        self.plans = PlanHolder()
        self.archiving = ArchiveKeeping(self.plans, archive, self.clock)

    def retention_behind(self, seconds: int) -> None:
        self.behind.append(seconds)

    async def in_force(self, revision: str) -> None:
        self.plans.swap(PlanState(cast("Any", SimpleNamespace(revision=revision)), origin=ORIGIN))
        await self.archiving.step()

    async def passes(self, seconds: float) -> None:
        self.clock.milliseconds += int(seconds * 1000)
        await self.archiving.step()
        await self.retaining.step()


@pytest.fixture
async def state() -> MemoryState:
    """Hold an event of each of the last ten days."""
    state, now = MemoryState(), FakeClock().now_ms()
    old = (event(f"e{days}", recorded_at=now - days * DAY * 1000) for days in range(10))
    await MemoryEvents(state).write(lines(*old))
    return state


async def test_what_is_older_than_the_days_goes(state: MemoryState) -> None:
    node = Node(state, days=7)
    await node.retaining.step()
    assert list(state.events) == [f"e{days}" for days in range(8)]
    for _ in range(DAY // int(EVERY_S)):
        await node.passes(EVERY_S)
    assert list(state.events) == [f"e{days}" for days in range(7)]
    assert node.behind == []


async def test_a_clock_that_leaps_ahead_takes_an_hour_at_a_time_and_is_told_of(state: MemoryState) -> None:
    node = Node(state, days=10)
    await node.retaining.step()
    await node.passes(400 * DAY)
    for _ in range(23):
        await node.passes(EVERY_S)
    assert list(state.events) == [f"e{days}" for days in range(10)]
    await node.passes(EVERY_S)
    assert list(state.events) == [f"e{days}" for days in range(9)]
    assert node.behind == [400 * DAY - 3600]
    node.clock.milliseconds -= 400 * DAY * 1000
    await node.passes(EVERY_S)
    assert state.counted == node.clock.now_ms()


async def test_beside_a_node_with_the_right_time_one_that_is_ahead_takes_an_hour_at_most(state: MemoryState) -> None:
    right, ahead = Node(state, days=10), Node(state, days=10, ahead=400 * DAY)
    await right.retaining.step()
    for _ in range(200):
        await ahead.passes(EVERY_S)
        await right.passes(EVERY_S)
    assert list(state.events) == [f"e{days}" for days in range(9)]  # the tenth day is over
    assert state.counted == right.clock.now_ms()


async def test_of_many_processes_one_counts(state: MemoryState) -> None:
    one, other = Node(state, days=10), Node(state, days=10)
    await one.retaining.step()
    counted = state.counted
    await other.passes(30)
    assert state.counted == counted


async def test_who_ends_lets_the_next_one_count_at_once(state: MemoryState) -> None:
    ending = asyncio.create_task(Node(state, days=10).retaining.keep())
    for _ in range(20):
        await asyncio.sleep(0)
    assert state.leases
    ending.cancel()
    await asyncio.wait([ending])
    counted = state.counted
    await Node(state, days=10).passes(30)
    assert state.counted == counted + 30_000


async def test_without_a_bound_nothing_goes(state: MemoryState) -> None:
    node = Node(state, days=0)
    await node.in_force("old")
    await node.in_force("new")
    await node.passes(4_000 * DAY)
    assert (len(state.events), list(state.revisions)) == (10, ["old", "new"])


async def test_a_revision_goes_a_day_after_its_last_event_and_never_while_it_is_in_force() -> None:
    node = Node(MemoryState(), days=10)
    await node.in_force("old")
    await node.in_force("new")
    await node.retaining.step()
    for _ in range(11 * DAY // NOTE_EVERY_S):
        await node.passes(NOTE_EVERY_S)
    assert list(node.state.revisions) == ["old", "new"]
    await node.passes(NOTE_EVERY_S)
    assert list(node.state.revisions) == ["new"]
