"""The plan of some chargers into a bundle: layers as they rank, their times drawn, conditions as written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.bundle import (
    BundledCharger,
    BundledGovernance,
    BundledGrant,
    BundledLayer,
    BundledPlan,
    BundledPolicy,
    BundledProfile,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policy_service.domain.access import OnBreach
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.policy import AccessPolicy, Texts
    from policy_service.engine.plan import ChargerPlan, Governance, Plan
    from policy_service.engine.rules import CompiledGrant, Layer
    from policy_service.engine.timeline import Source


def bundle_plan(plan: Plan, chargers: Iterable[ChargerPlan], begins: int, ends: int) -> BundledPlan:
    """Return what decides at these chargers in ``[begins, ends - 400 days)``, epoch seconds."""
    work = _Collection(begins, ends)
    collected = tuple(work.charger(entry) for entry in chargers)
    types = plan.surroundings.types
    return BundledPlan(
        revision=plan.revision,
        tzdata=plan.tzdata,
        holidays=plan.holidays,
        ungoverned=str(plan.ungoverned),
        begins=begins,
        ends=ends,
        vehicle_attributes=dict(types.vehicle),
        charger_attributes=dict(types.charger),
        sources=tuple(work.sources),
        policies=tuple(work.policies),
        layers=tuple(work.layers),
        governances=tuple(work.governances),
        profiles=tuple(work.profiles.values()),
        chargers=collected,
    )


class _Collection:
    """Collects each thing once, under its position."""

    def __init__(self, begins: int, ends: int) -> None:
        """Draw times over ``[begins, ends)``."""
        self.sources: list[tuple[int, ...]] = []
        self.policies: list[BundledPolicy] = []
        self.layers: list[BundledLayer] = []
        self.governances: list[BundledGovernance] = []
        self.profiles: dict[str, BundledProfile] = {}
        self._span = begins, ends
        self._positions: dict[int, int] = {}
        """By identity: all of it is held by the plan."""
        self._drawn: dict[Source, int] = {}

    def charger(self, entry: ChargerPlan) -> BundledCharger:
        """Return the charger; what governs it is collected."""
        charger, profile = entry.charger, entry.profile
        if profile is not None and profile.name not in self.profiles:
            self.profiles[profile.name] = _profile(profile)
        return BundledCharger(
            charger.id,
            dict(charger.labels),
            charger.protocol,
            None if profile is None else profile.name,
            charger.synthetic_ids + (() if profile is None else profile.synthetic_ids[1:]),
            None if entry.governance is None else self._governance(entry.governance),
        )

    def _governance(self, governance: Governance) -> int:
        known = self._positions.get(id(governance))
        if known is not None:
            return known
        collected = BundledGovernance(
            self._policy(governance.policy),
            tuple(self._layer(rule.layer) for rule in governance.rules),
            dict(governance.rules[0].charger_values),
            governance.twins,
        )
        self.governances.append(collected)
        return self._positions.setdefault(id(governance), len(self.governances) - 1)

    def _policy(self, policy: AccessPolicy) -> int:
        if id(policy) not in self._positions:
            self._positions[id(policy)] = len(self.policies)
            self.policies.append(_policy(policy))
        return self._positions[id(policy)]

    def _layer(self, layer: Layer) -> int:
        if id(layer) not in self._positions:
            self._positions[id(layer)] = len(self.layers)
            grants = tuple(self._grant(grant) for grant in layer.grants)
            hours = self._hours(layer.sources)
            self.layers.append(
                BundledLayer(layer.level, layer.name, str(layer.mode), grants, _texts(layer.message), hours)
            )
        return self._positions[id(layer)]

    def _grant(self, compiled: CompiledGrant) -> BundledGrant:
        grant = compiled.grant
        return BundledGrant(
            str(grant.vehicle_class),
            grant.agreements,
            grant.exclude_agreements,
            None if grant.when is None else grant.when.text,
            tuple(reference.schedule for reference in grant.during),
            self._hours(compiled.during),
        )

    def _hours(self, sources: Sequence[Source]) -> tuple[int, ...]:
        return tuple(self._source(source) for source in sources)

    def _source(self, source: Source) -> int:
        known = self._drawn.get(source)
        if known is None:
            known = self._drawn[source] = len(self.sources)
            self.sources.append(tuple(self._stretches(source)))
        return known

    def _stretches(self, source: Source) -> Iterable[int]:
        last = self._span[0]
        for start, end in source.between(*self._span):
            yield start - last
            yield end - start
            last = start


def _policy(policy: AccessPolicy) -> BundledPolicy:
    return BundledPolicy(
        policy.name,
        policy.timezone,
        str(policy.enforcement),
        str(policy.on_lookup_failure),
        str(policy.on_unreachable),
        {reason: dict(texts) for reason, texts in policy.messages.items()},
        _text(policy.on_breach),
    )


def _profile(profile: ChargerProfile) -> BundledProfile:
    signal = profile.denial
    return BundledProfile(
        profile.name,
        next(iter(profile.synthetic_ids), None),
        dict(profile.statuses),
        signal.display_text,
        signal.max_chars,
        signal.formats,
        signal.languages,
        signal.led or signal.undocumented,  # either passes a status on, and that is all that answers tell
        signal.buzzer,
        _text(profile.on_breach),
    )


def _text(word: OnBreach | None) -> str | None:
    return None if word is None else str(word)


def _texts(texts: Texts | None) -> dict[str, str] | None:
    return None if texts is None else dict(texts)
