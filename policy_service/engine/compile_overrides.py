"""Put other overrides over a plan: what they do not touch is taken over, so that a depot opens at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policy_service.engine.compile import Assembly, revision_of, surroundings_of
from policy_service.engine.compile_policy import PolicyCompiler, selector_condition
from policy_service.engine.plan import ChargerPlan
from policy_service.engine.selection import ChargerIndex
from policy_service.engine.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import Override
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.domain.selector import Selector
    from policy_service.engine.compile import CompileContext
    from policy_service.engine.compile_policy import Surroundings
    from policy_service.engine.plan import Governance, Plan


def compile_overrides(tree: PolicyTree, context: CompileContext, previous: Plan) -> Plan:
    """Return the plan under the context's overrides; each must be without findings (:func:`findings_about`).

    ``previous`` was compiled from the very same tree, chargers and content.
    """
    chargers = {**tree.chargers, **context.chargers}
    changed = set(previous.overrides) ^ set(context.overrides)
    index = ChargerIndex(chargers)
    touched = {id_: None for each in changed for id_ in _matched(each, index, previous.surroundings)}
    work = Assembly(tree, context, previous.policies, previous.surroundings, previous.timelines)
    before = {id_: previous.governances[id_] for id_ in touched if id_ in previous.governances}
    anew = work.governed_anew(before)
    governances = {**previous.governances, **anew}
    plan = replace(
        previous,
        revision=revision_of(previous.digest, context.overrides),
        chargers={**previous.chargers, **_entries(previous, anew)},
        governances=governances,
        timelines={found.timeline.layers: found.timeline for found in set(governances.values())},
        overrides=context.overrides,
    )
    plan.roll(context.now)
    return plan


def _entries(previous: Plan, anew: Mapping[str, Governance]) -> dict[str, ChargerPlan]:
    entries = previous.chargers
    return {id_: ChargerPlan(entries[id_].charger, found, entries[id_].profile) for id_, found in anew.items()}


def findings_about(override: Override, tree: PolicyTree, context: CompileContext) -> tuple[Diagnostic, ...]:
    """Return what is found of an override's conditions and hours under the tree; nothing where all is well."""
    work = PolicyCompiler(surroundings_of(tree, context), Zone.of("UTC"), 0)
    work.condition(override.chargers.when, vehicle=False)
    work.grants(override.allow or ())
    return tuple(work.findings)


@dataclass(frozen=True, slots=True)
class Reach:
    """The chargers that an override picks, by what becomes of them; ids in order."""

    taken: Sequence[str]
    left: Sequence[str]
    """Locked by their policies, and the override does not force them."""
    ungoverned: Sequence[str]
    """Under no policy: an override leaves them so."""


def reach(override: Override, plan: Plan) -> Reach:
    """Return which of the plan's chargers the override takes."""
    index = ChargerIndex({id_: entry.charger for id_, entry in plan.chargers.items()})
    taken: list[str] = []
    left: list[str] = []
    ungoverned: list[str] = []
    for id_ in sorted(_matched(override, index, plan.surroundings)):
        policy = plan.chargers[id_].policy
        if policy is None:
            ungoverned.append(id_)
        else:
            (left if policy.locked and not override.force else taken).append(id_)
    return Reach(taken, left, ungoverned)


def reaching(overrides: Iterable[Override], plan: Plan, within: Selector) -> set[str]:
    """Return the names of those overrides that pick any charger which the selector picks."""
    meant = {id_: entry.charger for id_, entry in plan.chargers.items() if within.matches(entry.charger)}
    index = ChargerIndex(meant)
    return {each.name for each in overrides if list(_matched(each, index, plan.surroundings))}


def _matched(override: Override, index: ChargerIndex, around: Surroundings) -> Iterable[str]:
    condition, _ = selector_condition(override.chargers, around, Zone.of("UTC"))
    return index.matched(override.chargers, condition)
