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

    async def write(self, lines: Sequence[bytes]) -> None:
        """Store events, written as ``event_line`` does, durably before returning; a known decision id changes nothing.

        Raises StoreUnavailableError.
        """
        ...


class EventReader(Protocol):
    """Where access events are read from."""

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion."""
        ...

    async def get(self, decision_id: str) -> AccessEvent | None:
        """Return one event."""
        ...


class EventFeed(Protocol):
    """Access events in the order in which they became visible, for who follows them.

    Every method raises StoreUnavailableError.
    """

    async def latest(self) -> int:
        """Return the position of the event that became visible last, 0 where there is none."""
        ...

    async def after(self, position: int, *, limit: int) -> Sequence[tuple[int, AccessEvent]]:
        """Return the events behind a position with their own; what shows up later has a greater one."""
        ...

    async def position_of(self, decision_id: str) -> int | None:
        """Return where an event stands, None for one that is not there (any more)."""
        ...
