"""A depot's bundle: what decides at some chargers for two days without the service, in values that JSON has.

Instants are epoch seconds. Positions count from 0 in the list that is named. ``docs/adr/0028`` says why it looks so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from policy_service.domain.instant import DAY

FORMAT = "policy-service/bundle.v1"
"""A bundle of another format is no bundle."""

HOLDS_S = 2 * DAY
"""For so many seconds after the service last confirmed it, a bundle decides."""

Value = str | float | bool
"""An attribute's."""


@dataclass(frozen=True, slots=True)
class BundledGrant:
    """Who may charge while managed, as policies have it."""

    vehicle_class: str
    agreements: tuple[str, ...] | None
    """Globs over agreement ids; null is any."""
    exclude_agreements: tuple[str, ...]
    when: str | None
    """A condition over ``charger.*`` and ``vehicle.*``, as its author wrote it."""
    during: tuple[str, ...]
    """Names of schedules; none: at any time."""
    hours: tuple[int, ...]
    """Positions in ``sources``: when those schedules hold."""


@dataclass(frozen=True, slots=True)
class BundledLayer:
    """A default mode, window, exception or override, and when it holds."""

    level: int
    """0 default mode, 1 window, 2 exception, 3 override."""
    name: str | None
    mode: str
    grants: tuple[BundledGrant, ...]
    message: dict[str, str] | None
    """Texts by language; ``""`` is any."""
    hours: tuple[int, ...]
    """Positions in ``sources``; a default mode has none and always holds."""


@dataclass(frozen=True, slots=True)
class BundledPolicy:
    """What a policy says beside its layers."""

    name: str
    timezone: str
    enforcement: str
    on_lookup_failure: str
    on_unreachable: str
    messages: dict[str, dict[str, str]]
    """Texts by reason and language."""
    on_breach: str | None = None
    """What follows a session that nobody authorised; null: what the profile says. Older bundles lack it."""


@dataclass(frozen=True, slots=True)
class BundledGovernance:
    """How some chargers are governed."""

    policy: int
    """Position in ``policies``."""
    layers: tuple[int, ...]
    """Positions in ``layers``, from the weakest, the default mode, to the strongest."""
    values: dict[str, Value]
    """What conditions may ask of these chargers."""
    twins: bool
    """Two layers have one mode and name."""


@dataclass(frozen=True, slots=True)
class BundledProfile:
    """A charger model, as far as answers differ by it."""

    name: str
    synthetic_id: str | None
    statuses: dict[str, str]
    display_text: bool
    max_chars: int | None
    formats: tuple[str, ...]
    languages: tuple[str, ...]
    led: bool
    buzzer: bool
    on_breach: str | None = None
    """What follows where the policy does not say; null: it is recorded."""


@dataclass(frozen=True, slots=True)
class BundledCharger:
    """A charger of the bundle."""

    id: str
    labels: dict[str, str]
    protocol: str | None
    profile: str | None
    synthetic_ids: tuple[str, ...]
    governance: int | None
    """Position in ``governances``; null: no policy governs it."""


@dataclass(frozen=True, slots=True)
class BundledPlan:
    """The plan of some chargers, its times drawn from ``begins`` on."""

    revision: str
    tzdata: str
    holidays: str
    ungoverned: str
    begins: int
    ends: int
    """Instants in ``[begins, ends - 400 days)`` are decided as by the service."""
    vehicle_attributes: dict[str, str]
    charger_attributes: dict[str, str]
    sources: tuple[tuple[int, ...], ...]
    """Stretches of time: seconds since the last one's start (the first: since ``begins``), length, and so on."""
    policies: tuple[BundledPolicy, ...]
    layers: tuple[BundledLayer, ...]
    governances: tuple[BundledGovernance, ...]
    profiles: tuple[BundledProfile, ...]
    chargers: tuple[BundledCharger, ...]


@dataclass(frozen=True, slots=True)
class BundledSelector:
    """The chargers at which an identifier or an agreement holds."""

    ids: tuple[str, ...] | None
    labels: dict[str, tuple[str, ...]] | None
    exclude: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BundledAgreement:
    """An agreement with a fleet."""

    fleet: str
    status: str
    valid_from: int | None
    valid_to: int | None
    chargers: BundledSelector | None


@dataclass(frozen=True, slots=True)
class BundledKind:
    """What vehicles have in common."""

    vehicle_class: str
    fleet: str | None
    agreement: str | None
    attributes: dict[str, Value]
    chargers: BundledSelector | None
    valid_from: int | None
    valid_to: int | None
    status: str


@dataclass(frozen=True, slots=True)
class BundledRegistry:
    """Who is known. No identifier is in it, and nothing of PINs."""

    key: str = field(repr=False)
    """64 hexadecimal digits: the key of BLAKE2b, made for this bundle alone."""
    agreements: dict[str, BundledAgreement]
    kinds: tuple[BundledKind, ...]
    vehicles: dict[str, tuple[int, str]] = field(repr=False)
    """Position in ``kinds`` and name of the vehicle, by the hash of its identifier's normal form."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A whole bundle."""

    format: str
    made_at: int
    start_grace_s: int
    """For so long a switch of mode is not held against a start that follows its Authorize."""
    charger_cache_s: int
    """For so long at most a charger may remember that a vehicle was allowed."""
    plan: BundledPlan
    registry: BundledRegistry
