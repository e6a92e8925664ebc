"""What a timeline is drawn of: chargers that share it, its days and its segments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.timeline_bands import midnight

if TYPE_CHECKING:
    from datetime import date

    from policy_service.domain.timeline import Segment
    from policy_service.engine.plan import ChargerPlan


class Drawn:
    """Chargers with one timeline: drawn once."""

    def __init__(self, entry: ChargerPlan, span: tuple[date, int]) -> None:
        """Take the segments of so many days; without a first day, from today on."""
        policy = entry.policy
        self.zone = Zone.of(policy.timezone if policy else "UTC")
        self.timezone = policy.timezone if policy else None
        self.policy = policy
        self.first, self.days = span
        self.range = midnight(self.first, self.zone), midnight(self.first + timedelta(self.days), self.zone)
        self.segments: list[Segment] = entry.segments(*self.range)
        self.chargers: list[str] = [entry.charger.id]
