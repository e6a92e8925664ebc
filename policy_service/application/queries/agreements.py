"""Answers about agreements on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import agreement_view

if TYPE_CHECKING:
    from policy_service.application.ports import AgreementRepository


class AgreementQueries:
    """Reads agreements. Every method raises StoreUnavailableError."""

    def __init__(self, agreements: AgreementRepository) -> None:
        """Read from the repository."""
        self._agreements = agreements

    async def page(self, *, limit: int, cursor: str | None = None, fleet: str | None = None) -> Page[dict[str, Any]]:
        """Return views ordered by id. Raises CursorError."""
        page = await self._agreements.page(limit=limit, cursor=cursor, fleet=fleet)
        return Page([agreement_view(agreement) for agreement in page.items], page.next_cursor)

    async def get(self, agreement_id: str) -> dict[str, Any] | None:
        """Return the view of one agreement."""
        agreement = await self._agreements.get(agreement_id)
        return None if agreement is None else agreement_view(agreement)
