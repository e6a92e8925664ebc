"""When chargers have to forget whom they have let in: each time access narrows outside the schedule, and once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from two_schedulers import OWN, SIX, Depot, override, plan

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.transitions.cache_clearing import AT_LATEST_MS, SETTLED_MS
from policy_service.domain.access import AccessMode
from policy_service.domain.mode_events import ModeEventType

if TYPE_CHECKING:
    from two_schedulers import Process

pytestmark = pytest.mark.anyio

FREEVEND, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED


def cleared(depot: Depot) -> list[tuple[str, object]]:
    """Return who had to forget since the last time, and why."""
    kind = ModeEventType.CLEAR_CACHE_DUE
    return sorted((event.charger, event.detail["cause"]) for event in depot.taken() if event.type is kind)


async def at_night(depot: Depot) -> Process:
    process = depot.process(plan())
    depot.at(SIX + 60)
    await process.look()
    assert cleared(depot) == [], "nobody had anything to forget"
    return process


async def test_the_schedule_clears_nothing() -> None:
    depot = Depot()
    process = depot.process(plan())
    for at in (SIX - 60, SIX, SIX + 12 * 3_600):
        depot.at(at)
        await process.look()
    assert cleared(depot) == []


async def test_a_policy_that_lets_fewer_in_clears_and_one_that_lets_more_in_does_not() -> None:
    depot = Depot()
    process = await at_night(depot)
    process.serve(plan(allow=OWN))
    await process.look()
    everywhere = [(charger, "policy") for charger in ("A1", "A2", "B1")]
    assert cleared(depot) == everywhere
    process.serve(plan())
    await process.look()
    assert cleared(depot) == []
    process.serve(plan(allow=OWN))
    await process.look()
    assert cleared(depot) == everywhere, "the same once more is another time"


async def test_an_override_clears_where_it_locks_and_where_it_no_longer_opens() -> None:
    depot = Depot()
    process = depot.process(plan())
    await process.look()
    process.serve(plan(override(MANAGED, SIX - 3_600, SIX - 60, "A*")))
    await process.look()
    assert cleared(depot) == [("A1", "override"), ("A2", "override")]
    process.serve(plan())
    await process.look()
    assert cleared(depot) == []
    depot.at(SIX + 60)
    process.serve(plan(override(FREEVEND, SIX + 60, SIX + 600, "B1")))
    await process.look()
    assert cleared(depot) == []
    process.serve(plan())
    await process.look()
    assert cleared(depot) == [("B1", "override")]


async def test_an_override_that_comes_within_the_time_a_charger_remembers_clears_now() -> None:
    depot = Depot()
    process = depot.process(plan())
    await process.look()
    process.serve(plan(override(MANAGED, SIX - 1_800, SIX - 60, "B1")))
    await process.look()
    assert cleared(depot) == [("B1", "override")]


async def test_a_withdrawal_clears_where_its_class_is_let_in_once_it_has_settled() -> None:
    depot = Depot()
    process = await at_night(depot)
    process.serve(plan(override(MANAGED, SIX, SIX + 600, "A1"), allow=OWN))
    await process.look()
    cleared(depot)
    depot.state.narrowed_agreement = 7
    await process.look()
    assert cleared(depot) == []
    depot.clock.milliseconds += SETTLED_MS
    await process.look()
    assert cleared(depot) == [], "no grant lets any in by an agreement"
    depot.state.narrowed_own = 8
    await process.look()
    depot.clock.milliseconds += SETTLED_MS
    await process.look()
    assert cleared(depot) == [(charger, "registry") for charger in ("A1", "A2", "B1")]
    depot.clock.milliseconds += SETTLED_MS
    await process.look()
    assert cleared(depot) == []


async def test_withdrawals_that_go_on_and_on_are_told_of_all_the_same() -> None:
    depot = Depot()
    process = await at_night(depot)
    for step in range(AT_LATEST_MS // 1_000):
        depot.state.narrowed_own = 1 + step
        await process.look()
        assert cleared(depot) == []
        depot.clock.milliseconds += 1_000
    depot.state.narrowed_own += 1
    await process.look()
    assert len(cleared(depot)) == 3


async def test_by_day_nobody_has_anything_to_forget() -> None:
    depot = Depot()
    process = depot.process(plan())
    await process.look()
    depot.state.narrowed_own = 1
    await process.look()
    depot.clock.milliseconds += SETTLED_MS
    await process.look()
    assert cleared(depot) == []


async def test_what_was_withdrawn_before_the_first_start_clears_nothing_even_if_it_is_known_late() -> None:
    depot = Depot()
    depot.state.narrowed_own = depot.state.narrowed_agreement = 7
    process = depot.process(plan())
    depot.at(SIX + 60)
    await process.scheduler.look()  # before the watch over versions has had an answer
    for _ in range(2):
        await process.look()
        depot.clock.milliseconds += SETTLED_MS
    await process.look()
    assert cleared(depot) == []


@pytest.mark.parametrize("left", range(12))
async def test_a_process_that_ends_amid_it_loses_and_doubles_none(left: int) -> None:
    depot = Depot()
    await at_night(depot)
    answers = [left]

    def fails() -> bool:
        answers[0] -= 1
        return answers[0] < 0

    depot.state.narrowed_own = 5
    first = depot.process(plan(allow=OWN), fails)
    depot.state.leases.clear()
    for _ in range(2):
        with suppress(StoreUnavailableError):
            await first.look()
        depot.clock.milliseconds += SETTLED_MS
    depot.state.leases.clear()
    heard = depot.events
    second = depot.process(plan(allow=OWN))
    for _ in range(2):
        await second.look()
        depot.clock.milliseconds += SETTLED_MS
    assert [event.id for event in depot.events][: len(heard)] == [event.id for event in heard]
    causes = cleared(depot)
    everywhere = ("A1", "A2", "B1")
    assert causes == sorted([(charger, cause) for charger in everywhere for cause in ("policy", "registry")])
