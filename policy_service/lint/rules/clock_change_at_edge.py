"""PS210: a window that begins or ends at a time of day that a clock change skips or repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.instant import DAY
from policy_service.domain.policy import WallEnd
from policy_service.engine.occurrences import ExceptionDays, Occurrences
from policy_service.engine.zone import EPOCH_ORDINAL, wall_seconds
from policy_service.lint.durations import clock, length_text, local_date, usual_length
from policy_service.lint.found import Found
from policy_service.lint.linted import YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.place import Place
    from policy_service.domain.policy import Places
    from policy_service.engine.zone import OffsetChange
    from policy_service.lint.linted import Linted, Part


class _Drawn(NamedTuple):
    """What is drawn on start dates, and where its edges are written."""

    source: Occurrences | ExceptionDays
    place: Place
    places: Places


def find(linted: Linted) -> Iterator[Found]:
    """Yield, for each edge, the first occurrence of the next two years whose edge lies inside a gap or a fold."""
    judged: dict[Occurrences | ExceptionDays, list[Found]] = {}
    for ranked in linted.policies:
        for part, layer in ranked.parts():
            for source in layer.sources:
                if isinstance(source, Occurrences | ExceptionDays):
                    if source not in judged:
                        judged[source] = list(_edges(_drawn(source, part), linted.now))
                    yield from judged[source]


def _drawn(source: Occurrences | ExceptionDays, part: Part) -> _Drawn:
    if isinstance(source, Occurrences):  # a schedule's times are written there, whichever window uses them
        return _Drawn(source, source.times.place, source.times.places)
    return _Drawn(source, part.place, part.places)


def _edges(drawn: _Drawn, now: int) -> Iterator[Found]:
    span = drawn.source.span
    edges = {"start": span.start}
    if isinstance(span.end, WallEnd):
        edges["end"] = span.end.days * DAY + span.end.second
    for key, second in edges.items():
        for change in drawn.source.zone.changes(now, now + 2 * YEAR):
            day = _start_day(change, second)
            if day is not None and drawn.source.start_days(day, day + 1):
                yield _told(drawn, key, second, change, day)
                break


def _told(drawn: _Drawn, key: str, second: int, change: OffsetChange, day: int) -> Found:
    source, zone = drawn.source, drawn.source.zone
    start = zone.to_utc(wall_seconds(day, source.span.start))
    length = next((hi - lo for lo, hi in source.between(start, start + 1) if lo == start), 0)
    time = clock(second)
    shown = clock(second + change.after - change.before)
    gap = change.after > change.before
    what = (
        f"does not exist in {zone.name} and becomes {shown}"
        if gap
        else f"comes twice in {zone.name}, and the first counts"
    )
    message = (
        f"on {local_date(change.epoch, zone)} the {key} at {time} {what}: "
        f"it lasts {length_text(length)} then, {length_text(usual_length(source.span))} otherwise"
    )
    help_text = "move the edge out of the hour of the clock change, or leave that date out"
    return Found(drawn.places.get(key, drawn.place), message, help_text, len(time) if key in drawn.places else 1)


def _start_day(change: OffsetChange, second: int) -> int | None:
    """Return the ordinal of the start date whose edge, so many seconds after its midnight, falls into the change."""
    lo, hi = sorted((change.epoch + change.before, change.epoch + change.after))
    day = (hi - 1 - second) // DAY
    return day + EPOCH_ORDINAL if lo <= day * DAY + second < hi else None
