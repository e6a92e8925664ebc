"""Access events out of rows of the database."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.events import AccessEvent, DegradedBy, DriverSignal, EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import RowMapping

COLUMNS = tuple(field.name for field in fields(AccessEvent))
"""The columns of an event; the table has ``position`` beside them."""

_VOCABULARY: Mapping[str, Callable[[str], str]] = {
    "type": EventType,
    "outcome": Outcome,
    "reason": Reason,
    "mode": AccessMode,
    "vehicle_class": VehicleClass,
    "driver_signal": DriverSignal,
    "degraded": DegradedBy,
}


def event_of(row: Mapping[str, Any] | RowMapping) -> AccessEvent:
    """Return the event that a row holds."""
    values = {name: row[name] for name in COLUMNS}
    for name, member in _VOCABULARY.items():
        values[name] = None if values[name] is None else member(values[name])
    return AccessEvent(**values)
