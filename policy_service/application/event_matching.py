"""Whether an event is one of those asked for: what the database does for lists, for who follows events."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.application.ports import EventFilter
    from policy_service.domain.events import AccessEvent

_EQUAL = (
    "type",
    "outcome",
    "reason",
    "charger",
    "vehicle_class",
    "vehicle",
    "fleet",
    "policy",
    "identifier_fingerprint",
    "transaction_id",
)


def fits(event: AccessEvent, wanted: EventFilter) -> bool:
    """Tell whether the event passes the filter."""
    if any(getattr(wanted, name) not in {None, getattr(event, name)} for name in _EQUAL):
        return False
    labels = wanted.within if wanted.label is None else (*wanted.within, (wanted.label[0], (wanted.label[1],)))
    return (
        all(event.labels.get(name) in values for name, values in labels)
        and (wanted.since is None or event.recorded_at >= wanted.since)
        and (wanted.until is None or event.recorded_at < wanted.until)
    )
