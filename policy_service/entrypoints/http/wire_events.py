"""The shapes of answers about access events."""

from pydantic import Field

from policy_service.application.ports import EventGrouping
from policy_service.entrypoints.http.wire import DecisionReply, InstantOut, NearestAllow, Reply, StepReply
from policy_service.entrypoints.http.wire_records import EventReply


class EventGroup(Reply):
    """Events that have one thing in common."""

    key: str | None = Field(
        description="What they have in common, of an hour or a day its beginning; null where they lack it."
    )
    count: int
    denied: int
    first: InstantOut
    last: InstantOut


class EventSummary(Reply):
    """Events counted by group."""

    since: InstantOut = Field(alias="from")
    until: InstantOut = Field(alias="to")
    group_by: EventGrouping
    timezone: str = Field(description="By which clock hours and days are cut.")
    groups: list[EventGroup]


class EventMatch(Reply):
    """The decisions of one transaction."""

    denied: bool
    events: list[EventReply]


class EventExplanation(Reply):
    """A recorded decision, explained by what was in force and on record when it was made."""

    event: EventReply
    missing: str | None = Field(description="Why it cannot be explained any more; null where it is.")
    caveats: list[str] = Field(description="What may make the explanation differ from what was decided.")
    decision: DecisionReply | None = Field(description="The decision, made again.")
    steps: list[StepReply] | None
    nearest_allow: NearestAllow | None = Field(description="On a denial: what would have had to differ.")
    pins_again_by: InstantOut | None = Field(
        description="On `too_many_attempts`: when PINs are judged again at the charger at the latest, where no wrong "
        "ones come in between. `valid_until` is when to ask again."
    )
    enrollable: bool = Field(
        description="Whether the identifier, which nobody knew then, is still kept, so that `enrol` can make it known."
    )


class Waits(Reply):
    """How long refused vehicles waited: from the first denial until one was next admitted, at any charger."""

    ended: int
    not_ended: int = Field(description="Not admitted again within the span.")
    mean_s: int | None
    longest_s: int | None


class FleetReport(Reply):
    """What was decided about one fleet; no vehicle is told apart."""

    fleet: str
    since: InstantOut = Field(alias="from")
    until: InstantOut = Field(alias="to")
    allowed: int
    denied: int
    would_deny: int
    denied_by_reason: dict[str, int]
    denied_by_hour: dict[str, int] = Field(description="By hour of the day, UTC.")
    waits: Waits
