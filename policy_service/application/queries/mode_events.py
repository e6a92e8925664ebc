"""Answers about mode events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import mode_event_view

if TYPE_CHECKING:
    from policy_service.application.ports import ModeEventFilter, ModeEventReader


class ModeEventQueries:
    """Reads mode events. Every method raises StoreUnavailableError."""

    def __init__(self, events: ModeEventReader) -> None:
        """Read from the store."""
        self._events = events

    async def page(self, wanted: ModeEventFilter, *, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
        """Return views, newest first. Raises CursorError."""
        page = await self._events.page(wanted, limit=limit, cursor=cursor)
        return Page([mode_event_view(event) for event in page.items], page.next_cursor)
