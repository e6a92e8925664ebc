"""Watches the versions for all of this process: what any process has changed is noticed here, and nowhere else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.application.patiently import patiently
from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from policy_service.application.ports import ChangeSignal, Clock, Versions, VersionStore

    CatchUp = Callable[[Versions, Versions | None], Awaitable[None]]

EVERY_S = 0.25
"""Between two looks. A message that is lost costs no more than this."""
PATIENCE_S = 1.0
"""How long the store may take to tell its versions before it counts as gone."""


class VersionWatch:
    """The versions as last read, and when they were last confirmed."""

    def __init__(self, versions: VersionStore, signal: ChangeSignal, clock: Clock) -> None:
        """Read from the store; the signal saves waiting for the next look."""
        self._versions = versions
        self._signal = signal
        self._clock = clock
        self._hearers: list[Callable[[], None]] = []
        self._moved = asyncio.Event()
        self._begun = self._answered = 0
        """How many looks have begun, and which of them was the latest to end."""
        self.current: Versions | None = None
        """None until the store has answered once."""
        self.confirmed_at: int | None = None
        """When the store last confirmed ``current``, in epoch seconds."""
        self.available = True
        """Whether the store answered the last look."""

    def on_look(self, hear: Callable[[], None]) -> None:
        """Call ``hear`` after every look, whatever came of it. It must not raise."""
        self._hearers.append(hear)

    async def look(self) -> None:
        """Read the versions; where the store is gone, those known before stay.

        Looks may overlap: one that ends after another that began later has seen an older state, and counts for nothing.
        """
        self._begun += 1
        number = self._begun
        try:
            async with patiently(PATIENCE_S):
                found = await self._versions.versions()
        except (StoreUnavailableError, TimeoutError):
            found = None
        if number > self._answered:
            self._answered = number
            self._take(found)
        for hear in self._hearers:
            hear()

    def _take(self, found: Versions | None) -> None:
        """Take in what a look has found; None: that the store is gone."""
        self.available = found is not None
        if found is None:
            return
        self.confirmed_at = self._clock.now()
        if found != self.current:
            self.current = found
            self._moved.set()
            self._moved = asyncio.Event()

    async def changed(self) -> None:
        """Follow a change that this process has just made, and tell the other processes of it."""
        await self.look()
        await self._signal.announce()

    async def follow(self, catch_up: CatchUp) -> None:
        """Call ``catch_up`` with the versions, and those before, whenever they have moved; never returns.

        Where it cannot catch up for now, because of a StoreUnavailableError, it is called again soon.
        """
        seen: Versions | None = None
        while True:
            while self.current is None or self.current == seen:
                await self._moved.wait()
            now = self.current
            try:
                await catch_up(now, seen)
            except StoreUnavailableError:
                await asyncio.sleep(EVERY_S)
            else:
                seen = now

    async def keep_looking(self, every_s: float = EVERY_S) -> None:
        """Look for ever: as soon as another process tells of a change, and every so often in any case."""
        while True:
            await self.look()
            await self._signal.wait(every_s)
