"""Compile a checked policy tree into a plan: pure, all mistakes in one run, unchanged policies taken over."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode, Ungoverned
from policy_service.domain.charger_profile import UNKNOWN_MODEL
from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Diagnostic, any_error, in_reading_order
from policy_service.domain.instant import DAY, format_instant
from policy_service.domain.policy import ScheduleRef
from policy_service.engine.compile_policy import (
    CompiledPolicy,
    PolicyCompiler,
    Surroundings,
    allow_place,
    compile_policy,
    selector_condition,
)
from policy_service.engine.conditions import charger_values
from policy_service.engine.days import Almanac
from policy_service.engine.occurrences import Once
from policy_service.engine.overlaps import overlaps
from policy_service.engine.plan import ChargerPlan, Governance, Plan, home_around
from policy_service.engine.rules import OVERRIDE, Layer, Rule, ranked
from policy_service.engine.selection import ChargerIndex
from policy_service.engine.timeline import Timeline
from policy_service.engine.zone import ZONE_DATA_VERSION, Zone, wall_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policy_service.domain.charger import AttributeValue, Charger
    from policy_service.domain.place import Place
    from policy_service.domain.policy import AccessPolicy, Override, WallInstant
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.holiday_days import HolidayDates
    from policy_service.engine.plan import Digest
    from policy_service.engine.timeline import TimelineKey

_NAMED = 5  # chargers that a message about a tie names


@dataclass(frozen=True, slots=True)
class CompileContext:
    """All that a plan depends on beside the policy tree."""

    now: int
    """Epoch seconds; decides which part of time is kept at hand, and no answer."""
    holidays: HolidayDates
    content: str = ""
    """A hash of the policy files."""
    ungoverned: Ungoverned = Ungoverned.DENY
    chargers: Mapping[str, Charger] = field(default_factory=dict[str, "Charger"])
    """Imported chargers; none of them stands in the tree's inventory."""
    overrides: tuple[Override, ...] = ()
    """Overrides made over HTTP."""
    previous: Plan | None = None
    """The plan before: what has not changed is taken over from it."""
    at_hand: bool = True
    """Whether the time around ``now`` is drawn ahead, for whoever is asked at any moment. Whoever asks a few questions,
    or wants the findings alone, has what they need drawn on demand."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The plan, None where anything of error level was found; and all findings in reading order."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]


def compile_plan(tree: PolicyTree, context: CompileContext) -> Compiled:
    """Compile the tree. The same tree and context give a plan of the same revision and the same answers."""
    around = surroundings_of(tree, context)
    previous = _reusable(context.previous, around)
    around = previous.surroundings if previous else around
    policies = _compile_policies(tree, around, previous)
    findings = [finding for policy in policies for finding in policy.diagnostics]
    findings += _unused_schedules(tree, around)
    if any_error(findings):
        findings += _claims(tree, context, policies, around)
        return Compiled(None, tuple(in_reading_order(findings)))
    work = Assembly(tree, context, policies, around, previous.timelines if previous else {})
    chargers = work.assemble()
    findings += work.findings
    if any_error(findings):
        return Compiled(None, tuple(in_reading_order(findings)))
    digest = _digest(context, tree.built_in_profiles)
    plan = Plan(
        revision=revision_of(digest, context.overrides),
        tzdata=ZONE_DATA_VERSION,
        holidays=context.holidays.version,
        chargers=chargers,
        governances={id_: entry.governance for id_, entry in chargers.items() if entry.governance is not None},
        ungoverned=context.ungoverned,
        policies=tuple(policies),
        timelines=work.timelines,
        surroundings=around,
        overrides=context.overrides,
        digest=digest,
    )
    if context.at_hand:
        plan.roll(context.now)
    return Compiled(plan, tuple(in_reading_order(findings)))


def surroundings_of(tree: PolicyTree, context: CompileContext) -> Surroundings:
    """Return what the documents of a tree refer to, as of the context's day."""
    almanac = Almanac(tree.calendars, context.holidays)
    return Surroundings(tree.schedules, almanac, tree.attributes, context.now - context.now % DAY)


def _claims(
    tree: PolicyTree, context: CompileContext, policies: Sequence[CompiledPolicy], around: Surroundings
) -> list[Diagnostic]:
    """Return what is wrong with the selectors of policies that have other mistakes, where each is understood."""
    if any(each.policy.chargers.when is not None and each.selector is None for each in policies):
        return []
    work = Assembly(tree, context, policies, around, {})
    work.governing()
    return work.findings


def _reusable(previous: Plan | None, around: Surroundings) -> Plan | None:
    return previous if previous is not None and previous.surroundings.same_as(around) else None


def _compile_policies(tree: PolicyTree, around: Surroundings, previous: Plan | None) -> list[CompiledPolicy]:
    """Compile what changed; a policy that is the very object of the plan before is taken over."""
    known = {id(compiled.policy): compiled for compiled in previous.policies} if previous else {}
    return [known.get(id(policy)) or compile_policy(policy, around) for policy in tree.policies]


def _unused_schedules(tree: PolicyTree, around: Surroundings) -> list[Diagnostic]:
    """Check by itself what no policy uses yet: it must not carry a mistake into next week's policy.

    What is used has been checked in the zones of its policies: there an UNTIL in UTC may end it on another day.
    """
    used = {name for policy in tree.policies for name in schedules_of(policy)}
    work = PolicyCompiler(around, Zone.of("UTC"), 0)
    for name, schedule in tree.schedules.items():
        for times in schedule.times if name not in used else ():
            work.sources(times)
    return work.findings


def schedules_of(policy: AccessPolicy) -> Iterator[str]:
    """Yield the names of the schedules that a policy's windows and grants refer to."""
    for window in policy.windows:
        if isinstance(window.times, ScheduleRef):
            yield window.times.schedule
    allowed = [part.allow for part in policy.windows] + [part.allow for part in policy.exceptions]
    for allow in (policy.allow, *allowed):
        for grant in allow or ():
            yield from (reference.schedule for reference in grant.during)


def _digest(context: CompileContext, profiles: str) -> Digest:
    digest = hashlib.sha256()
    for part in (context.content, ZONE_DATA_VERSION, context.holidays.version, context.ungoverned, profiles):
        digest.update(f"{part}\n".encode())
    for _, charger in sorted(context.chargers.items()):
        digest.update(repr(charger).encode())
    return digest


def revision_of(digest: Digest, overrides: Iterable[Override]) -> str:
    """Return the revision of what was digested, under overrides made over HTTP."""
    whole = digest.copy()
    for override in overrides:
        whole.update(repr(override).encode())
    return f"sha256:{whole.hexdigest()}"


class Assembly:
    """Puts chargers, policies and overrides together."""

    def __init__(
        self,
        tree: PolicyTree,
        context: CompileContext,
        policies: Sequence[CompiledPolicy],
        around: Surroundings,
        known: Mapping[TimelineKey, Timeline],
    ) -> None:
        """Take what is to be put together, and the timelines that may be taken over."""
        self.findings: list[Diagnostic] = []
        self.timelines: dict[TimelineKey, Timeline] = {}
        """Those that chargers are governed by."""
        self._known = known
        self._chargers = {**tree.chargers, **context.chargers}
        self._profiles = tree.profiles
        self._policies = policies
        self._overrides = (*tree.overrides, *context.overrides)
        self._around = around
        self._index = ChargerIndex(self._chargers)
        self._home = home_around(around.today) if context.at_hand else (around.today, around.today)
        self._plain: dict[int, Governance] = {}
        """By policy, where neither overrides nor attributes tell its chargers apart: nearly all."""
        self._governances: dict[tuple[object, ...], Governance] = {}
        self._layers: dict[tuple[int, tuple[int, ...]], tuple[Layer, ...]] = {}
        self._names: dict[tuple[int, tuple[int, ...]], tuple[str, ...]] = {}
        self._clashes: set[tuple[str, str]] = set()

    def assemble(self) -> dict[str, ChargerPlan]:
        """Return every charger with its governance."""
        governing = self.governing()
        overriding = self._overriding()
        plans: dict[str, ChargerPlan] = {}
        unknown = self._profiles.get(UNKNOWN_MODEL)  # the model of a charger that names none, or none that there is
        for id_, charger in self._chargers.items():
            position = governing.get(id_)
            governance = None
            if position is not None:
                governance = self._governance(position, overriding.get(id_, ()), charger)
            profile = unknown if charger.profile is None else self._profiles.get(charger.profile, unknown)
            plans[id_] = ChargerPlan(charger, governance, profile)
        return plans

    def governed_anew(self, governances: Mapping[str, Governance]) -> dict[str, Governance]:
        """Return how these chargers are governed under the overrides of now, given how they were under others."""
        positions = {id(compiled.policy): position for position, compiled in enumerate(self._policies)}
        overriding = self._overriding()
        plain = [each.allow is None or all(grant.when is None for grant in each.allow) for each in self._overrides]
        known: dict[tuple[int, tuple[int, ...]], Governance] = {}
        anew: dict[str, Governance] = {}
        for id_, before in governances.items():
            over = overriding.get(id_, ())
            governance = known.get((id(before), over))
            if governance is None:
                governance = self._governance(positions[id(before.policy)], over, self._chargers[id_])
                # What was governed as one differs in nothing that the policy names; an override may name more.
                if all(plain[each] for each in over):
                    known[id(before), over] = governance
            anew[id_] = governance
        return anew

    def governing(self) -> dict[str, int]:
        """Return, for every charger that a policy matches, the position of the one that governs it (PS111)."""
        by_priority: dict[int, list[int]] = defaultdict(list)
        for position, compiled in enumerate(self._policies):
            by_priority[compiled.policy.priority].append(position)
        governing: dict[str, int] = {}
        for priority in sorted(by_priority, reverse=True):
            claims: dict[str, int] = {}
            ties: dict[tuple[int, int], list[str]] = defaultdict(list)
            for position in by_priority[priority]:
                compiled = self._policies[position]
                for id_ in self._index.matched(compiled.policy.chargers, compiled.selector):
                    if id_ not in governing and claims.setdefault(id_, position) != position:
                        ties[claims[id_], position].append(id_)
            for (first, second), ids in ties.items():
                self._report_tie(first, second, ids)
            governing |= claims
        return governing

    def _report_tie(self, first: int, second: int, ids: list[str]) -> None:
        one, other = self._policies[first].policy, self._policies[second].policy
        named = ", ".join(f"`{id_}`" for id_ in sorted(ids)[:_NAMED])
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        self._report(
            "PS111",
            other.chargers.place,
            f"policies `{one.name}` and `{other.name}` of priority {other.priority} both claim {named}{more}",
            "give the one that should govern a higher `priority`, or narrow a selector",
        )

    def _overriding(self) -> dict[str, tuple[int, ...]]:
        """Return the positions of the overrides that a charger is under, in order."""
        overriding: dict[str, list[int]] = defaultdict(list)
        for position, override in enumerate(self._overrides):
            condition, findings = selector_condition(override.chargers, self._around, Zone.of("UTC"))
            self.findings += findings
            for id_ in self._index.matched(override.chargers, condition):
                overriding[id_].append(position)
        return {id_: tuple(positions) for id_, positions in overriding.items()}

    def _governance(self, position: int, overriding: tuple[int, ...], charger: Charger) -> Governance:
        if not overriding and position in self._plain:
            return self._plain[position]
        compiled = self._policies[position]
        if overriding and compiled.policy.locked:
            overriding = tuple(each for each in overriding if self._overrides[each].force)
        layers = self._ranked_layers(position, overriding, charger)
        values = self._named_values(position, overriding, charger)
        key = (position, overriding, tuple(values.items()), tuple(type(value) for value in values.values()))
        governance = self._governances.get(key)
        if governance is None:
            rules = tuple(Rule(compiled.policy, layer, values, compiled.hours, self._home) for layer in layers)
            governance = Governance(compiled.policy, rules, self._timeline(layers), _has_twins(layers))
            self._governances[key] = governance
        if not overriding and not self._names[position, overriding]:
            self._plain[position] = governance
        return governance

    def _timeline(self, layers: tuple[Layer, ...]) -> Timeline:
        key = tuple(layer.sources for layer in layers[1:])
        timeline = self.timelines.get(key)
        if timeline is None:
            timeline = self.timelines[key] = self._known.get(key) or Timeline(key, *self._home)
        return timeline

    def _ranked_layers(self, position: int, overriding: tuple[int, ...], charger: Charger) -> tuple[Layer, ...]:
        known = self._layers.get((position, overriding))
        if known is None:
            compiled = self._policies[position]
            over = [self._override_layer(compiled, self._overrides[each]) for each in overriding]
            self._check_overrides(over, charger)
            default, *others = compiled.layers
            known = self._layers[position, overriding] = (default, *ranked([*others, *over]))
        return known

    def _override_layer(self, compiled: CompiledPolicy, override: Override) -> Layer:
        zone = compiled.zone if override.timezone is None else Zone.of(override.timezone)
        allow = compiled.policy.allow if override.allow is None else override.allow
        work = PolicyCompiler(self._around, compiled.zone, compiled.policy.day_start)
        grants = work.grants(allow)
        self.findings += work.findings
        start, end = _instant(override.start, zone), _instant(override.end, zone)
        if start >= end:  # of two local times, or two instants, it was told while they were read
            place = override.places.get("to", override.place)
            message = f"the override ends before it starts by the clock of `{zone.name}`"
            self._report("PS113", place, message, "`to` must come after `from`")
        return Layer(
            OVERRIDE,
            0,
            override.name,
            override.mode,
            allow,
            grants,
            (Once(start, end),),
            override.message,
            place=override.place,
            created=override.created or 0,
            allow_place=allow_place(compiled.policy, override),
        )

    def _check_overrides(self, layers: Sequence[Layer], charger: Charger) -> None:
        """Report file overrides that hold at once and differ (PS112); made over HTTP, the later one wins."""
        from_files = [layer for layer in layers if not layer.created]
        for first, second, at in overlaps(from_files, 0, 1 << 40):
            pair = (str(first.name), str(second.name))
            if pair not in self._clashes and second.place is not None:
                self._clashes.add(pair)
                self._report(
                    "PS112",
                    second.place,
                    f"overrides `{pair[0]}` and `{pair[1]}` hold on `{charger.id}` at once and differ",
                    f"end one before the other starts; they first meet at {format_instant(at)}",
                )

    def _named_values(
        self, position: int, overriding: tuple[int, ...], charger: Charger
    ) -> Mapping[str, AttributeValue]:
        """Return the charger's values that any condition of its grants names: what tells its rules from others'."""
        names = self._names.get((position, overriding))
        if names is None:
            layers = self._ranked_layers(position, overriding, charger)
            conditions = (grant.condition for layer in layers for grant in layer.grants)
            named = {name for condition in conditions if condition is not None for name in condition.names}
            names = tuple(sorted(name for name in named if name.startswith("charger.")))
            self._names[position, overriding] = names
        if not names:
            return {}
        values = charger_values(charger)
        return {name: values[name] for name in names if name in values}

    def _report(self, code: str, place: Place, message: str, help_text: str) -> None:
        self.findings.append(Diagnostic(code, CODES[code].severity, place, message, help_text))


def _has_twins(layers: Sequence[Layer]) -> bool:
    shown = [(layer.mode, layer.name) for layer in layers if layer.mode is AccessMode.MANAGED]
    open_ = {layer.name for layer in layers if layer.mode is AccessMode.FREEVEND}
    return len(set(shown)) < len(shown) or len(open_) < len(layers) - len(shown)


def _instant(at: WallInstant | int, zone: Zone) -> int:
    return at if isinstance(at, int) else zone.to_utc(wall_seconds(at.day.toordinal(), at.second))
