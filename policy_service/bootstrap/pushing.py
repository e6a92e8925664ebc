"""The pushing of access events, wired: webhooks, and the Redis Stream where one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.http.sender import PinnedSender, SystemResolver
from policy_service.adapters.redis.connect import connect
from policy_service.adapters.redis.event_stream import PATIENCE_S, RedisEventStream
from policy_service.adapters.sql.dead_letters import SqlDeadLetters
from policy_service.adapters.sql.event_feed import SqlEventFeed
from policy_service.adapters.sql.event_reader import SqlEventReader
from policy_service.adapters.sql.leases import SqlLeases
from policy_service.adapters.sql.sink_positions import SqlSinkPositions
from policy_service.adapters.sql.webhooks import SqlWebhooks
from policy_service.application.commands.manage_webhooks import ManageWebhooks
from policy_service.application.event_sink import SinkFeeding
from policy_service.application.process_lease import PUSHING, ProcessLease
from policy_service.application.queries.webhooks import WebhookQueries
from policy_service.application.webhook_delivery import WebhookDelivery
from policy_service.application.webhook_dispatch import WebhookDispatch
from policy_service.application.webhook_turn import Turns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AsyncExitStack

    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.ports import Clock
    from policy_service.bootstrap.stores import Stores, Work
    from policy_service.settings import Settings


class Pushing(NamedTuple):
    """What operators do with webhooks, and the work that brings events to them and to the stream."""

    webhooks: WebhookQueries
    manage: ManageWebhooks
    background: Sequence[Work]


def open_pushing(
    settings: Settings, stack: AsyncExitStack, stores: Stores, telemetry: Telemetry, clock: Clock, ids: DecisionIds
) -> Pushing:
    """Wire what pushes; connections are closed with the stack. Raises ValueError for a Redis URL."""
    database = stores.database
    webhooks, letters, feed = SqlWebhooks(database), SqlDeadLetters(database), SqlEventFeed(database)
    sender = PinnedSender(SystemResolver(), allow_private=settings.webhooks_allow_private)
    delivery = WebhookDelivery(sender, stores.seal, clock, settings.event_source)
    lease = ProcessLease(SqlLeases(database), clock, PUSHING)
    turns = Turns(
        webhooks,
        letters,
        feed,
        SqlEventReader(database),
        delivery,
        telemetry,
        clock,
        retry_for_ms=settings.webhook_retry_for * 1000,
    )
    background: list[Work] = [WebhookDispatch(turns, lease, telemetry).keep_dispatching]
    if settings.event_stream:
        background.append(_feeding(settings, stack, database, lease, telemetry, clock).keep_feeding)
    manage = ManageWebhooks(webhooks, letters, feed, sender, delivery, stores.seal, clock, ids)
    return Pushing(WebhookQueries(webhooks, letters), manage, background)


def _feeding(
    settings: Settings,
    stack: AsyncExitStack,
    database: Database,
    lease: ProcessLease,
    telemetry: Telemetry,
    clock: Clock,
) -> SinkFeeding:
    client = connect(settings.redis_url, PATIENCE_S)
    stream = RedisEventStream(client, settings.event_stream, settings.event_stream_max)
    stack.push_async_callback(stream.close)
    name, positions = f"stream {settings.event_stream}", SqlSinkPositions(database)
    return SinkFeeding(name, stream, SqlEventFeed(database), positions, lease, telemetry, clock, settings.event_source)
