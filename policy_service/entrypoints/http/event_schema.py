"""The published descriptions of events on their way out: JSON Schemas of their envelopes, AsyncAPI of their streams."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from policy_service.application.cloud_events import DATA_SCHEMA, MODE_DATA_SCHEMA
from policy_service.domain import events, mode_events
from policy_service.domain.events import EventType
from policy_service.domain.mode_events import ModeEventType
from policy_service.entrypoints.http.wire import InstantOut, open_words
from policy_service.entrypoints.http.wire_mode_events import ModeEventReply, ModeEventTypeOut
from policy_service.entrypoints.http.wire_records import EventReply

FILE = f"events/access-event.v{events.SCHEMA_VERSION}.json"
MODE_FILE = f"events/mode-event.v{mode_events.SCHEMA_VERSION}.json"
"""Under ``schemas/``."""

_WEBHOOK = (
    "The URL of each webhook (`POST /v1/webhooks`) that follows the feed `{}`, with the headers `webhook-id`, "
    "`webhook-timestamp` and `webhook-signature` of Standard Webhooks 1.0. Anything but 2xx is sent again."
)
_STREAM = (
    "The Redis Stream that `POLICY_SERVICE_{}` names: each entry has the fields `id`, `type` and `event`, which is the "
    "message. One `id` may come twice."
)
_FOLLOWED = "Server-sent events: `id` is where to go on (`Last-Event-ID`), `event` the type."
_CHANNELS: dict[str, tuple[type[EventType | ModeEventType], str | None, str]] = {
    "events": (EventType, "/v1/events/stream", _FOLLOWED),
    "webhooks": (EventType, None, _WEBHOOK.format("access")),
    "stream": (EventType, None, _STREAM.format("EVENT_STREAM")),
    "modeEvents": (ModeEventType, "/v1/transitions/stream", _FOLLOWED),
    "modeWebhooks": (ModeEventType, None, _WEBHOOK.format("modes")),
    "modeStream": (ModeEventType, None, _STREAM.format("MODE_STREAM")),
}
"""An address that is None is the operator's to choose."""
_POST = {"bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}}}
_OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "follow": ("events", {}),
    "deliver": ("webhooks", _POST),
    "append": ("stream", {}),
    "followModes": ("modeEvents", {}),
    "deliverModes": ("modeWebhooks", _POST),
    "appendModes": ("modeStream", {}),
}


class _CloudEvent(BaseModel):
    specversion: Literal["1.0"]
    id: str = Field(description="One event, however often it comes; of an access event the decision's id.")
    source: str = Field(description="Which service sent it, as a URI reference.")
    subject: str = Field(description="Id of the charger.")
    time: InstantOut = Field(description="When the event was recorded.")
    datacontenttype: Literal["application/json"]
    dataschema: str


class AccessCloudEvent(_CloudEvent):
    """An access event in the envelope of CloudEvents 1.0."""

    model_config = ConfigDict(extra="forbid", title="Access event")

    type: Annotated[EventType, open_words(EventType, "pass over one that you do not know.")]
    data: EventReply


class ModeCloudEvent(_CloudEvent):
    """A mode event in the envelope of CloudEvents 1.0."""

    model_config = ConfigDict(extra="forbid", title="Mode event")

    type: ModeEventTypeOut
    data: ModeEventReply


def envelope_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an access event in its envelope."""
    return _schema(AccessCloudEvent, DATA_SCHEMA)


def mode_envelope_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a mode event in its envelope."""
    return _schema(ModeCloudEvent, MODE_DATA_SCHEMA)


def _schema(envelope: type[_CloudEvent], name: str) -> dict[str, Any]:
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name}
    return {**dialect, **envelope.model_json_schema(mode="serialization")}


def async_api(version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 description of all ways on which events leave."""
    channels = {
        name: {
            "address": address,
            "description": told,
            "messages": {str(kind): {"$ref": f"#/components/messages/{kind}"} for kind in kinds},
        }
        for name, (kinds, address, told) in _CHANNELS.items()
    }
    operations = {
        operation: {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, **bound}
        for operation, (name, bound) in _OPERATIONS.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "policy-service",
            "version": version,
            "description": "Access events and mode events as they become visible.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                **{str(kind): _message(kind, FILE) for kind in EventType},
                **{str(kind): _message(kind, MODE_FILE) for kind in ModeEventType},
            }
        },
    }


def _message(kind: EventType | ModeEventType, file: str) -> dict[str, Any]:
    return {
        "name": str(kind),
        "title": kind.name.replace("_", " ").lower(),
        "contentType": "application/cloudevents+json",
        "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": f"./{file}"}},
    }
