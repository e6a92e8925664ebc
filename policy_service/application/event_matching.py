"""Whether an event is one of those asked for: what the database does for lists, for who follows events."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import EventFilter, ModeEventFilter
    from policy_service.domain.api_key import Labels
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.mode_events import ModeEvent
    from policy_service.domain.outward import OutwardEvent

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
_MODE_EQUAL = ("type", "charger")


def fits(event: AccessEvent, wanted: EventFilter) -> bool:
    """Tell whether the event passes the filter."""
    return _equals(event, wanted, _EQUAL) and _within(event, wanted)


def mode_event_fits(event: ModeEvent, wanted: ModeEventFilter) -> bool:
    """Tell whether the mode event passes the filter."""
    return _equals(event, wanted, _MODE_EQUAL) and _within(event, wanted)


def labels_of(wanted: EventFilter | ModeEventFilter) -> Labels:
    """Return all labels that are asked for, those that the caller is bound to among them."""
    return wanted.within if wanted.label is None else (*wanted.within, (wanted.label[0], (wanted.label[1],)))


def _equals(event: OutwardEvent, wanted: EventFilter | ModeEventFilter, names: Sequence[str]) -> bool:
    return all(getattr(wanted, name) in {None, getattr(event, name)} for name in names)


def _within(event: OutwardEvent, wanted: EventFilter | ModeEventFilter) -> bool:
    return (
        all(event.labels.get(name) in values for name, values in labels_of(wanted))
        and (wanted.since is None or event.recorded_at >= wanted.since)
        and (wanted.until is None or event.recorded_at < wanted.until)
    )
