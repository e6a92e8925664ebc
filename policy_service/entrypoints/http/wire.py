"""The shapes on the wire: what requests must look like and what answers do look like."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.identifier import MAX_IDENTIFIER
from policy_service.domain.instant import InstantError, parse_instant, parse_instant_ms
from policy_service.domain.names import MAX_NAME
from policy_service.entrypoints.http import forms

INSTANT_PATTERN = (
    r"^((19[7-9][0-9]|2[01][0-9][0-9])-"
    r"((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    r"|(19(7[26]|8[048]|9[26])|20([02468][048]|[13579][26])|21(0[48]|[2468][048]|[13579][26]))-02-29)"
    r"T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)

_RANGES = " -~\u00a1-\u00ac\u00ae-\u0377\u0400-\u052f\u4e00-\u9fff\uac00-\ud7a3\uff01-\uffbe\U0001d7ce-\U0001d7ff"
IDENTIFIER_PATTERN = f"^[{_RANGES}]*$"
"""Printable characters of the scripts that identifiers are printed in, look-alikes included; no others."""

PRINTABLE_PATTERN = f"^[{_RANGES}]+$"
NAME_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]+$"


_UNESCAPED_PLUS = re.compile(r" (\d\d:\d\d)$", re.ASCII)
"""In a query `+` is a blank unless it is escaped, as many forget."""


def _instant(value: object) -> int:
    return _read_instant(value, parse_instant)


def _instant_ms(value: object) -> int:
    return _read_instant(value, parse_instant_ms)


def _read_instant(value: object, read: Callable[[str], int]) -> int:
    if not isinstance(value, str):
        kind = "instant_type"
        raise PydanticCustomError(kind, "an instant is a string, such as `2026-11-24T11:15:00Z`")
    try:
        return read(_UNESCAPED_PLUS.sub(r"+\1", value))
    except InstantError as error:
        kind = "instant"
        raise PydanticCustomError(kind, "{why}", {"why": str(error)}) from None


def _identifier(text: str) -> str:
    if re.fullmatch(IDENTIFIER_PATTERN[1:-1], text) is None:
        kind = "identifier"
        raise PydanticCustomError(kind, "an identifier has printable characters only")
    return text


def _whole(value: object) -> object:
    """Take 1.0 for 1: to JSON they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[StrictInt, Field(ge=0, le=2**31 - 1), BeforeValidator(_whole)]
_INSTANT_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": INSTANT_PATTERN,
        "description": "RFC 3339 instant with an offset, between 1970 and 2199; seconds may be left out.",
        "examples": ["2026-11-24T11:15:00Z"],
    }
)
Instant = Annotated[int, BeforeValidator(_instant), _INSTANT_SCHEMA]
InstantMs = Annotated[int, BeforeValidator(_instant_ms), _INSTANT_SCHEMA]
"""The same to the millisecond."""
InstantOut = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


def open_words(known: type[StrEnum], advice: str) -> WithJsonSchema:
    """Describe words to which more may be added, so that a client made from the description takes those in as well."""
    said = f"More may be added: {advice}"
    return WithJsonSchema({"type": "string", "description": said, "examples": [str(word) for word in known]})


ReasonOut = Annotated[Reason, open_words(Reason, "take one that you do not know for what the outcome says.")]
IdentifierText = Annotated[
    str,
    Field(strict=True, max_length=MAX_IDENTIFIER),
    AfterValidator(_identifier),
    WithJsonSchema({"type": "string", "maxLength": MAX_IDENTIFIER, "pattern": IDENTIFIER_PATTERN}),
]
IdentifierHint = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Language = Annotated[str, StringConstraints(strict=True, pattern=forms.LANGUAGE)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_NAME, pattern=NAME_PATTERN)]
Trace = Annotated[str, Field(strict=True, min_length=1, max_length=64, pattern=forms.TRACE)]
"""A name that the CSMS gives a message or a transaction: printable ASCII without blanks."""


class Request(BaseModel):
    """A request body: nothing unknown, nothing converted. Built when it is first needed: no start waits for it."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, str_strip_whitespace=False)


class Reply(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(defer_build=True, extra="forbid")


class Occasion(Request):
    """What happens at a charger, and what the CSMS knows of the message that told it so."""

    charger: Name = Field(description="Id of the charger, case-sensitive.")
    time: Instant | None = Field(None, description="The instant to decide for; left out: now.")
    evse: Count | None = Field(None, description="Recorded only.")
    connector: Count | None = Field(None, description="Recorded only.")
    ocpp_action: Trace | None = Field(None, description="Recorded only, such as `Authorize`.")
    message_id: Trace | None = Field(None, description="Recorded only: the OCPP message's.")
    transaction_id: Trace | None = Field(None, description="Recorded only; `GET /v1/events/match` finds it.")


class DecideRequest(Occasion):
    """A question about a vehicle, a charger and a time."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"charger": "NTH-01", "identifier": "04:A2:B3:C4:D5:E6:80", "time": "2026-11-24T11:15:00Z"}]
        },
    )

    identifier: IdentifierText = Field(description="RFID, MAC, PIN or other identifier as the charger sent it.")
    identifier_type: IdentifierHint | None = Field(
        None, description="A hint: `rfid`, `mac`, `pin`, `emaid`, `vin`, `other`, or OCPP's idToken type."
    )
    language: Language | None = Field(None, description="Language of the message, as in BCP 47.")
    record: StrictBool = Field(default=True, description="Leave an access event.")


class BreachReport(Occasion):
    """A session that a charger began without asking, and when; left out: now."""


class BreachReply(Reply):
    """Whether that was a breach; in freevend nobody has to ask."""

    breach: bool
    decision_id: str | None = Field(description="Of the event that it left.")
    mode: AccessMode | None
    stop: bool = Field(description="Whether the CSMS is to end the session: `onBreach: stop`.")


class WouldBe(Reply):
    """What enforcement would have answered, under `enforcement: observe`."""

    outcome: Outcome
    reason: ReasonOut


class DecisionReply(Reply):
    """A decision. A denial is a decision as well."""

    decision_id: str = Field(description="UUID of version 7; names the access event.")
    outcome: Outcome
    reason: ReasonOut
    mode: AccessMode | None = Field(description="The charger's mode at that time; null where no policy governs it.")
    vehicle_class: VehicleClass | None = Field(description="Null where nothing was looked up.")
    charger: str
    time: InstantOut
    valid_until: InstantOut | None = Field(
        description="First instant within 400 days at which outcome, reason, mode, policy or window would differ."
    )
    policy: str | None
    window: str | None = Field(description="Window, exception or override that set the mode; null: the default mode.")
    revision: str
    message: str | None = Field(None, description="Only on a denial: what to tell the driver.")
    next_allowed_at: InstantOut | None = Field(None, description="Only on `not_granted`: null is never.")
    would_be: WouldBe | None = None
    stop: bool | None = Field(None, description="Only on a breach under `onBreach: stop`: end the session.")


class BatchRequest(Request):
    """Many questions at once."""

    requests: list[Any] = Field(
        min_length=1, max_length=1000, description="Questions, each as the body of `/v1/decide`."
    )
    record: StrictBool = Field(default=True, description="Leave access events.")


class FaultReply(Reply):
    """One mistake in a request."""

    pointer: str | None = Field(None, description="JSON pointer into the body.")
    parameter: str | None = Field(None, description="Name of the parameter.")
    line: int | None = Field(None, description="Line of an import.")
    detail: str


class ProblemReply(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[FaultReply] | None = None


class BatchReply(Reply):
    """Decisions in the order of the questions; one that cannot be answered has a problem in its place."""

    decisions: list[DecisionReply | ProblemReply]


class StepDetail(Reply):
    """What was found, for programs. Which members there are depends on the step; more may come."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    known: bool | None = Field(None, description="charger, identifier: whether there is one on record.")
    labels: dict[str, str] | None = Field(None, description="charger: its labels.")
    place: str | None = Field(
        None, description="charger, policy, mode, grant: where it stands in the policy files: file, line and column."
    )
    policy: str | None = Field(None, description="policy: which governs.")
    priority: int | None = None
    beaten: list[str] | None = Field(None, description="policy: others that match the charger.")
    mode: AccessMode | None = None
    level: str | None = Field(None, description="mode: what set it, such as a window or an override.")
    window: str | None = None
    timezone: str | None = None
    override_reason: str | None = None
    local_start: str | None = None
    local_end: str | None = None
    start: InstantOut | None = None
    end: InstantOut | None = None
    reason: ReasonOut | None = Field(None, description="identifier: why there is no record; outcome: of the decision.")
    record: str | None = Field(None, description="identifier: id of the record.")
    type: str | None = None
    source: str | None = None
    vehicle: str | None = None
    vehicle_class: str | None = None
    fleet: str | None = None
    agreement: str | None = None
    status: str | None = None
    valid_from: InstantOut | None = None
    valid_to: InstantOut | None = None
    obstacle: ReasonOut | None = Field(None, description="identifier: why the record admits nobody; null: it does.")
    agreement_status: str | None = None
    agreement_valid_from: InstantOut | None = None
    agreement_valid_to: InstantOut | None = None
    met: bool | None = Field(None, description="grant: whether it lets the vehicle in.")
    selector: str | None = Field(None, description="grant: which of identifier and agreement holds elsewhere only.")
    failing: str | None = Field(None, description="grant: what of it is not met.")
    failing_place: str | None = None
    outcome: str | None = None


class StepReply(Reply):
    """One step of an explanation."""

    name: str = Field(description="charger, policy, mode, identifier, grant or outcome.")
    text: str = Field(description="What was found, for people.")
    detail: StepDetail


class NearestAllow(Reply):
    """What would have to differ for the vehicle to be let in."""

    change: str = Field(description="The least change, for people.")
    at: InstantOut | None = Field(description="When it may charge without any change.")
    place: str | None = Field(None, description="Where in the policy files that change is made: file, line and column.")
    then: str | None = Field(None, description="What would stand in the way after that change.")


class ExplainReply(DecisionReply):
    """A decision and how it came about."""

    steps: list[StepReply]
    nearest_allow: NearestAllow | None = Field(description="On a denial: what would have to differ.")


class DiagnosticReply(Reply):
    """A finding about a policy file."""

    code: str
    severity: Literal["error", "warning"]
    file: str
    line: int
    column: int
    message: str
    help: str | None
