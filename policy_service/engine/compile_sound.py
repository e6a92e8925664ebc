"""What can be compiled of a tree with mistakes, so that all of them are told in one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policy_service.domain.diagnostic import Severity
from policy_service.domain.instant import DAY
from policy_service.domain.policy import AccessPolicy, CalendarDays, ScheduleRef
from policy_service.engine.compile import compile_plan, schedules_of
from policy_service.engine.compile_overrides import findings_about
from policy_service.engine.compile_policy import PolicyCompiler, Surroundings, compile_policy
from policy_service.engine.days import Almanac
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
    almanac = Almanac(tree.calendars, context.holidays)
    schedules = {name: each for name, each in tree.schedules.items() if _known(_days_of(each), tree.calendars)}
    around = Surroundings(schedules, almanac, tree.attributes, context.now - context.now % DAY)
    findings: list[Diagnostic] = []
    policies: list[AccessPolicy] = []
    for policy in tree.policies:
        if _known(_days_of(policy), tree.calendars) and schedules.keys() >= set(schedules_of(policy)):
            found = compile_policy(policy, around).diagnostics
            findings += found
            policies += () if _any_error(found) else (policy,)
    overrides: list[Override] = []
    for override in tree.overrides:
        if schedules.keys() >= {each.schedule for grant in override.allow or () for each in grant.during}:
            mistakes = findings_about(override, replace(tree, schedules=schedules), context)
            findings += mistakes
            overrides += () if mistakes else (override,)
    for name in schedules.keys() - {name for policy in tree.policies for name in schedules_of(policy)}:
        work = PolicyCompiler(around, Zone.of("UTC"), 0)
        for times in schedules[name].times:
            work.sources(times)
        findings += work.findings
    part = replace(tree, policies=tuple(policies), schedules=schedules, overrides=tuple(overrides))
    return SoundPart(part, tuple(findings))


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


def _any_error(findings: Iterable[Diagnostic]) -> bool:
    return any(found.severity is Severity.ERROR for found in findings)
