from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from fakes.events import MemoryEvents, MemoryFleetReports
from fakes.samples import event, lines
from fakes.stores import MemoryState

from policy_service.domain.access import Outcome, Reason
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio

HOUR = 3_600_000
ALLOWED: dict[str, Any] = {"type": EventType.ALLOWED, "outcome": Outcome.ALLOWED, "reason": Reason.OWN_VEHICLE}
DENIED: dict[str, Any] = {"reason": Reason.NOT_GRANTED}


async def test_a_wait_lasts_from_the_first_denial_to_the_next_admission(stores: Stores) -> None:
    bus = {"vehicle": "bus", "fleet": "metro"}
    await stores.events.write(
        lines(
            event("e1", recorded_at=HOUR, **bus, **DENIED),
            event("e2", recorded_at=HOUR + 5, **bus, **DENIED, charger="NTH-02"),
            event("e3", recorded_at=HOUR + 100, **bus, **ALLOWED, charger="NTH-03"),
            event("e4", recorded_at=2 * HOUR, **bus, **DENIED),
            event("e5", recorded_at=2 * HOUR, vehicle="van", fleet="metro", **ALLOWED),
            event("e6", recorded_at=2 * HOUR + 1, vehicle="bus", fleet="other", **ALLOWED),
            event("e7", recorded_at=3 * HOUR, **bus, **ALLOWED),
        )
    )
    found = await stores.reports.figures("metro", 0, 3 * HOUR)
    assert dict(found.counts) == {EventType.DENIED: 3, EventType.ALLOWED: 2}
    assert dict(found.reasons) == {Reason.NOT_GRANTED: 3}
    assert dict(found.hours) == {1: 2, 2: 1}
    assert found[3:] == (1, 1, 100, 100)
    assert (await stores.reports.figures("metro", 0, 3 * HOUR + 1))[3:] == (2, 0, 100 + HOUR, HOUR)


async def test_nothing_is_told_of_a_fleet_without_events(stores: Stores) -> None:
    assert tuple(await stores.reports.figures("nobody", 0, HOUR)) == ({}, {}, {}, 0, 0, 0, 0)


async def test_any_course_of_events_gives_the_figures_of_a_plain_count(stores: Stores) -> None:
    chance = random.Random(20261126)  # noqa: S311 - events, not secrets
    written = [
        event(
            f"e{number}",
            recorded_at=number * 1_700_000,
            vehicle=chance.choice(["a", "b", "c", None]),
            fleet=chance.choice(["metro", "metro", "other", None]),
            **chance.choice([ALLOWED, DENIED, {**ALLOWED, "type": EventType.WOULD_DENY}]),
        )
        for number in range(300)
    ]
    await stores.events.write(lines(*written))
    state = MemoryState()
    await MemoryEvents(state).write(lines(*written))
    for since, until in ((0, 300 * 1_700_000), (50_000_000, 200_000_000)):
        plain = await MemoryFleetReports(state).figures("metro", since, until)
        assert await stores.reports.figures("metro", since, until) == plain
