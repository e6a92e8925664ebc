"""Keeps events for as long as the operator wants, and no longer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.instant import DAY

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, EventRetention

EVERY_S = 600.0


async def keep_events_for(days: int, retention: EventRetention, clock: Clock, every_s: float = EVERY_S) -> None:
    """Delete what is older than so many days, every now and then; 0 keeps all. Several processes may do so at once."""
    while True:
        if days:
            with suppress(StoreUnavailableError):
                await retention.delete_before(clock.now_ms() - days * DAY * 1000)
        await asyncio.sleep(every_s)
