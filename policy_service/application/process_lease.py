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
MODES = LeaseTerms("modes", lasts_s=2.0, prolong_s=0.5)
"""Short: a switch must not wait for who was killed. Nothing depends on it, see ``DesiredModes.tell``."""

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
            since = None if self._asked_at is None else now - self._asked_at
            if since is None or since >= self._terms.prolong_s:
                taken = await self._take()
                if taken and (not self._held or since is None or since >= self._terms.lasts_s):
                    self.term += 1
                self._held, self._asked_at = taken, now
        return self._held

    async def give_back(self) -> None:
        """Let another process go on at once."""
        if self._held:
            self._held = False
            with suppress(StoreUnavailableError):
                await self._leases.release(self._terms.name, self._holder)

    async def _take(self) -> bool:
        now = self._clock.now_ms()
        self.answered = True
        try:
            return await self._leases.take(self._terms.name, self._holder, now, now + round(self._terms.lasts_s * 1000))
        except StoreUnavailableError:
            self.answered = False
            return False
