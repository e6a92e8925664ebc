"""Answers about imports on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import import_view

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, ImportLog


class ImportQueries:
    """Reads the log of imports. Every method raises StoreUnavailableError."""

    def __init__(self, log: ImportLog, clock: Clock) -> None:
        """Read from the log."""
        self._log = log
        self._clock = clock

    async def page(self, *, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
        """Return views, the latest begun first. Raises CursorError."""
        page = await self._log.page(limit=limit, cursor=cursor)
        now = self._clock.now()
        return Page([import_view(run.seen_at(now)) for run in page.items], page.next_cursor)

    async def get(self, import_id: str) -> dict[str, Any] | None:
        """Return the view of one import."""
        run = await self._log.get(import_id)
        return None if run is None else import_view(run.seen_at(self._clock.now()))
