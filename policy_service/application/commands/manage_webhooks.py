"""Make, change, test and remove webhooks. A secret is returned once; after that it is kept sealed, and only signs."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from policy_service.application.short_ids import short_id
from policy_service.domain.instant import DAY
from policy_service.domain.webhook import PREFIX, Progress, Stop, Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.ports import Clock, DeadLetters, Seal, WebhookRepository, WebhookSender
    from policy_service.application.webhook_delivery import WebhookDelivery
    from policy_service.application.webhook_turn import Feeds
    from policy_service.domain.webhook import Attempt, EventChoice

MOST_WEBHOOKS = 100
OVERLAP_MS = DAY * 1000
"""For how long a secret that was rotated away still signs beside the new one."""

_LETTERS = 10
_SECRET_BYTES = 32


class TargetRefusedError(Exception):
    """Nothing may be sent to this URL, as the message says without repeating it."""


@dataclass(frozen=True, slots=True)
class WantedWebhook:
    """The webhook that somebody wants."""

    url: str
    choice: EventChoice
    description: str | None = None


class MadeWebhook(NamedTuple):
    """A webhook with a fresh secret, and the only copy of it in the clear."""

    webhook: Webhook
    secret: str


class ManageWebhooks:
    """Changes webhooks. Every method raises StoreUnavailableError; None means that there is no such webhook."""

    def __init__(
        self,
        webhooks: WebhookRepository,
        letters: DeadLetters,
        feeds: Feeds,
        sender: WebhookSender,
        delivery: WebhookDelivery,
        seal: Seal,
        clock: Clock,
        ids: DecisionIds,
    ) -> None:
        """Wire the collaborators."""
        self._webhooks = webhooks
        self._letters = letters
        self._feeds = feeds
        self._sender = sender
        self._delivery = delivery
        self._seal = seal
        self._clock = clock
        self._ids = ids

    async def create(self, wanted: WantedWebhook, *, by: str | None) -> MadeWebhook:
        """Make a webhook that is told of events from now on. Raises TargetRefusedError and ConflictError."""
        self._demand_target(wanted.url)
        webhook_id = "wh-" + short_id(_LETTERS)
        secret = _fresh_secret()
        webhook = Webhook(
            id=webhook_id,
            url=wanted.url,
            description=wanted.description,
            choice=wanted.choice,
            secret=self._seal.seal(secret, webhook_id),
            created_at=self._clock.now_ms(),
            created_by=by,
            progress=Progress(await self._feeds[wanted.choice.feed].latest()),
        )
        await self._webhooks.add(webhook, most=MOST_WEBHOOKS)
        return MadeWebhook(webhook, secret)

    async def change(
        self, webhook_id: str, changes: Mapping[str, Any], *, enabled: bool | None = None
    ) -> Webhook | None:
        """Change ``url``, ``choice`` or ``description``; pause it, or let it go on where it stopped.

        The choice must be one of the feed that it follows: its position counts there. Raises TargetRefusedError.
        """
        if "url" in changes:
            self._demand_target(changes["url"])

        def changed(webhook: Webhook) -> Webhook:
            made = replace(webhook, **changes)
            if enabled is None or enabled == (webhook.stopped is None):
                return made
            return made.resumed() if enabled else replace(made, stopped=Stop.PAUSED)

        return await self._webhooks.change(webhook_id, changed)

    async def remove(self, webhook_id: str) -> Webhook | None:
        """Remove a webhook with its dead letters, and return what it was."""
        found = await self._webhooks.get(webhook_id)
        return found if found is not None and await self._webhooks.remove(webhook_id) else None

    async def rotate(self, webhook_id: str) -> MadeWebhook | None:
        """Give it a fresh secret; for a day the one so far signs as well."""
        secret, until = _fresh_secret(), self._clock.now_ms() + OVERLAP_MS
        sealed = self._seal.seal(secret, webhook_id)
        made = await self._webhooks.change(webhook_id, lambda each: each.rotated(sealed, until))
        return None if made is None else MadeWebhook(made, secret)

    async def ping(self, webhook_id: str) -> Attempt | None:
        """Send an event that says nothing, now and once, stopped or not."""
        found = await self._webhooks.get(webhook_id)
        return None if found is None else await self._delivery.ping(found, self._ids.next())

    async def retry(self, webhook_id: str) -> int | None:
        """Let all its dead letters be sent once more; return how many there are."""
        if await self._webhooks.get(webhook_id) is None:
            return None
        return await self._letters.queue(webhook_id)

    def _demand_target(self, url: str) -> None:
        objection = self._sender.objection(url)
        if objection is not None:
            raise TargetRefusedError(objection)


def _fresh_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
