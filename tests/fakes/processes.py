"""The registry of one process, on fakes that several processes may share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fakes.clock import FakeClock
from fakes.levels import CountingMeter, Hub, MemorySharedCache, MemorySnapshot, watch_over
from fakes.registry_stores import MemoryIdentifiers
from fakes.stores import MemoryState, MemoryVersions

from policy_service.application.registry import Registry, RegistryBounds

if TYPE_CHECKING:
    from policy_service.domain.registration import Absence, Registration


class Process:
    """The registry of one process, on fakes that several processes may share."""

    def __init__(
        self,
        state: MemoryState,
        shared: MemorySharedCache | None = None,
        clock: FakeClock | None = None,
        bounds: RegistryBounds | None = None,
        hub: Hub | None = None,
    ) -> None:
        """Start with an empty cache, and without a copy."""
        self.state = state
        self.identifiers = MemoryIdentifiers(state)
        self.shared = shared or MemorySharedCache()
        self.snapshot = MemorySnapshot()
        self.clock = clock or FakeClock()
        self.watch = watch_over(MemoryVersions(state), self.clock, hub)
        self.meter = CountingMeter()
        self.registry = Registry(
            self.identifiers, self.shared, self.snapshot, self.watch, self.clock, self.meter, bounds
        )

    async def find(self, *keys: str) -> Registration | Absence:
        found = await self.registry.find(keys)
        await asyncio.sleep(0)  # what is shared is shared in the background
        await asyncio.sleep(0)
        return found

    async def copy(self) -> None:
        """Make the copy of this node."""
        self.snapshot.versions = await MemoryVersions(self.state).versions()
        every = [(record.key,) for record in self.state.identifiers.values()]
        found = await self.identifiers.find_each(every)
        self.snapshot.registrations = {keys: each for keys, each in zip(every, found, strict=True) if each is not None}
        self.snapshot.confirmed_at = self.clock.now()
