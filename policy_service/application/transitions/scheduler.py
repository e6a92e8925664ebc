"""Tells every charger its mode in time: one process at a time, each change once, whatever is killed when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.application.concerns import Concern, ConcernCode
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.transitions.messages import A_STEP, Writer
from policy_service.application.transitions.roster import Roster, because
from policy_service.domain.mode_events import Cause
from policy_service.engine.due import course

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, DesiredModes
    from policy_service.application.process_lease import ProcessLease
    from policy_service.application.transitions.cache_clearing import CacheClearing
    from policy_service.application.transitions.messages import Batch
    from policy_service.application.transitions.observer import TransitionObserver
    from policy_service.application.transitions.roster import Group
    from policy_service.engine.plan import Plan

EVERY_S = 0.25
A_SLICE = 2_000
"""Chargers told by one transaction."""
LAGS_S = 5.0
"""A charger should be in its mode by then, counted from the instant."""


class OvertakenError(Exception):
    """Another process has told somebody something since this one read what was told."""


class TransitionScheduler:
    """Looks four times a second; what each charger was told stands in the store, and nothing else has to be kept."""

    def __init__(
        self,
        plans: PlanHolder,
        desired: DesiredModes,
        clearing: CacheClearing,
        lease: ProcessLease,
        clock: Clock,
        observer: TransitionObserver,
        *,
        lead_s: int = 0,
    ) -> None:
        """Wire the collaborators; chargers are told of a change ``lead_s`` seconds before it."""
        self._plans = plans
        self._desired = desired
        self._clearing = clearing
        self._lease = lease
        self._clock = clock
        self._observer = observer
        self._lead = lead_s * 1000
        self._roster: Roster | None = None
        self._noticed: Plan | None = None
        self._changed = Cause.POLICY
        self._done_at = clock.now_ms()

    @property
    def behind_s(self) -> float:
        """Return for how many seconds it is not known that all were told what was due."""
        return max(0, self._clock.now_ms() - self._done_at) / 1000

    def concerns(self) -> Sequence[Concern]:
        """Say so where chargers are told too late."""
        late = Concern(ConcernCode.MODES_NOT_TOLD, "chargers wait for their modes")
        return [late] if self.behind_s > LAGS_S else []

    async def keep_telling(self) -> None:
        """Tell until cancelled, whenever this process has the lease; :meth:`keep_lease` runs beside it."""
        try:
            while True:
                try:
                    await self.look()
                except StoreUnavailableError:
                    pass
                except OvertakenError:
                    self._observer.transitions_overtaken()
                self._observer.transitions_wait(self._roster.waiting if self._roster else 0, self.behind_s)
                await asyncio.sleep(EVERY_S)
        finally:
            await self._lease.give_back()

    async def keep_lease(self) -> None:
        """Prolong the lease until cancelled, however long telling takes."""
        await self._lease.keep()

    async def look(self) -> None:
        """Tell whom something is due to be told. Raises StoreUnavailableError and OvertakenError."""
        now, plan = self._clock.now_ms(), self._plans.plan
        if plan is None:
            return
        self._clearing.follow(plan)
        self._notice(plan)
        if not await self._lease.held():
            self._roster = None
            if self._lease.answered:  # somebody else tells, and knows how late
                self._done_at = now
            return
        roster, self._roster = self._roster, None  # what was stored of a look that fails is not known
        if roster is None or roster.term != self._lease.term:
            roster = Roster(await self._desired.all(), self._lease.term)
        if plan is not roster.plan:
            await roster.follow(plan, self._changed)
            await self._forget(roster)
        if await self._told_all(roster, plan) and await self._clearing.look(plan, roster.term):
            roster.known = self._done_at = now
        self._roster = roster

    def _notice(self, plan: Plan) -> None:
        """Find out why the plan is another one than before, whoever tells."""
        before, self._noticed = self._noticed, plan
        if before is not None and before is not plan:
            self._changed = because(before, plan)

    async def _told_all(self, roster: Roster, plan: Plan) -> bool:
        now = self._clock.now_ms()
        for group in roster.groups:
            group.look(now, self._lead)
        waiting = roster.waiting
        for group in roster.groups:
            while group.asked:
                # A plan that came meanwhile counts at once, and so does another process.
                if plan is not self._plans.plan or not await self._lease.held():
                    return False
                some = group.asked[-A_SLICE:]
                await self._tell(roster, plan, group, some)
                del group.asked[-len(some) :]
                waiting -= len(some)
                self._observer.transitions_wait(waiting, self.behind_s)
        return True

    async def _tell(self, roster: Roster, plan: Plan, group: Group, chargers: Sequence[str]) -> None:
        """Tell them what has come, and what comes within the lead after it."""
        writer = Writer(roster, plan, group, course(group.governance, self._clock.now_ms()), self._lead)
        batch = await writer.batch(chargers)
        while batch.told:
            await self._store(roster, batch)
            batch = await writer.batch([each.charger for each in batch.told])

    async def _store(self, roster: Roster, batch: Batch) -> None:
        if not await self._desired.tell(batch.told, batch.events, batch.over):
            raise OvertakenError
        roster.told.update({each.charger: each for each in batch.told})
        for start in range(0, len(batch.events), A_STEP):
            self._observer.mode_events(batch.events[start : start + A_STEP])
            await asyncio.sleep(0)

    async def _forget(self, roster: Roster) -> None:
        gone = list((await roster.gone()).items())
        for start in range(0, len(gone), A_SLICE):
            some = dict(gone[start : start + A_SLICE])
            await self._desired.forget(some)
            for charger in some:
                del roster.told[charger]
