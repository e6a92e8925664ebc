"""Whose clock counts: a message's own time is believed only as far as it can be."""

from __future__ import annotations

from typing import NamedTuple

from policy_service.domain.instant import DAY

TOLERANCE_S = 300
"""How far the clocks of a charger and of this service may differ."""
REPLAYED_S = 7 * DAY
"""How long a charger may have been offline, for what it sends then to be judged at its own time."""


class Moment(NamedTuple):
    """The instant to decide for, in epoch seconds."""

    at: int
    late: bool = False
    """What happened while the charger was offline."""
    clock_suspect: bool = False
    """The charger's clock is not believed."""


def moment(told: int | None, now: int, *, replayed: bool) -> Moment:
    """Return the instant that counts. A charger in 1970 must not pick its own mode, and nobody asks for the future."""
    if told is None:
        return Moment(now)
    if abs(now - told) <= TOLERANCE_S:
        return Moment(min(told, now))
    if replayed and 0 < now - told <= REPLAYED_S:
        return Moment(told, late=True)
    return Moment(now, clock_suspect=True)
