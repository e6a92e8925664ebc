"""A sender that is made when the first webhook needs it: most services have none, and its library loads long."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policy_service.application.ports import WebhookSender
    from policy_service.domain.webhook import Attempt


class LateSender:
    """Implements the port ``WebhookSender``."""

    def __init__(self, make: Callable[[], WebhookSender]) -> None:
        """Make nothing yet."""
        self._make = make

    @cached_property
    def _sender(self) -> WebhookSender:
        return self._make()

    def objection(self, url: str) -> str | None:
        """Say why nothing can ever be sent there, as far as the URL alone tells; None where it does not."""
        return self._sender.objection(url)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send once, and say what became of it. Never raises."""
        return await self._sender.post(url, headers, body)
