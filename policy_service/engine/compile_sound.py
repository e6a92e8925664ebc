"""What can be compiled of a tree with mistakes, so that all of them are told in one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policy_service.domain.diagnostic import any_error
from policy_service.domain.policy import AccessPolicy, CalendarDays, ScheduleRef
from policy_service.engine.compile import compile_plan, schedules_of, surroundings_of
from policy_service.engine.compile_overrides import findings_about
from policy_service.engine.compile_policy import PolicyCompiler, compile_policy
from policy_service.engine.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import DaySet, Override, Schedule
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.compile import CompileContext
    from policy_service.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class SoundPart:
    """What of a tree has no mistake of its own and names nothing that is missing; and the mistakes of the rest."""

    tree: PolicyTree
    diagnostics: tuple[Diagnostic, ...]

    def plan(self, context: CompileContext) -> Plan | None:
        """Compile it; None where its documents contradict each other."""
        return compile_plan(self.tree, context).plan


def sound_part(tree: PolicyTree, context: CompileContext) -> SoundPart:
    """Compile every document by itself that names nothing which is missing from the tree.

    Who governs a charger is not judged: a policy that is missing may change that.
    """
    schedules = {name: each for name, each in tree.schedules.items() if _known(_days_of(each), tree.calendars)}
    whole = replace(tree, schedules=schedules)
    around = surroundings_of(whole, context)
    findings: list[Diagnostic] = []
    policies: list[AccessPolicy] = []
    for policy in tree.policies:
        if _known(_days_of(policy), tree.calendars) and schedules.keys() >= set(schedules_of(policy)):
            found = compile_policy(policy, around).diagnostics
            findings += found
            policies += () if any_error(found) else (policy,)
    overrides: list[Override] = []
    for override in tree.overrides:
        if schedules.keys() >= {each.schedule for grant in override.allow or () for each in grant.during}:
            found = findings_about(override, whole, context)
            findings += found
            overrides += () if any_error(found) else (override,)
    for name in schedules.keys() - {name for policy in tree.policies for name in schedules_of(policy)}:
        work = PolicyCompiler(around, Zone.of("UTC"), 0)
        for times in schedules[name].times:
            work.sources(times)
        findings += work.findings
    return SoundPart(replace(whole, policies=tuple(policies), overrides=tuple(overrides)), tuple(findings))


def _days_of(written: AccessPolicy | Schedule) -> Iterator[DaySet]:
    """Yield the days that windows skip and that exceptions are about."""
    if isinstance(written, AccessPolicy):
        for window in written.windows:
            yield from () if isinstance(window.times, ScheduleRef) else window.times.skip
        for exception in written.exceptions:
            yield from exception.days
    else:
        for times in written.times:
            yield from times.skip


def _known(days: Iterable[DaySet], calendars: Collection[str]) -> bool:
    return all(each.calendar in calendars for each in days if isinstance(each, CalendarDays))
