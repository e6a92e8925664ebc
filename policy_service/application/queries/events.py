"""Answers about recorded decisions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import event_view

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from policy_service.application.ports import EventCount, EventFilter, EventGrouping, EventReader
    from policy_service.engine.zone import Zone


MOST_PAGES = 2
"""At once, of a process: who looks something up for a driver is not to wait for those who read."""
MOST_MATCHES = 100
"""A transaction leaves a few events: one for each time that its charger asked."""


class EventQueries:
    """Reads access events. Every method raises StoreUnavailableError."""

    def __init__(self, events: EventReader, recorded: Callable[[], Awaitable[None]]) -> None:
        """Read from the store, once it has what this process ``recorded`` before."""
        self._events = events
        self._recorded = recorded
        self._pages = asyncio.Semaphore(MOST_PAGES)

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
        """Return views, newest first. Raises CursorError."""
        await self._recorded()
        async with self._pages:
            page = await self._events.page(wanted, limit=limit, cursor=cursor)
            views = await asyncio.to_thread(lambda: [event_view(event) for event in page.items])  # a thousand take long
        return Page(views, page.next_cursor)

    async def get(self, decision_id: str) -> dict[str, Any] | None:
        """Return the view of one event."""
        await self._recorded()
        event = await self._events.get(decision_id)
        return None if event is None else event_view(event)

    async def match(self, charger: str, transaction_id: str) -> list[dict[str, Any]]:
        """Return the views of the events of a transaction, newest first."""
        await self._recorded()
        found = await self._events.match(charger, transaction_id, limit=MOST_MATCHES)
        return [event_view(event) for event in found]

    async def counts(self, wanted: EventFilter, by: EventGrouping, zone: Zone) -> Sequence[EventCount]:
        """Count events by group; hours and days are the zone's."""
        await self._recorded()
        return await self._events.counts(wanted, by, zone)
