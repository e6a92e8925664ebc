"""What clients see of records: an identifier only masked and as a fingerprint, instants as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from policy_service.application.lookup import Lookup
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.charger import Charger
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.selector import Selector

_MS = 1000


def identifier_view(record: IdentifierRecord, lookup: Lookup) -> dict[str, Any]:
    """Return the public view of an identifier record."""
    masked, fingerprint = lookup.record_traces(record)
    return {
        "id": record.id,
        "identifier_masked": masked,
        "identifier_fingerprint": fingerprint,
        "type": str(record.type),
        "class": str(record.vehicle_class),
        "vehicle": record.vehicle,
        "fleet": record.fleet,
        "agreement": record.agreement,
        "attributes": dict(record.attributes),
        "chargers": selector_view(record.chargers),
        "valid_from": _instant(record.valid_from),
        "valid_to": _instant(record.valid_to),
        "status": str(record.status),
        "source": record.source,
    }


def agreement_view(agreement: Agreement) -> dict[str, Any]:
    """Return the public view of an agreement."""
    return {
        "agreement": agreement.id,
        "fleet": agreement.fleet,
        "valid_from": _instant(agreement.valid_from),
        "valid_to": _instant(agreement.valid_to),
        "status": str(agreement.status),
        "chargers": selector_view(agreement.chargers),
        "source": agreement.source,
    }


def charger_view(charger: Charger) -> dict[str, Any]:
    """Return the public view of a charger."""
    return {
        "id": charger.id,
        "labels": dict(charger.labels),
        "attributes": dict(charger.attributes),
        "protocol": charger.protocol,
        "profile": charger.profile,
        "synthetic_ids": list(charger.synthetic_ids),
    }


def event_view(event: AccessEvent) -> dict[str, Any]:
    """Return the public view of an access event."""
    return {
        "decision_id": event.decision_id,
        "type": str(event.type),
        "time": format_instant(event.time // _MS),
        "recorded_at": _milliseconds(event.recorded_at),
        "charger": event.charger,
        "labels": dict(event.labels),
        "outcome": str(event.outcome),
        "reason": str(event.reason),
        "mode": event.mode,
        "vehicle_class": event.vehicle_class,
        "policy": event.policy,
        "window": event.window,
        "revision": event.revision,
        "vehicle": event.vehicle,
        "fleet": event.fleet,
        "agreement": event.agreement,
        "identifier_masked": event.identifier_masked,
        "identifier_fingerprint": event.identifier_fingerprint,
        "evse": event.evse,
        "connector": event.connector,
        "caller": event.caller,
        "request_id": event.request_id,
    }


def selector_view(selector: Selector | None) -> dict[str, Any] | None:
    """Return a selector in the shape of the policy format; None for none."""
    if selector is None:
        return None
    view: dict[str, Any] = {}
    if selector.ids is not None:
        view["ids"] = list(selector.ids)
    if selector.labels is not None:
        view["labels"] = {name: list(values) for name, values in selector.labels}
    if selector.exclude:
        view["exclude"] = list(selector.exclude)
    return view


def _instant(epoch: int | None) -> str | None:
    return None if epoch is None else format_instant(epoch)


def _milliseconds(epoch_ms: int) -> str:
    seconds, milliseconds = divmod(epoch_ms, _MS)
    return f"{format_instant(seconds)[:-1]}.{milliseconds:03d}Z"
