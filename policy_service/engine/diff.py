"""The difference of two plans: exactly when which vehicles would be answered otherwise at which chargers."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from policy_service.domain.access_change import AccessChange, Difference
from policy_service.engine.foresee import Foresight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.domain.access_change import Subject
    from policy_service.engine.foresee import Since
    from policy_service.engine.plan import ChargerPlan, Governance, Plan


def diff(old: Plan, new: Plan, span: tuple[int, int], subjects: Sequence[Subject]) -> Iterator[Difference]:
    """Yield what changes in ``[lo, hi)``, epoch seconds, in the order of each difference's first charger.

    However the plans were made: of other policies, chargers, time zone data or holidays. Chargers that are governed
    alike on both sides are compared once; time is swept from bound to bound.
    """
    before, after = Foresight(old, *span), Foresight(new, *span)
    for chargers in _governed_alike(old, new):
        one, other = old.chargers.get(chargers[0]), new.chargers.get(chargers[0])
        if one and other and _no_different(old, new, one.governance, other.governance):
            continue
        changes = tuple(
            (subject, tuple(_changes(before.of(one, subject), after.of(other, subject), span[1])))
            for subject in subjects
        )
        if any(found for _, found in changes):
            policy = (other and other.policy) or (one and one.policy)
            yield Difference(tuple(chargers), policy.timezone if policy else "UTC", changes)


def _governed_alike(old: Plan, new: Plan) -> list[list[str]]:
    """Return the chargers of both plans, those together that are governed as one on either side."""
    groups: dict[tuple[int, int], list[str]] = defaultdict(list)
    for id_ in sorted({**old.chargers, **new.chargers}):
        groups[_governed(old.chargers.get(id_)), _governed(new.chargers.get(id_))].append(id_)
    return list(groups.values())


def _governed(entry: ChargerPlan | None) -> int:
    """Return a number that equals another's where both are governed as one; none is an object's address."""
    if entry is None:
        return -1
    return -2 if entry.governance is None else id(entry.governance)


def _no_different(old: Plan, new: Plan, one: Governance | None, other: Governance | None) -> bool:
    """Tell at a glance that nothing differs: a timeline that was taken over has all that it was drawn of."""
    if one is None or other is None:
        return one is other and old.ungoverned is new.ungoverned
    return (
        one.timeline is other.timeline
        and one.policy.enforcement is other.policy.enforcement
        and len(one.rules) == len(other.rules)
        and all(
            rule.layer == again.layer and rule.charger_values == again.charger_values
            for rule, again in zip(one.rules, other.rules, strict=True)
        )
    )


def _changes(before: Sequence[Since], after: Sequence[Since], end: int) -> Iterator[AccessChange]:
    """Yield the stretches in which the two differ, each as long as it can be."""
    bounds = sorted({step.start for step in (*before, *after)} | {end})
    i = j = -1
    for start, stop in pairwise(bounds):
        i += _begins(before, i + 1, start)
        j += _begins(after, j + 1, start)
        one, other = before[i].access, after[j].access
        if one != other:
            yield AccessChange(start, stop, one, other)


def _begins(steps: Sequence[Since], at: int, start: int) -> bool:
    return at < len(steps) and steps[at].start == start
