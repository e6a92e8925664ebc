"""Local time to UTC and back by table: whole seconds only, from the pinned time zone database."""

from __future__ import annotations

import zoneinfo
from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import tzdata  # type: ignore[import-untyped] # a data package: it has no annotations

from policy_service.domain.instant import DAY

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

ZONE_DATA_VERSION: str = tzdata.IANA_VERSION
"""The release of the IANA time zone database that every answer rests on, such as ``2026f``."""

EPOCH_ORDINAL = 719_163
"""Proleptic Gregorian ordinal of 1970-01-01 (``date.toordinal()``)."""

_BLOCK = 1 << 27  # about 4.25 years: a table costs under a millisecond, and a 400-day horizon needs one or two
_MARGIN = 2 * DAY  # local time is never further than that from UTC, even across Apia's skipped day
_STEP = 2 * DAY  # changes of one zone since 1970 are at least six days apart (America/Recife, October 2000)


class UnknownZoneError(KeyError):
    """A name that the pinned time zone database does not have."""


class OffsetChange(NamedTuple):
    """At ``epoch`` the offset from UTC, in seconds east, changes from ``before`` to ``after``."""

    epoch: int
    before: int
    after: int


class _Table(NamedTuple):
    """Offsets around one block: ``offsets[i]`` holds from the i-th key on, ``offsets[0]`` before the first."""

    epochs: tuple[int, ...]
    walls: tuple[int, ...]
    offsets: tuple[int, ...]


def use_pinned_zone_data() -> None:
    """Make :mod:`zoneinfo` read the installed ``tzdata`` package alone; the system's copy may be years older."""
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()


@contextmanager
def zone_data_from(directory: str | None) -> Generator[None]:
    """Take zones from another release, a directory of compiled files (RFC 8536), while the context lasts; None: ours.

    Zones got inside keep it, so that two plans can be compared. What the directory lacks is taken from the pinned data.
    For one thread at a time: zones got elsewhere meanwhile would keep it as well.
    """
    if directory is None:
        yield
        return
    try:
        zoneinfo.reset_tzpath(to=[directory])
        _forget_zones()
        yield
    finally:
        use_pinned_zone_data()
        _forget_zones()


def _forget_zones() -> None:
    zoneinfo.ZoneInfo.clear_cache()
    _zone.cache_clear()


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return the names of every zone and alias of the pinned database, such as ``Australia/Melbourne``."""
    return frozenset(zoneinfo.available_timezones()) - {"Factory", "localtime", "posixrules"}


def wall_seconds(ordinal: int, second: int) -> int:
    """Return a local date's ordinal and second of the day as wall seconds: epoch seconds as if local time were UTC."""
    return (ordinal - EPOCH_ORDINAL) * DAY + second


class Zone:
    """One IANA time zone. Wall seconds are epoch seconds as if local time were UTC; get zones from :meth:`of`."""

    __slots__ = ("_info", "_tables", "name")

    def __init__(self, name: str) -> None:
        """Call :meth:`of` instead: it hands out one object a name."""
        if name not in zone_names():
            raise UnknownZoneError(name)
        self.name = name
        self._info = zoneinfo.ZoneInfo(name)
        self._tables: dict[int, _Table] = {}

    @staticmethod
    def of(name: str) -> Zone:
        """Return the zone of that name; raises UnknownZoneError for a name that is not in :func:`zone_names`."""
        return _zone(name)

    def to_utc(self, wall: int) -> int:
        """Return the epoch second of a local time, by RFC 5545 §3.3.5.

        A local time that is skipped takes the offset before the gap; one that comes twice is its first coming.
        """
        table = self._tables.get(wall // _BLOCK) or self._table(wall // _BLOCK)
        return wall - table.offsets[bisect_right(table.walls, wall)]

    def all_to_utc(self, days: Sequence[int], second: int) -> list[int]:
        """Map a second after the midnight of sorted days, by ordinals, as :meth:`to_utc` does for one.

        Between two changes of offset they move together.
        """
        mapped: list[int] = []
        done = 0
        while done < len(days):
            first = wall_seconds(days[done], second)
            block = first // _BLOCK
            table = self._tables.get(block) or self._table(block)
            change = bisect_right(table.walls, first)
            until = min([(block + 1) * _BLOCK, *table.walls[change : change + 1]])
            upto = bisect_left(days, days[done] - (first - until) // DAY, done)
            shift = wall_seconds(0, second) - table.offsets[change]
            mapped += [day * DAY + shift for day in days[done:upto]]
            done = upto
        return mapped

    def to_wall(self, epoch: int) -> int:
        """Return the wall seconds that clocks in the zone show at an epoch second."""
        table = self._tables.get(epoch // _BLOCK) or self._table(epoch // _BLOCK)
        return epoch + table.offsets[bisect_right(table.epochs, epoch)]

    def changes(self, lo: int, hi: int) -> list[OffsetChange]:
        """Return the changes of offset in ``[lo, hi)``, epoch seconds, in order."""
        found: list[OffsetChange] = []
        for block in range(lo // _BLOCK, -(-hi // _BLOCK)):
            epochs, _, offsets = self._tables.get(block) or self._table(block)
            start = bisect_left(epochs, max(lo, block * _BLOCK))
            stop = bisect_left(epochs, min(hi, (block + 1) * _BLOCK))
            found += [OffsetChange(epochs[i], offsets[i], offsets[i + 1]) for i in range(start, stop)]
        return found

    def _table(self, block: int) -> _Table:
        table = self._tables[block] = self._probe(block * _BLOCK - _MARGIN, (block + 1) * _BLOCK + _MARGIN)
        return table

    def _probe(self, lo: int, hi: int) -> _Table:
        epochs: list[int] = []
        walls: list[int] = []
        offsets = [self._offset(lo)]
        for start in range(lo, hi, _STEP):
            before, after = offsets[-1], self._offset(start + _STEP)
            if before != after:
                epoch = self._change_between(start, start + _STEP)
                epochs.append(epoch)
                # A gap ends at `epoch + after`, a fold's first coming ends at `epoch + before`: the offset before
                # the change serves up to the later of the two.
                walls.append(epoch + max(before, after))
                offsets.append(after)
        return _Table(tuple(epochs), tuple(walls), tuple(offsets))

    def _change_between(self, lo: int, hi: int) -> int:
        before = self._offset(lo)
        while hi - lo > 1:
            middle = (lo + hi) // 2
            if self._offset(middle) == before:
                lo = middle
            else:
                hi = middle
        return hi

    def _offset(self, epoch: int) -> int:
        offset = datetime.fromtimestamp(epoch, self._info).utcoffset()
        return 0 if offset is None else offset.days * DAY + offset.seconds


@lru_cache(maxsize=1024)
def _zone(name: str) -> Zone:
    return Zone(name)


use_pinned_zone_data()
