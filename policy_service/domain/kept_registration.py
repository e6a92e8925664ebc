"""A registration as caches keep it: once what many vehicles have in common, and nothing that no decision asks for."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from policy_service.domain.identifier import IdentifierRecord
from policy_service.domain.registration import Registration

if TYPE_CHECKING:
    from policy_service.domain.agreement import Agreement

_SHARED = 4096
"""Agreements, and as many bounds of validity, that are one object wherever they are equal."""


def kept(found: Registration, keys: tuple[str, ...], as_of: int) -> Registration:
    """Return the same registration, as of a version of the registry, in half of the memory.

    ``keys`` are those that it is kept under. The spelling of the identifier's source is left out: it is as long as the
    key, and lists for chargers read it where it is stored. Attributes are one read-only mapping for equal vehicles.
    """
    record, profile = found.record, found.profile
    spare = IdentifierRecord(
        id=record.id,
        key=next((key for key in keys if key == record.key), record.key),
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
    return Registration(spare, None if found.agreement is None else _agreement(found.agreement), as_of)


@lru_cache(maxsize=_SHARED)
def _instant(at: int) -> int:
    return at


@lru_cache(maxsize=_SHARED)
def _agreement(agreement: Agreement) -> Agreement:
    return agreement
