"""Access events, written and read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports.common import Page
    from policy_service.domain.access import Outcome, Reason, VehicleClass
    from policy_service.domain.api_key import Labels
    from policy_service.domain.events import AccessEvent


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are asked for; None asks for any. Instants are epoch milliseconds, ``[since, until)``."""

    outcome: Outcome | None = None
    reason: Reason | None = None
    charger: str | None = None
    label: tuple[str, str] | None = None
    vehicle_class: VehicleClass | None = None
    since: int | None = None
    until: int | None = None
    within: Labels = ()
    """Only events of chargers that had one of the values of each of these labels."""


class EventWriter(Protocol):
    """Where access events go."""

    async def write(self, events: Sequence[AccessEvent]) -> None:
        """Store events durably before returning; one with a known decision id changes nothing."""
        ...


class EventReader(Protocol):
    """Where access events are read from."""

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion."""
        ...

    async def get(self, decision_id: str) -> AccessEvent | None:
        """Return one event."""
        ...
