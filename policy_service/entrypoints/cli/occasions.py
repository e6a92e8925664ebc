"""Stretches of time as people say them by a depot's clock: Saturdays 02:00-03:00 from a date on, or a few dates."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.instant import DAY
from policy_service.engine.zone import EPOCH_ORDINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policy_service.engine.zone import Zone

_WEEK = 7
_DASH = "\N{EN DASH}"
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_LEAST = 3
"""Occurrences that make a habit."""
_PAUSE = 5 * _WEEK
"""Days after which a habit that is taken up again is told anew."""
_MISSING = 4
"""One in so many may be missing: holidays interrupt a habit, they do not end it."""


class Occasion(NamedTuple):
    """When something holds: what comes before the predicate of a sentence, and what comes after it."""

    head: str
    tail: str = ""
    first: int = 0
    """The local day of its first occurrence, to sort by."""


class _Shape(NamedTuple):
    """From a second of a local day to a second of the day so many days later."""

    start: int
    days: int
    end: int


class _Habit(NamedTuple):
    """Ordinals of every so many weeks' same day, ``missing`` those in between that are none."""

    first: int
    last: int
    weeks: int
    missing: tuple[int, ...]


def occasions(stretches: Iterable[tuple[int, int]], zone: Zone, span: tuple[int, int]) -> list[Occasion]:
    """Return in words what disjoint stretches inside a span come to; all in epoch seconds."""
    by_shape: dict[_Shape, list[int]] = defaultdict(list)
    found: list[Occasion] = []
    for start, end in stretches:
        first, last = zone.to_wall(start), zone.to_wall(end)
        day = first // DAY + EPOCH_ORDINAL
        if start != span[0] and end != span[1]:
            by_shape[_Shape(first % DAY, last // DAY - first // DAY, last % DAY)].append(day)
        elif (known := _going_on(by_shape, first % DAY)) and start != span[0]:
            by_shape[known].append(day)
        else:
            found.append(_at_the_edge(start, end, zone, span))
    horizon = zone.to_wall(span[1]) // DAY + EPOCH_ORDINAL
    for shape, days in by_shape.items():
        found += _told(shape, sorted(days), horizon)
    return sorted(found, key=lambda occasion: occasion.first)


def _going_on(by_shape: Mapping[_Shape, Sequence[int]], second: int) -> _Shape | None:
    """Return the habit that a stretch belongs to which the span cuts off, by when it starts; None for none."""
    return next((shape for shape, days in by_shape.items() if shape.start == second and len(days) >= _LEAST), None)


def _at_the_edge(start: int, end: int, zone: Zone, span: tuple[int, int]) -> Occasion:
    if (start, end) == span:
        return Occasion("at all times")
    if start == span[0]:
        return Occasion(f"until {_moment(end, zone)}")
    return Occasion(f"from {_moment(start, zone)} on", "", zone.to_wall(start) // DAY + EPOCH_ORDINAL)


def _told(shape: _Shape, days: Sequence[int], horizon: int) -> Iterator[Occasion]:
    single = set(days)
    found: list[_Habit] = []
    for weekday in range(_WEEK):
        for run in _runs([day for day in days if _weekday(day) == weekday]):
            habit = _habit(run)
            if habit is not None:
                single.difference_update(run)
                found.append(habit)
    for together in _of_one_week(found):
        yield _habitual(shape, together, horizon)
    if single:
        yield from _single(shape, sorted(single))


def _of_one_week(habits: Iterable[_Habit]) -> list[list[_Habit]]:
    """Put weekly habits together that begin and end within a week of each other."""
    groups: list[list[_Habit]] = []
    for habit in sorted(habits):
        for group in groups:
            begin, end = group[0].first, group[0].last
            if habit.weeks == group[0].weeks == 1 and habit.first - begin < _WEEK and abs(habit.last - end) < _WEEK:
                group.append(habit)
                break
        else:
            groups.append([habit])
    return groups


def _single(shape: _Shape, days: Sequence[int]) -> Iterator[Occasion]:
    if shape.days > 1:
        for day in days:
            end = f"{_date(day + shape.days)} {_time(shape.end)}"
            yield Occasion(f"{_date(day)} {_time(shape.start)} to {end}", "", day)
        return
    yield Occasion(f"{', '.join(_date(day) for day in days)} {_clock(shape)}", "", days[0])


def _runs(days: Sequence[int]) -> Iterator[Sequence[int]]:
    """Split where a pause is long."""
    begin = 0
    for at, (one, other) in enumerate(pairwise(days), start=1):
        if other - one > _PAUSE:
            yield days[begin:at]
            begin = at
    if days[begin:]:
        yield days[begin:]


def _habit(days: Sequence[int]) -> _Habit | None:
    """Return what the days, all of one weekday, come to; None where they are too few, or too far from regular."""
    if len(days) < _LEAST:
        return None
    gap = Counter(other - one for one, other in pairwise(days)).most_common(1)[0][0]
    expected = range(days[0], days[-1] + 1, gap)
    missing = tuple(sorted(set(expected).difference(days)))
    if len(missing) * _MISSING > len(expected) or not set(days) <= set(expected):
        return None
    return _Habit(days[0], days[-1], gap // _WEEK, missing)


def _habitual(shape: _Shape, habits: Sequence[_Habit], horizon: int) -> Occasion:
    first, last = min(habit.first for habit in habits), max(habit.last for habit in habits)
    weeks = habits[0].weeks
    missing = sorted(day for habit in habits for day in _left_out(habit, first, last))
    tail = f" from {_date(first)}"
    if last + weeks * _WEEK < horizon:
        tail += f" to {_date(last)}"
    if missing:
        tail += f", except {', '.join(_date(day) for day in missing)}"
    return Occasion(f"{_days({_weekday(habit.first) for habit in habits}, weeks)} {_clock(shape)}", tail, first)


def _left_out(habit: _Habit, first: int, last: int) -> set[int]:
    """Return the days between the first and the last of several habits on which this one is interrupted, or over."""
    step = habit.weeks * _WEEK
    expected = range(habit.first - (habit.first - first) // step * step, last + 1, step)
    return set(expected) - (set(range(habit.first, habit.last + 1, step)) - set(habit.missing))


def _days(weekdays: set[int], weeks: int) -> str:
    if weeks > 1:
        name = _DAYS[min(weekdays)].removesuffix("s")
        return f"every second {name}" if weeks == 2 else f"every {weeks} weeks on {name}"  # noqa: PLR2004 - a fortnight
    if len(weekdays) == _WEEK:
        return "every day"
    first, last = min(weekdays), max(weekdays)
    if len(weekdays) == last - first + 1 >= _LEAST:
        return f"{_DAYS[first]} to {_DAYS[last]}"
    *others, last_name = (_DAYS[day] for day in sorted(weekdays))
    return f"{', '.join(others)} and {last_name}" if others else last_name


def _clock(shape: _Shape) -> str:
    if shape.days == 1 and shape.end == 0:
        return "all day" if shape.start == 0 else f"{_time(shape.start)}{_DASH}24:00"
    later = shape.days - (shape.end <= shape.start)
    text = f"{_time(shape.start)}{_DASH}{_time(shape.end)}"
    if later == 0 and shape.end != shape.start:
        return text
    return f"{text} {shape.days} day{'s' if shape.days > 1 else ''} later"


def _moment(at: int, zone: Zone) -> str:
    wall = zone.to_wall(at)
    return f"{_date(wall // DAY + EPOCH_ORDINAL)} {_time(wall % DAY)}"


def _date(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _time(second: int) -> str:
    text = f"{second // 3600:02}:{second % 3600 // 60:02}"
    return f"{text}:{second % 60:02}" if second % 60 else text


def _weekday(ordinal: int) -> int:
    return date.fromordinal(ordinal).weekday()
