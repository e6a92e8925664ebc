"""Answers about recorded decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import event_view

if TYPE_CHECKING:
    from policy_service.application.ports import EventFilter, EventReader


class EventQueries:
    """Reads access events. Every method raises StoreUnavailableError."""

    def __init__(self, events: EventReader) -> None:
        """Read from the store."""
        self._events = events

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
        """Return views, newest first. Raises CursorError."""
        page = await self._events.page(wanted, limit=limit, cursor=cursor)
        return Page([event_view(event) for event in page.items], page.next_cursor)

    async def get(self, decision_id: str) -> dict[str, Any] | None:
        """Return the view of one event."""
        event = await self._events.get(decision_id)
        return None if event is None else event_view(event)
