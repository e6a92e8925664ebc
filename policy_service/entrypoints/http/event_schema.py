"""The published descriptions of events on their way out: JSON Schema of their envelope, AsyncAPI of their stream."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from policy_service.application.cloud_events import DATA_SCHEMA
from policy_service.domain.events import SCHEMA_VERSION, EventType
from policy_service.entrypoints.http.wire import InstantOut
from policy_service.entrypoints.http.wire_records import EventReply

FILE = f"events/access-event.v{SCHEMA_VERSION}.json"
"""Under ``schemas/``."""

_CHANNELS: dict[str, dict[str, Any]] = {
    "events": {
        "address": "/v1/events/stream",
        "description": "Server-sent events: `id` is where to go on (`Last-Event-ID`), `event` the type.",
    },
    "webhooks": {
        "address": None,
        "description": "The URL of each webhook (`POST /v1/webhooks`), with the headers `webhook-id`, "
        "`webhook-timestamp` and `webhook-signature` of Standard Webhooks 1.0. Anything but 2xx is sent again.",
    },
    "stream": {
        "address": None,
        "description": "The Redis Stream that `POLICY_SERVICE_EVENT_STREAM` names: each entry has the fields `id`, "
        "`type` and `event`, which is the message. One `id` may come twice.",
    },
}
"""An address that is None is the operator's to choose."""
_OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "follow": ("events", {}),
    "deliver": ("webhooks", {"bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}}}),
    "append": ("stream", {}),
}


class AccessCloudEvent(BaseModel):
    """An access event in the envelope of CloudEvents 1.0."""

    model_config = ConfigDict(extra="forbid", title="Access event")

    specversion: Literal["1.0"]
    id: str = Field(description="The decision's id: one event, however often it comes.")
    source: str = Field(description="Which service sent it, as a URI reference.")
    type: EventType
    subject: str = Field(description="Id of the charger.")
    time: InstantOut = Field(description="When the decision was recorded.")
    datacontenttype: Literal["application/json"]
    dataschema: str
    data: EventReply


def envelope_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event in its envelope."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": DATA_SCHEMA}
    return {**dialect, **AccessCloudEvent.model_json_schema(mode="serialization")}


def async_api(version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 description of all ways on which events leave."""
    messages = {
        str(kind): {
            "name": str(kind),
            "title": kind.name.replace("_", " ").lower(),
            "contentType": "application/cloudevents+json",
            "payload": {
                "schemaFormat": "application/schema+json;version=draft-2020-12",
                "schema": {"$ref": f"./{FILE}"},
            },
        }
        for kind in EventType
    }
    references = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    channels = {name: {**told, "messages": references} for name, told in _CHANNELS.items()}
    operations = {
        operation: {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, **bound}
        for operation, (name, bound) in _OPERATIONS.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "policy-service", "version": version, "description": "Access events as they become visible."},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }
