"""Evidence: what the registry said of a vehicle when it was decided about, without any identifier; and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from policy_service.application.selector_json import from_json
from policy_service.application.views import selector_view
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.registration import Registration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.events import AccessEvent


def evidence_of(registration: Registration) -> Mapping[str, object]:
    """Return what decides beside class, vehicle, fleet and agreement, which the event names; only what is set.

    Instants are epoch seconds.
    """
    record, agreement = registration.record, registration.agreement
    told: dict[str, object] = {
        "record": record.id,
        "type": record.type,
        "status": record.status,
        "source": record.source,
    }
    if record.attributes:
        told["attributes"] = dict(record.attributes)
    if record.chargers is not None:
        told["chargers"] = selector_view(record.chargers)
    if record.valid_from is not None:
        told["valid_from"] = record.valid_from
    if record.valid_to is not None:
        told["valid_to"] = record.valid_to
    if agreement is not None:
        told["agreement"] = _agreement(agreement)
    return told


def _agreement(agreement: Agreement) -> Mapping[str, object]:
    told = {
        "fleet": agreement.fleet,
        "chargers": None if agreement.chargers is None else selector_view(agreement.chargers),
        "valid_from": agreement.valid_from,
        "valid_to": agreement.valid_to,
        "status": str(agreement.status),
    }
    return {name: value for name, value in told.items() if value is not None}


def registration_of(event: AccessEvent) -> Registration | None:
    """Return what the registry said then, as the event tells it; None where it tells nothing, or was made to forget.

    The record has no key: nothing that is decided by a registration needs one.
    """
    told, vehicle_class = cast("Mapping[str, Any] | None", event.evidence), event.vehicle_class
    if told is None or event.vehicle is None or vehicle_class is None:
        return None
    record = IdentifierRecord(
        id=told.get("record", ""),
        key="",
        type=IdentifierType(told.get("type", IdentifierType.OTHER)),
        vehicle_class=VehicleClass(vehicle_class),
        vehicle=event.vehicle,
        fleet=event.fleet,
        agreement=event.agreement,
        attributes=told.get("attributes", {}),
        chargers=from_json(told.get("chargers")),
        valid_from=told.get("valid_from"),
        valid_to=told.get("valid_to"),
        status=IdentifierStatus(told["status"]),
        source=told["source"],
    )
    agreement = told.get("agreement")
    return Registration(record, None if agreement is None else _agreement_of(event.agreement or "", agreement))


def _agreement_of(name: str, told: Mapping[str, Any]) -> Agreement:
    return Agreement(
        id=name,
        fleet=told["fleet"],
        valid_from=told.get("valid_from"),
        valid_to=told.get("valid_to"),
        status=AgreementStatus(told["status"]),
        chargers=from_json(told.get("chargers")),
    )
