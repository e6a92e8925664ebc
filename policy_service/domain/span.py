"""Lengths of exact time as whole seconds, and their ISO 8601 texts; a day is 24 hours."""

from __future__ import annotations

import re

from policy_service.domain.instant import DAY

_ISO = re.compile(
    r"P(?:(?P<days>\d{1,5})D)?(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)
_SECONDS = {"days": DAY, "hours": 3_600, "minutes": 60, "seconds": 1}


class SpanError(ValueError):
    """A text that is no length of time; its message says what to write instead."""


def parse_span(text: str) -> int:
    """Read an ISO 8601 duration of days, hours, minutes and seconds. Raises SpanError, also for one of no length."""
    match = _ISO.fullmatch(text)
    seconds = 0 if match is None else sum(int(match[unit] or 0) * each for unit, each in _SECONDS.items())
    if not seconds:
        message = "not a length of time; write it like `PT26H`, `PT90M` or `P1DT12H`"
        raise SpanError(message)
    return seconds


def format_span(seconds: int) -> str:
    """Write seconds as an ISO 8601 duration without days: hours and below cannot be taken for nominal ones."""
    hours, rest = divmod(seconds, 3_600)
    minutes, left = divmod(rest, 60)
    parts = (f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if value)
    return "PT" + "".join(parts) if seconds else "PT0S"
