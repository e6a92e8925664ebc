"""Recurrence rules as local dates: which days a rule starts on, at a cost that no distance from DTSTART raises.

What the BYxxx parts pick out of a year is python-dateutil's to say; it is asked for single calendar years only, once
for each kind of year (the weekday it begins on, leap or not, and whether the year before was). INTERVAL, COUNT, UNTIL
and BYSETPOS are applied here, on ordinals.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from dateutil import rrule

from policy_service.domain.instant import DAY
from policy_service.engine.rrule_text import RecurrenceError, RuleParts, read_parts
from policy_service.engine.zone import EPOCH_ORDINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["RecurrenceError", "Rule", "parse_rule"]

_WEEK = 7
_MOST_WEEKS_OF_MONTH = 5
_END = date(2201, 1, 1).toordinal()  # instants are answered up to the year 2200


@dataclass(frozen=True, slots=True)
class _DaysOfYear:
    """The parts that pick days of a calendar year, whatever INTERVAL, COUNT, UNTIL and BYSETPOS say."""

    freq: str
    wkst: int
    by_month: tuple[int, ...]
    by_week_no: tuple[int, ...]
    by_year_day: tuple[int, ...]
    by_month_day: tuple[int, ...]
    by_day: tuple[tuple[int, int], ...]

    @property
    def plain(self) -> bool:
        """Tell whether weekdays alone decide."""
        return not (self.by_month or self.by_week_no or self.by_year_day or self.by_month_day)


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule anchored at its first possible date. Days are ordinals as of ``date.toordinal()``.

    ``last`` is the last ordinal that UNTIL admits, None without one; get rules from :func:`parse_rule`.
    """

    first: int
    days: _DaysOfYear
    interval: int = 1
    count: int | None = None
    last: int | None = None
    positions: tuple[int, ...] = ()

    def ordinals(self, lo: int, hi: int) -> list[int]:
        """Return the rule's start dates in ``[lo, hi)``, sorted and unique, none before ``first`` or after 2200."""
        end = _last(self)
        return self._uncounted(lo, hi if end is None else min(hi, end + 1))

    def is_empty(self) -> bool:
        """Tell whether the rule has no start date at all, up to the year 2200."""
        return _is_empty(self)

    def most_in_period(self) -> int:
        """Return a bound on how many days BYSETPOS has to pick from."""
        weekdays = len(self.days.by_day) or _WEEK
        most = {"DAILY": 1, "WEEKLY": weekdays, "MONTHLY": weekdays * _MOST_WEEKS_OF_MONTH}
        return most.get(self.days.freq, 366)

    def _uncounted(self, lo: int, hi: int) -> list[int]:
        lo, hi = max(lo, self.first), min(hi, _END)
        if lo >= hi:
            return []
        return self._picked(lo, hi) if self.positions else self._candidates(lo, hi)

    def by_year(self) -> Iterator[list[int]]:
        """Yield the start dates that UNTIL admits, COUNT aside, in batches that are never empty."""
        stop = _END if self.last is None else min(_END, self.last + 1)
        for year in range(date.fromordinal(self.first).year, date.fromordinal(_END).year):
            start = date(year, 1, 1).toordinal()
            if start >= stop:
                return
            if batch := self._uncounted(start, min(stop, date(year + 1, 1, 1).toordinal())):
                yield batch

    def _candidates(self, lo: int, hi: int) -> list[int]:
        """Return the days in ``[lo, hi)`` of periods that INTERVAL meets, before BYSETPOS."""
        if not self.days.plain or self.days.freq in {"MONTHLY", "YEARLY"}:
            return [day for day in _days_between(self.days, lo, hi) if self._aligned(day)]
        if self.days.freq == "DAILY":
            return self._daily(lo, hi)
        return self._weekly(lo, hi)

    def _daily(self, lo: int, hi: int) -> list[int]:
        start = self.first + -(-(lo - self.first) // self.interval) * self.interval
        weekdays = {weekday for _, weekday in self.days.by_day}
        return [day for day in range(start, hi, self.interval) if not weekdays or (day - 1) % _WEEK in weekdays]

    def _weekly(self, lo: int, hi: int) -> list[int]:
        anchor, step = self._week_start(self.first), self.interval * _WEEK
        start = anchor + (lo - anchor) // step * step
        offsets = sorted((weekday - self.days.wkst) % _WEEK for _, weekday in self.days.by_day)
        return [day for week in range(start, hi, step) for offset in offsets if lo <= (day := week + offset) < hi]

    def _aligned(self, day: int) -> bool:
        if self.interval == 1:
            return True
        return (self._period(day) - self._period(self.first)) % self.interval == 0

    def _period(self, day: int) -> int:
        """Return the number of the DAILY, WEEKLY, MONTHLY or YEARLY period that the day lies in."""
        if self.days.freq == "DAILY":
            return day
        if self.days.freq == "WEEKLY":
            return self._week_start(day) // _WEEK
        local = date.fromordinal(day)
        return local.year if self.days.freq == "YEARLY" else local.year * 12 + local.month

    def _week_start(self, day: int) -> int:
        return day - (day - 1 - self.days.wkst) % _WEEK

    def _picked(self, lo: int, hi: int) -> list[int]:
        """Return the days in ``[lo, hi)`` that stand at a position of BYSETPOS in their whole period."""
        periods: dict[int, list[int]] = {}
        for day in self._candidates(*self._whole_periods(lo, hi)):
            periods.setdefault(self._period(day), []).append(day)
        picked: set[int] = set()
        for days in periods.values():
            picked.update(days[at - 1 if at > 0 else at] for at in self.positions if abs(at) <= len(days))
        return sorted(day for day in picked if lo <= day < hi)

    def _whole_periods(self, lo: int, hi: int) -> tuple[int, int]:
        if self.days.freq == "DAILY":
            return lo, hi
        if self.days.freq == "WEEKLY":
            return self._week_start(lo), self._week_start(hi - 1) + _WEEK
        return date(date.fromordinal(lo).year, 1, 1).toordinal(), date(
            date.fromordinal(hi - 1).year + 1, 1, 1
        ).toordinal()


def parse_rule(text: str, first: date, start_second: int = 0, to_utc: Callable[[int], int] | None = None) -> Rule:
    """Read an RRULE value (RFC 5545 §3.3.10) whose occurrences start on or after ``first``; raises RecurrenceError.

    ``first`` need not itself match the rule; COUNT counts from it on. UNTIL as a date is the whole of that day; as a
    date-time it admits the occurrences that start (``start_second`` seconds after midnight) no later than it, in local
    time or, with ``Z``, in UTC: ``to_utc`` maps wall to epoch seconds, as ``Zone.to_utc`` does; left out, local is UTC.
    """
    parts = _with_defaults(read_parts(text), first)
    days = _DaysOfYear(
        parts.freq, parts.wkst, parts.by_month, parts.by_week_no, parts.by_year_day, parts.by_month_day, parts.by_day
    )
    last = None if parts.until is None else _last_admitted(parts.until, start_second, to_utc)
    return Rule(first.toordinal(), days, parts.interval, parts.count, last, parts.by_set_pos)


def _with_defaults(parts: RuleParts, first: date) -> RuleParts:
    """Say outright what the rule takes from its first date (RFC 5545 §3.3.10), so that it can be expanded anywhere."""
    if parts.freq == "WEEKLY" and not parts.by_day:
        return replace(parts, by_day=((0, first.weekday()),))
    by_day = _all_numbered(parts.by_day)
    if parts.freq == "MONTHLY" and not (parts.by_day or parts.by_month_day):
        return replace(parts, by_month_day=(first.day,))
    if parts.freq != "YEARLY":
        return replace(parts, by_day=by_day)
    if parts.by_week_no and not (by_day or parts.by_month_day or parts.by_year_day):
        return replace(parts, by_day=((0, first.weekday()),))
    by_month, by_month_day = parts.by_month, parts.by_month_day
    if not (by_day or by_month_day or parts.by_year_day or parts.by_week_no):
        by_month_day = (first.day,)
    if by_month_day and not (by_month or parts.by_year_day or parts.by_week_no):
        by_month = (first.month,)
    return replace(parts, by_day=by_day, by_month=by_month, by_month_day=by_month_day)


def _all_numbered(by_day: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Give every plain weekday all its numbers where others are numbered: dateutil reads `3MO,WE` as both at once."""
    if not any(ordinal for ordinal, _ in by_day):
        return by_day
    weeks = range(1, 54)
    numbered = {(n, weekday) for ordinal, weekday in by_day for n in ((ordinal,) if ordinal else weeks)}
    return tuple(sorted(numbered))


def _last_admitted(until: date, start_second: int, to_utc: Callable[[int], int] | None) -> int:
    day = until.toordinal()
    if not isinstance(until, datetime):
        return day
    if not 1 < until.year < MAXYEAR:  # beyond them no zone can be asked, and no window is near
        return day
    limit = (day - EPOCH_ORDINAL) * DAY + until.hour * 3600 + until.minute * 60 + until.second
    start = to_utc if to_utc is not None and until.tzinfo is UTC else int
    day += 2  # local time is up to a day ahead of UTC
    while start((day - EPOCH_ORDINAL) * DAY + start_second) > limit:
        day -= 1
    return day


@lru_cache(maxsize=4096)
def _is_empty(rule: Rule) -> bool:
    if rule.positions and min(map(abs, rule.positions)) > rule.most_in_period():
        return True
    return next(rule.by_year(), None) is None


@lru_cache(maxsize=4096)
def _last(rule: Rule) -> int | None:
    """Return the last ordinal that UNTIL or COUNT admits; a COUNT that the calendar does not exhaust is no limit."""
    if rule.count is None:
        return rule.last
    left = rule.count
    if left > _END - rule.first:  # more than there are days to come
        return rule.last
    for batch in rule.by_year():
        if left <= len(batch):
            return batch[left - 1]
        left -= len(batch)
    return rule.last


def _days_between(days: _DaysOfYear, lo: int, hi: int) -> list[int]:
    found: list[int] = []
    for year in range(date.fromordinal(lo).year, date.fromordinal(hi - 1).year + 1):
        start = date(year, 1, 1).toordinal()
        offsets = _year_offsets(days, ((start - 1) % _WEEK, *(isleap(near) for near in (year - 1, year, year + 1))))
        inside = offsets[bisect_left(offsets, lo - start) : bisect_right(offsets, hi - 1 - start)]
        found += [start + offset for offset in inside]
    return found


@lru_cache(maxsize=16_384)
def _year_offsets(days: _DaysOfYear, kind: tuple[int | bool, ...]) -> tuple[int, ...]:
    """Return the days, counted from 0, that the parts pick out of a year of this kind."""
    start = datetime(_model_years()[kind], 1, 1)  # noqa: DTZ001 - local dates have no zone
    months = days.by_month or (tuple(range(1, 13)) if days.freq == "MONTHLY" else ())
    by_day = days.by_day
    if months:  # weekdays are counted in a month then; dateutil fails on a sixth one
        by_day = tuple((ordinal, weekday) for ordinal, weekday in by_day if abs(ordinal) <= _MOST_WEEKS_OF_MONTH)
        if days.by_day and not by_day:
            return ()
    if not (by_day or days.by_month_day or days.by_year_day):
        by_day = tuple((0, weekday) for weekday in range(_WEEK))  # else dateutil takes the day from its DTSTART
    expanded = rrule.rrule(
        rrule.YEARLY,
        interval=MAXYEAR,  # this year alone: dateutil walks on to the year 9999 where it finds nothing
        dtstart=start,
        wkst=days.wkst,  # else the process's locale decides
        bymonth=months or None,
        byyearday=days.by_year_day or None,
        bymonthday=days.by_month_day or None,
        byweekday=[rrule.weekday(weekday, ordinal or None) for ordinal, weekday in by_day] or None,
        byhour=0,
        byminute=0,
        bysecond=0,
        cache=False,  # its cache deadlocks when two iterators take turns
    )
    return tuple((day - start).days for day in expanded if not days.by_week_no or _in_weeks(days, day.toordinal()))


def _in_weeks(days: _DaysOfYear, day: int) -> bool:
    """Tell whether BYWEEKNO names the day's week; dateutil misses some of those that cross the turn of the year."""
    monday = day - (day - 1 - days.wkst) % _WEEK  # or whichever day weeks start on
    year = date.fromordinal(monday + _WEEK // 2).year
    first, after = (_first_week(start, days.wkst) for start in (year, year + 1))
    return not {(monday - first) // _WEEK + 1, (monday - after) // _WEEK}.isdisjoint(days.by_week_no)


def _first_week(year: int, wkst: int) -> int:
    """Return the ordinal on which the first week begins that has four days in the year."""
    fourth = date(year, 1, 4).toordinal()
    return fourth - (fourth - 1 - wkst) % _WEEK


@lru_cache(maxsize=1)
def _model_years() -> dict[tuple[int | bool, ...], int]:
    """Return a year of each kind: its first weekday, and whether the one before, it, and the next are leap years."""
    return {
        (date(year, 1, 1).weekday(), *(isleap(near) for near in (year - 1, year, year + 1))): year
        for year in range(1801, 2201)  # a whole Gregorian cycle
    }
