"""A timeline as text: one band a day by the wall clock, two cells an hour, a letter a window."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from itertools import pairwise
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.access import AccessMode
from policy_service.domain.instant import DAY
from policy_service.engine.zone import wall_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.policy import Grants
    from policy_service.domain.timeline import Segment
    from policy_service.engine.zone import OffsetChange, Zone

CELL = 1800
CELLS = DAY // CELL
_HOUR = 3600


class Key(NamedTuple):
    """What a segment shows in the legend; equal keys share a letter."""

    mode: AccessMode
    window: str | None
    allow: Grants


class Glyphs(NamedTuple):
    """Signs beside the letters."""

    open: str
    managed: str
    dash: str


UNICODE = Glyphs(open="·", managed="█", dash="\N{EN DASH}")
ASCII = Glyphs(open=".", managed="#", dash="-")


class Band(NamedTuple):
    """A day: its cells, and a remark where the clocks change."""

    day: date
    cells: tuple[Key | None, ...]
    """None where the wall clock has no such time."""
    remark: str


def key_of(segment: Segment) -> Key:
    """Return what the legend says of a segment."""
    return Key(segment.mode, segment.window, segment.allow)


def signs(segments: Sequence[Segment], glyphs: Glyphs) -> dict[Key, str]:
    """Return a sign for every key: capitals for managed windows, small letters for open ones, else a glyph."""
    capitals, small = iter(ascii_uppercase * 9), iter(ascii_lowercase * 9)
    found: dict[Key, str] = {}
    for key in map(key_of, segments):
        if key in found:
            continue
        if key.window is None:
            found[key] = glyphs.open if key.mode is AccessMode.FREEVEND else glyphs.managed
        else:
            found[key] = next(small if key.mode is AccessMode.FREEVEND else capitals)
    return found


def midnight(day: date, zone: Zone) -> int:
    """Return the instant at which a local date begins."""
    return zone.to_utc(wall_seconds(day.toordinal(), 0))


def bands(segments: Sequence[Segment], zone: Zone, first: date, days: int, glyphs: Glyphs) -> list[Band]:
    """Return the bands of so many days from the first on."""
    dates = [first + timedelta(number) for number in range(days + 1)]
    starts = [segment.start for segment in segments]
    found: list[Band] = []
    for day, following in pairwise(dates):
        lo, hi = midnight(day, zone), midnight(following, zone)
        walls = (wall_seconds(day.toordinal(), number * CELL) for number in range(CELLS))
        cells = tuple(_shown(segments, starts, _instants(wall, zone)) for wall in walls)
        found.append(Band(day, cells, _remark(zone.changes(lo, hi), hi - lo, glyphs)))
    return found


def _instants(wall: int, zone: Zone) -> list[int]:
    """Return the instants at which clocks show a wall time: none where it is skipped, two where it comes twice."""
    first = zone.to_utc(wall)
    if zone.to_wall(first) != wall:
        return []
    again = (first + change.before - change.after for change in zone.changes(first, first + DAY))
    return [first, *(at for at in again if at > first and zone.to_wall(at) == wall)]


def _shown(segments: Sequence[Segment], starts: Sequence[int], instants: Sequence[int]) -> Key | None:
    """Return what a half hour shows: a managed stretch in it, however short, else what it begins with."""
    here = [
        segment
        for at in instants
        for segment in segments[max(0, bisect_right(starts, at) - 1) : bisect_left(starts, at + CELL)]
    ]
    managed = next((segment for segment in here if segment.mode is AccessMode.MANAGED), None)
    if not here:
        return None
    return key_of(managed or here[0])


def _remark(changes: Sequence[OffsetChange], length: int, glyphs: Glyphs) -> str:
    if not changes:
        return ""
    told: list[str] = []
    for change in changes:
        low, high = sorted((change.epoch + change.before, change.epoch + change.after))
        what = "is skipped" if change.after > change.before else "comes twice"
        told.append(f"{_clock(low)}{glyphs.dash}{_clock(high)} {what}")
    return f"{length / _HOUR:g} h: {', '.join(told)}"


def _clock(wall: int) -> str:
    return f"{wall % DAY // _HOUR:02}:{wall % _HOUR // 60:02}"
