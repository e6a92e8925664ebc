"""Access events, written and read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports.common import Page
    from policy_service.domain.access import Outcome, Reason, VehicleClass
    from policy_service.domain.api_key import Labels
    from policy_service.domain.events import AccessEvent, EventType
    from policy_service.engine.zone import Zone

Event_co = TypeVar("Event_co", covariant=True)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are asked for; None asks for any. Instants are epoch milliseconds, ``[since, until)``."""

    type: EventType | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    charger: str | None = None
    label: tuple[str, str] | None = None
    vehicle_class: VehicleClass | None = None
    vehicle: str | None = None
    fleet: str | None = None
    policy: str | None = None
    identifier_fingerprint: str | None = None
    transaction_id: str | None = None
    since: int | None = None
    until: int | None = None
    within: Labels = ()
    """Only events of chargers that had one of the values of each of these labels."""


class EventGrouping(StrEnum):
    """What events are counted by. Hours and days are those of a zone."""

    REASON = "reason"
    CHARGER = "charger"
    DEPOT = "depot"
    """The label of that name."""
    HOUR = "hour"
    DAY = "day"
    TYPE = "type"
    OUTCOME = "outcome"
    FLEET = "fleet"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class EventCount:
    """One group of events. Instants are epoch milliseconds."""

    key: str | int | None
    """What its events have in common; None where they lack it. An hour or day is told by the instant it begins."""
    count: int
    denied: int
    first: int
    last: int
    """When the earliest and the latest of them were recorded."""


class EventRefusedError(Exception):
    """The database takes no such event, now or ever."""


class EventWriter(Protocol):
    """Where access events go."""

    async def write(self, lines: Sequence[bytes]) -> None:
        """Store events, written as ``event_line`` does, durably before returning; a known decision id changes nothing.

        Raises StoreUnavailableError, and EventRefusedError for what will never be taken.
        """
        ...


class SpoolFullError(Exception):
    """As many bytes wait on this node as may."""


class SpoolBrokenError(Exception):
    """The disk does not take what is to wait on it, or does not give it back."""


@dataclass(frozen=True, slots=True)
class SpoolBatch:
    """Lines that are next to go to the database."""

    lines: Sequence[bytes]
    damaged: int
    """How many more there were that are not as they were written."""
    size: int
    """Bytes that all of it takes up."""
    where: object
    """The spool's own."""


class EventSpool(Protocol):
    """Where events wait on this node until the database has them; they outlive the process."""

    limit: int
    """Bytes that may wait on this node."""
    broken: bool
    """Whether the disk took nothing when last tried: lines then wait in memory."""

    @property
    def used(self) -> int:
        """Return the bytes that wait on this node."""
        ...

    @property
    def owed(self) -> int:
        """Return those of them that this process is to bring to the database."""
        ...

    @property
    def oldest_age_s(self) -> float:
        """Return for about how many seconds the oldest has waited, 0 where none does."""
        ...

    @property
    def mark(self) -> int:
        """Return the mark of the line that was appended last."""
        ...

    @property
    def shipped(self) -> int:
        """Return up to which mark the database has this process's lines."""
        ...

    def append(self, line: bytes) -> int:
        """Take a line in and return its mark, for :meth:`durable`. Raises SpoolFullError."""
        ...

    def durable(self, mark: int) -> asyncio.Future[None] | None:
        """Let the line of the mark, and all before it, outlive this process; None where they do by now.

        Else they do when what is returned has been awaited. Either raises SpoolBrokenError.
        """
        ...

    def batch(self, limit: int) -> SpoolBatch | None:
        """Return lines for the database, about ``limit`` bytes of them; None for none. Raises SpoolBrokenError."""
        ...

    def release(self, batch: SpoolBatch) -> None:
        """Hear that the database has the lines of a batch."""
        ...

    def in_memory(self) -> Sequence[bytes]:
        """Return the lines that the disk does not take, which end with this process."""
        ...

    def set_aside(self, line: bytes) -> None:
        """Keep a line that the database will never take, for a person to look at. Never fails."""
        ...

    def look(self) -> None:
        """Take over what processes left behind that are gone. Raises OSError."""
        ...

    def tidy(self) -> None:
        """Let go of what the database has."""
        ...


class FleetFigures(NamedTuple):
    """What decisions came to for one fleet; no vehicle is told apart."""

    counts: Mapping[EventType, int]
    reasons: Mapping[Reason, int]
    """Why its vehicles were refused, and how often."""
    hours: Mapping[int, int]
    """How many were refused in each hour of the day, UTC."""
    waits: int
    """How often a refused vehicle charged later."""
    unresolved: int
    """How often it did not, within the span."""
    waited_ms: int
    """Milliseconds from the first denial to the next admission, all together."""
    longest_ms: int


class FleetReports(Protocol):
    """Figures about fleets."""

    async def figures(self, fleet: str, since: int, until: int) -> FleetFigures:
        """Return what was recorded about a fleet in ``[since, until)``, in epoch milliseconds.

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

    async def match(self, charger: str, transaction_id: str, *, limit: int) -> Sequence[AccessEvent]:
        """Return the events of one transaction at a charger, newest first."""
        ...

    async def counts(self, wanted: EventFilter, by: EventGrouping, zone: Zone) -> Sequence[EventCount]:
        """Count events by group: the zone's hours and days in their order, anything else by count, then key."""
        ...


class EventRetention(Protocol):
    """Deletes what is too old. Every method raises StoreUnavailableError."""

    async def count_on(self, now: int, step: int) -> int:
        """Return how far retention has counted, in epoch milliseconds: to ``now``, but ``step`` further than before.

        Where nobody has counted, or a clock was ahead, it is ``now``.
        """
        ...

    async def delete_before(self, at: int) -> int:
        """Delete events that were recorded before an instant, in epoch milliseconds, in portions; return how many."""
        ...


class EventFeed(Protocol[Event_co]):
    """Events of one feed in the order in which they became visible, for who follows them.

    Every method raises StoreUnavailableError.
    """

    async def latest(self) -> int:
        """Return the position of the event that became visible last, 0 where there is none."""
        ...

    async def after(self, position: int, *, limit: int) -> Sequence[tuple[int, Event_co]]:
        """Return the events behind a position with their own; what shows up later has a greater one."""
        ...

    async def holds(self, position: int) -> bool:
        """Tell whether the event of a position is there still."""
        ...
