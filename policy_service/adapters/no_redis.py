"""What stands in for Redis where none is configured: the same code runs, and nothing is shared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.application.ports import Keys, Shared


class NoSharedCache:
    """Holds nothing."""

    async def get(self, keys: Keys) -> Shared | None:
        """Return nothing."""
        del keys
        return None

    async def put(self, keys: Keys, entry: Shared) -> None:
        """Keep nothing."""


class NoSignal:
    """Tells nobody, and hears nobody."""

    async def announce(self) -> None:
        """Do nothing."""

    async def wait(self, at_most_s: float) -> None:
        """Wait until the time is up."""
        await asyncio.sleep(at_most_s)
