"""Answers about webhooks; no secret is part of any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import dead_letter_view, webhook_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import DeadLetters, WebhookRepository


class WebhookQueries:
    """Reads webhooks. Every method raises StoreUnavailableError."""

    def __init__(self, webhooks: WebhookRepository, letters: DeadLetters) -> None:
        """Read from these."""
        self._webhooks = webhooks
        self._letters = letters

    async def all(self) -> Sequence[dict[str, Any]]:
        """Return the view of every webhook, the oldest first."""
        counts = await self._letters.counts()
        return [webhook_view(each, counts.get(each.id, 0)) for each in await self._webhooks.all()]

    async def get(self, webhook_id: str) -> dict[str, Any] | None:
        """Return the view of one webhook."""
        found = await self._webhooks.get(webhook_id)
        return None if found is None else webhook_view(found, (await self._letters.counts()).get(webhook_id, 0))

    async def dead_letters(self, webhook_id: str, *, limit: int, cursor: str | None) -> Page[dict[str, Any]] | None:
        """Return what its receiver did not take in time, the oldest first. Raises CursorError."""
        if await self._webhooks.get(webhook_id) is None:
            return None
        page = await self._letters.page(webhook_id, limit=limit, cursor=cursor)
        return Page([dead_letter_view(letter) for letter in page.items], page.next_cursor)
