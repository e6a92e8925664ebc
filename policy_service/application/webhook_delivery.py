"""One delivery to a webhook: enveloped as a CloudEvent, signed as Standard Webhooks wants it, sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from policy_service.application.cloud_events import cloud_event
from policy_service.domain.instant import format_instant
from policy_service.domain.webhook import Attempt, signature

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, Seal, WebhookSender
    from policy_service.domain.outward import OutwardEvent
    from policy_service.domain.webhook import Webhook

MEDIA_TYPE = "application/cloudevents+json"
PING = "webhook.ping"
"""The type of an event that somebody sends to see whether it arrives."""

_encode = msgspec.json.Encoder().encode


class WebhookDelivery:
    """Knows the secrets, and how events look on their way out."""

    def __init__(self, sender: WebhookSender, seal: Seal, clock: Clock, source: str) -> None:
        """Send by the sender; ``source`` names this service in the envelope."""
        self._sender = sender
        self._seal = seal
        self._clock = clock
        self._source = source

    async def event(self, webhook: Webhook, event: OutwardEvent) -> Attempt:
        """Send an event. Never raises."""
        return await self._send(webhook, cloud_event(event, self._source))

    async def ping(self, webhook: Webhook, message_id: str) -> Attempt:
        """Send an event that says nothing. Never raises."""
        envelope = {
            "specversion": "1.0",
            "id": message_id,
            "source": self._source,
            "type": PING,
            "subject": webhook.id,
            "time": format_instant(self._clock.now()),
            "datacontenttype": "application/json",
            "data": {"webhook": webhook.id},
        }
        return await self._send(webhook, envelope)

    async def _send(self, webhook: Webhook, envelope: dict[str, Any]) -> Attempt:
        now, body, message_id = self._clock.now_ms(), _encode(envelope), str(envelope["id"])
        opened = [self._seal.opened(sealed, webhook.id) for sealed in webhook.secrets(now)]
        secrets = [secret for secret in opened if secret is not None]
        if not secrets:  # sealed under another POLICY_SERVICE_SECRET: rotating it helps
            return Attempt(None, "secret cannot be read")
        timestamp = now // 1000
        signatures = " ".join(signature(secret, message_id, timestamp, body) for secret in secrets)
        headers = {
            "content-type": MEDIA_TYPE,
            "user-agent": "policy-service",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures,
        }
        return await self._sender.post(webhook.url, headers, body)
