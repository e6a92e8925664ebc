"""The levels between a decision and the database, in memory: each can be gone, and tells what it was asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from fakes.clock import FakeClock

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.version_watch import VersionWatch
from policy_service.domain.identifier import IdentifierType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.application.ports import Clock, Keys, Shared, Versions, VersionStore
    from policy_service.domain.registration import Registration


class MemorySharedCache:
    """What processes share; gone, it has nothing and takes nothing."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.entries: dict[Keys, Shared] = {}
        self.down = False

    async def get(self, keys: Keys) -> Shared | None:
        return None if self.down else self.entries.get(keys)

    async def put(self, keys: Keys, entry: Shared) -> None:
        if not self.down:
            self.entries[keys] = entry


class MemorySnapshot:
    """A copy of the registry, as of when a test has made it."""

    def __init__(self) -> None:
        """Hold no copy."""
        self.versions: Versions | None = None
        self.registrations: Mapping[Keys, Registration] = {}
        self.confirmed_at = 0

    @property
    def version(self) -> int | None:
        return None if self.versions is None else self.versions.registry

    def find(self, keys: Keys) -> Registration | None:
        if self.versions is None:
            raise StoreUnavailableError
        return self.registrations.get(keys)

    def each_but_pins(self) -> Iterator[Registration]:
        if self.versions is None:
            raise StoreUnavailableError
        known = self.registrations.values()
        yield from (found for found in known if found.record.type is not IdentifierType.PIN)

    def look(self) -> None:
        """Find nothing new: a test puts it in place."""

    def confirm(self) -> None:
        self.confirmed_at += 1


class Hub:
    """What carries announcements between the signals of one test."""

    def __init__(self) -> None:
        """Connect nobody."""
        self.signals: list[HubSignal] = []


class HubSignal:
    """One process's end of the hub."""

    def __init__(self, hub: Hub) -> None:
        """Connect to the hub."""
        self._hub = hub
        self._heard = asyncio.Event()
        hub.signals.append(self)

    async def announce(self) -> None:
        for signal in self._hub.signals:
            signal._heard.set()  # noqa: SLF001 - one of its own kind

    async def wait(self, at_most_s: float) -> None:
        try:
            await asyncio.wait_for(self._heard.wait(), at_most_s)
        except TimeoutError:
            return
        self._heard.clear()


class CountingMeter:
    """Counts look-ups by level."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.levels: Counter[str] = Counter()

    def looked_up(self, level: str, count: int = 1) -> None:
        if count:
            self.levels[level] += count


def watch_over(versions: VersionStore, clock: Clock | None = None, hub: Hub | None = None) -> VersionWatch:
    """Return a watch over the versions of one process."""
    return VersionWatch(versions, HubSignal(hub or Hub()), clock or FakeClock())
