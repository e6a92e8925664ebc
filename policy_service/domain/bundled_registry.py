"""Registrations into a bundle and out of it: under keyed hashes of their identifiers, PINs left out."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING

from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.bundle import BundledAgreement, BundledKind, BundledRegistry, BundledSelector
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.registration import Registration
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY_BYTES = 32
_HASH_BYTES = 16
"""Two of a million identifiers meet by chance once in 10**26 bundles."""


def hash_of(form: str, key: bytes) -> str:
    """Return the keyed hash of an identifier's normal form: BLAKE2b (RFC 7693), 22 characters."""
    digest = blake2b(form.encode("utf-8", "surrogatepass"), key=key, digest_size=_HASH_BYTES).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def bundled(registrations: Iterable[Registration], key: bytes) -> BundledRegistry:
    """Return the registrations under a key of 32 bytes; those of PINs are left out."""
    agreements: dict[str, BundledAgreement] = {}
    kinds: dict[str, int] = {}
    known: list[BundledKind] = []
    vehicles: dict[str, tuple[int, str]] = {}
    for registration in registrations:
        record, agreement = registration.record, registration.agreement
        if record.type is IdentifierType.PIN:
            continue
        if agreement is not None and agreement.id not in agreements:
            agreements[agreement.id] = _agreement(agreement)
        kind = _kind(record)
        position = kinds.setdefault(repr(kind), len(known))  # 1.0 and True are equal, but not to a condition
        if position == len(known):
            known.append(kind)
        vehicles[hash_of(record.key, key)] = (position, record.vehicle)
    return BundledRegistry(key.hex(), agreements, tuple(known), vehicles)


def check(registry: BundledRegistry) -> None:
    """Do nothing for a registry in which each look-up can be answered. Raises ValueError."""
    if len(bytes.fromhex(registry.key)) != _KEY_BYTES:
        message = "the key has another length"
        raise ValueError(message)
    for position in range(len(registry.kinds)):
        _registration(registry, position, "")
    if not all(0 <= position < len(registry.kinds) for position, _ in registry.vehicles.values()):
        message = "a vehicle is of no kind"
        raise ValueError(message)


def registration_in(registry: BundledRegistry, form: str) -> Registration | None:
    """Return what the bundle has of an identifier's normal form; None where it has nothing."""
    found = registry.vehicles.get(hash_of(form, bytes.fromhex(registry.key)))
    return None if found is None else _registration(registry, *found)


def _registration(registry: BundledRegistry, position: int, vehicle: str) -> Registration:
    kind = registry.kinds[position]
    record = IdentifierRecord(
        id="",
        key="",
        type=IdentifierType.OTHER,
        vehicle_class=VehicleClass(kind.vehicle_class),
        vehicle=vehicle,
        fleet=kind.fleet,
        agreement=kind.agreement,
        attributes=kind.attributes,
        chargers=_selector_of(kind.chargers),
        valid_from=kind.valid_from,
        valid_to=kind.valid_to,
        status=IdentifierStatus(kind.status),
    )
    return Registration(record, _agreement_of(registry, kind.agreement))


def _kind(record: IdentifierRecord) -> BundledKind:
    return BundledKind(
        str(record.vehicle_class),
        record.fleet,
        record.agreement,
        dict(sorted(record.attributes.items())),
        _selector(record.chargers),
        record.valid_from,
        record.valid_to,
        str(record.status),
    )


def _agreement(agreement: Agreement) -> BundledAgreement:
    chargers = _selector(agreement.chargers)
    return BundledAgreement(agreement.fleet, str(agreement.status), agreement.valid_from, agreement.valid_to, chargers)


def _agreement_of(registry: BundledRegistry, name: str | None) -> Agreement | None:
    found = None if name is None else registry.agreements.get(name)
    if found is None or name is None:
        return None
    chargers = _selector_of(found.chargers)
    return Agreement(name, found.fleet, found.valid_from, found.valid_to, AgreementStatus(found.status), chargers)


def _selector(selector: Selector | None) -> BundledSelector | None:
    if selector is None:
        return None
    labels = None if selector.labels is None else dict(selector.labels)
    return BundledSelector(selector.ids, labels, selector.exclude)


def _selector_of(written: BundledSelector | None) -> Selector | None:
    if written is None:
        return None
    labels = None if written.labels is None else tuple(sorted(written.labels.items()))
    return Selector(written.ids, labels, written.exclude)
