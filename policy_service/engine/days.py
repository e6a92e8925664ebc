"""Day sets to dates: which local days a set names, as proleptic Gregorian ordinals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from policy_service.domain.policy import CalendarDays, DayRange, HolidayDays, ListedDays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.policy import Calendar, DaySet
    from policy_service.engine.holiday_days import HolidayDates


@dataclass(frozen=True, slots=True)
class Almanac:
    """Where days get their names: the tree's calendars and the public holidays."""

    calendars: Mapping[str, Calendar]
    holidays: HolidayDates
    _years: dict[tuple[str, int], frozenset[int]] = field(default_factory=dict[tuple[str, int], frozenset[int]])

    def ordinals(self, sets: tuple[DaySet, ...], lo: int, hi: int) -> set[int]:
        """Return the ordinals in ``[lo, hi)`` of the days that any of the sets names."""
        days: set[int] = set()
        for each in sets:
            days |= self._of_set(each, lo, hi)
        return {day for day in days if lo <= day < hi}

    def _of_set(self, days: DaySet, lo: int, hi: int) -> set[int]:
        match days:
            case ListedDays(dates):
                return {day.toordinal() for day in dates}
            case DayRange(first, last):
                return set(range(max(lo, first.toordinal()), min(hi, last.toordinal() + 1)))
            case CalendarDays(name):
                return {day.toordinal() for day in self.calendars[name].dates}
            case HolidayDays(region, but):
                years = range(date.fromordinal(lo).year, date.fromordinal(hi).year + 1)
                found = {ordinal for year in years for ordinal in self._holidays(region, year)}
                return found - {day.toordinal() for day in but}

    def _holidays(self, region: str, year: int) -> frozenset[int]:
        if (known := self._years.get((region, year))) is None:
            known = frozenset(day.toordinal() for day in self.holidays(region, year))
            self._years[region, year] = known
        return known
