"""Mode over time: what a charger's policy comes to, as intervals in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from policy_service.domain.access import AccessMode
    from policy_service.domain.policy import Grants, RunningSessions


class Segment(NamedTuple):
    """A stretch ``[start, end)`` in epoch seconds in which mode, window and allow do not change."""

    start: int
    end: int
    mode: AccessMode
    window: str | None
    policy: str
    allow: Grants


class ModeTransition(NamedTuple):
    """A charger's mode changes at an instant."""

    charger: str
    at: int
    from_mode: AccessMode
    to_mode: AccessMode
    policy: str
    window: str | None
    running_sessions: RunningSessions
