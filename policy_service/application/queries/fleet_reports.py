"""What a customer may know of its own fleet: counts and durations, nothing of vehicles, identifiers or others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from policy_service.application.ports import FleetReports

_MS = 1000


class FleetReportQueries:
    """Reports about fleets. Raises StoreUnavailableError."""

    def __init__(self, reports: FleetReports, recorded: Callable[[], Awaitable[None]]) -> None:
        """Read from the store, once it has what this process ``recorded`` before."""
        self._reports = reports
        self._recorded = recorded

    async def of(self, fleet: str, since: int, until: int) -> dict[str, Any]:
        """Return the view of a fleet's figures over ``[since, until)``, in epoch seconds."""
        await self._recorded()
        found = await self._reports.figures(fleet, since * _MS, until * _MS)
        return {
            "allowed": found.counts.get(EventType.ALLOWED, 0),
            "denied": sum(found.reasons.values()),
            "would_deny": found.counts.get(EventType.WOULD_DENY, 0),
            "denied_by_reason": {str(reason): count for reason, count in sorted(found.reasons.items())},
            "denied_by_hour": {f"{hour:02}": count for hour, count in sorted(found.hours.items())},
            "waits": {
                "ended": found.waits,
                "not_ended": found.unresolved,
                "mean_s": None if not found.waits else round(found.waited_ms / found.waits / _MS),
                "longest_s": None if not found.waits else round(found.longest_ms / _MS),
            },
        }
