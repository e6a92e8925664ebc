"""The ways out of events, wired: streams over HTTP, webhooks, and Redis Streams where these are named."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.http.late_sender import LateSender
from policy_service.adapters.sql.dead_letters import SqlDeadLetters
from policy_service.adapters.sql.event_feed import SqlEventFeed
from policy_service.adapters.sql.leases import SqlLeases
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.adapters.sql.sink_positions import SqlSinkPositions
from policy_service.adapters.sql.webhooks import SqlWebhooks
from policy_service.application.commands.manage_webhooks import ManageWebhooks
from policy_service.application.event_sink import NamedFeed, SinkFeeding
from policy_service.application.process_lease import PUSHING, ProcessLease
from policy_service.application.queries.event_stream import EventStream
from policy_service.application.queries.mode_events import ModeEventQueries
from policy_service.application.queries.webhooks import WebhookQueries
from policy_service.application.service import Outward
from policy_service.application.webhook_delivery import WebhookDelivery
from policy_service.application.webhook_dispatch import WebhookDispatch
from policy_service.application.webhook_turn import Turns
from policy_service.domain.outward import FeedName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AsyncExitStack

    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.ports import Clock, WebhookSender
    from policy_service.application.webhook_turn import Feeds
    from policy_service.bootstrap.stores import Stores, Work
    from policy_service.settings import Settings


class Pushing(NamedTuple):
    """Feeds for who follows them, what operators do with webhooks, and the work that brings events out."""

    outward: Outward
    webhooks: WebhookQueries
    manage: ManageWebhooks
    background: Sequence[Work]


def open_pushing(
    settings: Settings, stack: AsyncExitStack, stores: Stores, telemetry: Telemetry, clock: Clock, ids: DecisionIds
) -> Pushing:
    """Wire what pushes; connections are closed with the stack. Raises ValueError for a Redis URL."""
    database = stores.database
    webhooks, letters = SqlWebhooks(database), SqlDeadLetters(database)
    access, modes = SqlEventFeed(database), SqlModeEvents(database)
    feeds: Feeds = {FeedName.ACCESS: access, FeedName.MODES: modes}
    outward = Outward(EventStream(access), EventStream(modes), ModeEventQueries(modes), settings.event_source)
    sender = LateSender(partial(_sender, allow_private=settings.webhooks_allow_private))
    delivery = WebhookDelivery(sender, stores.seal, clock, settings.event_source)
    lease = ProcessLease(SqlLeases(database), clock, PUSHING)
    retry_for_ms = settings.webhook_retry_for * 1000
    turns = Turns(webhooks, letters, feeds, delivery, telemetry, clock, retry_for_ms)
    feedings = _feedings(settings, stack, stores.database, feeds, lease, telemetry, clock)
    background: list[Work] = [
        outward.access.keep_looking,
        outward.modes.keep_looking,
        WebhookDispatch(turns, lease, telemetry).keep_dispatching,
        *(feeding.keep_feeding for feeding in feedings),
    ]
    manage = ManageWebhooks(webhooks, letters, feeds, sender, delivery, stores.seal, clock, ids)
    return Pushing(outward, WebhookQueries(webhooks, letters), manage, background)


def _sender(*, allow_private: bool) -> WebhookSender:
    from policy_service.adapters.http.sender import PinnedSender, SystemResolver  # noqa: PLC0415 - see LateSender

    return PinnedSender(SystemResolver(), allow_private=allow_private)


def _feedings(
    settings: Settings,
    stack: AsyncExitStack,
    database: Database,
    feeds: Feeds,
    lease: ProcessLease,
    telemetry: Telemetry,
    clock: Clock,
) -> Iterator[SinkFeeding]:
    """Yield what feeds each Redis Stream that is named."""
    streams = (
        (FeedName.ACCESS, settings.event_stream, f"stream {settings.event_stream}"),
        (FeedName.MODES, settings.mode_stream, f"mode stream {settings.mode_stream}"),
    )
    positions = SqlSinkPositions(database)
    for feed, stream, position in streams:
        if stream:
            # without a stream, a start does not wait for the library
            from policy_service.adapters.redis.connect import connect  # noqa: PLC0415
            from policy_service.adapters.redis.event_stream import PATIENCE_S, RedisEventStream  # noqa: PLC0415

            sink = RedisEventStream(connect(settings.redis_url, PATIENCE_S), stream, settings.event_stream_max)
            stack.push_async_callback(sink.close)
            named = NamedFeed(feed, feeds[feed])
            yield SinkFeeding(position, sink, named, positions, lease, telemetry, clock, settings.event_source)
