"""What a charger model can do: freevend switching, denial signals, list limits, wire statuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from policy_service.domain.events import DriverSignal
from policy_service.domain.place import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class FreevendSwitch:
    """How freevend is switched: the configuration key, its values, and what follows a change."""

    key: str
    on: str
    off: str
    component: str | None = None
    """OCPP 2.x component of the variable; None for an OCPP 1.6 key."""
    id_tag_key: str | None = None
    synthetic_id: str | None = None
    """The token that the charger sends while in freevend, where the model fixes it."""
    read_back: bool = True
    clear_cache: bool = True
    reboot: bool = False


@dataclass(frozen=True, slots=True)
class DenialSignal:
    """What the charger can show a refused driver."""

    display_text: bool = False
    max_chars: int | None = None
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    led: bool = False
    buzzer: bool = False


class ListSpelling(StrEnum):
    """How a model spells the identifiers that it reads, and therefore looks for in its local list."""

    PLAIN = "plain"
    """The normal form: hexadecimal in upper case, without separators."""
    STORED = "stored"
    """As the registry's source wrote it."""
    VID = "vid"
    """MAC addresses of Autocharge behind `VID:`, all else plain."""
    BASE32 = "base32"
    """The bytes of MAC addresses in Base32 (RFC 4648 section 6, without padding), all else plain."""


@dataclass(frozen=True, slots=True)
class LocalListTraits:
    """The model's local authorization list; None where a limit is not known."""

    max_entries: int | None = None
    """`LocalAuthListMaxLength`; in OCPP 2 the limit of `LocalAuthListCtrlr.Entries`."""
    max_chunk: int | None = None
    """Entries in one message: `SendLocalListMaxLength`, `ItemsPerMessage`."""
    max_bytes: int | None = None
    """Bytes of one message: `BytesPerMessage`."""
    spelling: ListSpelling = ListSpelling.PLAIN


@dataclass(frozen=True, slots=True)
class ChargerProfile:
    """A model's capabilities, named by chargers as ``profile``."""

    name: str
    title: str | None = None
    protocols: tuple[str, ...] = ()
    freevend: FreevendSwitch | None = None
    denial: DenialSignal = DenialSignal()
    local_list: LocalListTraits = LocalListTraits()
    statuses: tuple[tuple[str, str], ...] = ()
    """Reason to wire status, where the model wants another than the table's."""
    source: str | None = None
    confidence: str | None = None
    place: Place = field(default=NOWHERE, compare=False)


def driver_signal(profile: ChargerProfile | None, protocol: str | None) -> DriverSignal:
    """Return how a charger can tell a refused driver; one without a profile passes the status on and no more.

    OCPP 1.6 has no text in its answers, whatever the charger could display.
    """
    if profile is None:
        return DriverSignal.STATUS_ONLY
    if profile.denial.display_text and protocol != "ocpp1.6":
        return DriverSignal.TEXT
    shows = profile.denial.display_text or profile.denial.led or profile.denial.buzzer
    return DriverSignal.STATUS_ONLY if shows else DriverSignal.NONE


def shown_language(profile: ChargerProfile | None) -> str | None:
    """Return the language that a charger's drivers are told things in, where its model says so."""
    return profile.denial.languages[0] if profile is not None and profile.denial.languages else None
