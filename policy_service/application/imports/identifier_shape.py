"""The shape of an identifier record, as uploaded."""

from __future__ import annotations

from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING

from policy_service.application.imports.fields import InvalidRecordError
from policy_service.domain.access import VehicleClass
from policy_service.domain.identifier import (
    IdentifierError,
    IdentifierRecord,
    IdentifierStatus,
    IdentifierType,
    normal_form,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policy_service.application.imports.fields import Fields
    from policy_service.application.lookup import Lookup

FIELDS = (
    "identifier",
    "type",
    "class",
    "vehicle",
    "fleet",
    "agreement",
    "attributes",
    "chargers",
    "valid_from",
    "valid_to",
    "status",
)

_ID_BYTES = 16
_NUMBER_BYTES = 5


def new_record_id() -> str:
    """Return a fresh opaque id: 32 hexadecimal digits."""
    return token_hex(_ID_BYTES)


def record_ids() -> Callable[[], str]:
    """Return what makes the ids of one import: opaque as well, and in a row, so that an index fills in order."""
    beginning, numbers = token_hex(_ID_BYTES - _NUMBER_BYTES), count()
    return lambda: f"{beginning}{next(numbers):0{2 * _NUMBER_BYTES}x}"


def read_identifier(
    fields: Fields,
    *,
    lookup: Lookup,
    declared: Mapping[str, str],
    source: str,
    existing: IdentifierRecord | None = None,
    record_id: Callable[[], str] = new_record_id,
) -> IdentifierRecord:
    """Read a record; ``existing`` lends its id and source, and its identifier where that is left out.

    Raises InvalidRecordError.
    """
    kind = fields.one_of("type", IdentifierType, required=True)
    key, spelling = _key(fields, kind, lookup, existing)
    vehicle_class = fields.one_of("class", VehicleClass, required=True, but=VehicleClass.UNKNOWN)
    agreement = fields.text("agreement")
    _check_class(fields, vehicle_class, agreement)
    vehicle = fields.text("vehicle", required=True)
    fleet = fields.text("fleet", required=True)
    attributes = fields.attributes("attributes", declared)
    chargers = fields.selector("chargers")
    valid_from, valid_to = read_validity(fields)
    status = fields.one_of("status", IdentifierStatus) or IdentifierStatus.ACTIVE
    fields.refuse_others(FIELDS)
    if fields.faults or kind is None or vehicle_class is None or vehicle is None or key is None:
        raise InvalidRecordError(fields.faults)
    return IdentifierRecord(
        id=existing.id if existing else record_id(),
        key=key,
        type=kind,
        vehicle_class=vehicle_class,
        vehicle=vehicle,
        fleet=fleet,
        agreement=agreement,
        attributes=attributes,
        chargers=chargers,
        valid_from=valid_from,
        valid_to=valid_to,
        status=status,
        source=existing.source if existing else source,
        spelling=spelling,
    )


def read_validity(fields: Fields) -> tuple[int | None, int | None]:
    """Read ``[valid_from, valid_to)`` in epoch seconds."""
    valid_from, valid_to = fields.instant("valid_from"), fields.instant("valid_to")
    if valid_from is not None and valid_to is not None and valid_to <= valid_from:
        fields.fault("valid_to", "must be after valid_from")
    return valid_from, valid_to


def _check_class(fields: Fields, vehicle_class: VehicleClass | None, agreement: str | None) -> None:
    if vehicle_class is VehicleClass.AGREEMENT and agreement is None and not fields.has("agreement"):
        fields.fault("agreement", "is required where class is agreement")
    elif vehicle_class is VehicleClass.OWN and fields.has("agreement"):
        fields.fault("agreement", "goes with class agreement only")


def _key(
    fields: Fields, kind: IdentifierType | None, lookup: Lookup, existing: IdentifierRecord | None
) -> tuple[str | None, str | None]:
    """Return the look-up key and the spelling to keep: none for a PIN, which is stored as a keyed hash alone."""
    value = fields.take("identifier", required=existing is None)
    if value is None:
        if existing and kind is not None and (kind is IdentifierType.PIN) is not (existing.type is IdentifierType.PIN):
            fields.fault("identifier", "is required where a PIN becomes something else, or something else a PIN")
        return (existing.key, existing.spelling) if existing else (None, None)
    if not isinstance(value, str):
        fields.fault("identifier", "must be a text")
        return None, None
    try:
        form = normal_form(value)
    except IdentifierError as error:
        fields.fault("identifier", str(error))
        return None, None
    if not form:
        fields.fault("identifier", "must not be empty")
    if not form or kind is None:
        return None, None
    return lookup.key(form, kind), None if kind is IdentifierType.PIN else value
