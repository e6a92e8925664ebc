"""Keeps events for as long as the operator wants, and no longer, by a count of time that no clock moves far at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.instant import DAY

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, EventRetention, PlanArchive
    from policy_service.application.process_lease import ProcessLease

EVERY_S = 600.0
STEP_S = 3_600
"""By so much the count goes on at most each time: six times as fast as time, and 400 days in more than two months."""
TELL_S = DAY


class RetentionObserver(Protocol):
    """Hears what keeps old events."""

    def retention_behind(self, seconds: int) -> None:
        """Hear that the count is behind the clock; once, until it is not."""
        ...


class Retaining:
    """Deletes what is older than so many days, and a day later what only such events refer to; 0 days keep all events.

    Days are counted in the database. The count follows the clock of whoever looks, back at once, and forward a little
    at a time: whoever sets a clock right that has leapt ahead has lost days of events, and not all of them. Overrides
    that are over and imports on record go by it as well.
    """

    def __init__(
        self,
        days: int,
        events: EventRetention,
        archive: PlanArchive,
        lease: ProcessLease,
        clock: Clock,
        observer: RetentionObserver,
    ) -> None:
        """Delete while this process has the lease: of many, each would move the count on."""
        self._days = days
        self._events = events
        self._archive = archive
        self._lease = lease
        self._clock = clock
        self._observer = observer
        self._told = False

    async def keep(self, every_s: float = EVERY_S) -> None:
        """Delete every now and then, until cancelled."""
        try:
            while True:
                with suppress(StoreUnavailableError):
                    await self.step()
                await asyncio.sleep(every_s)
        finally:
            await self._lease.give_back()

    async def step(self) -> None:
        """Count on, and delete what is too old. Raises StoreUnavailableError."""
        if not await self._lease.held():
            return
        now = self._clock.now_ms()
        counted = await self._events.count_on(now, STEP_S * 1000)
        if not self._days:
            return
        self._tell((now - counted) // 1000)
        await self._events.delete_before(counted - self._days * DAY * 1000)
        await self._archive.drop_before(counted // 1000 - (self._days + 1) * DAY)

    def _tell(self, behind: int) -> None:
        if behind > TELL_S and not self._told:
            self._observer.retention_behind(behind)
        self._told = behind > TELL_S
