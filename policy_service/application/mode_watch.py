"""Watches changes of mode: lets retries fall due, says what has diverged, and counts how chargers stand."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from policy_service.application.commands.report_mode import ModeObserver
from policy_service.application.plan_holder import NoPlanError
from policy_service.application.ports import ConflictError, StoreUnavailableError
from policy_service.application.queries.charger_sync import subject_of
from policy_service.domain.charger_sync import SyncState
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.mode_follow_up import waited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, ReportedModes
    from policy_service.application.process_lease import ProcessLease
    from policy_service.application.queries.charger_sync import ChargerSync
    from policy_service.domain.mode_events import ModeEvent
    from policy_service.domain.mode_follow_up import Followed, Patience

EVERY_S = 1.0
BEGUN_EVERY_MS = 5_000
"""How often it is looked who has to be tried for the first time: that goes through all chargers."""
COUNTED_EVERY_S = 30.0
LARGEST = 250
"""Chargers in one transaction."""
_A_STEP = 50
"""Chargers followed up before other work of the process gets its turn."""


class WatchObserver(ModeObserver, Protocol):
    """Hears how chargers stand."""

    def charger_states(self, counted: Mapping[SyncState, int]) -> None:
        """Hear how many chargers are in each state."""
        ...

    def diverged(self, events: Sequence[ModeEvent]) -> None:
        """Hear of all that one look has found to have diverged."""
        ...


class ModeWatch:
    """One task of each process; the one that has the lease watches."""

    def __init__(
        self,
        reported: ReportedModes,
        sync: ChargerSync,
        plans: PlanHolder,
        lease: ProcessLease,
        clock: Clock,
        observer: WatchObserver,
        patience: Patience,
    ) -> None:
        """Wire the collaborators."""
        self._reported = reported
        self._sync = sync
        self._plans = plans
        self._lease = lease
        self._clock = clock
        self._observer = observer
        self._patience = patience
        self._counted_at: float | None = None
        self._diverged: list[ModeEvent] = []
        """Found and not said yet: the look goes on."""
        self._begun_at = 0
        """When it was last looked for changes of mode that nobody has followed up, in epoch milliseconds."""

    async def keep_watching(self, every_s: float = EVERY_S) -> None:
        """Watch until cancelled; wait out a database that does not answer."""
        try:
            while True:
                try:
                    more = await self._look()
                except (StoreUnavailableError, NoPlanError):
                    more = False
                await asyncio.sleep(0 if more else every_s)
        finally:
            await self._lease.give_back()

    async def _look(self) -> bool:
        if not await self._lease.held():
            if self._counted_at is not None:
                self._counted_at = None
                self._observer.charger_states(dict.fromkeys(SyncState, 0))
            return False
        more = await self.look()
        if self._counted_at is None or monotonic() - self._counted_at >= COUNTED_EVERY_S:
            self._counted_at = monotonic()
            self._observer.charger_states(await self._sync.counts())
        return more

    async def look(self) -> bool:
        """Do what is due at some chargers, and tell whether there may be more. Raises StoreUnavailableError."""
        now, plan = self._clock.now_ms(), self._plans.state.plan
        if plan is None:
            return False
        anew = abs(now - self._begun_at) >= BEGUN_EVERY_MS
        found = await self._reported.due(now, first_ms=self._patience.first_ms if anew else None, limit=LARGEST)
        followed: list[Followed] = []
        for number, (charger, standing) in enumerate(found.items()):
            if number % _A_STEP == 0:
                await asyncio.sleep(0)
            if standing.desired is not None:
                followed.append(waited(subject_of(plan, charger, standing), standing.desired, now, self._patience))
        events = [event for each in followed for event in each.events]
        if followed:
            try:
                await self._reported.put([each.reported for each in followed], events)
            except ConflictError:  # a report came in meanwhile: look again
                return True
            self._observer.mode_events(events)
            self._diverged += [event for event in events if event.type is ModeEventType.DIVERGED]
        more = len(found) >= LARGEST
        if self._diverged and not more:
            self._observer.diverged(self._diverged)
            self._diverged = []
        if anew and not more:
            self._begun_at = now
        return more
