"""The shapes on the wire about modes: what is reported of a charger, how it stands, how punctual switches are."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, StringConstraints
from pydantic_core import PydanticCustomError

from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import SyncState
from policy_service.entrypoints.http.wire import InstantMs, InstantOut, Reply, Request, Trace
from policy_service.entrypoints.http.wire_records import Key, ListReply

MAX_EVIDENCE_BYTES = 8192

VariableValue = Annotated[StrictStr, StringConstraints(max_length=2500)] | StrictBool | StrictInt | StrictFloat | None


class Evidence(Request):
    """What a mode is known by; any other member may be added."""

    model_config = ConfigDict(extra="allow", frozen=True)

    variables: Annotated[dict[Key, VariableValue], Field(max_length=100)] = Field(
        default={},
        description="Read back from the charger, by key, in OCPP 2.x `Component.Variable`. Where they show another "
        "mode than `mode`, they are believed.",
    )
    status: Annotated[str, StringConstraints(strict=True, max_length=50)] | None = Field(
        None, description="What the charger answered, such as `Accepted`, `Rejected`, `RebootRequired`."
    )
    commands: list[Any] = Field(default=[], max_length=50, description="What it was sent.")


def _bounded(evidence: Evidence) -> Evidence:
    try:
        size = len(orjson.dumps(evidence.model_dump(exclude_unset=True)))
    except TypeError:
        size = MAX_EVIDENCE_BYTES + 1  # a number that no database has room for
    if size > MAX_EVIDENCE_BYTES:
        kind = "evidence_size"
        raise PydanticCustomError(kind, "evidence has at most 8192 bytes of plain JSON")
    return evidence


class ReportedBody(Request):
    """What a CSMS knows of a charger's mode."""

    mode: AccessMode | None = Field(
        None,
        description="The mode that it is in; null: it could not be told; left out: nothing new, what was known stays.",
    )
    at: InstantMs | None = Field(
        None, description="When it was seen; left out: now. One from before what is stored changes nothing."
    )
    online: StrictBool = Field(default=True, description="Whether it can be reached. Offline it keeps its mode.")
    boot: StrictBool = Field(default=False, description="It has just started, and may have forgotten its mode.")
    transition_id: Trace | None = Field(None, description="Which change of mode this is about, as its event says.")
    evidence: Annotated[Evidence, AfterValidator(_bounded)] | None = Field(
        None, description="At most 8192 bytes. Identifiers are taken out before it is stored."
    )


class DesiredReply(Reply):
    """The mode that a charger was last told."""

    mode: AccessMode
    since: InstantOut = Field(description="Since when, or from when on.")
    transition_id: str
    policy: str | None
    window: str | None


class ReportedModeReply(Reply):
    """What was last said of it."""

    mode: AccessMode | None
    at: InstantOut
    seen_at: InstantOut | None = Field(description="When the mode was seen; null where it is not known.")
    online: bool
    booted_at: InstantOut | None
    evidence: dict[str, Any] = Field(
        description="What may have been an identifier is `withheld`. `said`: the mode that the words said, where "
        "variables showed another. `clock_suspect`: it came from the future. `breach`: an `access.breach` showed it."
    )


class StandingReply(Reply):
    """How a charger stands."""

    charger: str
    state: SyncState | None = Field(description="null where nobody has told it a mode, as no policy governs it.")
    desired: DesiredReply | None
    reported: ReportedModeReply | None = Field(description="null where nothing was ever said.")
    attempts: int = Field(description="How often a try for this change of mode was due after the first.")
    next_try_at: InstantOut | None


class LatenessReply(Reply):
    """Seconds by which switches were late, of those that were seen."""

    p50: float | None
    p95: float | None
    max: float | None


class MissReply(Reply):
    """A switch that was late, or was not seen at all."""

    charger: str
    at: InstantOut
    mode: AccessMode
    transition_id: str
    reason: Literal["late", "offline", "diverged", "not_seen"] = Field(
        description="`offline`: it could not be reached at that time; `not_seen`: nobody has said that it got there."
    )
    seconds_late: float | None
    switched_at: InstantOut | None


class AdherenceReply(ListReply):
    """How punctual switches were."""

    since: InstantOut = Field(alias="from")
    until: InstantOut = Field(alias="to")
    within_s: float = Field(description="A switch is on time that was seen so soon.")
    switches: int = Field(description="Those that count: neither superseded, nor unsupported, nor pending.")
    on_time: int
    share_on_time: float | None = Field(description="null where there was none.")
    late_s: LatenessReply
    superseded: int = Field(description="Overtaken by the next before they had time.")
    unsupported: int = Field(description="At chargers whose model has no known switch.")
    pending: int = Field(description="Not seen yet, and still in time.")
    misses: list[MissReply] = Field(description="In time order.")
