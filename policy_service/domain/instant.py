"""Instants as whole epoch seconds, and their RFC 3339 texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

DAY = 86_400
"""Seconds in a day without a clock change."""

EARLIEST = 0
"""1970-01-01T00:00:00Z: the first instant that can be asked about."""

LATEST = 7_258_118_400
"""2200-01-01T00:00:00Z: instants from here on are refused."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,12})?)?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)
_FRACTION = re.compile(r"\.(\d+)", re.ASCII)
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?", re.ASCII)


class InstantError(ValueError):
    """A text that is not an instant we can answer for; its message says what to write instead."""


def parse_instant(text: str) -> int:
    """Read an RFC 3339 instant (§5.6; seconds may be left out) as epoch seconds, fractions cut off.

    A leap second (``23:59:60Z``) is the second that follows it, as POSIX counts. Raises InstantError for a text without
    an offset, for what is no date, and outside 1970 to 2199.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        if _NAIVE.fullmatch(text):
            message = "an instant needs an offset, such as `Z` or `+11:00`"
            raise InstantError(message)
        message = "not an RFC 3339 instant; write it like `2026-11-24T11:15:00Z`"
        raise InstantError(message)
    year, month, day, hour, minute, second, offset = match.groups()
    seconds = int(second or 0)
    leap = seconds == 60  # noqa: PLR2004 - RFC 3339 §5.7 names a leap second so
    try:
        wall = datetime(int(year), int(month), int(day), int(hour), int(minute), 59 if leap else seconds, tzinfo=UTC)
    except ValueError:
        message = "no such date or time of day"
        raise InstantError(message) from None
    epoch = (wall - _EPOCH) // timedelta(seconds=1) - _offset_seconds(offset) + leap
    if leap and epoch % 60:
        message = "no such date or time of day"
        raise InstantError(message)
    if not EARLIEST <= epoch < LATEST:
        message = "an instant must lie between 1970-01-01T00:00:00Z and 2200-01-01T00:00:00Z"
        raise InstantError(message)
    return epoch


def parse_instant_ms(text: str) -> int:
    """Read an RFC 3339 instant as epoch milliseconds; what is finer is cut off. Raises InstantError."""
    fraction = _FRACTION.search(text)
    return parse_instant(text) * 1000 + (0 if fraction is None else int(fraction[1][:3].ljust(3, "0")))


def format_instant_ms(epoch_ms: int) -> str:
    """Write epoch milliseconds as RFC 3339 in UTC, with three digits of a second and ``Z``."""
    return f"{format_instant(epoch_ms // 1000)[:-1]}.{epoch_ms % 1000:03d}Z"


def format_instant(epoch: int) -> str:
    """Write epoch seconds as RFC 3339 in UTC, always with ``Z``."""
    days, seconds = divmod(epoch, DAY)
    minutes, second = divmod(seconds, 60)
    return f"{_date(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}Z"


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    """Write a day of UTC, given by its number since 1970."""
    return f"{_EPOCH + timedelta(days=days):%Y-%m-%d}"


def _offset_seconds(offset: str) -> int:
    if offset in "Zz":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - RFC 3339 §5.6 time-numoffset
        message = "no such offset from UTC"
        raise InstantError(message)
    seconds = hours * 3600 + minutes * 60
    return -seconds if offset[0] == "-" else seconds
