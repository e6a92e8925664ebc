"""Query and path parameters that routes have in common."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError
from starlette.convertors import StringConvertor, register_url_convertor

from policy_service.application.ports import EventGrouping
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.charger_sync import SyncState
from policy_service.domain.events import EventType
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.names import MAX_NAME
from policy_service.engine.zone import zone_names
from policy_service.entrypoints.http import forms
from policy_service.entrypoints.http.permissions import DEFAULT_SOURCE
from policy_service.entrypoints.http.wire import NAME_PATTERN, Instant


class NameConvertor(StringConvertor):
    """A path segment that is a record's name: any but the words that actions are called by."""

    regex = "(?!(?:import|lookup|reload|validate)$)[^/]+"


class DecisionConvertor(StringConvertor):
    """A path segment that is a decision's id: any but the words that actions on events are called by."""

    regex = "(?!(?:degraded|forget|match|stream|summary)$)[^/]+"


register_url_convertor("name", NameConvertor())
register_url_convertor("decision", DecisionConvertor())

MAX_LIMIT = 1000
Filter = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME, pattern=NAME_PATTERN)]
Label = Annotated[str, StringConstraints(max_length=2 * MAX_NAME + 1, pattern=forms.LABEL)]


def _known_zone(name: str) -> str:
    if name not in zone_names():
        kind = "zone"
        raise PydanticCustomError(kind, "unknown time zone; write an IANA name such as `Australia/Melbourne`")
    return name


ZoneName = Annotated[
    str, AfterValidator(_known_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})
]
TransactionId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=forms.TRACE)]
ChargerId = Annotated[
    str, Path(min_length=1, max_length=MAX_NAME, pattern=NAME_PATTERN, description="Id of the charger.")
]
RecordId = Annotated[str, Path(pattern=forms.HEX_32, description="Opaque id of the record.")]
AgreementId = Annotated[
    str, Path(min_length=1, max_length=MAX_NAME, pattern=NAME_PATTERN, description="Id of the agreement.")
]
FleetName = Annotated[
    str, Path(min_length=1, max_length=MAX_NAME, pattern=NAME_PATTERN, description="Name of the fleet.")
]
PolicyName = Annotated[
    str, Path(min_length=1, max_length=MAX_NAME, pattern=r"^[a-z0-9-]+$", description="Name of the policy.")
]
ProfileName = Annotated[
    str, Path(min_length=1, max_length=MAX_NAME, pattern=r"^[a-z0-9-]+$", description="Name of the charger profile.")
]
OverrideId = Annotated[
    str, Path(pattern=forms.OVERRIDE_ID, description="Id of the override.", examples=["ov-7k3m9x2a"])
]
WebhookId = Annotated[str, Path(pattern=forms.WEBHOOK_ID, description="Id of the webhook.", examples=["wh-7k3m9x2a4c"])]
ImportId = Annotated[str, Path(pattern=forms.IMPORT_ID, description="Id of the import.", examples=["im-7k3m9x2a4c"])]
SourceName = Annotated[str, Path(pattern=forms.SOURCE, description="Name of the source.", examples=["fleet"])]
DecisionId = Annotated[str, Path(pattern=forms.DECISION_ID, description="Id of the decision.")]


class Params(BaseModel):
    """Query parameters; a misspelt one is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Span(Params):
    """A span of time, which does not end before it begins."""

    since: Instant | None = Field(None, alias="from", description="At or after.")
    until: Instant | None = Field(None, alias="to", description="Before.")

    @field_validator("until")
    @classmethod
    def _not_before_it_begins(cls, until: int | None, info: ValidationInfo) -> int | None:
        since = info.data.get("since")
        if since is not None and until is not None and until < since:
            kind = "backwards"
            raise PydanticCustomError(kind, "this lies before `from`")
        return until


class Recorded(Span):
    """When it was recorded."""

    since: Instant | None = Field(None, alias="from", description="Recorded at or after.")
    until: Instant | None = Field(None, alias="to", description="Recorded before.")


class PageParams(Params):
    """Which page of a list."""

    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="How many at most.")
    cursor: Annotated[str, StringConstraints(pattern=forms.CURSOR)] | None = Field(
        None, description="`next_cursor` of the page before."
    )


class ChargerParams(PageParams):
    """Which chargers."""

    label: Label | None = Field(None, description="Label and value, such as `depot:north`.")


class StandingParams(ChargerParams):
    """Which chargers, by how they stand."""

    in_sync: bool | None = Field(
        None, description="`false`: those that are not, or not surely, in the mode that they were told."
    )
    state: list[SyncState] = Field([], max_length=5, description="Those in this state; repeated: in one of them.")

    @property
    def states(self) -> frozenset[SyncState] | None:
        """Return the states that are asked for; None where none is."""
        if self.in_sync is None and not self.state:
            return None
        named = frozenset(self.state or SyncState)
        in_sync = frozenset({SyncState.IN_SYNC})
        return named if self.in_sync is None else named & in_sync if self.in_sync else named - in_sync


class BundleParams(Params):
    """Which chargers a bundle is for."""

    label: list[Label] = Field(
        [],
        max_length=32,
        description="Label and value, such as `depot:north`. Repeated, values of one label are any of, different "
        "labels must all match; left out: all that the caller may ask about.",
    )


class IdentifierParams(PageParams):
    """Which identifiers."""

    source: Filter | None = None
    vehicle_class: VehicleClass | None = Field(None, alias="class")
    agreement: Filter | None = None
    fleet: Filter | None = None


class AgreementParams(PageParams):
    """Which agreements."""

    fleet: Filter | None = None


class OverrideParams(PageParams):
    """Which overrides."""

    ended: bool = Field(default=False, description="Those that are ended or over as well.")


class WhichEvents(Params):
    """Which access events."""

    type: EventType | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    charger: Filter | None = None
    label: Label | None = None
    vehicle_class: VehicleClass | None = None
    vehicle: Filter | None = None
    fleet: Filter | None = None
    policy: Filter | None = None
    identifier_fingerprint: Annotated[str, StringConstraints(pattern=forms.HEX_32)] | None = Field(
        None, description="As events show it: those of one card."
    )
    transaction_id: TransactionId | None = None


class EventParams(Recorded, WhichEvents, PageParams):
    """Which access events of a list."""


class SummaryParams(Recorded, WhichEvents):
    """Which access events, and what they are counted by."""

    group_by: EventGrouping
    timezone: ZoneName = Field("UTC", description="By which clock hours and days are cut: an IANA time zone.")


class MatchParams(Params):
    """Which transaction."""

    charger: Filter
    transaction_id: TransactionId


class StreamQuery(WhichEvents):
    """Which access events of a stream."""


StreamParams = Annotated[StreamQuery, Query()]


class WhichModeEvents(Params):
    """Which mode events."""

    type: ModeEventType | None = None
    charger: Filter | None = None
    label: Label | None = None


class ModeEventParams(Recorded, WhichModeEvents, PageParams):
    """Which mode events of a list."""


class ModeStreamQuery(WhichModeEvents):
    """Which mode events of a stream."""


ModeStreamParams = Annotated[ModeStreamQuery, Query()]


class ReportParams(Span):
    """Over which span."""

    since: Instant | None = Field(None, alias="from", description="Left out: seven days before `to`.")
    until: Instant | None = Field(None, alias="to", description="Left out: now.")


class AuditParams(Span, PageParams):
    """Which audit entries."""

    caller: Filter | None = None
    action: Filter | None = Field(None, description="Such as `PUT /v1/identifiers/{record_id}`.")


class AtParams(Params):
    """At which instant."""

    at: Instant | None = Field(None, description="Left out: now.")


class LocalListParams(Params):
    """What the charger has."""

    since: int | None = Field(
        None, ge=0, le=2**31 - 1, description="The version that it tells by GetLocalListVersion; left out: not known."
    )


class CommandParams(AtParams):
    """From which mode, at which instant."""

    reported: Literal["freevend", "managed", "unknown"] | None = Field(
        None,
        description="The mode that the charger was last seen in; left out: as reported; `unknown`: the other one is "
        "assumed.",
    )


class RangeParams(Span):
    """Over which range."""

    since: Instant | None = Field(None, alias="from", description="Left out: now.")
    until: Instant | None = Field(None, alias="to", description="Left out: seven days after `from`.")


class TransitionParams(RangeParams, ChargerParams):
    """Over which range, at which chargers."""

    charger: Filter | None = None


class AdherenceParams(Span, ChargerParams):
    """Over which range, at which chargers."""

    since: Instant | None = Field(None, alias="from", description="Due at or after; left out: a day before `to`.")
    until: Instant | None = Field(None, alias="to", description="Due before; left out: now.")


class ImportParams(Params):
    """How an import is meant."""

    mode: Annotated[str, StringConstraints(pattern=forms.IMPORT_MODE)] = Field(
        "merge", description="`replace` drops what the source no longer lists."
    )
    source: Annotated[str, StringConstraints(pattern=forms.SOURCE)] = Field(
        DEFAULT_SOURCE, description="Who the records come from."
    )
    atomic: bool = Field(default=False, description="All or nothing.")
    force: bool = Field(default=False, description="Replace even where more than 20 % would go.")


def label_of(text: str | None) -> tuple[str, str] | None:
    """Return a label filter as a pair."""
    if text is None:
        return None
    name, _, value = text.partition(":")
    return name, value


def shown(model: BaseModel) -> dict[str, Any]:
    """Return what was given, by its name on the wire."""
    return model.model_dump(by_alias=True, exclude_unset=True)
