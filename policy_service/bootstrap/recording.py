"""The recording of decisions, wired: the spool on this node, what fills it, and what empties it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.spool.event_spool import FileSpool
from policy_service.adapters.sql.event_writer import SqlEventWriter
from policy_service.adapters.sql.event_writer_apart import EventWriterApart
from policy_service.application.event_losses import EventLosses
from policy_service.application.event_shipping import EventShipping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AsyncExitStack

    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.commands.record_decision import DecisionRecorder
    from policy_service.application.concerns import Concern
    from policy_service.application.ports import Clock
    from policy_service.bootstrap.tracing import Tracing
    from policy_service.settings import Settings


class Recording(NamedTuple):
    """What takes events in, what brings them to the database, and what operators must know of both."""

    recorder: DecisionRecorder
    shipping: EventShipping
    concerns: Callable[[], Sequence[Concern]]


async def open_recording(
    settings: Settings, stack: AsyncExitStack, database: Database, telemetry: Telemetry, tracing: Tracing, clock: Clock
) -> Recording:
    """Open the spool; leaving the stack ships what waits, or leaves it for the next start. Raises OSError."""
    spool = FileSpool(
        settings.state_dir / "spool", limit=settings.spool_max_bytes, sync_always=settings.spool_sync == "always"
    )
    spool.open()
    stack.push_async_callback(spool.close)
    writer = EventWriterApart(settings.database, SqlEventWriter(database))
    stack.push_async_callback(writer.close)
    losses = EventLosses(telemetry, clock)
    shipping = EventShipping(spool, writer, losses)
    stack.push_async_callback(shipping.finish)
    recorder = tracing.recorder(spool, writer, losses, when_full=settings.spool_when_full)
    return Recording(recorder, shipping, partial(losses.concerns, spool))
