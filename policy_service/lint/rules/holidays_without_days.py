"""PS213: a holiday region that names no day in this year or the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from policy_service.domain.policy import HolidayDays, ScheduleRef
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.policy import DaySet
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield regions of which, `except` aside, the data has no holiday in a year, or none is left by it."""
    this = datetime.fromtimestamp(linted.now, UTC).year
    holidays = linted.plan.surroundings.almanac.holidays
    for days in _day_sets(linted):
        if isinstance(days, HolidayDays):
            empty = [year for year in (this, this + 1) if not set(holidays(days.region, year)) - set(days.but)]
            if empty:
                message = f"the holidays of `{days.region}` name no day in {empty[0]}"
                help_text = "check the region, or list the dates in a Calendar document"
                yield Found(days.place, message, help_text, len(days.region))


def _day_sets(linted: Linted) -> Iterator[DaySet]:
    for policy in linted.tree.policies:
        for window in policy.windows:
            yield from () if isinstance(window.times, ScheduleRef) else window.times.skip
        for exception in policy.exceptions:
            yield from exception.days
    for schedule in linted.tree.schedules.values():
        for times in schedule.times:
            yield from times.skip
