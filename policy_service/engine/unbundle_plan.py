"""The plan out of a bundle: the same rules over the same times, so that decide answers as it does in the service."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.domain.access import (
    AccessMode,
    Enforcement,
    OnBreach,
    OnLookupFailure,
    OnUnreachable,
    Ungoverned,
    VehicleClass,
)
from policy_service.domain.charger import Charger
from policy_service.domain.charger_profile import ChargerProfile, DenialSignal
from policy_service.domain.policy import AccessPolicy, AttributeTypes, Grant, ScheduleRef
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.compile_policy import Surroundings
from policy_service.engine.conditions import Condition, compile_condition
from policy_service.engine.days import Almanac
from policy_service.engine.plan import ChargerPlan, Governance, Plan
from policy_service.engine.rules import CompiledGrant, Layer, Rule
from policy_service.engine.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from policy_service.domain.bundle import (
        BundledCharger,
        BundledGovernance,
        BundledGrant,
        BundledLayer,
        BundledPlan,
        BundledPolicy,
        BundledProfile,
    )
    from policy_service.domain.policy import Texts
    from policy_service.engine.occurrences import Stretch
    from policy_service.engine.rules import HoursByGrants


class BundleFaultError(ValueError):
    """A bundle that contradicts itself; says where."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSource:
    """A source whose stretches were drawn by the service."""

    stretches: tuple[Stretch, ...]

    def between(self, lo: int, hi: int) -> list[Stretch]:
        """Return the stretches that touch ``[lo, hi)``, in order of their starts."""
        return [(start, end) for start, end in self.stretches if end > lo and start < hi]


def unbundle_plan(bundled: BundledPlan) -> Plan:
    """Return the plan. It answers for its own chargers and span alone. Raises BundleFaultError."""
    try:
        return _Restoration(bundled).plan()
    except (IndexError, KeyError, ValueError, OverflowError, RecursionError) as error:
        message = f"the bundle's plan does not hold together ({type(error).__name__})"
        raise BundleFaultError(message) from error


class _Restoration:
    """Restores each thing once."""

    def __init__(self, bundled: BundledPlan) -> None:
        self._bundled = bundled
        self._home = bundled.begins, bundled.ends
        self._types = AttributeTypes(bundled.charger_attributes, bundled.vehicle_attributes)
        self._sources = [_source(flat, bundled.begins) for flat in bundled.sources]
        self._policies = [_policy(policy) for policy in bundled.policies]
        self._layers = [self._layer(layer) for layer in bundled.layers]
        self._hours: list[HoursByGrants] = [{} for _ in bundled.policies]
        self._profiles = {profile.name: _profile(profile) for profile in bundled.profiles}

    def plan(self) -> Plan:
        bundled = self._bundled
        governances = [self._governance(governance) for governance in bundled.governances]
        chargers = {charger.id: self._charger(charger, governances) for charger in bundled.chargers}
        return Plan(
            revision=bundled.revision,
            tzdata=bundled.tzdata,
            holidays=bundled.holidays,
            chargers=chargers,
            governances={id_: entry.governance for id_, entry in chargers.items() if entry.governance is not None},
            ungoverned=Ungoverned(bundled.ungoverned),
            policies=(),
            timelines={},
            surroundings=Surroundings({}, Almanac({}, _NoHolidays(bundled.holidays)), self._types, bundled.begins),
            overrides=(),
            digest=hashlib.sha256(),
        )

    def _charger(self, charger: BundledCharger, governances: list[Governance]) -> ChargerPlan:
        profile = None if charger.profile is None else self._profiles[charger.profile]
        governance = None if charger.governance is None else governances[charger.governance]
        noun = Charger(charger.id, charger.labels, {}, charger.protocol, charger.profile, charger.synthetic_ids)
        return ChargerPlan(noun, governance, profile)

    def _governance(self, governance: BundledGovernance) -> Governance:
        policy, hours = self._policies[governance.policy], self._hours[governance.policy]
        layers = [self._layers[position] for position in governance.layers]
        rules = tuple(Rule(policy, layer, governance.values, hours, self._home) for layer in layers)
        timeline = Timeline(tuple(layer.sources for layer in layers[1:]), *self._home)
        return Governance(policy, rules, timeline, governance.twins)

    def _layer(self, layer: BundledLayer) -> Layer:
        grants = tuple(self._grant(grant) for grant in layer.grants)
        return Layer(
            level=layer.level,
            priority=0,
            name=layer.name,
            mode=AccessMode(layer.mode),
            allow=tuple(grant.grant for grant in grants),
            grants=grants,
            sources=tuple(self._sources[position] for position in layer.hours),
            message=_texts(layer.message),
        )

    def _grant(self, bundled: BundledGrant) -> CompiledGrant:
        when = None if bundled.when is None else Expression(bundled.when)
        grant = Grant(
            VehicleClass(bundled.vehicle_class),
            bundled.agreements,
            bundled.exclude_agreements,
            when,
            tuple(ScheduleRef(name) for name in bundled.during),
        )
        hours = tuple(self._sources[position] for position in bundled.hours)
        return CompiledGrant(grant, None if when is None else self._condition(when), hours)

    def _condition(self, when: Expression) -> Condition:
        """Compile a condition; one that is not accepted here must not be left out, as that would open a door."""
        condition = compile_condition(when, self._types, vehicle=True)
        if not isinstance(condition, Condition):
            message = "a condition is not accepted"
            raise BundleFaultError(message)
        return condition


class _NoHolidays:
    """Nobody asks: the days are drawn already."""

    def __init__(self, version: str) -> None:
        self.version = version

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        message = f"a bundle has no holidays of {region} {year}"
        raise LookupError(message)


def _source(flat: tuple[int, ...], begins: int) -> DrawnSource:
    stretches: list[Stretch] = []
    start = begins
    for gap, length in zip(flat[::2], flat[1::2], strict=True):
        start += gap
        stretches.append((start, start + length))
    return DrawnSource(tuple(stretches))


def _policy(policy: BundledPolicy) -> AccessPolicy:
    return AccessPolicy(
        name=policy.name,
        timezone=policy.timezone,
        chargers=Selector(),
        default_mode=AccessMode.MANAGED,
        enforcement=Enforcement(policy.enforcement),
        on_lookup_failure=OnLookupFailure(policy.on_lookup_failure),
        on_unreachable=OnUnreachable(policy.on_unreachable),
        on_breach=_on_breach(policy.on_breach),
        messages={reason: tuple(texts.items()) for reason, texts in policy.messages.items()},
    )


def _profile(profile: BundledProfile) -> ChargerProfile:
    forms = () if profile.synthetic_id is None else (profile.synthetic_id,)
    denial = DenialSignal(
        profile.display_text, profile.max_chars, profile.formats, profile.languages, profile.led, profile.buzzer
    )
    statuses, follows = tuple(profile.statuses.items()), _on_breach(profile.on_breach)
    return ChargerProfile(profile.name, synthetic_ids=forms, denial=denial, statuses=statuses, on_breach=follows)


def _on_breach(word: str | None) -> OnBreach | None:
    return None if word is None else OnBreach(word)


def _texts(texts: dict[str, str] | None) -> Texts | None:
    return None if texts is None else tuple(texts.items())
