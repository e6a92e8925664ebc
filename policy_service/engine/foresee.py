"""A plan over a stretch of time: what each kind of vehicle would be answered, from every change to the next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.access import AccessMode, Enforcement, Ungoverned, VehicleClass
from policy_service.domain.access_change import Access, Foreseen, Requirement
from policy_service.domain.registration import VehicleProfile
from policy_service.engine.occurrences import united
from policy_service.engine.timeline import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.domain.access_change import Subject
    from policy_service.engine.occurrences import Stretch
    from policy_service.engine.plan import ChargerPlan, Governance, Plan
    from policy_service.engine.rules import CompiledGrant, Rule
    from policy_service.engine.timeline import Drawn, Source


class Since(NamedTuple):
    """From ``start`` on, until the next one, this is the access; None: the charger is not in the inventory."""

    start: int
    access: Access | None


class _Way(NamedTuple):
    """A grant that a kind of vehicle may be admitted by: under a requirement or none, in some hours (None: all)."""

    requirement: Requirement | None
    hours: Sequence[Stretch] | None

    def open_at(self, at: int) -> bool:
        if self.hours is None:
            return True
        i = bisect_right(self.hours, (at, NEVER)) - 1
        return i >= 0 and at < self.hours[i][1]


class Foresight:
    """Foresees one plan over ``[lo, hi)``, epoch seconds; what chargers share is drawn once."""

    def __init__(self, plan: Plan, lo: int, hi: int) -> None:
        """Draw nothing yet."""
        self._ungoverned = plan.ungoverned
        self._lo = lo
        self._hi = hi
        self._drawn: dict[int, Drawn] = {}
        self._hours: dict[tuple[Source, ...], Sequence[Stretch]] = {}

    def of(self, entry: ChargerPlan | None, subject: Subject) -> list[Since]:
        """Return what a charger answers to a kind of vehicle: neighbours differ, the first begins at ``lo``."""
        if entry is None:
            return [Since(self._lo, None)]
        if entry.governance is None:
            return [Since(self._lo, _ungoverned(self._ungoverned, subject))]
        steps: list[Since] = []
        for step in self._steps(entry.governance, subject):
            if not steps or steps[-1].access != step.access:
                steps.append(step)
        return steps

    def _steps(self, governance: Governance, subject: Subject) -> Iterator[Since]:
        drawn = self._drawn.get(id(governance.timeline))
        if drawn is None:
            drawn = self._drawn[id(governance.timeline)] = governance.timeline.draw(self._lo, self._hi)
        ways = {rank: self._ways(governance.rules[rank], subject) for rank in set(drawn.ranks)}
        for start, end, rank in drawn.stretches():
            rule = governance.rules[rank]
            for at in (start, *_edges(ways[rank], start, end)):
                yield Since(at, _access(rule, [way for way in ways[rank] if way.open_at(at)]))

    def _ways(self, rule: Rule, subject: Subject) -> list[_Way]:
        """Return the grants that may admit the subject; none where nobody is asked."""
        if rule.open is not None or subject.vehicle_class is VehicleClass.UNKNOWN:
            return []
        profile = VehicleProfile(subject.vehicle_class, None, subject.sample, (), None, None)
        ways: list[_Way] = []
        for grant in rule.layer.grants:
            settled = _settled(grant, rule, subject) if grant.addresses(profile) else False
            if settled is not False:
                hours = self._stretches(grant.during) if grant.grant.during else None
                ways.append(_Way(None if settled else _requirement(grant, rule), hours))
        return ways

    def _stretches(self, sources: tuple[Source, ...]) -> Sequence[Stretch]:
        known = self._hours.get(sources)
        if known is None:
            drawn = (stretch for source in sources for stretch in source.between(self._lo, self._hi))
            known = self._hours[sources] = united(drawn)
        return known


def _settled(grant: CompiledGrant, rule: Rule, subject: Subject) -> bool | None:
    """Tell whether the grant's condition is met by all vehicles of the kind, or by none; None: it depends."""
    if grant.condition is None:
        return True
    known = {**rule.charger_values, "vehicle.class": str(subject.vehicle_class)}
    if subject.named:
        known["vehicle.agreement"] = subject.sample
    return grant.condition.foretold(known)


def _requirement(grant: CompiledGrant, rule: Rule) -> Requirement | None:
    if grant.condition is None:
        return None
    names = grant.condition.names
    given = tuple((name, value) for name, value in sorted(rule.charger_values.items()) if name in names)
    return Requirement(grant.condition.text, given)


def _access(rule: Rule, ways: Sequence[_Way]) -> Access:
    mode = rule.layer.mode
    if mode is AccessMode.FREEVEND or rule.policy.enforcement is Enforcement.OBSERVE:
        return Access(mode, Foreseen.ALLOWED)
    if any(way.requirement is None for way in ways):
        return Access(mode, Foreseen.ALLOWED)
    requirements = {way.requirement for way in ways if way.requirement is not None}
    if requirements:
        return Access(mode, Foreseen.CONDITIONAL, tuple(sorted(requirements, key=repr)))
    return Access(mode, Foreseen.ACCESS_DENIED)


def _edges(ways: Sequence[_Way], start: int, end: int) -> list[int]:
    """Return the instants inside ``(start, end)`` at which hours of grants begin or end."""
    edges: set[int] = set()
    for way in ways:
        hours = way.hours or ()
        near = hours[max(0, bisect_left(hours, (start, 0)) - 1) : bisect_left(hours, (end, 0))]
        edges.update(edge for stretch in near for edge in stretch if start < edge < end)
    return sorted(edges)


def _ungoverned(setting: Ungoverned, subject: Subject) -> Access:
    own = setting is Ungoverned.OWN_ONLY and subject.vehicle_class is VehicleClass.OWN
    allowed = own or setting is Ungoverned.FREEVEND
    return Access(None, Foreseen.ALLOWED if allowed else Foreseen.ACCESS_DENIED)
