"""Random hours and days around a date, in every time zone there is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from policy_service.domain.instant import DAY
from policy_service.domain.policy import (
    AllDay,
    CalendarDays,
    DayRange,
    Duration,
    HolidayDays,
    ListedDays,
    Schedule,
    Span,
    Times,
    WallEnd,
    WallInstant,
)
from policy_service.engine.zone import zone_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.policy import DaySet

T = TypeVar("T")

ZONES = sorted(zone_names())
# where something odd happened near the time that is looked at, or the clock changes at or near midnight
ODD_ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll",
    "Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Atlantic/Azores", "Australia/Lord_Howe", "Australia/Melbourne",
    "Europe/Dublin", "Europe/London", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham", "UTC",
]  # fmt: skip
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Holidays:
    """Days off that need no library: some by the month, some by arithmetic."""

    version = "made up 1"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        return days_off(region, year)


@lru_cache(maxsize=1024)
def days_off(region: str, year: int) -> Mapping[date, str]:
    step = {"XA": 11, "XB": 29}[region]
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range(366))
    return {day: "off" for day in days if day.year == year and (day.toordinal() % step == 0 or day.day == 25)}


class TimesDrawing:
    """Draws hours and days; days lie around ``about``."""

    def __init__(self, draw: st.DrawFn, about: date) -> None:
        """Start without anything drawn."""
        self._draw = draw
        self.about = about

    # --- small things ---

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def one(self, options: Sequence[T]) -> T:
        return self._draw(st.sampled_from(options))

    def some(self, options: Sequence[T], least: int = 1, most: int = 3) -> list[T]:
        indexes = st.lists(st.integers(0, len(options) - 1), min_size=least, max_size=most, unique=True)
        return [options[i] for i in self._draw(indexes)]

    def chance(self, one_in: int) -> bool:
        return self.number(1, one_in) == one_in

    def zone(self) -> str:
        return self.one(ODD_ZONES) if self.chance(3) else self.one(ZONES)

    def day(self, back: int = 30, ahead: int = 420) -> date:
        return self.about + timedelta(days=self.number(-back, ahead))

    def second(self) -> int:
        """Draw a second of the day, often around the hours at which clocks change."""
        kind = self.number(0, 3)
        if kind == 0:
            return self.number(0, 12) * 1200
        if kind == 1:
            return self.number(0, 23) * 3600
        if kind == 2:
            return self.number(0, 47) * 1800
        return self.number(0, DAY - 1)

    # --- times ---

    def span(self) -> Span:
        start = self.second()
        kind = self.number(0, 5)
        if kind == 0:
            days, seconds = self.number(0, 3), self.number(0, 30) * 3600 + self.number(0, 1) * 1800
            return Span(start, Duration(days, seconds or 900))
        if kind == 1:
            return Span(start, WallEnd(0, DAY))
        end = self.second()
        return Span(start, WallEnd((end <= start) + (self.number(0, 5) if kind == 2 else 0), end))

    def rrule(self, first: date) -> str:
        freq = self.one(("DAILY", "DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY"))
        parts = [f"FREQ={freq}"]
        interval = self.number(1, 4) if self.chance(3) else 1
        if interval > 1:
            parts.append(f"INTERVAL={interval}")
        weekdays = ",".join(self.some(WEEKDAYS, 1, 5))
        if (freq == "DAILY" and self.chance(3)) or (freq == "WEEKLY" and not self.chance(4)):
            parts.append(f"BYDAY={weekdays}")
        elif freq == "MONTHLY":
            parts += self.monthly(weekdays)
        elif freq == "YEARLY":
            parts += [f"BYMONTH={self.number(1, 12)}", f"BYMONTHDAY={self.number(1, 28)}"]
        if self.chance(4):
            parts.append(f"WKST={self.one(WEEKDAYS)}")
        limit = self.number(0, 9)
        if limit == 0:
            parts.append(f"COUNT={self.number(1, 90)}")
        elif limit == 1:
            until = first + timedelta(days=self.number(0, 500))
            parts.append(f"UNTIL={until:%Y%m%d}" + self.one(("", "T030000", "T130000Z", "T235959Z", "T000000Z")))
        return ";".join(parts)

    def monthly(self, weekdays: str) -> list[str]:
        kind = self.number(0, 3)
        if kind == 0:
            return [f"BYMONTHDAY={self.number(1, 31)},{-self.number(1, 28)}"]
        if kind == 1:
            return [f"BYDAY={self.number(1, 4)}{self.one(WEEKDAYS)},-1{self.one(WEEKDAYS)}"]
        if kind == 2:
            return [f"BYDAY={weekdays}", f"BYSETPOS={self.one((1, 2, -1, -2))}"]
        return [f"BYDAY={weekdays}"]

    def times(self, timezone: str | None = None) -> Times:
        span = AllDay() if self.chance(6) else self.span()
        exdates = tuple(self.day(10, 60) for _ in range(self.number(0, 4))) if self.chance(3) else ()
        rdates = tuple(self.day(10, 60) for _ in range(self.number(0, 3))) if self.chance(4) else ()
        skip = self.day_sets() if self.chance(3) else ()
        kind = self.number(0, 7)
        if kind == 0:
            return Times(span, first=self.day(5, 60), skip=skip, timezone=timezone)
        if kind == 1:
            dates = tuple(self.day(10, 90) for _ in range(self.number(1, 5)))
            return Times(span, dates=dates, exdates=exdates, skip=skip, timezone=timezone)
        first = self.day(800, 60) if self.chance(3) else self.day(60, 30)
        rule = self.rrule(first)
        endless = "UNTIL" not in rule and "COUNT" not in rule
        until = self.day(5, 200) if endless and self.chance(5) else None
        return Times(span, rule, first, until, (), rdates, exdates, skip, timezone)

    def schedule(self, name: str) -> Schedule:
        timezone = self.zone() if self.chance(2) else None
        return Schedule(name, tuple(self.times(timezone) for _ in range(self.number(1, 2))))

    def day_sets(self) -> tuple[DaySet, ...]:
        return tuple(self.day_set() for _ in range(self.number(1, 2)))

    def day_set(self) -> DaySet:
        kind = self.number(0, 3)
        if kind == 0:
            return HolidayDays(self.one(("XA", "XB")), tuple(self.day(10, 60) for _ in range(self.number(0, 3))))
        if kind == 1:
            return CalendarDays("closures")
        if kind == 2:
            first = self.day(10, 90)
            return DayRange(first, first + timedelta(days=self.number(0, 12)))
        return ListedDays(tuple(self.day(10, 60) for _ in range(self.number(1, 4))))


def epoch(at: WallInstant) -> int:
    """Take a local time for UTC."""
    return int(datetime(at.day.year, at.day.month, at.day.day, tzinfo=UTC).timestamp()) + at.second
