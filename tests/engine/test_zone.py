"""Local time to UTC: worked nights around clock changes, and every zone against zoneinfo."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files as files_of
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.engine.zone import ZONE_DATA_VERSION, UnknownZoneError, Zone, wall_seconds, zone_names

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall seconds have no zone
LAST_WALL = wall_seconds(date(2200, 1, 1).toordinal(), 0) - 1


def utc(zone: str, day: str, hours: int, minutes: int = 0) -> str:
    wall = wall_seconds(date.fromisoformat(day).toordinal(), hours * 3600 + minutes * 60)
    return datetime.fromtimestamp(Zone.of(zone).to_utc(wall), UTC).strftime("%m-%d %H:%M")


NIGHTS = [  # 22:00 to 06:00
    ("Australia/Melbourne", "2026-10-03", "10-03 12:00", "10-03 19:00"),
    ("Australia/Melbourne", "2026-04-04", "04-04 11:00", "04-04 20:00"),
    ("America/New_York", "2026-03-07", "03-08 03:00", "03-08 10:00"),
    ("America/New_York", "2026-10-31", "11-01 02:00", "11-01 11:00"),
    ("Europe/London", "2026-03-28", "03-28 22:00", "03-29 05:00"),
    ("Australia/Lord_Howe", "2026-10-03", "10-03 11:30", "10-03 19:00"),
    ("Australia/Lord_Howe", "2026-04-04", "04-04 11:00", "04-04 19:30"),
    ("Africa/Casablanca", "2026-02-14", "02-14 21:00", "02-15 06:00"),
    ("America/Sao_Paulo", "2018-11-03", "11-04 01:00", "11-04 08:00"),
    ("Africa/Cairo", "2026-04-23", "04-23 20:00", "04-24 03:00"),
    ("Asia/Kolkata", "2026-04-03", "04-03 16:30", "04-04 00:30"),
]


@pytest.mark.parametrize(("zone", "day", "start", "end"), NIGHTS)
def test_a_night_starts_and_ends_by_the_wall_clock(zone: str, day: str, start: str, end: str) -> None:
    morning = date.fromisoformat(day) + timedelta(days=1)
    assert (utc(zone, day, 22), utc(zone, morning.isoformat(), 6)) == (start, end)


INSIDE_A_CHANGE = [
    ("Australia/Melbourne", "2026-10-04", 2, 30, "10-03 16:30"),  # skipped
    ("Australia/Melbourne", "2026-04-05", 2, 30, "04-04 15:30"),  # comes twice
    ("Australia/Lord_Howe", "2026-10-04", 2, 15, "10-03 15:45"),
    ("America/Sao_Paulo", "2018-11-04", 0, 0, "11-04 03:00"),
    ("Pacific/Apia", "2011-12-30", 12, 0, "12-30 22:00"),  # a day that never was, and the day after it
    ("Pacific/Apia", "2011-12-31", 12, 0, "12-30 22:00"),
    ("Pacific/Kwajalein", "1993-08-21", 12, 0, "08-22 00:00"),  # skipped: the offset before, twelve hours behind
]


@pytest.mark.parametrize(("zone", "day", "hours", "minutes", "expected"), INSIDE_A_CHANGE)
def test_a_skipped_or_repeated_time_maps_by_rfc_5545(
    zone: str, day: str, hours: int, minutes: int, expected: str
) -> None:
    assert utc(zone, day, hours, minutes) == expected


def test_changes_name_each_change_with_its_offsets() -> None:
    lo, hi = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2027))
    changes = Zone.of("Australia/Melbourne").changes(lo, hi)
    assert [(c.before, c.after) for c in changes] == [(39_600, 36_000), (36_000, 39_600)]
    assert Zone.of("Australia/Melbourne").changes(changes[0].epoch, changes[1].epoch) == changes[:1]
    assert Zone.of("Asia/Kolkata").changes(0, hi) == []


def reference(info: ZoneInfo, wall: int) -> int:
    """Map by zoneinfo: with fold=0 it takes the offset before a gap, and the first of two."""
    local = (EPOCH + timedelta(seconds=wall)).replace(tzinfo=info)
    offset = local.utcoffset()
    assert offset is not None
    return wall - int(offset.total_seconds())


@given(st.sampled_from(sorted(zone_names())), st.lists(st.integers(0, LAST_WALL), min_size=20, max_size=20))
@settings(max_examples=200, deadline=None)
def test_random_local_times_equal_zoneinfo(name: str, walls: list[int]) -> None:
    zone, info = Zone.of(name), ZoneInfo(name)
    for wall in walls:
        assert zone.to_utc(wall) == reference(info, wall)


@given(st.sampled_from(sorted(zone_names())), st.lists(st.integers(0, LAST_WALL), min_size=20, max_size=20))
@settings(max_examples=200, deadline=None)
def test_the_clock_shows_what_zoneinfo_says(name: str, epochs: list[int]) -> None:
    zone, info = Zone.of(name), ZoneInfo(name)
    for epoch in epochs:
        shown = datetime.fromtimestamp(epoch, info).replace(tzinfo=None)
        assert zone.to_wall(epoch) == (shown - EPOCH) // timedelta(seconds=1)
        assert zone.to_utc(zone.to_wall(epoch)) <= epoch


def distinct_zones() -> list[str]:
    """Return one name for each distinct file of the database: aliases share theirs."""
    files = {name: files_of("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes() for name in zone_names()}
    return sorted({data: name for name, data in sorted(files.items())}.values())


@pytest.mark.parametrize("name", distinct_zones())
def test_every_change_of_every_zone_is_met_to_the_second(name: str) -> None:
    zone, info = Zone.of(name), ZoneInfo(name)
    for change in zone.changes(0, int(datetime(2045, 1, 1, tzinfo=UTC).timestamp())):
        walls = {change.epoch + offset for offset in (change.before, change.after)}
        for wall in {wall + step for wall in walls for step in (-3600, -1, 0, 1, 3600)}:
            assert zone.to_utc(wall) == reference(info, wall)
        assert zone.to_wall(change.epoch) == change.epoch + change.after
        assert zone.to_wall(change.epoch - 1) == change.epoch - 1 + change.before


@pytest.mark.parametrize("name", ["Nowhere/City", "America", "../etc/passwd", "", "australia/melbourne", "posixrules"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZoneError):
        Zone.of(name)


def test_zones_are_shared_and_the_database_is_named() -> None:
    assert Zone.of("UTC") is Zone.of("UTC")
    assert ZONE_DATA_VERSION[:2] == "20"


def test_the_first_use_of_three_years_is_quick() -> None:
    lo = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    started = time.perf_counter()
    Zone("Europe/Berlin").changes(lo, lo + 3 * 366 * 86_400)
    assert time.perf_counter() - started < 0.25  # some 3 ms on an idle machine
