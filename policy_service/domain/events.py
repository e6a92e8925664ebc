"""Access events: what a managed-access decision leaves behind, a category of its own, never a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass

SCHEMA_VERSION = 1
"""Of what an event says; a number of its own, raised when a field changes its meaning or goes."""


class EventType(StrEnum):
    """What happened, seen from the driver."""

    DENIED = "access.denied"
    ALLOWED = "access.allowed"
    WOULD_DENY = "access.would_deny"
    BREACH = "access.breach"
    """A charger that in managed mode authorises without asking, or sends its freevend token."""


class DriverSignal(StrEnum):
    """How a refused driver could be told: a text on the charger, what its status shows (LED, tone), or not at all."""

    TEXT = "text"
    STATUS_ONLY = "status_only"
    NONE = "none"


class DegradedBy(StrEnum):
    """Who decided while a client could not reach the service."""

    CACHE = "cache"
    """A decision of the service, remembered by the client."""
    BUNDLE = "bundle"
    """The depot's bundle."""
    ON_UNREACHABLE = "on_unreachable"
    """The policy's ``onUnreachable``."""


@dataclass(slots=True)
class AccessEvent:
    """One recorded decision; ``decision_id`` is its idempotent key (UUIDv7). Instants are epoch milliseconds.

    Nothing changes one; to have Python see to that would make each three times as dear to build.

    Carries no identifier in the clear: its masked form, a keyed fingerprint, and, where an unknown one may still be
    enrolled, the sealed form that only the service opens.
    """

    decision_id: str
    type: EventType
    time: int
    """The instant that was asked about."""
    recorded_at: int
    charger: str
    labels: Mapping[str, str]
    outcome: Outcome
    reason: Reason
    mode: AccessMode | None
    vehicle_class: VehicleClass | None
    policy: str | None
    window: str | None
    revision: str
    vehicle: str | None = None
    fleet: str | None = None
    agreement: str | None = None
    identifier_masked: str | None = None
    identifier_fingerprint: str | None = None
    fingerprint_key: int | None = None
    """Which generation of the fingerprint key it was made with."""
    driver_signal: DriverSignal | None = None
    """None where nobody was refused."""
    evse: int | None = None
    connector: int | None = None
    ocpp_action: str | None = None
    """Such as ``Authorize`` or ``StartTransaction``."""
    message_id: str | None = None
    """The OCPP message's."""
    transaction_id: str | None = None
    late: bool | None = None
    """Whether it happened while the charger was offline, and was decided afterwards; None where no clock was judged."""
    clock_suspect: bool | None = None
    """Whether the charger's clock was not believed, so that ``time`` is ours; None where no clock was judged."""
    caller: str | None = None
    request_id: str | None = None
    evidence: Mapping[str, object] | None = field(default=None, repr=False)
    """What the registry said of the vehicle, without any identifier: enough to explain the decision later."""
    sealed_identifier: str | None = field(default=None, repr=False)
    """The identifier, encrypted, for a bounded time; never a PIN's."""
    degraded: DegradedBy | None = None
    """None where the service itself decided."""

    @property
    def id(self) -> str:
        """Return its idempotent key."""
        return self.decision_id
