"""Reads an identifier record fast where it is plain; whatever is not, the shape's own reader takes and reports."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from policy_service.application.imports.fields import read_instant
from policy_service.application.imports.identifier_shape import FIELDS
from policy_service.domain.access import VehicleClass
from policy_service.domain.identifier import (
    IdentifierError,
    IdentifierRecord,
    IdentifierStatus,
    IdentifierType,
    normal_form,
)
from policy_service.domain.instant import InstantError
from policy_service.domain.names import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policy_service.application.lookup import Lookup
    from policy_service.domain.charger import AttributeValue

_FIELDS = frozenset(FIELDS)
_KINDS: Mapping[object, IdentifierType] = {kind.value: kind for kind in IdentifierType}
_CLASSES: Mapping[object, VehicleClass] = {kind.value: kind for kind in (VehicleClass.OWN, VehicleClass.AGREEMENT)}
_STATUSES: Mapping[object, IdentifierStatus] = {
    None: IdentifierStatus.ACTIVE,
    **{status.value: status for status in IdentifierStatus},
}


class _NotPlainError(Exception):
    """Hands a record over to the shape's own reader."""


_HAND_OVER = (_NotPlainError, IdentifierError, InstantError, KeyError, TypeError, OverflowError)
"""Keys that are missing or cannot be looked up count as well: only the other reader says what is wrong."""


class PlainIdentifiers:
    """Reads the records of one upload; its verdicts are those of :func:`.read_identifier`."""

    def __init__(
        self, lookup: Lookup, declared: Mapping[str, str], source: str, new_record_id: Callable[[], str]
    ) -> None:
        """Take the vehicle attributes that are declared, and what each record has in common."""
        self._lookup = lookup
        self._declared = declared
        self._source = source
        self._new_record_id = new_record_id

    def __call__(self, values: Mapping[str, Any]) -> IdentifierRecord | None:
        """Return the record, None where it needs a closer look."""
        try:
            return self._record(values)
        except _HAND_OVER:
            return None

    def _record(self, values: Mapping[str, Any]) -> IdentifierRecord:
        given = values.get
        kind, vehicle_class, agreement = _KINDS[values["type"]], _CLASSES[values["class"]], given("agreement")
        is_own = vehicle_class is VehicleClass.OWN
        if (agreement is None) is not is_own or given("chargers") is not None or not values.keys() <= _FIELDS:
            raise _NotPlainError
        written = values["identifier"]
        form = normal_form(written) if type(written) is str else ""
        valid_from, valid_to = _instant(given("valid_from")), _instant(given("valid_to"))
        if not form or (valid_from is not None and valid_to is not None and valid_to <= valid_from):
            raise _NotPlainError
        attributes = given("attributes")
        pin = kind is IdentifierType.PIN
        return IdentifierRecord(
            self._new_record_id(),
            self._lookup.key(form, kind) if pin else form,
            kind,
            vehicle_class,
            _text(values["vehicle"]),
            _text(values["fleet"]),
            None if is_own else _text(agreement),
            {} if attributes is None else self._attributes(attributes),
            None,
            valid_from,
            valid_to,
            _STATUSES[given("status")],
            self._source,
            None if pin else written,
        )

    def _attributes(self, given: object) -> dict[str, AttributeValue]:
        if type(given) is not dict:
            raise _NotPlainError
        table = cast("dict[str, object]", given)
        declared = self._declared
        return {name: _attribute(value, declared[name]) for name, value in table.items() if value is not None}


def _text(value: object) -> str:
    if type(value) is str and 0 < len(value) <= MAX_NAME and value.isprintable():
        return value
    raise _NotPlainError


def _attribute(value: object, kind: str) -> AttributeValue:
    if kind == "string":
        return _text(value)
    if kind == "boolean" and type(value) is bool:
        return value
    if kind == "number" and (type(value) is int or type(value) is float) and isfinite(number := float(value)):
        return number
    raise _NotPlainError


def _instant(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not str:
        raise _NotPlainError
    return read_instant(value)
