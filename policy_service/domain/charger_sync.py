"""Desired and reported: the mode that a charger should be in, what is known of it, and how far the two are apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from policy_service.domain.policy import KEEP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import AccessMode
    from policy_service.domain.policy import RunningSessions


class SyncState(StrEnum):
    """Whether a charger is in the mode that it should be in."""

    IN_SYNC = "in_sync"
    SWITCHING = "switching"
    """It should get there any moment."""
    PENDING_OFFLINE = "pending_offline"
    """It cannot be reached, and keeps its old mode until it returns."""
    DIVERGED = "diverged"
    """It is in another mode, whatever was tried."""
    UNSUPPORTED = "unsupported"
    """Its model has no known switch: the CSMS stands in for it."""


@dataclass(frozen=True, slots=True)
class DesiredMode:
    """The mode that a charger was last told to be in. ``at`` in epoch milliseconds."""

    charger: str
    mode: AccessMode
    from_mode: AccessMode | None
    """None where nobody had told it any before."""
    at: int
    """Since when, or from when on, as the event says that is due early."""
    transition_id: str
    policy: str | None
    window: str | None
    running_sessions: RunningSessions = KEEP


@dataclass(frozen=True, slots=True)
class AccessMark:
    """What was in force when chargers were last told to forget whom it may have been too much to remember."""

    at: int
    """When, in epoch milliseconds; later than of every mark before."""
    revision: str
    """The plan's."""
    own: int
    """The registry's version of withdrawals from own vehicles,"""
    agreement: int
    """and of those from vehicles under agreements."""


@dataclass(frozen=True, slots=True)
class ReportedMode:
    """What the CSMS last said of a charger. Instants in epoch milliseconds."""

    charger: str
    mode: AccessMode | None
    """None where it could not be told."""
    at: int
    """When it was seen, by the CSMS's clock."""
    recorded_at: int
    online: bool = True
    booted_at: int | None = None
    evidence: Mapping[str, object] = field(default_factory=dict[str, object])
    """What it is known by: variables read back, the status of commands; JSON values, no identifier among them."""
    transition_id: str | None = None
    """The change of mode that is being followed up."""
    attempts: int = 0
    """How often a try for it was due after the first."""
    next_try_at: int | None = None
    settled_at: int | None = None
    """When it was first seen in the mode that the transition asked for."""
    diverged_at: int | None = None
