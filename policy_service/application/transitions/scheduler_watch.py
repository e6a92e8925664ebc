"""Whether anybody tells chargers their modes, where the service leaves that to processes of their own."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from policy_service.application.concerns import Concern, ConcernCode
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.process_lease import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_service.application.ports import Lease, Leases
    from policy_service.application.transitions.observer import TransitionObserver

EVERY_S = 2.0
SILENT_S = 10.0
"""Far more than another process takes to go on for one that was killed."""


class SchedulerWatch:
    """Looks whether the lease of who tells still moves: by a process that was never started it does not either."""

    def __init__(self, leases: Leases, observer: TransitionObserver, passed_s: Callable[[], float] = monotonic) -> None:
        """Begin as if it had moved just now; ``passed_s`` counts the seconds that pass, from any start."""
        self._leases = leases
        self._observer = observer
        self._passed_s = passed_s
        self._seen: Lease | None = None
        self._moved_at = passed_s()

    @property
    def silent_s(self) -> float:
        """Return for how many seconds nobody was seen who tells."""
        return self._passed_s() - self._moved_at

    def concerns(self) -> Sequence[Concern]:
        """Say so where nobody tells."""
        if self.silent_s <= SILENT_S:
            return []
        told = "nobody tells chargers their modes; is policy-service scheduler running on this database?"
        return [Concern(ConcernCode.MODES_NOT_TOLD, told)]

    async def keep_watching(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look at the lease; without the store nobody is seen, and nobody told."""
        try:
            seen = await self._leases.get(MODES.name)
        except StoreUnavailableError:
            seen = None
        if seen is not None and seen != self._seen:
            self._seen, self._moved_at = seen, self._passed_s()
        self._observer.scheduler_silent(self.silent_s)
