"""What a charger model can do: freevend switching, denial signals, list limits, wire statuses, how it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode, OnBreach
from policy_service.domain.charger import OCPP_1_6
from policy_service.domain.events import DriverSignal
from policy_service.domain.identifier import normal_form
from policy_service.domain.place import NOWHERE, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNKNOWN_MODEL = "unknown"
"""The profile of chargers that name none."""


class Reboot(StrEnum):
    """When a charger has to start anew for a change to take effect."""

    NEVER = "never"
    WHEN_ASKED = "when_asked"
    """When it answers ``RebootRequired``."""
    ALWAYS = "always"


class Fallback(StrEnum):
    """What stands in where a charger cannot be switched."""

    ACCEPT_ALL_IN_FREEVEND = "accept_all_in_freevend"
    """It stays in managed mode and asks always; everybody is accepted while the schedule says freevend."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A configuration key of OCPP 1.6, or a variable of OCPP 2.x, and a value for it."""

    key: str
    value: str
    component: str | None = None
    """OCPP 2.x component of the variable; None for an OCPP 1.6 key."""

    @property
    def name(self) -> str:
        """Name it as reports and expectations do: ``Key`` in OCPP 1.6, ``Component.Variable`` in 2.x."""
        return self.key if self.component is None else f"{self.component}.{self.key}"

    def speaks(self, protocol: str) -> bool:
        """Tell whether the setting exists in that protocol."""
        return (self.component is None) is (protocol == OCPP_1_6)


@dataclass(frozen=True, slots=True)
class FreevendSwitch:
    """How freevend is switched in one family of protocols: the key, its values, and what goes with a change."""

    key: str
    on: str
    off: str
    component: str | None = None
    """OCPP 2.x component of the variable; None for an OCPP 1.6 key."""
    id_tag_key: str | None = None
    """The key of the token that is sent in freevend, in the same component."""
    id_tag: str | None = None
    """The token to write there, as the charger is to spell it."""
    synthetic_id: str | None = None
    """The normal form of the token that the charger sends while in freevend, where the model fixes it."""
    requires: tuple[Setting, ...] = ()
    """What must be set before freevend works."""
    read_back: bool = True
    clear_cache: bool = True
    reboot: Reboot = Reboot.WHEN_ASKED

    def setting(self, mode: AccessMode) -> Setting:
        """Return the switch as it stands in a mode."""
        return Setting(self.key, self.on if mode is AccessMode.FREEVEND else self.off, self.component)


@dataclass(frozen=True, slots=True)
class DenialSignal:
    """What the charger can show a refused driver."""

    display_text: bool = False
    max_chars: int | None = None
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    led: bool = False
    buzzer: bool = False
    undocumented: bool = False
    """Nobody says what it shows: a status is passed on, and may be seen."""
    shows: str | None = None
    """What a driver sees and hears, in words."""


@dataclass(frozen=True, slots=True)
class ModelPattern:
    """How the model is recognised: keys that it reports, and what it says of itself on boot."""

    keys: tuple[str, ...] = ()
    """All of them are reported: ``Key`` in OCPP 1.6, ``Component.Variable`` in 2.x."""
    vendor: str | None = None
    """A regular expression for the whole vendor's name, whatever the case."""
    model: str | None = None
    otherwise: bool = False
    """A pattern that many models fit: it counts where no other does."""

    @property
    def says_something(self) -> bool:
        """Tell whether any charger could be recognised by it."""
        return bool(self.keys or self.vendor or self.model)


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
    """Empty: nobody says; any."""
    switches: tuple[FreevendSwitch, ...] = ()
    """One for OCPP 1.6, one for 2.x, or one of them; none: no way to switch is known."""
    synthetic_ids: tuple[str, ...] = ()
    """Normal forms of the tokens that such chargers send by themselves while in freevend, where they are known."""
    denial: DenialSignal = DenialSignal()
    local_list: LocalListTraits = LocalListTraits()
    statuses: tuple[tuple[str, str], ...] = ()
    """Reason to wire status, where the model wants another than the table's."""
    offline: tuple[Setting, ...] = ()
    """What keeps a charger in managed mode shut to unknown vehicles while it is offline."""
    on_breach: OnBreach | None = None
    """What follows a session without authorisation in managed mode; the policy's own word goes first."""
    identify: ModelPattern = ModelPattern()
    notes: tuple[str, ...] = ()
    """What whoever switches it should know."""
    source: str | None = None
    confidence: str | None = None
    built_in: bool = False
    """Shipped with the service rather than committed by the operator."""
    place: Place = field(default=NOWHERE, compare=False)

    def switch(self, protocol: str) -> FreevendSwitch | None:
        """Return how freevend is switched over a protocol; None where no way is known."""
        if self.protocols and protocol not in self.protocols:
            return None
        return next((switch for switch in self.switches if switch.setting(AccessMode.MANAGED).speaks(protocol)), None)

    @property
    def fallback(self) -> Fallback | None:
        """Return what stands in where the model cannot be switched at all; None where it can."""
        return None if self.switches else Fallback.ACCEPT_ALL_IN_FREEVEND


@dataclass(frozen=True, slots=True)
class BuiltInProfiles:
    """The profiles that the service brings along; they stand behind those of a policy tree."""

    profiles: Mapping[str, ChargerProfile]
    version: str
    """Changes with their content; part of a plan's revision."""


NO_BUILT_IN_PROFILES = BuiltInProfiles({}, "")


def sent_in_freevend(switches: Iterable[FreevendSwitch]) -> tuple[str, ...]:
    """Return the normal forms of the tokens that chargers send in freevend: what is written to one is what it sends."""
    forms = (each.synthetic_id if each.id_tag is None else normal_form(each.id_tag) for each in switches)
    return tuple(dict.fromkeys(form for form in forms if form is not None))


def on_breach(policys: OnBreach | None, profile: ChargerProfile | None) -> OnBreach:
    """Return what follows a breach: the policy's word, else the profile's, else it is recorded and no more."""
    return policys or (None if profile is None else profile.on_breach) or OnBreach.RECORD


def driver_signal(profile: ChargerProfile | None, protocol: str | None) -> DriverSignal:
    """Return how a charger can tell a refused driver; one without a profile passes the status on and no more.

    OCPP 1.6 has no text in its answers, whatever the charger could display.
    """
    if profile is None:
        return DriverSignal.STATUS_ONLY
    denial = profile.denial
    if denial.display_text and protocol != OCPP_1_6:
        return DriverSignal.TEXT
    shows = denial.display_text or denial.led or denial.buzzer or denial.undocumented
    return DriverSignal.STATUS_ONLY if shows else DriverSignal.NONE


def shown_language(profile: ChargerProfile | None) -> str | None:
    """Return the language that a charger's drivers are told things in, where its model says so."""
    return profile.denial.languages[0] if profile is not None and profile.denial.languages else None


@dataclass(frozen=True, slots=True)
class ChargerReport:
    """What a charger says of itself: the keys that it has, and its make on boot."""

    keys: frozenset[str] = frozenset()
    """``Key`` in OCPP 1.6, ``Component.Variable`` in 2.x; empty: it was not asked."""
    vendor: str | None = None
    model: str | None = None
