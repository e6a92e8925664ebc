"""Local authorization lists: whom a charger lets in while it cannot ask, and the versions that it was handed."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.charger import OCPP_2_1
from policy_service.domain.charger_profile import ListSpelling
from policy_service.domain.identifier import IdentifierType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAC_HEX = 12
_ISO_15693_HEX = 16
_ISO_15693 = "E0"
"""What the unique ids of ISO 15693 begin with (ISO/IEC 15693-3, section 4.1); they have eight bytes."""


class LeftOut(StrEnum):
    """Why a vehicle is not on a list that it might be looked for on."""

    NOT_THROUGHOUT = "not_throughout"
    """It may charge for a part of the list's lifetime only."""
    IDENTIFIER_TOO_LONG = "identifier_too_long"
    """The protocol has no room for it."""
    IDENTIFIER_UNWRITABLE = "identifier_unwritable"
    """It has characters other than ASCII: the protocol cannot carry them."""
    IDENTIFIER_DOUBLED = "identifier_doubled"
    """As this charger spells them, it reads as another one of the list."""
    OVER_CAPACITY = "over_capacity"
    """The list does not fit into the charger, which has none at all, therefore."""


class Member(NamedTuple):
    """A vehicle's identifier as the registry knows it. Never a PIN's."""

    form: str
    """Its normal form."""
    spelling: str | None
    """As its source wrote it; None where that is the normal form."""
    type: IdentifierType


class Entry(NamedTuple):
    """An entry of a list, as its charger reads it."""

    token: str
    type: str
    """Of the token in OCPP 2."""
    fleet: str | None


@dataclass(frozen=True, slots=True)
class ListVersion:
    """A list as it was handed out. Instants in epoch seconds."""

    charger: str
    version: int
    """What the charger has when it has taken in the list's last message."""
    made_at: int
    until: int
    """Until when everybody on it may charge whenever the charger is managed."""
    digest: str
    """A keyed name of its content: equal ones have equal entries and limits."""
    entries: int


@dataclass(frozen=True, slots=True)
class LocalList:
    """A list as it stands now, not handed out yet."""

    digest: str
    until: int
    entries: tuple[Entry, ...] = field(repr=False)
    """In the order of their tokens."""
    left_out: Mapping[LeftOut, int]


def spelled(member: Member, spelling: ListSpelling) -> str:
    """Return the identifier as a charger reads it."""
    if spelling is ListSpelling.STORED:
        return member.spelling or member.form
    if member.type is IdentifierType.MAC and _is_mac(member.form):
        if spelling is ListSpelling.VID:
            return f"VID:{member.form}"
        if spelling is ListSpelling.BASE32:
            return b32encode(bytes.fromhex(member.form)).decode().rstrip("=")
    return member.form


def token_type(member: Member, protocol: str) -> str:
    """Return the type of the token in OCPP 2 (2.0.1 part 2, section 3.43; 2.1 part 2, appendix 7)."""
    if member.type is IdentifierType.RFID:
        vicinity = len(member.form) == _ISO_15693_HEX and member.form.startswith(_ISO_15693)
        return "ISO15693" if vicinity else "ISO14443"
    if member.type is IdentifierType.VIN and protocol == OCPP_2_1:
        return "VIN"
    return {IdentifierType.MAC: "MacAddress", IdentifierType.EMAID: "eMAID"}.get(member.type, "Central")


def changes(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[list[Entry], list[Entry]] | None:
    """Return what a difference removes and what it adds or changes; None where it cannot be told by one.

    A token whose type changes is such a case: chargers differ in whether that is another token (OCPP 2).
    """
    old = {entry.token.casefold(): entry for entry in before}
    new = {entry.token.casefold(): entry for entry in after}
    if any(entry.type != new[token].type for token, entry in old.items() if token in new):
        return None
    removed = [entry for token, entry in old.items() if token not in new]
    return removed, [entry for token, entry in new.items() if old.get(token) != entry]


def _is_mac(form: str) -> bool:
    return len(form) == _MAC_HEX and all(digit in "0123456789ABCDEF" for digit in form)
