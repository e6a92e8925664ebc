"""Breaches as reports: a charger that lets vehicles in unasked while it has to ask was seen in freevend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode
from policy_service.domain.mode_follow_up import ModeReport

if TYPE_CHECKING:
    from policy_service.application.commands.report_mode import ReportMode
    from policy_service.application.queries.decide import DecisionMeter
    from policy_service.domain.events import AccessEvent


class BreachWitness:
    """Measures decisions, and reports what a breach shows of its charger; nobody waits for that to be stored."""

    def __init__(self, meter: DecisionMeter, report: ReportMode) -> None:
        """Wire the collaborators."""
        self._meter = meter
        self._report = report
        self.decided = meter.decided

    def breached(self, event: AccessEvent) -> None:
        """Hear of a breach. Its instant is told in seconds: within this one it is now."""
        self._meter.breached(event)
        now_ms = event.recorded_at
        at = now_ms if event.time // 1000 == now_ms // 1000 else event.time
        seen = ModeReport(event.charger, at, AccessMode.FREEVEND, breach=True)
        self._report.notice(seen)
