"""Sees to it that every webhook gets its turns, while this process is the one that pushes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.webhook_turn import DeliveryObserver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.process_lease import ProcessLease
    from policy_service.application.webhook_turn import Turns
    from policy_service.domain.outward import FeedName
    from policy_service.domain.webhook import Webhook

EVERY_S = 0.25
IDLE_S = 1.0
"""How often a process looks that does not deliver, or has nobody to deliver to."""
MEASURED_S = 5.0


class DispatchObserver(DeliveryObserver, Protocol):
    """Hears how deliveries go, and what waits."""

    def webhooks_wait(self, oldest_age_s: float, dead_letters: int) -> None:
        """Hear for how long the oldest event has waited for its receiver, and how many nobody took in time."""
        ...


class WebhookDispatch:
    """One task for each webhook that has something to do: a slow receiver holds up no other."""

    def __init__(self, turns: Turns, lease: ProcessLease, observer: DispatchObserver, every_s: float = EVERY_S) -> None:
        """Wire the collaborators."""
        self._turns = turns
        self._lease = lease
        self._observer = observer
        self._every_s = every_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, int] = {}
        """By webhook, when the oldest event was recorded that waits."""
        self._measured_at = 0.0

    async def keep_dispatching(self) -> None:
        """Deliver until cancelled, whenever this process has the lease."""
        try:
            while True:
                busy = False
                with suppress(StoreUnavailableError):
                    busy = await self._look()
                await asyncio.sleep(self._every_s if busy else max(self._every_s, IDLE_S))
        finally:
            await self._end()
            await self._lease.give_back()

    async def _look(self) -> bool:
        """Begin the turns that are due, and tell whether this process delivers. Raises StoreUnavailableError."""
        webhooks = await self._turns.webhooks.all()
        if not webhooks or not await self._lease.held():
            await self._end()
            self._observer.webhooks_wait(0, 0)
            return False
        self._tasks = {name: task for name, task in self._tasks.items() if not task.done()}
        latest, now = await self._latest(webhooks), self._turns.clock.now_ms()
        queued = await self._turns.letters.waiting()
        for webhook in webhooks:
            behind = webhook.progress.position < latest[webhook.feed] or webhook.id in queued
            if webhook.id not in self._tasks and behind and webhook.due(now):
                self._tasks[webhook.id] = asyncio.create_task(self._turn(webhook))
        await self._measure(webhooks, now)
        return True

    async def _latest(self, webhooks: Sequence[Webhook]) -> Mapping[FeedName, int]:
        """Return how far each feed is that a webhook follows."""
        return {feed: await self._turns.feeds[feed].latest() for feed in sorted({each.feed for each in webhooks})}

    async def _turn(self, webhook: Webhook) -> None:
        with suppress(StoreUnavailableError):  # what is not noted as delivered is delivered again
            oldest = await self._turns.take(webhook)
            self._waiting.pop(webhook.id, None)
            if oldest is not None:
                self._waiting[webhook.id] = oldest

    async def _measure(self, webhooks: Sequence[Webhook], now: int) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._measured_at + MEASURED_S:
            return
        self._measured_at = loop.time()
        since = [
            self._waiting.get(each.id, each.progress.failing_since or now) for each in webhooks if each.stopped is None
        ]
        letters = await self._turns.letters.counts()
        self._observer.webhooks_wait((now - min(since, default=now)) / 1000, sum(letters.values()))

    async def _end(self) -> None:
        tasks, self._tasks = list(self._tasks.values()), {}
        self._waiting.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
