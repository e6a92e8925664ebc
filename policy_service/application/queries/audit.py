"""Answers about who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import audit_view

if TYPE_CHECKING:
    from policy_service.application.ports import AuditFilter, AuditRepository


class AuditQueries:
    """Reads audit entries. Every method raises StoreUnavailableError."""

    def __init__(self, audit: AuditRepository) -> None:
        """Read from the repository."""
        self._audit = audit

    async def page(self, wanted: AuditFilter, *, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
        """Return views, newest first. Raises CursorError."""
        page = await self._audit.page(wanted, limit=limit, cursor=cursor)
        return Page([audit_view(entry) for entry in page.items], page.next_cursor)
