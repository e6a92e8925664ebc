"""Events on their way out, in the envelope of CloudEvents 1.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.views import event_view, mode_event_view
from policy_service.domain import mode_events
from policy_service.domain.events import SCHEMA_VERSION, AccessEvent

if TYPE_CHECKING:
    from policy_service.domain.outward import OutwardEvent

DATA_SCHEMA = f"urn:policy-service:access-event:v{SCHEMA_VERSION}"
"""Names the JSON Schema ``schemas/events/access-event.v1.json``."""
MODE_DATA_SCHEMA = f"urn:policy-service:mode-event:v{mode_events.SCHEMA_VERSION}"
"""Names the JSON Schema ``schemas/events/mode-event.v1.json``."""


def cloud_event(event: OutwardEvent, source: str) -> dict[str, Any]:
    """Return the event in its envelope; ``source`` names this service among others, as a URI reference."""
    if isinstance(event, AccessEvent):
        data, schema = event_view(event), DATA_SCHEMA
    else:
        data, schema = mode_event_view(event), MODE_DATA_SCHEMA
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": str(event.type),
        "subject": event.charger,
        "time": data["recorded_at"],
        "datacontenttype": "application/json",
        "dataschema": schema,
        "data": data,
    }
