"""Identifiers: RFID, MAC (Autocharge), PIN and others, their normal form and their masked form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import VehicleClass
    from policy_service.domain.charger import AttributeValue
    from policy_service.domain.selector import Selector

MAX_IDENTIFIER = 255

AUTOCHARGE_PREFIXES = ("VID:", "VID-", "EVCCID:", "EVCCID=", "MAC:")
"""What chargers put before an Autocharge MAC address, in normal (upper) case; removed from the normal form."""

_HEX = re.compile(r"(?:[0-9A-F]{2}){4,10}", re.ASCII)
_SEPARATORS = str.maketrans("", "", ":- ")
_MASKED_TAIL = 4
_MASK_FROM = 9
_UNTYPED_PIN_BELOW = 8
"""An untyped run of digits shorter than the shortest card number (four bytes in hexadecimal) may be a PIN."""


class IdentifierType(StrEnum):
    """What kind of thing an identifier is. A hint only, except ``pin``."""

    RFID = "rfid"
    MAC = "mac"
    PIN = "pin"
    EMAID = "emaid"
    VIN = "vin"
    OTHER = "other"


TYPE_HINTS: dict[str, IdentifierType] = {
    **{member.value: member for member in IdentifierType},
    # OCPP idToken types, lower case
    "keycode": IdentifierType.PIN,
    "macaddress": IdentifierType.MAC,
    "evccid": IdentifierType.MAC,
    "iso14443": IdentifierType.RFID,
    "iso15693": IdentifierType.RFID,
}
"""What a type hint means, whatever its case; any other, such as Central or Local, is ``other``."""


class IdentifierStatus(StrEnum):
    """A blocked identifier is refused whatever its validity."""

    ACTIVE = "active"
    BLOCKED = "blocked"


class IdentifierError(ValueError):
    """An identifier that cannot be one: too long, or with characters that do not print. Never says the identifier."""


def normal_form(text: str) -> str:
    """Return the form under which identifiers are matched; empty when nothing is left.

    NFKC, trimmed, upper case; a known Autocharge prefix removed; colons, hyphens and blanks removed where 8 to 20 hex
    digits of even count remain. Raises IdentifierError beyond 255 characters or with unprintable ones.
    """
    if len(text) > MAX_IDENTIFIER:
        message = f"an identifier has at most {MAX_IDENTIFIER} characters"
        raise IdentifierError(message)
    form = unicodedata.normalize("NFKC", text).strip().upper()
    if len(form) > MAX_IDENTIFIER:
        message = f"an identifier has at most {MAX_IDENTIFIER} characters"
        raise IdentifierError(message)
    if not form.isprintable():
        message = "an identifier has printable characters only"
        raise IdentifierError(message)
    if form.startswith(AUTOCHARGE_PREFIXES):
        prefix = next(prefix for prefix in AUTOCHARGE_PREFIXES if form.startswith(prefix))
        form = form[len(prefix) :].lstrip()
    compact = form if form.isalnum() else form.translate(_SEPARATORS)
    return compact if _HEX.fullmatch(compact) else form


def masked(form: str, *, pin: bool = False) -> str:
    """Return what logs and events may show: the last four characters, nothing of PINs and short ones."""
    if pin or len(form) < _MASK_FROM:
        return "…"
    return "…" + form[-_MASKED_TAIL:]


@lru_cache(maxsize=64)
def meant_by(hint: str | None) -> IdentifierType | None:
    """Return the type that a hint means; None where there is no hint."""
    return None if hint is None else TYPE_HINTS.get(hint.lower(), IdentifierType.OTHER)


def may_be_pin(form: str, *, typed: bool) -> bool:
    """Tell whether an untyped identifier in normal form has the shape of a PIN."""
    return not typed and len(form) < _UNTYPED_PIN_BELOW and form.isdigit()


@dataclass(frozen=True, slots=True)
class IdentifierRecord:
    """An identifier on record. ``key`` is its look-up key: the normal form, or a PIN's keyed hash.

    Validity is half-open, ``[valid_from, valid_to)``, in epoch seconds; None leaves that side open.
    """

    id: str
    key: str = field(repr=False)
    type: IdentifierType
    vehicle_class: VehicleClass
    vehicle: str
    fleet: str | None = None
    agreement: str | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, "AttributeValue"])
    chargers: Selector | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    status: IdentifierStatus = IdentifierStatus.ACTIVE
    source: str = "http"
    spelling: str | None = field(default=None, repr=False)
    """The identifier as its source wrote it; None for a PIN."""
