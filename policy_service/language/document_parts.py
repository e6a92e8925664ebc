"""The parts that written documents are made of: typed scalars with their editor help, day sets, metadata."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - pydantic resolves annotations
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from policy_service.domain.access import AccessMode, Reason
from policy_service.domain.charger_profile import Reboot
from policy_service.domain.names import MAX_NAME, MISLEADING
from policy_service.domain.policy import Duration, RunningSessions, WallInstant
from policy_service.language import written

API_VERSION = "policy-service/v1"

NAME = "^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$"
ATTRIBUTE_NAME = "^[A-Za-z_][A-Za-z0-9_]{0,62}$"
PRINTABLE = rf"^[^\x00-\x1f\x7f-\x9f{MISLEADING}]*$"
_LINES = f"^[^{MISLEADING}]*$"

_ANY_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_TIME: dict[str, Any] = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}
_END: dict[str, Any] = {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)$"}
_DATE: dict[str, Any] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_MOMENT: dict[str, Any] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}"}
_DURATION: dict[str, Any] = {"type": "string", "pattern": "^P([0-9]+W|([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+S)?)?)$"}
_RUNNING: dict[str, Any] = {
    "oneOf": [
        {"enum": ["keep", "stop"]},
        {
            "type": "object",
            "properties": {"stopAfter": {**_DURATION, "description": "How long running sessions may go on."}},
            "required": ["stopAfter"],
            "additionalProperties": False,
        },
    ]
}


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """How a scalar's text becomes a value, and what its text looks like to an editor."""

    read: Callable[[object], object]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to call the reader and nothing else."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell pydantic what editors accept."""
        return dict(self.schema)


class Given:
    """Marks what may be left out, but not be written without a value: in an inventory nothing else looks for that."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to take no null."""
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


class Parts(BaseModel):
    """What every written mapping shares: camelCase keys, and no others than the declared ones."""

    model_config = ConfigDict(defer_build=True, extra="forbid", alias_generator=to_camel, frozen=True)


Text: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=PRINTABLE), WithJsonSchema(_ANY_TEXT)
]
Prose: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=4096, pattern=_LINES), WithJsonSchema(_ANY_TEXT)
]
ChargerId: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_NAME, pattern=PRINTABLE), WithJsonSchema(_ANY_TEXT)
]
Name: TypeAlias = Annotated[
    str, StringConstraints(pattern=NAME), WithJsonSchema({"type": ["string", "integer"], "pattern": NAME})
]
AttributeName: TypeAlias = Annotated[str, StringConstraints(pattern=ATTRIBUTE_NAME)]
Zone: TypeAlias = Annotated[str, Reads(written.read_zone, {"type": "string"})]
TimeOfDay: TypeAlias = Annotated[int, Reads(written.read_time, _TIME)]
EndTime: TypeAlias = Annotated[int, Reads(written.read_end_time, _END)]
Day: TypeAlias = Annotated[date, Reads(written.read_date, _DATE)]
Length: TypeAlias = Annotated[Duration, Reads(written.read_duration, _DURATION)]
Moment: TypeAlias = Annotated[int | WallInstant, Reads(written.read_moment, _MOMENT)]
Instant: TypeAlias = Annotated[int, Reads(written.read_instant, _MOMENT)]
Whole: TypeAlias = Annotated[int, Reads(written.read_whole, {"type": "integer"})]
Count: TypeAlias = Annotated[int, Reads(written.read_count, {"type": "integer", "minimum": 1})]
Flag: TypeAlias = Annotated[bool, Reads(written.read_flag, {"type": "boolean"})]
Running: TypeAlias = Annotated[RunningSessions, Reads(written.read_running_sessions, _RUNNING)]
RebootWhen: TypeAlias = Annotated[Reboot, Reads(written.read_reboot, {"enum": [*Reboot, True, False]})]
SyntheticId: TypeAlias = Annotated[str, Reads(written.read_synthetic_id, _ANY_TEXT)]
FreevendTag: TypeAlias = Annotated[str, Reads(written.read_freevend_tag, _ANY_TEXT)]
Pattern: TypeAlias = Annotated[str, Reads(written.read_pattern, {"type": "string", "format": "regex"})]
Message: TypeAlias = Annotated[str, Reads(written.read_message, _ANY_TEXT)]
LanguageTag: TypeAlias = Annotated[str, StringConstraints(pattern="^(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)?$")]
Texts: TypeAlias = Annotated[
    dict[LanguageTag, Message], BeforeValidator(written.as_texts, json_schema_input_type=Message | dict[str, Message])
]
Messages: TypeAlias = dict[Reason, Texts]
Globs: TypeAlias = list[Text]
Mode: TypeAlias = AccessMode
OneOrMoreTexts: TypeAlias = Annotated[
    list[Text], BeforeValidator(written.as_list, json_schema_input_type=Text | list[Text])
]
"""One text where a list may stand too."""


class DaySetParts(Parts):
    """A set of operating days: holidays of a region, a calendar, dates, or everything from one date to another."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["holidays"]},
                {"required": ["calendar"]},
                {"required": ["dates"]},
                {"required": ["from"]},
            ]
        }
    )

    holidays: Text | None = Field(None, description="Public holidays of a country or a part of it, such as `AU-VIC`.")
    but: list[Day] | None = Field(None, alias="except", description="Dates on which the holiday does not count.")
    calendar: Text | None = Field(None, description="Name of a Calendar document.")
    dates: list[Day] | None = Field(None, description="Dates written out.")
    first: Day | None = Field(None, alias="from", description="First day of a range.")
    last: Day | None = Field(None, alias="to", description="Last day of a range, included.")


DaySets: TypeAlias = Annotated[
    list[DaySetParts], BeforeValidator(written.as_list, json_schema_input_type=DaySetParts | list[DaySetParts])
]
"""One day set or several."""


class Metadata(Parts):
    """What a document is called and whose it is."""

    name: Name = Field(description="Name, unique per kind: lower-case letters, digits and hyphens.")
    title: Annotated[Text | None, Given()] = Field(None, description="What people call it.")
    owner: Annotated[Text | None, Given()] = Field(None, description="Who answers questions about it.")


class OverrideMetadata(Metadata):
    """An override's metadata."""

    ticket: Text | None = Field(None, description="The ticket that asked for it.")


class DocumentParts(Parts):
    """What every document begins with."""

    api_version: Literal["policy-service/v1"] = Field(description="Version of the format: `policy-service/v1`.")
