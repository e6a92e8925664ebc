"""What the registry says of a presented identifier: a registration, or why there is none."""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from policy_service.domain.access import Reason, VehicleClass
from policy_service.domain.agreement import AgreementStatus
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus
from policy_service.domain.instant import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.agreement import Agreement
    from policy_service.domain.charger import AttributeValue
    from policy_service.domain.selector import Selector

_SHARED = 4096
"""Agreements, and as many bounds of validity, that are one object wherever they are equal."""


class Absence(StrEnum):
    """Why no registration stands behind a request; each value is the reason it leads to."""

    NO_IDENTIFIER = Reason.NO_IDENTIFIER
    SYNTHETIC_IDENTIFIER = Reason.SYNTHETIC_IDENTIFIER
    TOO_MANY_ATTEMPTS = Reason.TOO_MANY_ATTEMPTS
    LOOKUP_FAILED = Reason.LOOKUP_FAILED
    UNKNOWN_IDENTIFIER = Reason.UNKNOWN_IDENTIFIER


class VehicleProfile:
    """All that grants may ask of a vehicle, save its id. Equal profiles are one object, hashed by identity."""

    __slots__ = ("agreement", "agreement_chargers", "attributes", "chargers", "fleet", "vehicle_class")

    def __init__(
        self,
        vehicle_class: VehicleClass,
        fleet: str | None,
        agreement: str | None,
        attributes: tuple[tuple[str, AttributeValue], ...],
        chargers: Selector | None,
        agreement_chargers: Selector | None,
    ) -> None:
        """Call :func:`profile_of` instead: it hands out one object for equal values."""
        self.vehicle_class = vehicle_class
        self.fleet = fleet
        self.agreement = agreement
        self.attributes: Mapping[str, AttributeValue] = dict(attributes)
        """Shared by the records that caches keep of these vehicles."""
        self.chargers = chargers
        self.agreement_chargers = agreement_chargers


@lru_cache(maxsize=65_536)
def _profile(
    _kinds: tuple[type, ...],  # 1.0 and True are equal in Python, but not to a condition
    vehicle_class: VehicleClass,
    fleet: str | None,
    agreement: str | None,
    attributes: tuple[tuple[str, AttributeValue], ...],
    chargers: Selector | None,
    agreement_chargers: Selector | None,
) -> VehicleProfile:
    return VehicleProfile(vehicle_class, fleet, agreement, attributes, chargers, agreement_chargers)


def profile_of(record: IdentifierRecord, agreement: Agreement | None) -> VehicleProfile:
    """Return the one profile object of what grants may ask of this vehicle."""
    attributes = tuple(sorted(record.attributes.items()))
    return _profile(
        tuple(type(value) for _, value in attributes),
        record.vehicle_class,
        record.fleet,
        record.agreement,
        attributes,
        record.chargers,
        agreement.chargers if agreement else None,
    )


@lru_cache(maxsize=_SHARED)
def _instant(at: int) -> int:
    return at


@lru_cache(maxsize=_SHARED)
def _agreement(agreement: Agreement) -> Agreement:
    return agreement


class Registration:
    """An identifier record joined with its agreement, made ready for deciding.

    Within ``[clear_from, clear_to)`` neither the identifier nor its agreement stands in the way; outside,
    :meth:`obstacle` says which does. An interval that is empty has ``clear_from >= clear_to``.
    """

    __slots__ = ("agreement", "as_of", "clear_from", "clear_to", "profile", "record", "vehicle")

    def __init__(self, record: IdentifierRecord, agreement: Agreement | None = None) -> None:
        """Join the record with its agreement; ``agreement`` is None where the record names none or an unknown one."""
        self.record = record
        self.agreement = agreement
        self.as_of: int | None = None
        """The version of the registry that was known before it was read; None where nobody compares."""
        self.vehicle = record.vehicle
        self.profile = profile_of(record, agreement)
        self.clear_from, self.clear_to = self._clear_interval()

    def kept(self, keys: tuple[str, ...], as_of: int) -> Registration:
        """Return the same as a cache keeps it, as of a version of the registry: in half of the memory.

        What many vehicles have in common is one object for all of them, and the record's key that of ``keys``, under
        which it is kept. How its source spelled the identifier is left out: no decision asks for that.
        """
        record, profile = self.record, self.profile
        again = Registration.__new__(Registration)
        again.record = IdentifierRecord(
            id=record.id,
            key=keys[keys.index(record.key)] if record.key in keys else record.key,
            type=record.type,
            vehicle_class=record.vehicle_class,
            vehicle=record.vehicle,
            fleet=profile.fleet,
            agreement=profile.agreement,
            attributes=profile.attributes,
            chargers=profile.chargers,
            valid_from=None if record.valid_from is None else _instant(record.valid_from),
            valid_to=None if record.valid_to is None else _instant(record.valid_to),
            status=record.status,
            source=sys.intern(record.source),
        )
        again.agreement = None if self.agreement is None else _agreement(self.agreement)
        again.as_of, again.vehicle, again.profile = as_of, record.vehicle, profile
        again.clear_from, again.clear_to = _instant(self.clear_from), _instant(self.clear_to)
        return again

    def _clear_interval(self) -> tuple[int, int]:
        record, agreement = self.record, self.agreement
        if record.status is not IdentifierStatus.ACTIVE:
            return LATEST, LATEST
        start = EARLIEST if record.valid_from is None else record.valid_from
        end = LATEST * 2 if record.valid_to is None else record.valid_to
        if record.vehicle_class is VehicleClass.AGREEMENT:
            if agreement is None or agreement.status is not AgreementStatus.ACTIVE:
                return LATEST, LATEST
            start = max(start, EARLIEST if agreement.valid_from is None else agreement.valid_from)
            end = min(end, LATEST * 2 if agreement.valid_to is None else agreement.valid_to)
        return start, end

    def obstacle(self, at: int) -> Reason | None:
        """Return what stands in the way at the instant, in the order in which reasons are judged, or None."""
        record = self.record
        if record.status is not IdentifierStatus.ACTIVE:
            return Reason.IDENTIFIER_BLOCKED
        if record.valid_from is not None and at < record.valid_from:
            return Reason.IDENTIFIER_NOT_YET_VALID
        if record.valid_to is not None and at >= record.valid_to:
            return Reason.IDENTIFIER_EXPIRED
        if record.vehicle_class is not VehicleClass.AGREEMENT:
            return None
        return self._agreement_obstacle(at)

    def _agreement_obstacle(self, at: int) -> Reason | None:
        agreement = self.agreement
        if agreement is None:
            return Reason.AGREEMENT_UNKNOWN
        if agreement.status is not AgreementStatus.ACTIVE:
            return Reason.AGREEMENT_SUSPENDED
        if agreement.valid_from is not None and at < agreement.valid_from:
            return Reason.AGREEMENT_NOT_YET_VALID
        if agreement.valid_to is not None and at >= agreement.valid_to:
            return Reason.AGREEMENT_EXPIRED
        return None

    def edges(self) -> tuple[int, ...]:
        """Return the validity bounds at which :meth:`obstacle` may change."""
        bounds = [self.record.valid_from, self.record.valid_to]
        if self.agreement is not None:
            bounds += [self.agreement.valid_from, self.agreement.valid_to]
        return tuple(bound for bound in bounds if bound is not None)


Finding: TypeAlias = Registration | Absence
"""What looking up a presented identifier found."""
