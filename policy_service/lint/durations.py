"""Lengths of time and local instants as messages say them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from policy_service.domain.instant import DAY
from policy_service.domain.policy import WallEnd

if TYPE_CHECKING:
    from policy_service.domain.policy import Span
    from policy_service.engine.zone import Zone


def length_text(seconds: int) -> str:
    """Write a length, such as ``3 h 30 min``; ``0 s`` for none."""
    units = ((seconds // 3600, "h"), (seconds % 3600 // 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{value} {unit}" for value, unit in units if value) or "0 s"


def local_date(at: int, zone: Zone) -> str:
    """Write the local date of an instant in epoch seconds."""
    return f"{datetime.fromtimestamp(zone.to_wall(at), UTC):%Y-%m-%d}"


def local_text(at: int, zone: Zone) -> str:
    """Write an instant in epoch seconds by the clocks of a zone."""
    wall = zone.to_wall(at)
    return f"{datetime.fromtimestamp(wall, UTC):%Y-%m-%d %H:%M{':%S' if wall % 60 else ''}} {zone.name}"


def clock(second: int) -> str:
    """Write a second of the day as clocks show it."""
    hours, rest = divmod(second % DAY, 3600)
    text = f"{hours:02}:{rest // 60:02}"
    return f"{text}:{rest % 60:02}" if rest % 60 else text


def usual_length(span: Span) -> int:
    """Return how long an occurrence is while no clock changes, in seconds."""
    end = span.end
    return end.days * DAY + end.second - span.start if isinstance(end, WallEnd) else end.days * DAY + end.seconds
