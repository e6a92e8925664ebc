"""Desired and reported: the mode that a charger should be in, what is known of it, and how far the two are apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.policy import KEEP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import AccessMode
    from policy_service.domain.policy import RunningSessions


REPORTER_SKEW_MS = 5_000
"""How far the clock of who reports may be behind ours: what it saw so long before a change may be seen after it."""


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
    """What the CSMS last said of a charger, and how its change of mode is followed up. Epoch milliseconds."""

    charger: str
    mode: AccessMode | None
    """None where it could not be told."""
    at: int
    """When the last word was, by the CSMS's clock; 0 where none has come yet."""
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
    """When it was last said to have diverged; None again as soon as it is seen in its mode."""
    seen_at: int | None = None
    """When the mode was seen: a word that the charger is offline is later, and shows no mode."""
    due_from: int | None = None
    """From when on it should be there: the change's instant, or when it came back, or was found to have left it."""
    tried_at: int | None = None
    """When a try was due last."""
    version: int = 0
    """How often it has been stored; 0: never."""

    @property
    def heard(self) -> bool:
        """Tell whether anything was ever said of the charger."""
        return self.at > 0


class Standing(NamedTuple):
    """What is stored of one charger."""

    desired: DesiredMode | None
    reported: ReportedMode | None


def is_proven(desired: DesiredMode, reported: ReportedMode | None) -> bool:
    """Tell whether the charger was seen in the mode, since it should be there: an older report proves nothing."""
    if reported is None or reported.mode is not desired.mode or reported.seen_at is None:
        return False
    settled = reported.transition_id == desired.transition_id and reported.settled_at is not None
    return settled or reported.seen_at >= desired.at - REPORTER_SKEW_MS


def sync_state(standing: Standing, *, switchable: bool, now: int, within_ms: int) -> SyncState | None:
    """Return how a charger stands at ``now``; None where nobody has told it a mode.

    ``switchable``: its profile knows how freevend is switched; ``within_ms``: how long a switch may take.
    """
    desired, reported = standing
    if desired is None:
        return None
    if not switchable:
        return SyncState.UNSUPPORTED
    early = now < desired.at and desired.from_mode is not None
    if is_proven(desired, reported) or (early and reported is not None and reported.mode is desired.from_mode):
        return SyncState.IN_SYNC
    if reported is not None and not reported.online:
        return SyncState.PENDING_OFFLINE
    if reported is None or reported.transition_id != desired.transition_id:
        return SyncState.SWITCHING if now < desired.at + within_ms else SyncState.DIVERGED
    due_from = desired.at if reported.due_from is None else reported.due_from
    late = now >= due_from + within_ms or (reported.diverged_at is not None and reported.diverged_at >= due_from)
    return SyncState.DIVERGED if late else SyncState.SWITCHING
