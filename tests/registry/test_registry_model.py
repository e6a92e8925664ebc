"""Whatever goes and comes back, in whatever order: no answer of the registry was never true, or is too old."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fakes.clock import FakeClock
from fakes.levels import MemorySharedCache
from fakes.processes import Process
from fakes.samples import identifier
from fakes.stores import MemoryState
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.application.registry import RegistryBounds
from policy_service.domain.identifier import IdentifierStatus
from policy_service.domain.registration import Absence, Registration

if TYPE_CHECKING:
    from policy_service.domain.registration import Finding

VEHICLES = ("A", "B")
BOUNDS = RegistryBounds(cache_max_age_s=15 * 60, snapshot_max_age_s=60 * 60)
_NUMBER = st.integers(0, 1)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), _NUMBER, st.sampled_from(["active", "blocked", "gone"])),
        st.tuples(st.just("look"), _NUMBER, st.none()),
        st.tuples(st.just("ask"), _NUMBER, _NUMBER),
        st.tuples(st.just("copy"), _NUMBER, st.none()),
        st.tuples(st.just("database"), st.booleans(), st.none()),
        st.tuples(st.just("redis"), st.sampled_from(["up", "down", "forgets"]), st.none()),
        st.tuples(st.just("pass"), st.sampled_from([1, 10, 50]), st.none()),
    ),
    max_size=40,
)


def _said(finding: Finding) -> str:
    if isinstance(finding, Registration):
        return str(finding.record.status)
    return "gone" if finding is Absence.UNKNOWN_IDENTIFIER else "doubt"


class Model:
    """Two processes on one database, and what was true when."""

    def __init__(self) -> None:
        """Start with all vehicles active and all stores there."""
        self.clock, self.state, self.shared = FakeClock(), MemoryState(), MemorySharedCache()
        self.state.identifiers = {key: identifier(key, id=key) for key in VEHICLES}
        self.state.registry_version = 1
        self.processes = [Process(self.state, self.shared, self.clock, BOUNDS) for _ in range(2)]
        self.truths = {key: [(self.clock.now(), "active")] for key in VEHICLES}
        self.seen = [0, 0]

    async def change(self, number: int, status: str) -> None:
        if self.state.down:
            return
        key, identifiers = VEHICLES[number], self.processes[0].identifiers
        if status == "gone":
            await identifiers.delete(key)
        else:
            await identifiers.put(identifier(key, id=key, status=IdentifierStatus(status)))
        self.truths[key].append((self.clock.now(), status))

    async def look(self, number: int, _: None) -> None:
        await self.processes[number].watch.look()
        if not self.state.down:
            self.seen[number] = self.state.registry_version

    async def ask(self, number: int, vehicle: int) -> None:
        process, key = self.processes[number], VEHICLES[vehicle]
        said = _said(await process.find(key))
        if not self.state.down and process.registry.available and self.seen[number] == self.state.registry_version:
            assert said == self.truths[key][-1][1], "with the database, and nothing missed, only the truth will do"
        assert said == "doubt" or said in self._true_lately(key)

    def _true_lately(self, key: str) -> set[str]:
        """Return what was true at any time within the longest age."""
        oldest = self.clock.now() - BOUNDS.snapshot_max_age_s - BOUNDS.cache_max_age_s
        told = self.truths[key]
        ends = [at for at, _ in told[1:]] + [self.clock.now() + 1]
        return {status for (_, status), end in zip(told, ends, strict=True) if end > oldest}

    async def copy(self, number: int, _: None) -> None:
        if not self.state.down:
            await self.processes[number].copy()

    async def database(self, up: bool, _: None) -> None:  # noqa: FBT001 - a step's value is the subject
        self.state.down = not up

    async def redis(self, how: str, _: None) -> None:
        self.shared.down = how == "down"
        if how == "forgets":
            self.shared.entries.clear()

    async def pass_(self, minutes: int, _: None) -> None:
        self.clock.milliseconds += minutes * 60_000


@given(_STEPS)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_answer_was_never_true_or_is_too_old(steps: list[tuple[str, object, object]]) -> None:
    async def run() -> None:
        model = Model()
        for name, first, second in steps:
            await getattr(model, "pass_" if name == "pass" else name)(first, second)

    asyncio.run(run())
