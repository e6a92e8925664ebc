"""What chargers are told, when, and how often: by one process, by several, and by some that end at any point."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_schedulers import SIX, Depot, override, plan

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.transitions.scheduler import OvertakenError
from policy_service.domain.access import AccessMode
from policy_service.domain.mode_events import ModeEventType

if TYPE_CHECKING:
    from two_schedulers import Process

    from policy_service.domain.mode_events import ModeEvent

pytestmark = pytest.mark.anyio

FREEVEND, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED


def transitions(events: list[ModeEvent]) -> list[ModeEvent]:
    return [event for event in events if event.type is ModeEventType.TRANSITION_DUE]


def told(events: list[ModeEvent]) -> list[tuple[str, object, object, float, object]]:
    """Return charger, modes, instant in seconds and cause of transitions."""
    return [
        (event.charger, event.detail["from_mode"], event.to_mode, event.at / 1000, event.detail["cause"])
        for event in sorted(transitions(events), key=lambda event: event.charger)
    ]


async def test_each_charger_is_told_its_mode_once_and_every_change_at_its_instant() -> None:
    depot = Depot()
    process = depot.process(plan())
    for at in (SIX - 3_600, SIX - 1, SIX - 0.25):
        depot.at(at)
        await process.look()
    assert told(depot.taken()) == [(each, None, FREEVEND, SIX - 3_600, "first_seen") for each in ("A1", "A2", "B1")]
    depot.at(SIX + 0.1)
    await process.look()
    event, *_ = depot.events
    assert event.detail == {
        "from_mode": FREEVEND,
        "policy": "yard",
        "window": "night",
        "running_sessions": {"action": "stop_after", "after_s": 600},
        "cause": "schedule",
        "revision": plan().revision,
    }
    assert (event.id, event.labels, event.recorded_at) == (event.transition_id, {"depot": "north"}, SIX * 1000 + 100)
    assert told(depot.taken()) == [(each, FREEVEND, MANAGED, SIX, "schedule") for each in ("A1", "A2", "B1")]
    row = depot.state.desired_modes["A1"]
    assert (row.mode, row.from_mode, row.at, row.policy, row.window) == (MANAGED, FREEVEND, SIX * 1000, "yard", "night")


async def test_what_has_passed_meanwhile_is_not_told() -> None:
    depot = Depot()
    await _looked_and_ended(depot)
    depot.taken()
    depot.at(SIX + 5 * 86_400 + 7)
    await _looked_and_ended(depot)
    assert told(depot.events)[0] == ("A1", FREEVEND, MANAGED, SIX + 5 * 86_400, "schedule")
    assert {event.detail["late_s"] for event in transitions(depot.taken())} == {7.0}
    depot.at(SIX + 7 * 86_400)
    await _looked_and_ended(depot)
    assert depot.events == [], "two nights and two days later it is in its mode"


async def test_chargers_are_told_ahead_and_no_second_time() -> None:
    depot = Depot(lead_s=120)
    process = depot.process(plan())
    await process.look()
    depot.taken()
    for at in (SIX - 121, SIX - 120, SIX - 60, SIX, SIX + 60):
        depot.at(at)
        await process.look()
    assert told(depot.events) == [(each, FREEVEND, MANAGED, SIX, "schedule") for each in ("A1", "A2", "B1")]
    assert {event.recorded_at for event in depot.events} == {(SIX - 120) * 1000}


async def test_an_override_is_told_at_once_and_so_is_its_end() -> None:
    depot = Depot()
    process = depot.process(plan())
    await process.look()
    depot.taken()
    depot.at(SIX - 600.5)
    process.serve(plan(override(MANAGED, SIX - 601, SIX - 300, "A1")))
    await process.look()
    assert told(depot.taken()) == [("A1", FREEVEND, MANAGED, SIX - 601, "override")]
    depot.at(SIX - 300)
    await process.look()
    assert told(depot.taken()) == [("A1", MANAGED, FREEVEND, SIX - 300, "override")]
    depot.at(SIX - 200)
    process.serve(plan(override(MANAGED, SIX - 200, SIX - 100, "A1", created=2)))
    await process.look()
    depot.at(SIX - 150)
    process.serve(plan())
    await process.look()
    assert told(depot.taken())[-1] == ("A1", MANAGED, FREEVEND, SIX - 150, "override"), "it was ended by hand"


async def test_chargers_come_and_go() -> None:
    depot = Depot()
    process = depot.process(plan())
    await process.look()
    depot.taken()
    process.serve(plan(chargers=["A1", "C1", "B2"]))
    await process.look()
    assert told(depot.events) == [("B2", None, FREEVEND, SIX - 3_600, "first_seen")]
    assert sorted(depot.state.desired_modes) == ["A1", "B2"], "C1 has no policy"


async def test_a_process_that_was_paused_over_its_lease_tells_nothing_twice() -> None:
    depot = Depot()
    one, other = depot.process(plan()), depot.process(plan())
    await one.look()
    await other.look()
    assert (len(depot.events), other.heard.events) == (3, [])
    depot.at(SIX + 3)  # one has slept, and its lease is over
    depot.state.leases.clear()
    await other.look()
    assert len(depot.events) == 6
    with suppress(OvertakenError):
        await one.scheduler._told_all(one.scheduler._roster, one.plans.plan)  # type: ignore[arg-type]  # noqa: SLF001 - it wakes up amid its work
    assert len(depot.events) == 6


async def test_a_clock_that_was_ahead_and_is_set_right_keeps_nobody_waiting() -> None:
    depot = Depot()
    process = depot.process(plan())
    await process.look()
    depot.taken()
    for at in (SIX + 86_400 - 1_800, SIX - 1_200):  # a day ahead it is the same mode
        depot.at(at)
        await process.look()
    assert depot.events == []
    depot.at(SIX)
    await process.look()
    assert told(depot.events) == [(each, FREEVEND, MANAGED, SIX, "schedule") for each in ("A1", "A2", "B1")]


async def test_a_lag_is_of_concern() -> None:
    depot = Depot()
    process = depot.process(plan())
    await process.look()
    assert process.scheduler.concerns() == []
    depot.state.down = True
    depot.at(SIX)
    with suppress(StoreUnavailableError):
        await process.look()
    assert [each.text for each in process.scheduler.concerns()] == ["chargers wait for their modes"]
    depot.state.down = False
    await process.look()
    assert process.scheduler.concerns() == []


@given(st.integers(0, 1 << 32))
@settings(max_examples=150, deadline=None)
async def test_whoever_ends_when_none_is_lost_and_none_told_twice(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's choice of failures
    depot = Depot(lead_s=dice.choice((0, 0, 90)))
    over = [
        override(
            dice.choice((FREEVEND, MANAGED)),
            SIX - 3_000 + 40 * n,
            SIX - 2_985 + 45 * n,
            f"{dice.choice('AB')}*",
            created=n + 1,
        )
        for n in range(40)
    ]
    served = plan(*over)
    fails = [0.0]

    def failing() -> bool:
        return dice.random() < fails[0]

    processes: list[Process] = [depot.process(served, failing) for _ in range(2)]
    at = SIX - 3_100.0
    while at < SIX + 10:
        depot.at(at)
        fails[0] = dice.choice((0.0, 0.0, 0.2))
        for number in range(2):
            if dice.random() < 0.05:  # killed, and started anew
                processes[number] = depot.process(served, failing)
            with suppress(StoreUnavailableError, OvertakenError):
                await processes[number].look()
        at += dice.choice((0.25, 1.0, 3.0, 17.0))
    fails[0] = 0
    for seconds in (20, 23):  # who was killed last may have had the lease
        depot.at(SIX + seconds)
        for process in processes:
            with suppress(OvertakenError):
                await process.look()
    for charger in ("A1", "A2", "B1"):
        heard = [event for event in transitions(depot.events) if event.charger == charger]
        assert depot.state.desired_modes[charger].mode is served.mode_at(charger, SIX + 20) is heard[-1].to_mode
        assert heard[0].detail["from_mode"] is None
        assert all(after.detail["from_mode"] is before.to_mode for before, after in pairwise(heard))
        assert all(before.at < after.at for before, after in pairwise(heard))
        changes = {
            (each.at * 1000, each.to_mode) for each in served.chargers[charger].transitions(SIX - 4_000, SIX + 200)
        }
        assert {(event.at, event.to_mode) for event in heard[1:]} <= changes


async def _looked_and_ended(depot: Depot) -> None:
    process = depot.process(plan())
    await process.look()
    await process.lease.give_back()
