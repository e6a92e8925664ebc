"""One policy to its layers: recurrences, days, hours and conditions resolved, every mistake with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Diagnostic, any_error
from policy_service.domain.instant import DAY
from policy_service.domain.policy import HolidayDays, ScheduleRef
from policy_service.engine.conditions import Condition, compile_condition
from policy_service.engine.holiday_days import UnknownRegionError
from policy_service.engine.occurrences import ExceptionDays, occurrences_of
from policy_service.engine.overlaps import conflict_horizon, overlaps
from policy_service.engine.recurrence import RecurrenceError
from policy_service.engine.rules import DEFAULT, EXCEPTION, WINDOW, CompiledGrant, Layer
from policy_service.engine.timeline import touches
from policy_service.engine.zone import EPOCH_ORDINAL, Zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.place import Place
    from policy_service.domain.policy import (
        AccessPolicy,
        AttributeTypes,
        DayException,
        DaySet,
        Grants,
        Override,
        Schedule,
        Times,
        Window,
    )
    from policy_service.domain.selector import Expression, Selector
    from policy_service.engine.days import Almanac
    from policy_service.engine.occurrences import Occurrences
    from policy_service.engine.overlaps import Overlap
    from policy_service.engine.rules import HoursByGrants
    from policy_service.engine.timeline import Hours, Source

_YEAR = 366 * DAY
_DATED_BY = ("rrule", "dates", "from")
"""The keys that say on which dates a window starts."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What policies refer to: schedules, calendars and holidays, declared attributes; and the day of compilation."""

    schedules: Mapping[str, Schedule]
    almanac: Almanac
    types: AttributeTypes
    today: int
    """Epoch seconds of the UTC day."""

    def same_as(self, other: Surroundings) -> bool:
        """Tell whether a policy compiled under the other comes to the same under this one."""
        return (
            self.today == other.today
            and self.types == other.types
            and self.schedules == other.schedules
            and self.almanac.calendars == other.almanac.calendars
            and self.almanac.holidays.version == other.almanac.holidays.version
        )


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPolicy:
    """A policy with its layers, ranked from weak to strong; ``layers[0]`` is the default mode."""

    policy: AccessPolicy
    zone: Zone
    layers: tuple[Layer, ...]
    selector: Condition | None
    """The selector's compiled ``when``."""
    diagnostics: tuple[Diagnostic, ...]
    hours: HoursByGrants = field(repr=False, default_factory=dict[tuple["Source", ...], "Hours"])
    """Hours of grants, drawn when first asked for."""


def compile_policy(policy: AccessPolicy, around: Surroundings) -> CompiledPolicy:
    """Compile one policy; findings of error level mean that its layers must not be used."""
    work = PolicyCompiler(around, Zone.of(policy.timezone), policy.day_start)
    layers = _layers(policy, around, work)
    if not work.failed:
        lo, hi = conflict_horizon(around.today)
        found = overlaps(layers, lo, hi)
        coming = {(id(one), id(other)): at for one, other, at in overlaps(layers, around.today, hi)} if found else {}
        for pair in found:
            at = coming.get((id(pair.first), id(pair.second)), pair.at)
            work.findings.append(_ambiguous(pair._replace(at=at), work.zone))
    selector = work.condition(policy.chargers.when, vehicle=False)
    return CompiledPolicy(policy, work.zone, tuple(layers), selector, tuple(work.findings))


def _layers(policy: AccessPolicy, around: Surroundings, work: PolicyCompiler) -> list[Layer]:
    """Return the default mode, windows and exceptions of a policy as layers, in the order of the document."""
    layers = [
        Layer(
            DEFAULT,
            0,
            None,
            policy.default_mode,
            policy.allow,
            work.grants(policy.allow),
            (),
            place=policy.place,
            allow_place=allow_place(policy),
        )
    ]
    for window in policy.windows:
        allow = policy.allow if window.allow is None else window.allow
        sources = work.sources(window.times)
        layers.append(
            Layer(
                WINDOW,
                window.priority,
                window.name,
                window.mode,
                allow,
                work.grants(allow),
                sources,
                window.message,
                window.running_sessions,
                window.place,
                allow_place=allow_place(policy, window),
            )
        )
    for exception in policy.exceptions:
        allow = policy.allow if exception.allow is None else exception.allow
        days = work.day_sets(exception.days)
        drawn = ExceptionDays(days, exception.span, work.zone, policy.day_start, around.almanac)
        layers.append(
            Layer(
                EXCEPTION,
                exception.priority,
                exception.name,
                exception.mode,
                allow,
                work.grants(allow),
                (drawn,),
                exception.message,
                exception.running_sessions,
                exception.place,
                allow_place=allow_place(policy, exception),
            )
        )
    return layers


def allow_place(policy: AccessPolicy, part: Window | DayException | Override | None = None) -> Place:
    """Return where the grants of a part of a policy, or of an override, are written."""
    written = policy if part is None or part.allow is None else part
    return written.places.get("allow", written.place)


class PolicyCompiler:
    """Resolves what a policy is made of, and collects what it finds wrong."""

    def __init__(self, around: Surroundings, zone: Zone, day_start: int) -> None:
        """Start without findings."""
        self.zone = zone
        self.findings: list[Diagnostic] = []
        self._around = around
        self._day_start = day_start
        self._grants: dict[Grants, tuple[CompiledGrant, ...]] = {}

    @property
    def failed(self) -> bool:
        """Tell whether anything of error level was found."""
        return any_error(self.findings)

    def sources(self, times: Times | ScheduleRef) -> tuple[Occurrences, ...]:
        """Return the occurrences of a window's own times, or of the schedule that it names."""
        if not isinstance(times, ScheduleRef):
            return self._occurrences(times)
        return tuple(s for own in self._around.schedules[times.schedule].times for s in self._occurrences(own))

    def grants(self, allow: Grants) -> tuple[CompiledGrant, ...]:
        """Return the grants with their conditions typed and their hours resolved."""
        if (known := self._grants.get(allow)) is None:
            known = self._grants[allow] = tuple(
                CompiledGrant(
                    grant,
                    self.condition(grant.when, vehicle=True),
                    tuple(source for schedule in grant.during for source in self.sources(schedule)),
                )
                for grant in allow
            )
        return known

    def condition(self, expression: Expression | None, *, vehicle: bool) -> Condition | None:
        """Return the typed condition; None where there is none, or where it is not accepted (PS106)."""
        if expression is None:
            return None
        compiled = compile_condition(expression, self._around.types, vehicle=vehicle)
        if isinstance(compiled, Condition):
            return compiled
        self.findings += compiled
        return None

    def day_sets(self, sets: tuple[DaySet, ...]) -> tuple[DaySet, ...]:
        """Return the day sets whose names are known; a region that is not is a finding (PS105)."""
        return tuple(days for days in sets if not isinstance(days, HolidayDays) or self._region_known(days))

    def _region_known(self, days: HolidayDays) -> bool:
        year = date.fromordinal(self._around.today // DAY + EPOCH_ORDINAL).year
        try:
            self._around.almanac.holidays(days.region, year)
        except UnknownRegionError as error:
            self.report(
                "PS105",
                days.place,
                f"no holidays are known for the region `{days.region}`",
                error.help,
                len(days.region),
            )
            return False
        return True

    def _occurrences(self, times: Times) -> tuple[Occurrences, ...]:
        zone = self.zone if times.timezone is None else Zone.of(times.timezone)
        skip_known = len(self.day_sets(times.skip)) == len(times.skip)
        try:
            source = occurrences_of(times, zone, self._day_start, self._around.almanac)
        except RecurrenceError as error:
            place = times.places.get("rrule", times.place).shifted(error.offset)
            self.report("PS102", place, error.message, error.help, error.length)
            return ()
        if not skip_known:
            return ()
        self._check_occurrences(source)
        return (source,)

    def _check_occurrences(self, source: Occurrences) -> None:
        times, rule = source.times, source.rule
        if rule is not None and (rule.is_empty() or _ends_before_it_starts(source)):
            place = times.places.get("rrule", times.place)
            self.report(
                "PS103",
                place,
                "the rule has no occurrence",
                "check its BYxxx parts against each other, and `until`, UNTIL or COUNT against `from`",
                len(times.rrule or ""),
            )
            return
        for position, day in enumerate(times.exdates):
            if day not in times.dates + times.rdates and not source.ruled(day.toordinal(), day.toordinal() + 1):
                place = times.places.get(f"exdates[{position}]", times.place)
                self.report("PS108", place, f"no occurrence starts on `{day}`", "remove it, or correct the date", 10)
        today = self._around.today
        if not touches(source, today, today + _YEAR) and not _named(source, today):
            place = next((times.places[key] for key in _DATED_BY if key in times.places), times.place)
            self.report("PS109", place, "no occurrence in the next year", "remove the window if it is over")

    def report(self, code: str, place: Place, message: str, help_text: str | None = None, length: int = 1) -> None:
        """Add a finding; its severity is the code's."""
        self.findings.append(Diagnostic(code, CODES[code].severity, place, message, help_text, length))


def _named(source: Occurrences, today: int) -> bool:
    """Tell whether the next year has dates that are taken out again: lint says so, as nothing is over then."""
    first = today // DAY + EPOCH_ORDINAL
    return bool(source.named_days(first, first + _YEAR // DAY))


def _ends_before_it_starts(source: Occurrences) -> bool:
    """Tell whether ``until`` leaves nothing of the rule."""
    rule, until = source.rule, source.times.until
    return rule is not None and until is not None and not source.ruled(rule.first, until.toordinal() + 1)


def selector_condition(
    selector: Selector, around: Surroundings, zone: Zone
) -> tuple[Condition | None, tuple[Diagnostic, ...]]:
    """Compile the ``when`` of a selector that stands outside a policy."""
    work = PolicyCompiler(around, zone, 0)
    return work.condition(selector.when, vehicle=False), tuple(work.findings)


def _ambiguous(overlap: Overlap, zone: Zone) -> Diagnostic:
    first, second, at = overlap
    kind = "windows" if second.level == WINDOW else "exceptions"
    how = "mode" if first.mode is not second.mode else "allow"
    local = datetime.fromtimestamp(zone.to_wall(at), UTC).strftime("%Y-%m-%d %H:%M")
    return Diagnostic(
        "PS110",
        CODES["PS110"].severity,
        second.place or first.place,  # type: ignore[arg-type]  # layers of files have places
        f"{kind} `{first.name}` and `{second.name}` overlap at equal priority and differ in {how}, "
        f"as on {local} {zone.name}",
        "give the one that should win a higher `priority`, or change the times so that they only touch",
    )
