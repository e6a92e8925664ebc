"""The shapes of records on the wire: chargers, identifiers, agreements, events, policies, health."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictStr, StringConstraints, WithJsonSchema

from policy_service.domain.access import AccessMode, OnBreach, Outcome, VehicleClass
from policy_service.domain.agreement import AgreementStatus
from policy_service.domain.charger import Protocol
from policy_service.domain.charger_sync import SyncState
from policy_service.domain.events import DegradedBy, DriverSignal
from policy_service.domain.identifier import IdentifierStatus, IdentifierType
from policy_service.domain.names import MAX_NAME
from policy_service.entrypoints.http.wire import (
    INSTANT_PATTERN,
    PRINTABLE_PATTERN,
    DiagnosticReply,
    FaultReply,
    IdentifierText,
    InstantOut,
    Name,
    ReasonOut,
    Reply,
    Request,
)

Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=MAX_NAME, pattern=PRINTABLE_PATTERN)]
InstantText = Annotated[
    str,
    StringConstraints(strict=True, max_length=40),
    WithJsonSchema({"type": "string", "pattern": INSTANT_PATTERN, "examples": ["2026-11-24T11:15:00Z"]}),
]
Key = Text
"""What stands for a text as the key of a table."""
TEXT_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_NAME, "pattern": PRINTABLE_PATTERN}


def _table(values: dict[str, Any], *, least: int = 0, most: int = 100) -> WithJsonSchema:
    """Describe an object with free names; pydantic would let names that break the pattern through the description."""
    names = {"type": "object", "propertyNames": TEXT_SCHEMA, "minProperties": least, "maxProperties": most}
    return WithJsonSchema({**names, "additionalProperties": values})


class SelectorBody(Request):
    """Which chargers; every part given must hold, and `exclude` wins."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"anyOf": [{"required": ["ids"]}, {"required": ["labels"]}]}
    )

    ids: list[Text] = Field(default=[], max_length=1000, description="Globs, any of.")
    labels: Annotated[
        dict[Key, Text | list[Text]],
        Field(max_length=100),
        _table({"anyOf": [TEXT_SCHEMA, {"type": "array", "items": TEXT_SCHEMA}]}),
    ] = Field(default={})
    exclude: list[Text] = Field(default=[], max_length=1000)


class ChargerBody(Request):
    """A charger."""

    id: Name | None = Field(None, description="As in the path, or left out.")
    labels: Annotated[dict[Key, Text], Field(max_length=100), _table(TEXT_SCHEMA)] = Field(default={})
    attributes: Annotated[dict[Key, Any], Field(max_length=100), _table({})] = Field(
        default={}, description="As declared by an Attributes document."
    )
    protocol: Protocol | None = None
    profile: Text | None = Field(
        None, description="As built in or in a ChargerProfile; while none has that name, `unknown` stands for it."
    )
    synthetic_ids: list[IdentifierText] = Field(default=[], max_length=100, description="Its own freevend tokens.")


class EnrolBody(Request):
    """The vehicle behind an identifier that is not told."""

    type: IdentifierType
    vehicle_class: Literal["own", "agreement"] = Field(alias="class")
    vehicle: Text
    fleet: Text
    agreement: Text | None = Field(None, description="Required with class `agreement`, and only there.")
    attributes: Annotated[dict[Key, Any], Field(max_length=100), _table({})] = Field(default={})
    chargers: SelectorBody | None = None
    valid_from: InstantText | None = None
    valid_to: InstantText | None = None
    status: IdentifierStatus = IdentifierStatus.ACTIVE


class IdentifierBody(EnrolBody):
    """An identifier and the vehicle behind it."""

    identifier: IdentifierText | None = Field(None, description="Left out on a record that exists: stays as it is.")


class AgreementBody(Request):
    """An agreement with a fleet."""

    agreement: Name | None = Field(None, description="As in the path, or left out.")
    fleet: Text
    valid_from: InstantText | None = None
    valid_to: InstantText | None = None
    status: AgreementStatus = AgreementStatus.ACTIVE
    chargers: SelectorBody | None = None


class LookupBody(Request):
    """An identifier to look up: in a body, because addresses are logged."""

    identifier: IdentifierText
    identifier_type: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None


class ValidateBody(Request):
    """Policy files by name."""

    files: Annotated[
        dict[Key, StrictStr], Field(min_length=1, max_length=1000), _table({"type": "string"}, least=1, most=1000)
    ] = Field(examples=[{"depot.yaml": "apiVersion: policy-service/v1\nkind: AccessPolicy\n"}])


class SyncReply(Reply):
    """How a charger stands to the mode that it was told."""

    state: SyncState
    desired: AccessMode
    since: InstantOut = Field(description="From when on it should be in that mode.")
    reported: AccessMode | None = Field(description="The mode that it was last seen in; null where that is not known.")
    seen_at: InstantOut | None
    attempts: int = Field(description="How often a try was due after the first.")
    next_try_at: InstantOut | None


class ChargerReply(Reply):
    """A charger of the inventory."""

    id: str
    labels: dict[str, str]
    attributes: dict[str, Any]
    protocol: str | None
    profile: str | None = Field(description="The profile that it names.")
    synthetic_ids: list[str]
    source: str | None = Field(description="Whose import it is; null for one that a policy file lists.")
    counts_as: str | None = Field(
        description="The profile in force for it: `unknown` where it names none, or none that there is."
    )
    policy: str | None = Field(description="The policy that governs it.")
    file: str | None = Field(description="The policy file that lists it; null for one that came over HTTP.")
    sync: SyncReply | None = Field(
        description="How it stands to the mode that it was told; null where it was told none, or no database answers."
    )


class ListReply(Reply):
    """A page of a list."""

    next_cursor: str | None = Field(description="`cursor` of the next page; null on the last.")


class ChargerList(ListReply):
    """A page of chargers."""

    chargers: list[ChargerReply]


class GrantReply(Reply):
    """Who may charge while managed."""

    vehicle_class: VehicleClass = Field(alias="class")
    agreements: list[str] | None = None
    exclude_agreements: list[str] | None = None
    when: str | None = None
    during: list[str] | None = None


class ImportReply(Reply):
    """What became of an import, line by line."""

    import_id: str = Field(description="Under which `/v1/imports` keeps it.")
    accepted: int
    rejected: int
    dropped: int
    errors: list[FaultReply]
    truncated: bool = Field(description="There are more errors than are listed.")


class IdentifierReply(Reply):
    """An identifier record; the identifier itself is shown masked only."""

    id: str
    identifier_masked: str
    identifier_fingerprint: str
    type: IdentifierType
    vehicle_class: VehicleClass = Field(alias="class")
    vehicle: str
    fleet: str | None
    agreement: str | None
    attributes: dict[str, Any]
    chargers: dict[str, Any] | None
    valid_from: InstantOut | None
    valid_to: InstantOut | None
    status: IdentifierStatus
    source: str


class IdentifierList(ListReply):
    """A page of identifier records."""

    identifiers: list[IdentifierReply]


class AgreementReply(Reply):
    """An agreement."""

    agreement: str
    fleet: str
    valid_from: InstantOut | None
    valid_to: InstantOut | None
    status: AgreementStatus
    chargers: dict[str, Any] | None
    source: str


class AgreementList(ListReply):
    """A page of agreements."""

    agreements: list[AgreementReply]


class LookupReply(Reply):
    """The record that answers for an identifier, with its agreement."""

    record: IdentifierReply
    agreement: AgreementReply | None


class EventReply(Reply):
    """An access event: one recorded decision."""

    decision_id: str
    type: str
    time: InstantOut
    recorded_at: InstantOut
    charger: str
    labels: dict[str, str]
    outcome: Outcome
    reason: ReasonOut
    mode: AccessMode | None
    vehicle_class: VehicleClass | None
    policy: str | None
    window: str | None
    revision: str
    vehicle: str | None
    fleet: str | None
    agreement: str | None
    identifier_masked: str | None
    identifier_fingerprint: str | None
    fingerprint_key: int | None
    driver_signal: DriverSignal | None
    evse: int | None
    connector: int | None
    ocpp_action: str | None
    message_id: str | None
    transaction_id: str | None
    late: bool | None = Field(
        description="Whether it happened while the charger was offline; null where no charger's clock was judged."
    )
    clock_suspect: bool | None = Field(
        description="Whether the charger's clock was not believed; null where none was judged."
    )
    caller: str | None
    request_id: str | None
    degraded: DegradedBy | None = Field(
        None, description="Who decided while a client could not reach the service; left out where the service did."
    )


class EventList(ListReply):
    """A page of access events, newest first."""

    events: list[EventReply]


class PolicyOutline(Reply):
    """A policy in force."""

    name: str
    title: str | None
    owner: str | None
    timezone: str
    priority: int
    default_mode: AccessMode
    enforcement: Literal["enforce", "observe"]
    locked: bool
    file: str
    line: int


class PolicyList(ListReply):
    """The policies in force, and what the last load found."""

    policies: list[PolicyOutline]
    revision: str | None
    loaded_at: InstantOut | None
    in_force: bool = Field(description="What is committed is what is served.")
    unreadable: str | None = Field(description="Why the policy files could not be read.")
    diagnostics: list[DiagnosticReply]


class PolicyPart(Reply):
    """A window or an exception of a policy."""

    name: str
    mode: AccessMode
    priority: int
    allow: list[GrantReply] | None
    line: int


class PolicyReply(PolicyOutline):
    """A policy with its parts."""

    allow: list[GrantReply]
    on_lookup_failure: str
    on_unreachable: str
    on_breach: OnBreach | None = Field(description="null: as the charger's profile says.")
    windows: list[PolicyPart]
    exceptions: list[PolicyPart]
    chargers: list[str] = Field(description="The chargers that it governs.")


class DiagnosticList(Reply):
    """Findings about policy files."""

    diagnostics: list[DiagnosticReply]


class ReloadReply(Reply):
    """How a reload went."""

    status: Literal["in_force", "unchanged", "refused"]
    revision: str | None = Field(description="Of the plan that is in force now.")
    unreadable: str | None
    diagnostics: list[DiagnosticReply]
