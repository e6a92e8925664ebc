"""Durations as operators type them: ``90d``, ``24h``, ``30m``."""

from __future__ import annotations

import re

from policy_service.entrypoints.cli.failure import CommandError

_DURATION = re.compile(r"(\d{1,6})([wdhms])", re.ASCII)
LONGEST = 3_660 * 86_400
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


def read_duration(text: str, flag: str, *, least: int = 1) -> int:
    """Return the seconds that a text means, so many at least. Raises CommandError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"{flag}: `{text}` is no duration"
        raise CommandError(message, "write a number and a unit, such as `90d`, `24h` or `30m`")
    seconds = int(match[1]) * _SECONDS[match[2]]
    if not least <= seconds <= LONGEST:
        message = f"{flag}: `{text}` is too short or too long"
        raise CommandError(message, "ten years are the longest")
    return seconds
