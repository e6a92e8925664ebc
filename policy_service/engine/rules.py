"""Rules: what sets a charger's mode at an instant, with every answer that it can give prepared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from policy_service.domain.access import AccessMode, Enforcement, OnLookupFailure, Outcome, Reason, VehicleClass
from policy_service.domain.decision import Answer
from policy_service.domain.policy import KEEP
from policy_service.domain.registration import Absence
from policy_service.domain.selector import matches_any
from policy_service.engine.conditions import vehicle_values
from policy_service.engine.timeline import Hours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.charger import AttributeValue
    from policy_service.domain.place import Place
    from policy_service.domain.policy import AccessPolicy, Grant, Grants, RunningSessions, Texts
    from policy_service.domain.registration import VehicleProfile
    from policy_service.engine.conditions import Condition
    from policy_service.engine.timeline import Source

DEFAULT, WINDOW, EXCEPTION, OVERRIDE = range(4)
"""The levels, the stronger the higher: the order of precedence."""

LEVELS = ("defaultMode", "window", "exception", "override")

_VERDICTS_KEPT = 10_000

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class CompiledGrant:
    """A grant with its condition typed and the sources of its hours resolved; empty ``during`` is always."""

    grant: Grant
    condition: Condition | None
    during: tuple[Source, ...]

    def admits(self, profile: VehicleProfile, values: Mapping[str, AttributeValue]) -> bool:
        """Tell whether the grant is about this vehicle, whatever the hour; ``values`` are charger's and vehicle's."""
        return self.addresses(profile) and (self.condition is None or self.condition.holds(values))

    def addresses(self, profile: VehicleProfile) -> bool:
        """Tell whether class and agreement are the grant's, conditions aside."""
        grant = self.grant
        if profile.vehicle_class is not grant.vehicle_class:
            return False
        if grant.agreements is not None and not matches_any(grant.agreements, profile.agreement or ""):
            return False
        return not matches_any(grant.exclude_agreements, profile.agreement or "")


@dataclass(frozen=True, slots=True)
class Layer:
    """One rule as authored: its rank among the policy's others, what it says, and when it holds."""

    level: int
    priority: int
    name: str | None
    mode: AccessMode
    allow: Grants
    grants: tuple[CompiledGrant, ...]
    sources: tuple[Source, ...]
    message: Texts | None = None
    running_sessions: RunningSessions = KEEP
    place: Place | None = None
    created: int = 0
    """The place of an override in the order of those made over HTTP; 0 for everything that stands in a file."""
    allow_place: Place | None = None
    """Where ``allow`` is written: by the rule itself, or by its policy for all rules that have none."""

    def rank_key(self) -> tuple[int, int, int, bool]:
        """Order layers from weak to strong; what stands earlier in the document wins the rest, see :func:`ranked`."""
        return self.level, self.created, self.priority, self.mode is AccessMode.MANAGED

    def differs(self, other: Layer) -> bool:
        """Tell whether it matters to a vehicle which of the two holds."""
        if self.mode is not other.mode:
            return True
        return self.mode is AccessMode.MANAGED and self.allow != other.allow


def ranked(layers: Sequence[Layer]) -> list[Layer]:
    """Sort layers from weak to strong; of equals the one that stands first in the document is the strongest."""
    order = sorted(range(len(layers)), key=lambda i: (layers[i].rank_key(), -i))
    return [layers[i] for i in order]


class Verdict:
    """What a rule says to one kind of vehicle: the same throughout, or by hours."""

    __slots__ = ("allowed", "denied", "hours", "steady")

    def __init__(self, allowed: Answer, denied: Answer, *, granted: bool, hours: Hours | None) -> None:
        """Prepare both answers; ``hours`` None makes the verdict steady."""
        self.allowed = allowed
        self.denied = denied
        self.hours = hours
        self.steady = None if hours is not None else allowed if granted else denied


HoursByGrants: TypeAlias = "dict[tuple[Source, ...], Hours]"


@dataclass(slots=True)
class Rule:
    """A layer in view of the chargers that share the attributes its conditions name."""

    policy: AccessPolicy
    layer: Layer
    charger_values: Mapping[str, AttributeValue]
    hours_drawn: HoursByGrants
    """The policy's hours by their sources, drawn once for all its rules."""
    home: tuple[int, int]
    open: Answer | None = field(init=False)
    """The answer in freevend; None where the mode is managed."""
    verdicts: dict[VehicleProfile, Verdict] = field(init=False, default_factory=dict["VehicleProfile", Verdict])
    steady: dict[VehicleProfile, Answer] = field(init=False, default_factory=dict["VehicleProfile", Answer])
    """The answers to those whose verdict is the same throughout, and allows: most of those who ask."""
    _by_vehicle: dict[tuple[VehicleProfile, str], Verdict] = field(
        init=False, default_factory=dict[tuple["VehicleProfile", str], Verdict]
    )
    _absences: dict[Absence, Answer] = field(init=False, default_factory=dict[Absence, Answer])
    _refusals: dict[tuple[Reason, VehicleClass | None], Answer] = field(
        init=False, default_factory=dict[tuple[Reason, "VehicleClass | None"], Answer]
    )
    _individual: bool = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the answers that depend on no vehicle."""
        freevend = self.layer.mode is AccessMode.FREEVEND
        self.open = self._answer(Outcome.ALLOWED, Reason.FREEVEND, None) if freevend else None
        self._individual = any(g.condition is not None and g.condition.names_vehicle_id for g in self.layer.grants)

    @property
    def individual(self) -> bool:
        """Tell whether a condition names vehicles: those of one profile may then fare differently."""
        return self._individual

    def absent(self, absence: Absence) -> Answer:
        """Return the answer where no registration stands behind the request."""
        answer = self._absences.get(absence)
        if answer is None:
            unknown = VehicleClass.UNKNOWN if absence is Absence.UNKNOWN_IDENTIFIER else None
            answer = self._absences[absence] = self.refusal(Reason(absence.value), unknown)
        return answer

    def refusal(self, reason: Reason, vehicle_class: VehicleClass | None) -> Answer:
        """Return the answer of one reason to refuse; a failed look-up is answered as the policy says."""
        answer = self._refusals.get((reason, vehicle_class))
        if answer is None:
            admit = reason is Reason.LOOKUP_FAILED and self.policy.on_lookup_failure is OnLookupFailure.ALLOW
            outcome = Outcome.ALLOWED if admit else Outcome.ACCESS_DENIED
            answer = self._refusals[reason, vehicle_class] = self._answer(outcome, reason, vehicle_class)
        return answer

    def verdict(self, profile: VehicleProfile, vehicle: str) -> Verdict:
        """Return what the rule says to a vehicle, judged once a profile (once a vehicle where ids count).

        ``verdicts`` has none of a profile that holds at some chargers only: what stands there is not asked again.
        """
        if self._individual or profile.chargers is not None or profile.agreement_chargers is not None:
            known = self._by_vehicle.get((profile, vehicle))
            if known is None:
                known = self._bounded(self._by_vehicle)[profile, vehicle] = self._judged(profile, vehicle)
            return known
        known = self.verdicts.get(profile)
        if known is None:
            known = self._bounded(self.verdicts)[profile] = self._judged(profile, vehicle)
            if known.steady is known.allowed:
                self._bounded(self.steady)[profile] = known.allowed
        return known

    def refused_here(self, profile: VehicleProfile) -> Answer:
        """Return the answer for a vehicle whose identifier or agreement holds at other chargers only."""
        return self.refusal(Reason.NOT_GRANTED, profile.vehicle_class)

    @staticmethod
    def _bounded(memo: dict[_K, _V]) -> dict[_K, _V]:
        if len(memo) >= _VERDICTS_KEPT:
            memo.clear()
        return memo

    def _judged(self, profile: VehicleProfile, vehicle: str) -> Verdict:
        values = {**self.charger_values, **vehicle_values(profile, vehicle)}
        admitting = [grant for grant in self.layer.grants if grant.admits(profile, values)]
        hours = None
        if admitting and all(grant.grant.during for grant in admitting):
            hours = self._hours(tuple(source for grant in admitting for source in grant.during))
        own = profile.vehicle_class is VehicleClass.OWN
        allowed = Reason.OWN_VEHICLE if own else Reason.AGREEMENT_VEHICLE
        return Verdict(
            self._answer(Outcome.ALLOWED, allowed, profile.vehicle_class),
            self.refusal(Reason.NOT_GRANTED, profile.vehicle_class),
            granted=bool(admitting),
            hours=hours,
        )

    def _hours(self, sources: tuple[Source, ...]) -> Hours:
        hours = self.hours_drawn.get(sources)
        if hours is None:
            hours = self.hours_drawn[sources] = Hours(sources, *self.home)
        return hours

    def _answer(self, outcome: Outcome, reason: Reason, vehicle_class: VehicleClass | None) -> Answer:
        denied = outcome is Outcome.ACCESS_DENIED
        observed = denied and self.policy.enforcement is Enforcement.OBSERVE
        return Answer(
            outcome=Outcome.ALLOWED if observed else outcome,
            reason=reason,
            mode=self.layer.mode,
            vehicle_class=vehicle_class,
            policy=self.policy.name,
            window=self.layer.name,
            timezone=self.policy.timezone,
            texts=(self.layer.message or self.policy.messages.get(reason)) if denied else None,
            would_be=Outcome.ACCESS_DENIED if observed else None,
            place=self.layer.place,
        )
