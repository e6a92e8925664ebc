"""Access events: what a managed-access decision leaves behind, a category of its own, never a fault."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass


class EventType(StrEnum):
    """What happened, seen from the driver."""

    DENIED = "access.denied"
    ALLOWED = "access.allowed"
    WOULD_DENY = "access.would_deny"
    BREACH = "access.breach"


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """One recorded decision; ``decision_id`` is its idempotent key (UUIDv7). Instants are epoch milliseconds.

    Carries no raw identifier: only its masked form and a keyed fingerprint.
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
    evse: int | None = None
    connector: int | None = None
    caller: str | None = None
    request_id: str | None = None
