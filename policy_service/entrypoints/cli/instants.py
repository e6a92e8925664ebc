"""Instants and dates as operators type them: RFC 3339, or by the wall clock of the governing policy's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

from policy_service.domain.instant import DAY, InstantError, parse_instant
from policy_service.engine.zone import Zone, wall_seconds, zone_names
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.language.wording import suggestion

_LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_HINT = 'write `2026-11-24T11:15:00Z`, or by the depot\'s clock `"2026-11-24 22:15"`'
_HOURS_A_DAY, _SIXTY = 24, 60
_FIRST_YEAR, _LAST_YEAR = 1971, 2199
"""Years in which every local time is an instant that can be asked about."""


class Asked(NamedTuple):
    """An instant in epoch seconds, and a remark where its local time is missing or comes twice."""

    at: int
    remark: str | None = None


def read_instant(text: str, zone: Zone) -> Asked:
    """Return the instant that a text means; one without an offset is local to the zone. Raises CommandError."""
    match = _LOCAL.fullmatch(text.strip())
    if match is None:
        try:
            return Asked(parse_instant(text.strip()))
        except InstantError as error:
            message = f"`{text}`: {error}"
            raise CommandError(message, _HINT) from None
    day, hour, minute, second = match.groups("0")
    seconds = (int(hour) * _SIXTY + int(minute)) * _SIXTY + int(second)
    if int(hour) >= _HOURS_A_DAY or int(minute) >= _SIXTY or int(second) >= _SIXTY:
        message = f"`{text}`: no such time of day"
        raise CommandError(message, _HINT)
    local = read_date(day)
    if not _FIRST_YEAR <= local.year < _LAST_YEAR:
        message = f"`{text}`: outside {_FIRST_YEAR} to {_LAST_YEAR}"
        raise CommandError(message, _HINT)
    wall = wall_seconds(local.toordinal(), seconds)
    at = zone.to_utc(wall)
    return Asked(at, _remark(wall, at, zone))


def _remark(wall: int, at: int, zone: Zone) -> str | None:
    """Tell of a local time in a clock change: RFC 5545 says which instant it means, and people forget."""
    shown = zone.to_wall(at)
    if shown != wall:
        return f"clocks skip that time in {zone.name}; taken as {wall_text(shown)}"
    for change in zone.changes(at, at + DAY):
        later = at + change.before - change.after
        if later > at and zone.to_wall(later) == wall:
            return f"that time comes twice in {zone.name}; the first is meant, write an offset for the second"
    return None


def read_date(text: str) -> date:
    """Return a calendar date. Raises CommandError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"`{text}`: no such date"
        raise CommandError(message, "write it like `2026-11-24`") from None


def read_zone(text: str) -> Zone:
    """Return the time zone of a name. Raises CommandError."""
    if text not in zone_names():
        message = f"`{text}`: no such time zone"
        raise CommandError(message, suggestion(text, zone_names(), "write an IANA name such as `Australia/Melbourne`"))
    return Zone.of(text)


def wall_text(wall: int) -> str:
    """Write wall seconds as a date with its weekday and the time, seconds only where there are any."""
    moment = datetime.fromtimestamp(wall, UTC)
    return moment.strftime("%a %Y-%m-%d %H:%M:%S" if moment.second else "%a %Y-%m-%d %H:%M")


def local_text(at: int, zone: Zone) -> str:
    """Write an instant by the wall clock of a zone."""
    return wall_text(zone.to_wall(at))


def offset_text(at: int, zone: Zone) -> str:
    """Write an instant by the wall clock of a zone with its offset, so that it can be typed again as it stands."""
    if zone.name == "UTC":
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    offset = timezone(timedelta(seconds=zone.to_wall(at) - at))
    return datetime.fromtimestamp(at, offset).isoformat(" ")


def as_date(wall: int) -> date:
    """Return the date of wall seconds."""
    return datetime.fromtimestamp(wall, UTC).date()
