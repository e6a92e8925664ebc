"""Lengths of time as operators type them: 90m, 2h, 1d12h, or ISO 8601."""

from __future__ import annotations

import re

from policy_service.domain.instant import DAY
from policy_service.domain.span import SpanError, parse_span
from policy_service.entrypoints.cli.failure import CommandError

_SPOKEN = re.compile(
    r"(?:(\d{1,3})w)?(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII | re.IGNORECASE
)
_EACH = (7 * DAY, DAY, 3_600, 60, 1)
_UNITS = ((DAY, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def read_length(text: str, *, least: int = 1) -> int:
    """Return the seconds that a text means, so many at least. Raises CommandError."""
    bare = text.strip()
    match = _SPOKEN.fullmatch(bare)
    if bare and match is not None:
        seconds = sum(int(part or 0) * each for part, each in zip(match.groups(), _EACH, strict=True))
        if seconds >= least:
            return seconds
    try:
        return parse_span(bare.upper())
    except SpanError:
        message = f"`{text}` is no length of time"
        raise CommandError(message, "write it like 90m, 2h, 1d12h, 90d or PT2H") from None


def length_text(seconds: int) -> str:
    """Write a length for people: `1 d 12 h`, `45 min`, `30 s`."""
    parts: list[str] = []
    rest = seconds
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts) or "0 s"
