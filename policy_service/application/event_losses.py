"""What operators must know of recording: events that were lost, and a spool that fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.concerns import Concern, ConcernCode
from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.event_shipping import ShippingObserver
    from policy_service.application.ports import Clock, EventSpool

REMEMBERED_S = 3_600
"""For how long after the last loss the service is degraded by it."""
FULL_SHARE = 0.5
"""Which part of the spool may fill before that is of concern."""
_MB = 1024 * 1024


class EventLosses:
    """Stands before the telemetry: passes everything on, and remembers what was lost for the state of health."""

    def __init__(self, observer: ShippingObserver, clock: Clock) -> None:
        """Pass on to the observer."""
        self._clock = clock
        self._dropped = observer.dropped
        self.store_failed = observer.store_failed
        self.store_recovered = observer.store_recovered
        self.stored = observer.stored
        self.spool_is = observer.spool_is
        self._lost = 0
        self._since = self._last = 0

    def dropped(self, decision_id: str, why: str, count: int = 1) -> None:
        """Hear that events are lost."""
        now = self._clock.now()
        if now - self._last > REMEMBERED_S:
            self._lost, self._since = 0, now
        self._lost, self._last = self._lost + count, now
        self._dropped(decision_id, why, count)

    def concerns(self, spool: EventSpool) -> Sequence[Concern]:
        """Return what is of concern."""
        found: list[Concern] = []
        if self._lost and self._clock.now() - self._last <= REMEMBERED_S:
            told = f"{self._lost} access events have been lost since {format_instant(self._since)}"
            found.append(Concern(ConcernCode.EVENTS_LOST, told))
        if spool.broken:
            told = "access events wait in memory only: the disk of this node takes nothing"
            found.append(Concern(ConcernCode.EVENTS_IN_MEMORY, told))
        if spool.used > spool.limit * FULL_SHARE:
            waiting = f"{spool.used / _MB:.1f} of {spool.limit / _MB:.1f} MB"
            found.append(Concern(ConcernCode.EVENTS_WAIT, f"access events wait on this node: {waiting}"))
        return found
