"""Keeps what every revision was made of that comes into force here, without ever holding one up."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING

from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder, PlanState
    from policy_service.application.ports import Clock, PlanArchive, PlanOrigin

LOOK_EVERY_S = 1.0
NOTE_EVERY_S = 3_600
"""How often the revision in force is noted as such: an old one is known by not having been."""
MOST_WAITING = 1_000
"""Revisions that wait for a database that is gone; of more, the oldest are let go."""


class ArchiveKeeping:
    """Hears of every plan, and writes in the background."""

    def __init__(self, plans: PlanHolder, archive: PlanArchive, clock: Clock) -> None:
        """Keep every revision of these plans; when one goes is said by ``Retaining``."""
        self._archive = archive
        self._clock = clock
        self._waiting: OrderedDict[str, PlanOrigin] = OrderedDict()
        self._current: tuple[str, PlanOrigin] | None = None
        self._noted_at = 0
        plans.on_swap(self.take)

    def take(self, state: PlanState) -> None:
        """Take note of what is in force now."""
        if state.plan is None or state.origin is None:
            return
        revision = state.plan.revision
        if self._current is not None and self._current[0] == revision:
            return
        self._current = (revision, state.origin)
        self._waiting[revision] = state.origin
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)

    async def keep(self, every_s: float = LOOK_EVERY_S) -> None:
        """Keep for ever what comes into force."""
        while True:
            with suppress(StoreUnavailableError):  # what waits goes on waiting until the database is back
                await self.step()
            await asyncio.sleep(every_s)

    async def step(self) -> None:
        """Write what waits, and what is in force when it is time to. Raises StoreUnavailableError."""
        now = self._clock.now()
        if now >= self._noted_at + NOTE_EVERY_S and self._current is not None:
            self._waiting.setdefault(*self._current)
        while self._waiting:
            revision, origin = next(iter(self._waiting.items()))
            await self._archive.keep(revision, origin, now)
            self._waiting.pop(revision, None)
        if now >= self._noted_at + NOTE_EVERY_S:
            self._noted_at = now
