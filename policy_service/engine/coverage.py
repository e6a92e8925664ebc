"""Coverage: which parts of policies some questions have met, and which none has."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.access import AccessMode, Reason, VehicleClass
from policy_service.domain.place import NOWHERE
from policy_service.domain.policy import DEFAULT_GRANTS
from policy_service.domain.registration import Registration
from policy_service.engine.conditions import charger_values, vehicle_values
from policy_service.engine.rules import DEFAULT, OVERRIDE
from policy_service.engine.selection import ChargerIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_service.domain.charger import Charger
    from policy_service.domain.place import Place
    from policy_service.domain.registration import Finding
    from policy_service.engine.compile_policy import CompiledPolicy
    from policy_service.engine.plan import Plan
    from policy_service.engine.rules import CompiledGrant, Layer, Rule


class Kind(StrEnum):
    """What can be covered."""

    WINDOW = "window"
    """The default mode, a window or an exception, by setting the mode."""
    OVERRIDE = "override"
    """One of the tree's files, by setting the mode."""
    GRANT = "grant"
    """By admitting a vehicle."""
    CONDITION = "condition"
    """Each of its sides: met, and not met. A grant's by a vehicle whose class and agreement the grant is about; a
    selector's by a charger that the rest of the selector picks, where the inventory has such a charger."""
    REASON = "reason"
    """One that the policy can give to an active vehicle or an unknown one."""


class Part(NamedTuple):
    """One thing that can be covered. ``name`` tells it from others at its place, such as ``met``."""

    kind: Kind
    policy: str
    name: str
    place: Place
    built_in: bool = False
    """Nobody wrote it: what a policy without ``allow`` grants. Its place is the policy's, or the override's."""

    @property
    def text(self) -> str:
        """Say what it is."""
        return f"{self.kind} {self.name}{' (built in, without `allow`)' if self.built_in else ''}"


@dataclass(slots=True)
class Coverage:
    """Everything that a plan's policies have to be covered, and what has been."""

    parts: tuple[Part, ...]
    """In the order of policies and of what stands in them."""
    choosing: tuple[CompiledPolicy, ...] = field(default=(), repr=False)
    """Policies whose selectors have a condition."""
    met: set[Part] = field(default_factory=set[Part])

    @property
    def missing(self) -> list[Part]:
        """What nothing has met."""
        return [part for part in self.parts if part not in self.met]

    def counts(self, kind: Kind | None = None) -> tuple[int, int]:
        """Return how many parts of a kind (None: of all) have been met, and how many there are."""
        some = [part for part in self.parts if kind in {None, part.kind}]
        return sum(part in self.met for part in some), len(some)

    @property
    def percent(self) -> float:
        """Return the share that has been met; 100 where there is nothing to meet."""
        met, parts = self.counts()
        return 100 * met / parts if parts else 100.0

    def ask(self, plan: Plan, charger: str, at: int, finding: Finding, reason: Reason) -> None:
        """Take note of what one question met, which was answered with this reason."""
        entry = plan.chargers.get(charger)
        if entry is None:
            return
        self.met.update(_chosen(self.choosing, entry.charger))
        if entry.governance is None:
            return
        rule, _ = entry.governance.rule_at(at)
        policy = rule.policy
        self.met.add(Part(Kind.REASON, policy.name, str(reason), policy.place))
        if not rule.layer.created:
            self.met.add(_layer(policy.name, rule.layer))
            if rule.open is None and isinstance(finding, Registration) and finding.obstacle(at) is None:
                self.met.update(_granted(rule, finding, at))


def coverage_of(plan: Plan) -> Coverage:
    """Return what there is to cover, and nothing covered yet. Overrides made over HTTP are passing, and left aside."""
    parts = [part for policy in plan.policies for part in _parts(policy)]
    for layer in _overriding(plan):
        parts += _of_layer(str(layer.name), layer.place or NOWHERE, layer)
    choosing = tuple(policy for policy in plan.policies if policy.selector is not None)
    chargers = {id_: entry.charger for id_, entry in plan.chargers.items()} if choosing else {}
    index = ChargerIndex(chargers)
    for each in choosing:
        picked = (chargers[id_] for id_ in index.matched(each.policy.chargers, None))
        parts += sorted({part for charger in picked for part in _chosen((each,), charger)})
    return Coverage(tuple(dict.fromkeys(parts)), choosing)


def _overriding(plan: Plan) -> list[Layer]:
    """Return the overrides of files that hold at any charger, each once, by place."""
    layers = {
        (rule.layer.place or NOWHERE, str(rule.layer.name)): rule.layer
        for governance in set(plan.governances.values())
        for rule in governance.rules
        if rule.layer.level == OVERRIDE and not rule.layer.created
    }
    return [layer for _, layer in sorted(layers.items(), key=lambda item: item[0])]


def _parts(compiled: CompiledPolicy) -> Iterator[Part]:
    name, place = compiled.policy.name, compiled.policy.place
    managed = [layer for layer in compiled.layers if layer.mode is AccessMode.MANAGED]
    for layer in compiled.layers:
        yield from _of_layer(name, place, layer)
    yield from (Part(Kind.REASON, name, str(reason), place) for reason in _reasons(compiled, managed))


def _of_layer(owner: str, home: Place, layer: Layer) -> Iterator[Part]:
    yield _layer(owner, layer)
    for grant in layer.grants if layer.mode is AccessMode.MANAGED else ():
        yield _grant(owner, home, grant)
        yield from () if grant.condition is None else _sides(owner, _condition_place(grant))


def _layer(policy: str, layer: Layer) -> Part:
    if layer.level == OVERRIDE:
        return Part(Kind.OVERRIDE, str(layer.name), "in force", layer.place or NOWHERE)
    return Part(Kind.WINDOW, policy, "default" if layer.level == DEFAULT else str(layer.name), layer.place or NOWHERE)


def _grant(owner: str, home: Place, grant: CompiledGrant) -> Part:
    built_in = grant.grant in DEFAULT_GRANTS and grant.grant.place == NOWHERE
    return Part(Kind.GRANT, owner, str(grant.grant.vehicle_class), home if built_in else grant.grant.place, built_in)


def _condition_place(grant: CompiledGrant) -> Place:
    return grant.grant.when.place if grant.grant.when else grant.grant.place


def _chosen(choosing: Iterable[CompiledPolicy], charger: Charger) -> Iterator[Part]:
    for each in choosing:
        when, selector = each.policy.chargers.when, each.selector
        if when is not None and selector is not None and each.policy.chargers.matches(charger):
            yield _sides(each.policy.name, when.place)[not selector.holds(charger_values(charger))]


def _sides(policy: str, place: Place) -> tuple[Part, Part]:
    return Part(Kind.CONDITION, policy, "met", place), Part(Kind.CONDITION, policy, "not met", place)


def _reasons(compiled: CompiledPolicy, managed: Iterable[Layer]) -> Iterator[Reason]:
    """Yield what the policy can answer to active vehicles and unknown ones."""
    layers = list(managed)
    if len(layers) < len(compiled.layers):
        yield Reason.FREEVEND
    if layers:
        yield Reason.UNKNOWN_IDENTIFIER
    if not all(_admits_all(layer, each) for layer in layers for each in (VehicleClass.OWN, VehicleClass.AGREEMENT)):
        yield Reason.NOT_GRANTED
    for vehicle_class, reason in (
        (VehicleClass.OWN, Reason.OWN_VEHICLE),
        (VehicleClass.AGREEMENT, Reason.AGREEMENT_VEHICLE),
    ):
        if any(grant.grant.vehicle_class is vehicle_class for layer in layers for grant in layer.grants):
            yield reason


def _admits_all(layer: Layer, vehicle_class: VehicleClass) -> bool:
    return any(
        grant.grant.vehicle_class is vehicle_class
        and grant.condition is None
        and not grant.grant.during
        and grant.grant.agreements is None
        and not grant.grant.exclude_agreements
        for grant in layer.grants
    )


def _granted(rule: Rule, finding: Registration, at: int) -> Iterator[Part]:
    overriding = rule.layer.level == OVERRIDE
    owner = str(rule.layer.name) if overriding else rule.policy.name
    home = (rule.layer.place or NOWHERE) if overriding else rule.policy.place
    values = {**rule.charger_values, **vehicle_values(finding.profile, finding.vehicle)}
    for grant in rule.layer.grants:
        if not grant.addresses(finding.profile):
            continue
        holds = grant.condition is None or grant.condition.holds(values)
        if grant.condition is not None:
            yield _sides(owner, _condition_place(grant))[not holds]
        if holds and (not grant.grant.during or any(source.between(at, at + 1) for source in grant.during)):
            yield _grant(owner, home, grant)
