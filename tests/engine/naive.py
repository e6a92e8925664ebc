"""A naive reading of the policy format: who may charge at an instant, straight from the text, slow and obvious.

It shares only the nouns of ``domain`` with what it judges. Recurrences are python-dateutil's over naive local times;
each local time is mapped by zoneinfo with ``fold=0``, which is what RFC 5545 §3.3.5 asks for. Conditions are trees of
tuples, known by their text. What a schedule with a zone of its own starts, ends and skips, it does by its own clock.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from condition_trees import charger_facts, met, vehicle_facts
from dateutil.rrule import rrulestr

from policy_service.domain.access import AccessMode, Enforcement, OnLookupFailure, Outcome, Reason, Ungoverned
from policy_service.domain.policy import AllDay, CalendarDays, DayRange, Duration, ListedDays, ScheduleRef
from policy_service.domain.registration import Absence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policy_service.domain.access import VehicleClass
    from policy_service.domain.charger import Charger
    from policy_service.domain.policy import (
        AccessPolicy,
        DayException,
        DaySet,
        Grant,
        Grants,
        Override,
        Times,
        WallInstant,
    )
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.domain.registration import Finding, Registration
    from policy_service.domain.selector import Selector

DAY = 86_400
LONGEST = 20  # days: no window of the tests lasts longer
ONE = timedelta(days=1)
ALLOWED, DENIED, MANAGED = Outcome.ALLOWED, Outcome.ACCESS_DENIED, AccessMode.MANAGED


class Told(NamedTuple):
    """What is answered; ``judged`` is the outcome before ``observe`` softened it."""

    outcome: Outcome
    reason: Reason
    mode: AccessMode | None
    policy: str | None
    window: str | None
    vehicle_class: VehicleClass | None
    judged: Outcome


class Tied(Exception):  # noqa: N818 - what the tree is, not what went wrong here
    """Two policies of the highest priority match a charger."""


def instant(zone: str, day: date, second: int) -> int:
    """Map a local time by RFC 5545 §3.3.5."""
    local = datetime(day.year, day.month, day.day) + timedelta(seconds=second)  # noqa: DTZ001 - local, on purpose
    return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp())


class Hours:
    """Some stretches of time, looked up by the UTC days that they touch."""

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        """Take the stretches, whatever their order."""
        self.stretches = sorted({(start, end) for start, end in stretches if start < end})
        self._by_day: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for start, end in self.stretches:
            for day in range(start // DAY, (end - 1) // DAY + 1):
                self._by_day[day].append((start, end))

    def __contains__(self, at: int) -> bool:
        """Tell whether any stretch holds the instant."""
        return any(start <= at < end for start, end in self._by_day.get(at // DAY, ()))

    @property
    def edges(self) -> set[int]:
        return {edge for stretch in self.stretches for edge in stretch}


ALWAYS = Hours(())


class Rule(NamedTuple):
    """The default mode, a window, an exception or an override; the highest rank that covers an instant holds."""

    rank: tuple[int, int, int, bool, int]
    name: str | None
    mode: AccessMode
    allow: Grants
    hours: Hours

    def covers(self, at: int) -> bool:
        return self.hours is ALWAYS or at in self.hours

    def differs(self, other: Rule) -> bool:
        """Whom a freevend rule would admit while managed does not matter."""
        return self.mode is not other.mode or (self.mode is MANAGED and self.allow != other.allow)


class Naive:
    """A policy tree read over the days from ``lo`` to ``hi``."""

    def __init__(
        self,
        tree: PolicyTree,
        holidays: Callable[[str, int], Mapping[date, str]],
        conditions: Mapping[str, Any],
        *,
        lo: date,
        hi: date,
        overrides: tuple[Override, ...] = (),
        ungoverned: Ungoverned = Ungoverned.DENY,
    ) -> None:
        """Take all that answers depend on."""
        self.tree = tree
        self.overrides = (*tree.overrides, *overrides)
        self.ungoverned = ungoverned
        self._holidays = holidays
        self._conditions = conditions
        self._days = [lo + n * ONE for n in range(-LONGEST, (hi - lo).days + 4)]
        self._schedules: dict[tuple[str, str], Hours] = {}
        self._rules: dict[str, list[Rule]] = {}

    # --- times ---

    def starts(self, times: Times, policy: AccessPolicy) -> list[date]:
        """Return the start dates: rule and rdates, without exdates, without skip."""
        second = policy.day_start if isinstance(times.span, AllDay) else times.span.start
        days = {*self.ruled(times, second, times.timezone or policy.timezone), *times.dates, *times.rdates}
        days -= set(times.exdates)
        days = {day for day in days if self._days[0] <= day <= self._days[-1]}
        return [day for day in days if not self.named(times.skip, day - ONE if second < policy.day_start else day)]

    def ruled(self, times: Times, second: int, zone: str) -> list[date]:
        if times.rrule is None or times.first is None:
            return [] if times.first is None else [times.first]
        parts = {"WKST": "MO", **dict(part.split("=") for part in times.rrule.split(";"))}
        until = parts.pop("UNTIL", None)
        rule = ";".join("=".join(part) for part in parts.items())
        begin = datetime(times.first.year, times.first.month, times.first.day) + timedelta(seconds=second)  # noqa: DTZ001
        found = takewhile(lambda start: start.date() <= self._days[-1], rrulestr(rule, dtstart=begin))
        days = [start.date() for start in found if admitted(start, until, zone)]
        return [day for day in days if times.until is None or day <= times.until]

    def occurrences(self, times: Times, policy: AccessPolicy) -> Iterable[tuple[int, int]]:
        zone, span = times.timezone or policy.timezone, times.span
        for day in self.starts(times, policy):
            if isinstance(span, AllDay):
                yield instant(zone, day, policy.day_start), instant(zone, day + ONE, policy.day_start)
            elif isinstance(span.end, Duration):
                nominal = instant(zone, day + span.end.days * ONE, span.start)
                yield instant(zone, day, span.start), nominal + span.end.seconds
            else:
                yield instant(zone, day, span.start), instant(zone, day + span.end.days * ONE, span.end.second)

    def hours(self, times: Times | ScheduleRef, policy: AccessPolicy) -> Hours:
        if not isinstance(times, ScheduleRef):
            return Hours(self.occurrences(times, policy))
        key = (times.schedule, policy.name)
        if key not in self._schedules:
            each = self.tree.schedules[times.schedule].times
            self._schedules[key] = Hours(stretch for own in each for stretch in self.occurrences(own, policy))
        return self._schedules[key]

    def exception_hours(self, exception: DayException, policy: AccessPolicy) -> Iterable[tuple[int, int]]:
        zone, part = policy.timezone, exception.span
        for day in (day for day in self._days if self.named(exception.days, day)):
            if part is None:
                yield instant(zone, day, policy.day_start), instant(zone, day + ONE, policy.day_start)
                continue
            on = day + ONE if part.start < policy.day_start else day
            if isinstance(part.end, Duration):
                end = instant(zone, on + part.end.days * ONE, part.start) + part.end.seconds
            else:
                end = instant(zone, on + part.end.days * ONE, part.end.second)
            yield instant(zone, on, part.start), end

    def named(self, sets: tuple[DaySet, ...], day: date) -> bool:
        """Tell whether any of the day sets has the day."""
        for days in sets:
            if isinstance(days, ListedDays):
                found = day in days.dates
            elif isinstance(days, DayRange):
                found = days.first <= day <= days.last
            elif isinstance(days, CalendarDays):
                found = day in self.tree.calendars[days.calendar].dates
            else:
                found = day in self._holidays(days.region, day.year) and day not in days.but
            if found:
                return True
        return False

    # --- rules ---

    def governing(self, charger: Charger) -> AccessPolicy | None:
        """One charger, one policy."""
        matching = [policy for policy in self.tree.policies if self.picks(policy.chargers, charger)]
        best = [policy for policy in matching if policy.priority == max(other.priority for other in matching)]
        if len(best) > 1:
            raise Tied
        return best[0] if best else None

    def rules(self, charger: Charger) -> list[Rule]:
        """Everything that may set the charger's mode."""
        if charger.id not in self._rules:
            policy = self.governing(charger)
            self._rules[charger.id] = [] if policy is None else [*self._policy_rules(policy), *self._over(charger)]
        return self._rules[charger.id]

    def _policy_rules(self, policy: AccessPolicy) -> Iterable[Rule]:
        def rank(level: int, priority: int, mode: AccessMode, position: int) -> tuple[int, int, int, bool, int]:
            return level, 0, priority, mode is MANAGED, -position

        yield Rule(rank(0, 0, policy.default_mode, 0), None, policy.default_mode, policy.allow, ALWAYS)
        for position, window in enumerate(policy.windows):
            allow = policy.allow if window.allow is None else window.allow
            hours = self.hours(window.times, policy)
            yield Rule(rank(1, window.priority, window.mode, position), window.name, window.mode, allow, hours)
        for position, exception in enumerate(policy.exceptions):
            allow = policy.allow if exception.allow is None else exception.allow
            hours = Hours(self.exception_hours(exception, policy))
            ranked = rank(2, exception.priority, exception.mode, position)
            yield Rule(ranked, exception.name, exception.mode, allow, hours)

    def _over(self, charger: Charger) -> Iterable[Rule]:
        policy = self.governing(charger)
        for position, over in enumerate(self.overrides):
            if policy is None or not self.picks(over.chargers, charger) or (policy.locked and not over.force):
                continue
            ends = [wall(at, over.timezone or policy.timezone) for at in (over.start, over.end)]
            made = -1 if over.created is None else over.created
            rank = 3, made, 0, over.mode is MANAGED, -position
            allow = policy.allow if over.allow is None else over.allow
            yield Rule(rank, over.name, over.mode, allow, Hours([(ends[0], ends[1])]))

    def clashes(self, charger: Charger, level: int, lo: int, hi: int) -> list[tuple[str, str, int]]:
        """Name what overlaps in one level at equal priority and differs, in document order, and since when."""
        rules = sorted((rule for rule in self.rules(charger) if rule.rank[0] == level), key=lambda rule: -rule.rank[4])
        found: list[tuple[str, str, int]] = []
        for i, rule in enumerate(rules):
            for other in rules[i + 1 :]:
                if rule.rank[1:3] != other.rank[1:3] or not rule.differs(other):
                    continue
                edges = sorted({lo} | {edge for edge in rule.hours.edges | other.hours.edges if lo <= edge < hi})
                both = (edge for edge in edges if edge in rule.hours and edge in other.hours)
                found += [(str(rule.name), str(other.name), at) for at in list(both)[:1]]
        return found

    # --- who ---

    def picks(self, selector: Selector, charger: Charger) -> bool:
        """Every part given must hold, and exclude wins."""
        wanted = selector.labels or ()
        return (
            (selector.ids is not None or selector.labels is not None or selector.when is not None)
            and (selector.ids is None or any(fnmatchcase(charger.id, glob) for glob in selector.ids))
            and all(charger.labels.get(label) in values for label, values in wanted)
            and not any(fnmatchcase(charger.id, glob) for glob in selector.exclude)
            and (selector.when is None or met(self._conditions[selector.when.text], charger_facts(charger)))
        )

    def answer(self, charger_id: str, at: int, finding: Finding) -> Told:
        """Judge the reasons in the order of the table."""
        charger = self.tree.chargers.get(charger_id)
        if charger is None:
            return Told(DENIED, Reason.UNKNOWN_CHARGER, None, None, None, None, DENIED)
        policy = self.governing(charger)
        if policy is None:
            return self._no_policy(charger, at, finding)
        rule = max(rule for rule in self.rules(charger) if rule.covers(at))
        if rule.mode is AccessMode.FREEVEND:
            return Told(ALLOWED, Reason.FREEVEND, rule.mode, policy.name, rule.name, None, ALLOWED)
        if isinstance(finding, Absence):
            reason, whose = Reason(finding.value), unknown_class(finding)
            open_ = finding is Absence.LOOKUP_FAILED and policy.on_lookup_failure is OnLookupFailure.ALLOW
            judged = ALLOWED if open_ else DENIED
        else:
            whose = finding.record.vehicle_class
            reason = standing(finding, at) or self._granted(rule, policy, charger, at, finding)
            judged = ALLOWED if reason in {Reason.OWN_VEHICLE, Reason.AGREEMENT_VEHICLE} else DENIED
        outcome = ALLOWED if policy.enforcement is Enforcement.OBSERVE else judged
        return Told(outcome, reason, rule.mode, policy.name, rule.name, whose, judged)

    def _no_policy(self, charger: Charger, at: int, finding: Finding) -> Told:
        whose = None
        outcome = ALLOWED if self.ungoverned is Ungoverned.FREEVEND else DENIED
        if self.ungoverned is Ungoverned.OWN_ONLY:
            whose = unknown_class(finding) if isinstance(finding, Absence) else finding.record.vehicle_class
            if not isinstance(finding, Absence) and whose == "own" and standing(finding, at) is None:
                outcome = ALLOWED if self._here(charger, finding) else DENIED
        return Told(outcome, Reason.NO_POLICY, None, None, None, whose, outcome)

    def _here(self, charger: Charger, finding: Registration) -> bool:
        selectors = [finding.record.chargers, finding.agreement.chargers if finding.agreement else None]
        return all(selector is None or self.picks(selector, charger) for selector in selectors)

    def _granted(self, rule: Rule, policy: AccessPolicy, charger: Charger, at: int, finding: Registration) -> Reason:
        """Grants unite."""
        facts = {**charger_facts(charger), **vehicle_facts(finding)}
        if self._here(charger, finding) and any(
            self._grants(grant, facts, finding)
            and (not grant.during or any(at in self.hours(name, policy) for name in grant.during))
            for grant in rule.allow
        ):
            return Reason(f"{finding.record.vehicle_class}_vehicle")
        return Reason.NOT_GRANTED

    def _grants(self, grant: Grant, facts: Mapping[str, Any], finding: Registration) -> bool:
        agreement = finding.record.agreement or ""
        return (
            grant.vehicle_class == finding.record.vehicle_class
            and (grant.agreements is None or any(fnmatchcase(agreement, glob) for glob in grant.agreements))
            and not any(fnmatchcase(agreement, glob) for glob in grant.exclude_agreements)
            and (grant.when is None or met(self._conditions[grant.when.text], facts))
        )

    def edges(self, charger_id: str, finding: Finding) -> set[int]:
        """Return every instant at which an answer to this question may change."""
        charger = self.tree.chargers.get(charger_id)
        found: set[int] = (
            set() if isinstance(finding, Absence) else {edge for edge in bounds(finding) if edge is not None}
        )
        policy = None if charger is None else self.governing(charger)
        if charger is not None and policy is not None:
            for rule in self.rules(charger):
                found |= rule.hours.edges
                for name in {name for grant in rule.allow for name in grant.during}:
                    found |= self.hours(name, policy).edges
        return found


def admitted(start: datetime, until: str | None, zone: str) -> bool:
    """Tell whether UNTIL admits an occurrence that starts at the local time."""
    if until is None:
        return True
    if len(until) == len("20261224"):
        return f"{start:%Y%m%d}" <= until
    if not until.endswith("Z"):
        return f"{start:%Y%m%dT%H%M%S}" <= until
    limit = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return instant(zone, start.date(), start.hour * 3600 + start.minute * 60 + start.second) <= limit.timestamp()


def wall(at: WallInstant | int, zone: str) -> int:
    return at if isinstance(at, int) else instant(zone, at.day, at.second)


def unknown_class(absence: Absence) -> Any:  # noqa: ANN401 - a class or None
    return "unknown" if absence is Absence.UNKNOWN_IDENTIFIER else None


def bounds(finding: Registration) -> list[int | None]:
    record, agreement = finding.record, finding.agreement
    found = [record.valid_from, record.valid_to]
    return found + ([agreement.valid_from, agreement.valid_to] if agreement else [])


def standing(finding: Registration, at: int) -> Reason | None:
    """Return what stands in the identifier's or its agreement's way."""
    for what, held in (("identifier", finding.record), ("agreement", finding.agreement)):
        if what == "agreement" and finding.record.vehicle_class == "own":
            return None
        if held is None:
            return Reason.AGREEMENT_UNKNOWN
        if held.status != "active":
            return Reason(f"{what}_{held.status}")
        if held.valid_from is not None and at < held.valid_from:
            return Reason(f"{what}_not_yet_valid")
        if held.valid_to is not None and held.valid_to <= at:
            return Reason(f"{what}_expired")
    return None
