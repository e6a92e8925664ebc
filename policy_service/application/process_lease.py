"""What one process does at a time, over all workers and nodes: the lease on it, as one process sees it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, Leases


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """What a lease is on, for how long it lasts, and how often it is prolonged."""

    name: str
    lasts_s: float
    """For so long a process that was killed still keeps the others from it."""
    prolong_s: float


PUSHING = LeaseTerms("push", lasts_s=20.0, prolong_s=4.0)
"""A delivery takes at most 10 s: who has prolonged it 4 s ago surely has it until the delivery ends."""
MODES = LeaseTerms("modes", lasts_s=1.5, prolong_s=0.4)
"""Short: a switch must not wait for who was killed. Nothing depends on it, see ``DesiredModes.tell``."""
WATCHING = LeaseTerms("mode watch", lasts_s=20.0, prolong_s=4.0)
"""Nothing depends on it: of two who watch, one is told that the other was faster."""

LISTS = LeaseTerms("local lists", lasts_s=60.0, prolong_s=5.0)
"""Two at once would say the same: events are stored once."""


class ProcessLease:
    """The lease as one process sees it."""

    def __init__(self, leases: Leases, clock: Clock, terms: LeaseTerms) -> None:
        """Hold it under a name that no other process has."""
        self._leases = leases
        self._clock = clock
        self._terms = terms
        self._holder = str(uuid4())
        self._asked_at: float | None = None
        self._held = False
        self._asking = asyncio.Lock()
        self.term = 0
        """Grows whenever another process may have held it since: what was known before has to be read again."""
        self.answered = True
        """Whether the store could be asked last."""

    async def held(self) -> bool:
        """Take or prolong the lease, unless that was done a moment ago; tell whether this process has it."""
        async with self._asking:
            now = monotonic()
            if self._asked_at is None or now - self._asked_at >= self._terms.prolong_s:
                self._held, self._asked_at = await self._ask(), now
        return self._held

    async def keep(self) -> None:
        """Prolong it for ever, wherever this process has it: whatever its work waits for."""
        while True:
            await asyncio.sleep(self._terms.prolong_s)
            if self._held:
                await self.held()

    async def give_back(self) -> None:
        """Let another process go on at once."""
        if self._held:
            self._held = False
            with suppress(StoreUnavailableError):
                await self._leases.release(self._terms.name, self._holder)

    async def _ask(self) -> bool:
        name, now = self._terms.name, self._clock.now_ms()
        until = now + round(self._terms.lasts_s * 1000)
        self.answered = True
        try:
            if self._held and await self._leases.prolong(name, self._holder, until):
                return True
            taken = await self._leases.take(name, self._holder, now, until)
        except StoreUnavailableError:
            self.answered = False
            return False
        self.term += taken
        return taken
