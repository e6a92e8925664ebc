"""The shape of a charger, as uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.imports.fields import InvalidRecordError
from policy_service.domain.charger import PROTOCOLS, Charger
from policy_service.domain.identifier import IdentifierError, normal_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.application.imports.fields import Fields

FIELDS = ("id", "labels", "attributes", "protocol", "profile", "synthetic_ids")


def read_charger(fields: Fields, *, declared: Mapping[str, str], source: str) -> Charger:
    """Read a charger; ``declared`` are the charger attributes. Raises InvalidRecordError."""
    charger_id = fields.text("id", required=True)
    labels = fields.labels("labels")
    attributes = fields.attributes("attributes", declared)
    protocol = fields.text("protocol")
    if protocol is not None and protocol not in PROTOCOLS:
        fields.fault("protocol", f"must be one of {', '.join(PROTOCOLS)}")
    profile = fields.text("profile")
    synthetic_ids = _normal_forms(fields)
    fields.refuse_others(FIELDS)
    if fields.faults or charger_id is None:
        raise InvalidRecordError(fields.faults)
    return Charger(charger_id, labels, attributes, protocol, profile, synthetic_ids, source=source)


def _normal_forms(fields: Fields) -> tuple[str, ...]:
    forms: list[str] = []
    for index, text in enumerate(fields.texts("synthetic_ids")):
        try:
            forms.append(normal_form(text))
        except IdentifierError as error:
            fields.fault(f"synthetic_ids/{index}", str(error))
    return tuple(forms)
