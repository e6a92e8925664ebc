"""Times to occurrences: the stretches of UTC that a window, an exception or a schedule covers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter, lt
from typing import TYPE_CHECKING, TypeAlias

from policy_service.domain.instant import DAY
from policy_service.domain.policy import AllDay, Duration, Span, WallEnd
from policy_service.engine.recurrence import parse_rule
from policy_service.engine.zone import EPOCH_ORDINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policy_service.domain.policy import DaySet, Times
    from policy_service.engine.days import Almanac
    from policy_service.engine.recurrence import Rule
    from policy_service.engine.zone import Zone

Stretch: TypeAlias = tuple[int, int]
"""A half-open interval of epoch seconds."""

_START, _END = itemgetter(0), itemgetter(1)
_SLACK = 3  # days: no zone is further than that from UTC, and no mapping moves an end further


@dataclass(frozen=True, slots=True)
class Occurrences:
    """A source of stretches: start dates drawn on demand, mapped to UTC start and end apart (RFC 5545 §3.3.5).

    Sources that give the same stretches under one almanac are equal.
    """

    times: Times
    zone: Zone
    day_start: int
    """Seconds after local midnight at which the operating day begins."""
    rule: Rule | None
    almanac: Almanac = field(compare=False, repr=False)

    @property
    def span(self) -> Span:
        """What each occurrence covers."""
        return _span(self.times.span, self.day_start)

    def between(self, lo: int, hi: int) -> list[Stretch]:
        """Return the occurrences that touch ``[lo, hi)``, in order of their starts; they may overlap each other."""
        span = self.span
        reach = _length_in_days(span) + _SLACK
        days = self.start_days(lo // DAY + EPOCH_ORDINAL - reach, hi // DAY + EPOCH_ORDINAL + _SLACK)
        return _mapped(days, span, self.zone, lo, hi)

    def start_days(self, lo: int, hi: int) -> Sequence[int]:
        """Return the ordinals of the start dates in ``[lo, hi)``, in order."""
        times = self.times
        if not (times.dates or times.rdates or times.exdates or times.skip):
            return self.ruled(lo, hi)
        start_second = self.span.start
        days = self.named_days(lo, hi)
        days.difference_update(day.toordinal() for day in times.exdates)
        if times.skip:
            # a start before dayStart still belongs to the operating day of the date before
            early = start_second < self.day_start
            skipped = self.almanac.ordinals(times.skip, lo - 1, hi + 1)
            days = {day for day in days if day - early not in skipped}
        return sorted(days)

    def named_days(self, lo: int, hi: int) -> set[int]:
        """Return the ordinals in ``[lo, hi)`` that rule and dates name, before anything is taken out."""
        added = (day.toordinal() for day in self.times.dates + self.times.rdates)
        return {*self.ruled(lo, hi), *(day for day in added if lo <= day < hi)}

    def ruled(self, lo: int, hi: int) -> Sequence[int]:
        """Return the ordinals in ``[lo, hi)`` that the rule or the single date gives, nothing taken out."""
        times = self.times
        if self.rule is None:
            first = times.first
            return (first.toordinal(),) if first is not None and lo <= first.toordinal() < hi else ()
        if times.until is not None:
            hi = min(hi, times.until.toordinal() + 1)
        return self.rule.ordinals(lo, hi) if lo < hi else ()


def occurrences_of(times: Times, zone: Zone, day_start: int, almanac: Almanac) -> Occurrences:
    """Make the source of a Times value. Raises RecurrenceError where its rule is not accepted."""
    rule = None
    if times.rrule is not None and times.first is not None:
        rule = parse_rule(times.rrule, times.first, _span(times.span, day_start).start, zone.to_utc)
    return Occurrences(times, zone, day_start, rule, almanac)


@dataclass(frozen=True, slots=True)
class ExceptionDays:
    """The stretches of a day exception: whole operating days, or the same part of each."""

    days: tuple[DaySet, ...]
    part: Span | None
    zone: Zone
    day_start: int
    almanac: Almanac = field(compare=False, repr=False)

    @property
    def span(self) -> Span:
        """What is covered of each day."""
        return self.part or _span(AllDay(), self.day_start)

    def between(self, lo: int, hi: int) -> list[Stretch]:
        """Return the stretches that touch ``[lo, hi)``, in order of their starts."""
        span = self.span
        reach = _length_in_days(span) + _SLACK
        days = self.start_days(lo // DAY + EPOCH_ORDINAL - reach, hi // DAY + EPOCH_ORDINAL + _SLACK)
        return _mapped(days, span, self.zone, lo, hi)

    def start_days(self, lo: int, hi: int) -> list[int]:
        """Return the ordinals in ``[lo, hi)`` of the calendar days on which the stretches start."""
        # the operating day reaches past midnight: a part before dayStart comes on the next calendar day
        shift = 1 if self.part is not None and self.part.start < self.day_start else 0
        return [day + shift for day in sorted(self.almanac.ordinals(self.days, lo - shift, hi - shift))]


@dataclass(frozen=True, slots=True)
class Once:
    """One stretch."""

    start: int
    end: int

    def between(self, lo: int, hi: int) -> list[Stretch]:
        """Return the stretch where it touches ``[lo, hi)``."""
        return [(self.start, self.end)] if self.end > lo and self.start < hi and self.start < self.end else []


def united(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Unite overlapping and touching stretches into disjoint ones, in order."""
    ordered = sorted(stretches)
    if all(map(lt, map(_END, ordered), map(_START, islice(ordered, 1, None)))):
        return ordered
    whole: list[Stretch] = []
    for start, end in ordered:
        if whole and start <= whole[-1][1]:
            if end > whole[-1][1]:
                whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def _span(span: Span | AllDay, day_start: int) -> Span:
    return span if isinstance(span, Span) else Span(day_start, WallEnd(1, day_start))


def _length_in_days(span: Span) -> int:
    end = span.end
    return end.days + 1 if isinstance(end, WallEnd) else end.days + end.seconds // DAY + 2


def _mapped(days: Sequence[int], span: Span, zone: Zone, lo: int, hi: int) -> list[Stretch]:
    """Map start dates to those stretches of UTC that touch ``[lo, hi)``.

    What ends at or before its start after the mapping does not exist.
    """
    starts = zone.all_to_utc(days, span.start)
    if isinstance(span.end, Duration):
        nominal, exact = span.end.days, span.end.seconds
        bases = zone.all_to_utc(days, span.start + nominal * DAY) if nominal else starts
        ends = [base + exact for base in bases]
    else:
        ends = zone.all_to_utc(days, span.end.days * DAY + span.end.second)
    found = [(start, end) for start, end in zip(starts, ends, strict=True) if start < end and lo < end and start < hi]
    # two dates may come to the same instants where a zone skipped a day (Pacific/Apia 2011-12-30)
    return found if all(map(lt, starts, islice(starts, 1, None))) else sorted(set(found))
