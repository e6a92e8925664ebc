"""Who may do what one process does at a time: by durations alone, whatever the clocks of the nodes show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.clock import FakeClock
from fakes.stores import MemoryState
from fakes.webhooks import MemoryLeases
from hypothesis import given
from hypothesis import strategies as st

from policy_service.application.process_lease import LeaseTerms, ProcessLease

if TYPE_CHECKING:
    import random

pytestmark = pytest.mark.anyio

NOW_MS = 1_795_000_000_000
TERMS = LeaseTerms("modes", lasts_s=1.5, prolong_s=0.5)
TICK_S = 0.125
CLOCKS_APART_MS = 10 * 86_400_000
_JUMPS = st.integers(-CLOCKS_APART_MS, CLOCKS_APART_MS)


class Passing:
    """Stands for the monotonic clock of all."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.seconds = 5_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def passing() -> Passing:
    return Passing()


def _process(state: MemoryState, passing: Passing, clock: FakeClock | None = None) -> ProcessLease:
    return ProcessLease(MemoryLeases(state), clock or FakeClock(NOW_MS), TERMS, passing)


async def test_one_process_has_it_until_it_gives_it_back(passing: Passing) -> None:
    state = MemoryState()
    one, other = _process(state, passing), _process(state, passing)
    assert await one.held()
    assert not await other.held()
    for _ in range(100):
        passing.seconds += TERMS.prolong_s
        assert await one.held(), "prolonged"
        assert not await other.held()
    await one.give_back()
    passing.seconds += TERMS.prolong_s
    assert await other.held()
    assert not await one.held()
    assert (one.term, other.term) == (1, 1)


async def test_what_does_not_move_for_as_long_as_it_lasts_is_taken(passing: Passing) -> None:
    state = MemoryState()
    killed, next_one = _process(state, passing), _process(state, passing)
    assert await killed.held()
    assert not await next_one.held()
    passing.seconds += TERMS.lasts_s - 0.125
    assert not await next_one.held()
    passing.seconds += TERMS.prolong_s
    assert await next_one.held()
    assert not await killed.held(), "it was paused, and another went on"
    passing.seconds += TERMS.prolong_s
    assert await next_one.held()


async def test_a_pause_in_which_nobody_took_it_ends_no_term(passing: Passing) -> None:
    lease = _process(MemoryState(), passing)
    assert await lease.held()
    passing.seconds += 3_600
    assert await lease.held()
    assert lease.term == 1


async def test_the_store_is_asked_now_and_again_alone(passing: Passing) -> None:
    state = MemoryState()
    lease = _process(state, passing)
    assert await lease.held()
    state.down = True
    assert await lease.held(), "as of a moment ago"
    passing.seconds += TERMS.prolong_s
    assert not await lease.held()
    assert not lease.answered
    state.down = False
    passing.seconds += TERMS.prolong_s
    assert await lease.held()
    assert (lease.answered, lease.term) == (True, 2), "others may have had it meanwhile"


@given(
    st.lists(_JUMPS, min_size=3, max_size=3),
    st.lists(st.sampled_from([None, None, None, "jump", "kill"]), min_size=60, max_size=120),
    st.randoms(use_true_random=False),
)
async def test_clocks_may_show_what_they_like(
    apart_ms: list[int], events: list[str | None], dice: random.Random
) -> None:
    """Nodes with clocks days apart that jump: one of them has it at a time, and the next soon after the end of one."""
    state, passing = MemoryState(), Passing()
    clocks = [FakeClock(NOW_MS + apart) for apart in apart_ms]
    alive = [_process(state, passing, clock) for clock in clocks]
    patience_s = TERMS.lasts_s + TERMS.prolong_s + 2 * TICK_S
    without_s = 0.0
    for event in events:
        if event == "jump":
            dice.choice(clocks).milliseconds = NOW_MS + dice.randint(-CLOCKS_APART_MS, CLOCKS_APART_MS)
        holders = [process for process in alive if await process.held()]
        assert len(holders) <= 1
        without_s = 0.0 if holders else without_s + TICK_S
        assert without_s <= patience_s
        if event == "kill" and holders and len(alive) > 1:
            alive.remove(holders[0])
        passing.seconds += TICK_S
