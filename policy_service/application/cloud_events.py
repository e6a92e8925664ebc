"""Access events on their way out, in the envelope of CloudEvents 1.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.views import event_view
from policy_service.domain.events import SCHEMA_VERSION

if TYPE_CHECKING:
    from policy_service.domain.events import AccessEvent

DATA_SCHEMA = f"urn:policy-service:access-event:v{SCHEMA_VERSION}"
"""Names the JSON Schema ``schemas/events/access-event.v1.json``."""


def cloud_event(event: AccessEvent, source: str) -> dict[str, Any]:
    """Return the event in its envelope; ``source`` names this service among others, as a URI reference."""
    data = event_view(event)
    return {
        "specversion": "1.0",
        "id": event.decision_id,
        "source": source,
        "type": str(event.type),
        "subject": event.charger,
        "time": data["recorded_at"],
        "datacontenttype": "application/json",
        "dataschema": DATA_SCHEMA,
        "data": data,
    }
