"""Ends that do not come after their starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from policy_service.domain.policy import WallInstant
from policy_service.language.wording import finding
from policy_service.language.written import read_date, read_end_time, read_moment, read_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.tree import At

    T = TypeVar("T")


def misordered(kind: str, spec: At) -> Iterator[Diagnostic]:
    """Tell every end of a document that lies before its start; what cannot be read is told elsewhere."""
    if kind == "Override":
        yield from _override(spec)
    if kind not in ("AccessPolicy", "Schedule"):
        return
    for times in (spec, *spec.values("windows")):
        yield from _end_date(times)
        yield from _ranges(times, "skip")
    for exception in spec.values("exceptions"):
        yield from _ranges(exception, "days")


def _read(at: At | None, read: Callable[[object], T]) -> T | None:
    if at is None or at.text is None:
        return None
    try:
        return read(at.text)
    except PydanticCustomError:
        return None


def _override(spec: At) -> Iterator[Diagnostic]:
    at = spec.get("to")
    start, end = _read(spec.get("from"), read_moment), _read(at, read_moment)
    if at is not None and start is not None and end is not None and not _in_order(start, end):
        yield finding("PS113", at.place, "the override ends before it starts", "`to` must come after `from`", at.length)


def _in_order(start: int | WallInstant, end: int | WallInstant) -> bool:
    if isinstance(start, WallInstant) and isinstance(end, WallInstant):
        return (start.day, start.second) < (end.day, end.second)
    return isinstance(start, WallInstant) or isinstance(end, WallInstant) or start < end


def _end_date(times: At) -> Iterator[Diagnostic]:
    at = times.get("endDate")
    first, last = _read(times.get("from"), read_date), _read(at, read_date)
    start, end = _read(times.get("start"), read_time), _read(times.get("end"), read_end_time)
    if at is None or first is None or last is None:
        return
    if last < first or (last == first and start is not None and end is not None and end <= start):
        yield finding(
            "PS014", at.place, "the window ends before it starts", "`endDate` is the date of its end", at.length
        )


def _ranges(at: At, key: str) -> Iterator[Diagnostic]:
    for days in at.every(key):
        last_at = days.get("to")
        first, last = _read(days.get("from"), read_date), _read(last_at, read_date)
        if last_at is not None and first is not None and last is not None and last < first:
            yield finding(
                "PS014", last_at.place, "the range ends before it begins", "`to` is its last day", last_at.length
            )
