"""How a shared registration is written: MessagePack behind a byte that names the form, which changes with it."""

from __future__ import annotations

from typing import Any

import msgspec

from policy_service.application import selector_json as selectors
from policy_service.application.ports import Shared
from policy_service.application.views import selector_view
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.registration import Registration

_FORM = b"\x02"


class _Record(msgspec.Struct, array_like=True):
    """An identifier record, without its source's spelling: no decision asks for that."""

    id: str
    key: str
    type: IdentifierType
    vehicle_class: VehicleClass
    vehicle: str
    fleet: str | None
    agreement: str | None
    attributes: dict[str, Any]
    chargers: dict[str, Any] | None
    valid_from: int | None
    valid_to: int | None
    status: IdentifierStatus
    source: str


class _Agreement(msgspec.Struct, array_like=True):
    id: str
    fleet: str
    valid_from: int | None
    valid_to: int | None
    status: AgreementStatus
    chargers: dict[str, Any] | None
    source: str


class _Entry(msgspec.Struct, array_like=True):
    version: int
    read_at: int
    record: _Record
    agreement: _Agreement | None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Entry)


def encode(entry: Shared) -> bytes:
    """Write an entry."""
    agreement = entry.registration.agreement
    written = None if agreement is None else _Agreement(*_values(agreement, _Agreement))
    record = _Record(*_values(entry.registration.record, _Record))
    return _FORM + _ENCODER.encode(_Entry(entry.version, entry.read_at, record, written))


def decode(stored: bytes) -> Shared | None:
    """Read an entry; None for what is none, such as one of another release."""
    if not stored.startswith(_FORM):
        return None
    try:
        entry = _DECODER.decode(memoryview(stored)[1:])
    except msgspec.MsgspecError:
        return None
    agreement = None if entry.agreement is None else Agreement(**_members(entry.agreement))
    registration = Registration(IdentifierRecord(**_members(entry.record)), agreement)
    return Shared(registration, entry.version, entry.read_at)


def _values(noun: IdentifierRecord | Agreement, form: type[msgspec.Struct]) -> list[Any]:
    values = {name: getattr(noun, name) for name in form.__struct_fields__}
    values["chargers"] = selector_view(noun.chargers)
    return list(values.values())


def _members(written: _Record | _Agreement) -> dict[str, Any]:
    members: dict[str, Any] = {name: getattr(written, name) for name in written.__struct_fields__}
    members["chargers"] = selectors.from_json(written.chargers)
    return members
