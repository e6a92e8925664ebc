"""Two trees without what cannot differ between them: to compare one changed policy, a thousand are not compiled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from policy_service.engine.compile import Assembly, schedules_of, surroundings_of
from policy_service.engine.compile_policy import CompiledPolicy, selector_condition
from policy_service.engine.selection import ChargerIndex
from policy_service.engine.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import AccessPolicy
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.compile import CompileContext

Governing: TypeAlias = "Mapping[str, str]"
"""The name of the policy that governs a charger, by charger; one that none governs is not in it."""


def governing(tree: PolicyTree, context: CompileContext) -> Governing | tuple[Diagnostic, ...]:
    """Return which policy governs each charger that any governs, or the findings that keep this from being told."""
    around = surroundings_of(tree, context)
    findings: list[Diagnostic] = []
    selecting: list[CompiledPolicy] = []
    for policy in tree.policies:
        condition, found = selector_condition(policy.chargers, around, Zone.of("UTC"))
        findings += found
        selecting.append(CompiledPolicy(policy, Zone.of(policy.timezone), (), condition, ()))
    work = Assembly(replace(tree, overrides=()), context, selecting, around, {})
    positions = work.governing()
    findings += work.findings
    if findings:
        return tuple(findings)
    return {id_: tree.policies[position].name for id_, position in positions.items()}


def narrowed(
    old: tuple[PolicyTree, Governing], new: tuple[PolicyTree, Governing], context: CompileContext
) -> tuple[PolicyTree, PolicyTree]:
    """Return both trees without the chargers for which neither policy, overrides nor record differ.

    Both must be meant for one time zone database and the same holidays. Policies that are new or changed stay, so that
    their mistakes are found; one that stands in both trees alike is taken for sound.
    """
    trees = old[0], new[0]
    changed = _changed_policies(*trees)
    touched = {id_ for id_, name in old[1].items() if name in changed or new[1].get(id_) != name}
    touched.update(new[1].keys() - old[1].keys())
    touched.update(_recorded_otherwise(*trees))
    touched.update(_overridden_otherwise(*trees, context))
    return _cut(old, touched, changed), _cut(new, touched, changed)


def _recorded_otherwise(old: PolicyTree, new: PolicyTree) -> Iterator[str]:
    before, after = old.chargers, new.chargers
    yield from before.keys() ^ after.keys()
    for id_, charger in before.items():
        other = after.get(id_)
        if charger is not other and charger != other:
            yield id_


def _changed_policies(old: PolicyTree, new: PolicyTree) -> set[str]:
    """Return the names of the policies that differ, in themselves or in what they refer to."""
    before, after = ({policy.name: policy for policy in tree.policies} for tree in (old, new))
    if _surrounded_otherwise(old, new):
        return {*before, *after}
    schedules = {
        name for name in {**old.schedules, **new.schedules} if old.schedules.get(name) != new.schedules.get(name)
    }
    return {
        name
        for name in {**before, **after}
        if before.get(name) != after.get(name) or not schedules.isdisjoint(schedules_of(after[name]))
    }


def _surrounded_otherwise(old: PolicyTree, new: PolicyTree) -> bool:
    return old.calendars != new.calendars or old.attributes != new.attributes


def _overridden_otherwise(old: PolicyTree, new: PolicyTree, context: CompileContext) -> Iterator[str]:
    """Yield the chargers that an override picks which stands in one tree alone, or may mean something else."""
    differing = set(old.overrides) ^ set(new.overrides)
    if old.schedules != new.schedules or _surrounded_otherwise(old, new):
        differing = {*old.overrides, *new.overrides, *context.overrides}
    for tree in (old, new) if differing else ():
        index = ChargerIndex(tree.chargers)
        around = surroundings_of(tree, context)
        for override in differing.intersection((*tree.overrides, *context.overrides)):
            yield from index.matched(
                override.chargers, selector_condition(override.chargers, around, Zone.of("UTC"))[0]
            )


def _cut(side: tuple[PolicyTree, Governing], touched: set[str], changed: set[str]) -> PolicyTree:
    tree, governed_by = side
    needed = changed | {name for id_ in touched if (name := governed_by.get(id_)) is not None}
    policies: tuple[AccessPolicy, ...] = tuple(policy for policy in tree.policies if policy.name in needed)
    chargers = {id_: charger for id_, charger in tree.chargers.items() if id_ in touched}
    return replace(tree, policies=policies, chargers=chargers)
