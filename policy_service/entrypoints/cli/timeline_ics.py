"""A timeline as an iCalendar object (RFC 5545): an event for each managed stretch, and for each open window."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode
from policy_service.domain.instant import format_instant
from policy_service.entrypoints.cli.charger_ranges import chargers_text
from policy_service.entrypoints.cli.timeline_text import grant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_service.domain.timeline import Segment
    from policy_service.entrypoints.cli.drawn import Drawn

_LONGEST = 75
"""Octets of a line, RFC 5545 §3.1."""
_MOST_RANGES = 20


def calendar(drawings: Iterable[Drawn], now: int) -> str:
    """Return the whole object. ``now``, epoch seconds, is when it is made; all times are in UTC."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//policy-service//schedule//EN", "CALSCALE:GREGORIAN"]
    for drawn in drawings:
        for segment in drawn.segments:
            if segment.mode is AccessMode.MANAGED or segment.window is not None:
                lines += _event(drawn, segment, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(drawn: Drawn, segment: Segment, now: int) -> Iterator[str]:
    chargers = chargers_text(drawn.chargers, _MOST_RANGES)
    named = f"{segment.policy}\n{drawn.chargers[0]}\n{segment.start}\n{segment.window or ''}"
    yield "BEGIN:VEVENT"
    # stable, so that a calendar which is read again replaces its events
    yield f"UID:{sha256(named.encode()).hexdigest()[:32]}@policy-service"
    yield f"DTSTAMP:{_instant(now)}"
    yield f"DTSTART:{_instant(segment.start)}"
    yield f"DTEND:{_instant(segment.end)}"
    yield f"SUMMARY:{_text(f'{segment.mode}: {segment.window or segment.policy}')}"
    yield f"DESCRIPTION:{_text(_who(segment))}"
    yield f"LOCATION:{_text(chargers)}"
    yield f"CATEGORIES:{segment.mode}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _who(segment: Segment) -> str:
    if segment.mode is AccessMode.FREEVEND:
        return "Open to everyone"
    if not segment.allow:
        return "Nobody may charge"
    return "\n".join(["May charge:", *(grant_text(grant) for grant in segment.allow)])


def _instant(at: int) -> str:
    return format_instant(at).replace("-", "").replace(":", "")


def _text(text: str) -> str:
    """Escape a text value, RFC 5545 §3.3.11."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Fold a long line between characters, RFC 5545 §3.1: what goes on begins with a blank."""
    part = ""
    for character in line:
        if len((part + character).encode()) > _LONGEST:
            yield part
            part = " "
        part += character
    yield part
