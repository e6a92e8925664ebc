"""What one process does at a time, over all workers and nodes: the lease on it, as one process sees it.

Whether a lease is over is a matter of durations alone: who wants it takes it once it has not moved for as long as it
lasts, by the own monotonic clock. So clocks of nodes may show what they like.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from policy_service.application.ports import Lease, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_service.application.ports import Clock, Leases


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """What a lease is on, for how long it lasts, and how often it is prolonged."""

    name: str
    lasts_s: float
    """For so long a process that was killed still keeps the others from it, those as well that start after its end."""
    prolong_s: float


PUSHING = LeaseTerms("push", lasts_s=20.0, prolong_s=4.0)
"""A delivery takes at most 10 s: who has prolonged it 4 s ago surely has it until the delivery ends."""
MODES = LeaseTerms("modes", lasts_s=1.5, prolong_s=0.4)
"""Short: a switch must not wait for who was killed. Nothing depends on it, see ``DesiredModes.tell``."""
WATCHING = LeaseTerms("mode watch", lasts_s=20.0, prolong_s=4.0)
"""Nothing depends on it: of two who watch, one is told that the other was faster."""
LISTS = LeaseTerms("local lists", lasts_s=60.0, prolong_s=5.0)
"""Two at once would say the same: events are stored once."""
RETAINING = LeaseTerms("retention", lasts_s=900.0, prolong_s=5.0)
"""Longer than the pause between two looks. Nothing depends on it: of two who count, old events go twice as fast."""


class ProcessLease:
    """The lease as one process sees it."""

    def __init__(
        self, leases: Leases, clock: Clock, terms: LeaseTerms, passed_s: Callable[[], float] = monotonic
    ) -> None:
        """Hold it under a name that no other process has; ``passed_s`` counts the seconds that pass, from any start."""
        self._leases = leases
        self._clock = clock
        self._terms = terms
        self._passed_s = passed_s
        self._holder = str(uuid4())
        self._asked_at: float | None = None
        self._held = False
        self._until = 0
        self._others: tuple[Lease, float] | None = None
        """Another's lease as it was seen last, and since when it has stood like that, in seconds that passed."""
        self._asking = asyncio.Lock()
        self.term = 0
        """Grows whenever another process may have held it since: what was known before has to be read again."""
        self.answered = True
        """Whether the store could be asked last."""

    async def held(self) -> bool:
        """Take or prolong the lease, unless that was done a moment ago; tell whether this process has it."""
        async with self._asking:
            now = self._passed_s()
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
        name, until = self._terms.name, self._clock.now_ms() + round(self._terms.lasts_s * 1000)
        self._until = max(until, self._until + 1)  # it moves, though the clock be put back
        mine = Lease(self._holder, self._until)
        self.answered = True
        try:
            if self._held and await self._leases.prolong(name, mine):
                return True
            seen = await self._leases.get(name)
            taken = not self._lasts(seen) and await self._leases.take(name, mine, seen)
        except StoreUnavailableError:
            self.answered = False
            return False
        self.term += taken
        return taken

    def _lasts(self, seen: Lease | None) -> bool:
        """Whether a lease is another's, who may still be at work."""
        if seen is None or seen.holder == self._holder:
            return False
        if self._others is None or self._others[0] != seen:
            self._others = seen, self._passed_s()
        return self._passed_s() - self._others[1] < self._terms.lasts_s
