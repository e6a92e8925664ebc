"""The shapes of answers about access events."""

from pydantic import Field

from policy_service.application.ports import EventGrouping
from policy_service.entrypoints.http.wire import InstantOut, Reply
from policy_service.entrypoints.http.wire_records import EventReply


class EventGroup(Reply):
    """Events that have one thing in common."""

    key: str | None = Field(description="What they have in common; null where they lack it.")
    count: int
    denied: int
    first: InstantOut
    last: InstantOut


class EventSummary(Reply):
    """Events counted by group."""

    since: InstantOut = Field(alias="from")
    until: InstantOut = Field(alias="to")
    group_by: EventGrouping
    groups: list[EventGroup]


class EventMatch(Reply):
    """The decisions of one transaction."""

    denied: bool
    events: list[EventReply]
