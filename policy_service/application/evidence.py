"""Evidence: what the registry said of a vehicle when it was decided about, without any identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.views import selector_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.agreement import Agreement
    from policy_service.domain.registration import Registration


def evidence_of(registration: Registration) -> Mapping[str, object]:
    """Return what decides beside class, vehicle, fleet and agreement, which the event names; only what is set.

    Instants are epoch seconds.
    """
    record, agreement = registration.record, registration.agreement
    told = {
        "attributes": dict(record.attributes) or None,
        "chargers": None if record.chargers is None else selector_view(record.chargers),
        "valid_from": record.valid_from,
        "valid_to": record.valid_to,
        "status": str(record.status),
        "source": record.source,
        "agreement": None if agreement is None else _agreement(agreement),
    }
    return {name: value for name, value in told.items() if value is not None}


def _agreement(agreement: Agreement) -> Mapping[str, object]:
    told = {
        "fleet": agreement.fleet,
        "chargers": None if agreement.chargers is None else selector_view(agreement.chargers),
        "valid_from": agreement.valid_from,
        "valid_to": agreement.valid_to,
        "status": str(agreement.status),
    }
    return {name: value for name, value in told.items() if value is not None}
