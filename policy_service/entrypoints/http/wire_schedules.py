"""The shapes of modes over time: what holds when, and when it changes."""

from typing import Literal

from pydantic import Field

from policy_service.domain.access import AccessMode
from policy_service.entrypoints.http.wire import InstantOut, Reply
from policy_service.entrypoints.http.wire_records import GrantReply, ListReply


class ModeReply(Reply):
    """A charger's mode at an instant."""

    charger: str
    mode: AccessMode | None
    policy: str | None
    window: str | None
    since: InstantOut | None = Field(description="Since when it holds unchanged; null beyond 400 days.")
    until: InstantOut | None = Field(description="Until when it holds unchanged; null beyond 400 days.")


class SegmentReply(Reply):
    """A stretch in which mode, window and allow do not change."""

    start: InstantOut
    end: InstantOut
    mode: AccessMode
    window: str | None
    policy: str
    allow: list[GrantReply]


class ScheduleReply(Reply):
    """What holds at a charger over a range."""

    charger: str
    timezone: str | None
    start: InstantOut = Field(alias="from")
    end: InstantOut = Field(alias="to", description="Where the answer ends: at most 400 days after `from`.")
    segments: list[SegmentReply]


class RunningSessionsReply(Reply):
    """What the CSMS is told of sessions that run when the mode changes."""

    action: Literal["keep", "stop", "stop_after"]
    after_s: int | None


class TransitionReply(Reply):
    """A change of mode."""

    charger: str
    at: InstantOut
    from_mode: AccessMode
    to_mode: AccessMode
    policy: str
    window: str | None
    running_sessions: RunningSessionsReply


class TransitionList(ListReply):
    """A page of changes of mode, in time order."""

    transitions: list[TransitionReply]
