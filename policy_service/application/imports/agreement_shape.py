"""The shape of an agreement, as uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.imports.fields import InvalidRecordError
from policy_service.application.imports.identifier_shape import read_validity
from policy_service.domain.agreement import Agreement, AgreementStatus

if TYPE_CHECKING:
    from policy_service.application.imports.fields import Fields

FIELDS = ("agreement", "fleet", "valid_from", "valid_to", "status", "chargers")


def read_agreement(fields: Fields, *, source: str) -> Agreement:
    """Read an agreement. Raises InvalidRecordError."""
    agreement = fields.text("agreement", required=True)
    fleet = fields.text("fleet", required=True)
    valid_from, valid_to = read_validity(fields)
    status = fields.one_of("status", AgreementStatus) or AgreementStatus.ACTIVE
    chargers = fields.selector("chargers")
    fields.refuse_others(FIELDS)
    if fields.faults or agreement is None or fleet is None:
        raise InvalidRecordError(fields.faults)
    return Agreement(agreement, fleet, valid_from, valid_to, status, chargers, source)
