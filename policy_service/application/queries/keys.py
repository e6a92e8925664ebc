"""Answers about API keys; their texts are nowhere to be found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.views import key_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import Clock, KeyRepository


class KeyQueries:
    """Reads keys. Every method raises StoreUnavailableError."""

    def __init__(self, keys: KeyRepository, clock: Clock) -> None:
        """Read from the repository."""
        self._keys = keys
        self._clock = clock

    async def all(self) -> Sequence[dict[str, Any]]:
        """Return the views of all keys, the oldest first."""
        return [key_view(key, self._clock.now()) for key in await self._keys.all()]
