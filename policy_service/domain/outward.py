"""Events on their way out: what is the same of all, whatever they tell."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from policy_service.domain.events import AccessEvent
from policy_service.domain.mode_events import ModeEvent

OutwardEvent: TypeAlias = AccessEvent | ModeEvent
"""Each has ``id``, its idempotent key, ``type``, ``charger``, ``labels`` and ``recorded_at`` (epoch milliseconds)."""


class FeedName(StrEnum):
    """Events that are followed together, in the order in which they became visible; each feed counts by itself."""

    ACCESS = "access"
    """Decisions about vehicles."""
    MODES = "modes"
    """What is due or done at chargers, so that they are in their mode."""
