"""Records and events to test with."""

from __future__ import annotations

from typing import Any

from policy_service.application.event_line import event_line
from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.agreement import Agreement
from policy_service.domain.events import AccessEvent, EventType
from policy_service.domain.identifier import IdentifierRecord, IdentifierType


def identifier(key: str, **changed: object) -> IdentifierRecord:
    values: dict[str, Any] = {
        "id": f"{hash(('sample', key, changed.get('source'))) & (2**128 - 1):032x}",
        "key": key,
        "type": IdentifierType.RFID,
        "vehicle_class": VehicleClass.OWN,
        "vehicle": f"bus-{key}",
        "fleet": "north",
    }
    return IdentifierRecord(**{**values, **changed})


def agreement(agreement_id: str, **changed: object) -> Agreement:
    values: dict[str, Any] = {"id": agreement_id, "fleet": "metro", "source": "http"}
    return Agreement(**{**values, **changed})


def event(decision_id: str, **changed: object) -> AccessEvent:
    values: dict[str, Any] = {
        "decision_id": decision_id,
        "type": EventType.DENIED,
        "time": 1_795_000_000_000,
        "recorded_at": 1_795_000_000_123,
        "charger": "NTH-01",
        "labels": {"depot": "north"},
        "outcome": Outcome.ACCESS_DENIED,
        "reason": Reason.UNKNOWN_IDENTIFIER,
        "mode": AccessMode.MANAGED,
        "vehicle_class": VehicleClass.UNKNOWN,
        "policy": "north-depot",
        "window": None,
        "revision": "sha256:0",
    }
    return AccessEvent(**{**values, **changed})


def lines(*events: AccessEvent) -> list[bytes]:
    """Return events as the store takes them in."""
    return [event_line(event) for event in events]
