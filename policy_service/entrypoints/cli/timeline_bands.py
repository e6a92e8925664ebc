"""A timeline as text: one band a day by the wall clock, two cells an hour, a letter a window."""

from __future__ import annotations

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
    absent: str
    dash: str
    empty: str


UNICODE = Glyphs(open="·", managed="█", absent=" ", dash="–", empty="∅")
ASCII = Glyphs(open=".", managed="#", absent=" ", dash="-", empty="nobody")


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
    """Return a sign for every key: capitals for managed windows, small letters for open ones, glyphs for the default."""
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
    found: list[Band] = []
    for day, following in pairwise(dates):
        lo, hi = midnight(day, zone), midnight(following, zone)
        cells = [_cell(segments, zone, wall_seconds(day.toordinal(), number * CELL)) for number in range(CELLS)]
        found.append(Band(day, tuple(cells), _remark(zone.changes(lo, hi), hi - lo, glyphs)))
    return found


def _cell(segments: Sequence[Segment], zone: Zone, wall: int) -> Key | None:
    """Return what shows in the half hour from a wall time on: a managed stretch in it shows, however short."""
    start = zone.to_utc(wall)
    if zone.to_wall(start) != wall:  # the clocks skip it
        return None
    stretches = [(start, start + CELL)]
    stretches += [
        (start + change.before - change.after, start + change.before - change.after + CELL)
        for change in zone.changes(start, start + DAY)
        if change.before > change.after and change.epoch <= start + change.before - change.after < change.epoch + DAY
        and zone.to_wall(start + change.before - change.after) == wall
    ]
    here = [s for lo, hi in stretches for s in segments if s.start < hi and s.end > lo]
    shown = next((s for s in here if s.mode is AccessMode.MANAGED), here[0] if here else None)
    return None if shown is None else key_of(shown)


def _remark(changes: Sequence[OffsetChange], length: int, glyphs: Glyphs) -> str:
    if not changes:
        return ""
    told: list[str] = []
    for change in changes:
        low, high = sorted((change.epoch + change.before, change.epoch + change.after))
        what = "is skipped" if change.after > change.before else "comes twice"
        told.append(f"{_clock(low)}{glyphs.dash}{_clock(high)} {what}")
    hours = f"{length / _HOUR:g} h"
    return f"{hours}: {', '.join(told)}"


def _clock(wall: int) -> str:
    return f"{wall % DAY // _HOUR:02}:{wall % _HOUR // 60:02}"
