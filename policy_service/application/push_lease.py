"""Who pushes events: one process at a time, over all workers and nodes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, Leases

LEASE = "push"
LASTS_S = 20.0
"""For so long a process that was killed still keeps the others from it."""
PROLONG_S = 4.0
"""A delivery takes at most 10 s: who has prolonged it this long ago surely has it until the delivery ends."""


class PushLease:
    """The lease as one process sees it."""

    def __init__(
        self,
        leases: Leases,
        clock: Clock,
        *,
        name: str = LEASE,
        lasts_s: float = LASTS_S,
        prolong_s: float = PROLONG_S,
    ) -> None:
        """Hold it as somebody whom no other process is."""
        self._leases = leases
        self._name = name
        self._clock = clock
        self._holder = str(uuid4())
        self._lasts_s = lasts_s
        self._prolong_s = prolong_s
        self._asked_at: float | None = None
        self._held = False
        self._asking = asyncio.Lock()

    async def held(self) -> bool:
        """Take or prolong the lease, unless that was done a moment ago; tell whether this process has it."""
        async with self._asking:
            now = monotonic()
            if self._asked_at is None or now - self._asked_at >= self._prolong_s:
                self._held, self._asked_at = await self._take(), now
        return self._held

    async def give_back(self) -> None:
        """Let another process go on at once."""
        if self._held:
            self._held = False
            with suppress(StoreUnavailableError):
                await self._leases.release(self._name, self._holder)

    async def _take(self) -> bool:
        now = self._clock.now_ms()
        try:
            return await self._leases.take(self._name, self._holder, now, now + round(self._lasts_s * 1000))
        except StoreUnavailableError:
            return False
