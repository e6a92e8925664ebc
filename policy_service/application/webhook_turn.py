"""A webhook's turn: what it has not got yet is delivered, until there is no more of it or its receiver fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import SystemRandom
from time import monotonic
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from policy_service.domain.webhook import DeadLetter, Progress, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports import Clock, DeadLetters, EventFeed, WebhookRepository
    from policy_service.application.webhook_delivery import WebhookDelivery
    from policy_service.domain.outward import FeedName, OutwardEvent
    from policy_service.domain.webhook import Attempt, Webhook

PAGE = 100
LASTS_S = 5.0
"""Then the webhook is read anew: somebody may have changed it."""

Feeds: TypeAlias = "Mapping[FeedName, EventFeed[OutwardEvent]]"
"""Every feed that a webhook may follow."""
Delivered = Literal["delivered", "failed", "gone", "dead_letter"]
_jitter = SystemRandom().random


class DeliveryObserver(Protocol):
    """Hears how deliveries go."""

    def webhook(self, webhook_id: str, outcome: Delivered, why: str | None = None, count: int = 1) -> None:
        """Hear of deliveries that ended so."""
        ...


@dataclass(frozen=True, slots=True)
class Turns:
    """Takes turns. ``retry_for_ms`` is for how long an event waits for a receiver that fails."""

    webhooks: WebhookRepository
    letters: DeadLetters
    feeds: Feeds
    delivery: WebhookDelivery
    observer: DeliveryObserver
    clock: Clock
    retry_for_ms: int
    lasts_s: float = LASTS_S

    async def take(self, webhook: Webhook) -> int | None:
        """Deliver, and return when the oldest event was recorded that waits still, in epoch milliseconds.

        Raises StoreUnavailableError.
        """
        if webhook.progress.failing_since is None and not await self._revived(webhook):
            return None
        ends, at, feed = monotonic() + self.lasts_s, webhook.progress, self.feeds[webhook.feed]
        over = False
        while True:
            found = await feed.after(at.position, limit=PAGE)
            for position, event in found:
                if not webhook.choice.takes(event):
                    continue
                if over:
                    return event.recorded_at
                attempt = await self.delivery.event(webhook, event)
                if not attempt.delivered:
                    await self._failed(webhook, at, (position, event), attempt)
                    return event.recorded_at
                self.observer.webhook(webhook.id, "delivered")
                if not await self.webhooks.advance(webhook.id, at.position, Progress(position)):
                    return None  # somebody has stopped or removed it
                at, over = Progress(position), monotonic() > ends
            if not found:
                return None
            passed = at.moved_to(found[-1][0])
            if passed != at and not await self.webhooks.advance(webhook.id, at.position, passed):
                return None
            at = passed

    async def _failed(self, webhook: Webhook, at: Progress, head: tuple[int, OutwardEvent], attempt: Attempt) -> None:
        if attempt.gone:
            await self.webhooks.change(webhook.id, lambda each: replace(each, stopped=Stop.GONE))
            self.observer.webhook(webhook.id, "gone")
            return
        now = self.clock.now_ms()
        failed = at.failed(attempt.fault, now, _jitter(), attempt.wait_ms)
        dead, passed = await self._overdue(webhook, failed, head, now)
        if await self.webhooks.advance(webhook.id, at.position, passed, dead):
            self.observer.webhook(webhook.id, "failed", attempt.fault)
            if dead:
                self.observer.webhook(webhook.id, "dead_letter", attempt.fault, len(dead))

    async def _overdue(
        self, webhook: Webhook, failed: Progress, head: tuple[int, OutwardEvent], now: int
    ) -> tuple[Sequence[DeadLetter], Progress]:
        """Return what has waited for too long, and the progress behind it.

        Nothing has waited for longer than its receiver has failed: events from before that had no chance yet.
        """
        limit = now - self.retry_for_ms
        if (failed.failing_since or now) > limit or head[1].recorded_at > limit:
            return (), failed
        dead: list[DeadLetter] = []
        for position, event in await self.feeds[webhook.feed].after(failed.position, limit=PAGE):
            if event.recorded_at > limit:
                break
            failed = failed.moved_to(position)
            if webhook.choice.takes(event):
                dead.append(_letter(webhook, position, event, now, failed.last_error or ""))
        return dead, failed

    async def _revived(self, webhook: Webhook) -> bool:
        """Send dead letters once more that somebody wants sent; tell whether the receiver took them all."""
        while letters := await self.letters.queued(webhook.id, limit=PAGE):
            for letter in letters:
                event = await self._event_of(webhook, letter)
                if event is not None:
                    attempt = await self.delivery.event(webhook, event)
                    if not attempt.delivered:
                        await self.letters.give_up(webhook.id, attempt.fault)
                        self.observer.webhook(webhook.id, "failed", attempt.fault)
                        return False
                    self.observer.webhook(webhook.id, "delivered")
                await self.letters.settle(letter)
        return True

    async def _event_of(self, webhook: Webhook, letter: DeadLetter) -> OutwardEvent | None:
        """Return the event of a dead letter, None where it is not kept any more."""
        found = await self.feeds[webhook.feed].after(letter.position - 1, limit=1)
        return next((event for position, event in found if position == letter.position), None)


def _letter(webhook: Webhook, position: int, event: OutwardEvent, now: int, error: str) -> DeadLetter:
    return DeadLetter(webhook.id, position, event.id, event.type, event.charger, event.recorded_at, now, error)
