"""Brings every event of a feed to a sink, in the order in which they became visible, at least once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from policy_service.application.cloud_events import cloud_event
from policy_service.application.ports import SinkMessage, StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, EventFeed, EventSink, SinkPositions
    from policy_service.application.process_lease import ProcessLease
    from policy_service.domain.outward import FeedName, OutwardEvent

EVERY_S = 0.25
RETRY_S = 1.0
"""How often a process looks that does not feed the sink, or when something does not answer."""
PAGE = 200

_encode = msgspec.json.Encoder().encode


class SinkObserver(Protocol):
    """Hears how a sink is fed."""

    def streamed(self, count: int) -> None:
        """Hear that a sink has so many more events."""
        ...

    def stream_waits(self, feed: FeedName, oldest_age_s: float) -> None:
        """Hear for how long the oldest event of a feed has waited for its sink."""
        ...


class NamedFeed(NamedTuple):
    """A feed, and which it is."""

    name: FeedName
    events: EventFeed[OutwardEvent]


class SinkFeeding:
    """One task of each process; the one that has the lease feeds."""

    def __init__(
        self,
        name: str,
        sink: EventSink,
        feed: NamedFeed,
        positions: SinkPositions,
        lease: ProcessLease,
        observer: SinkObserver,
        clock: Clock,
        source: str,
    ) -> None:
        """Feed the sink of that name; ``source`` names this service in the envelopes."""
        self._name = name
        self._sink = sink
        self._feed = feed
        self._positions = positions
        self._lease = lease
        self._observer = observer
        self._clock = clock
        self._source = source

    async def keep_feeding(self, every_s: float = EVERY_S) -> None:
        """Feed until cancelled, whenever this process has the lease; wait out whatever does not answer."""
        try:
            while True:
                try:
                    pause_s = await self.look(every_s)
                except StoreUnavailableError:
                    pause_s = RETRY_S
                await asyncio.sleep(pause_s)
        finally:
            await self._lease.give_back()

    async def look(self, every_s: float) -> float:
        """Bring a page, and return for how long to rest. Raises StoreUnavailableError."""
        if not await self._lease.held():
            self._observer.stream_waits(self._feed.name, 0)
            return RETRY_S
        position = await self._positions.get(self._name)
        if position is None:  # a sink begins with what comes from now on
            await self._positions.set(self._name, await self._feed.events.latest())
            return every_s
        found = await self._feed.events.after(position, limit=PAGE)
        if not found:
            self._observer.stream_waits(self._feed.name, 0)
            return every_s
        self._observer.stream_waits(self._feed.name, (self._clock.now_ms() - found[0][1].recorded_at) / 1000)
        await self._sink.add([self._message(event) for _, event in found])
        await self._positions.set(self._name, found[-1][0])
        self._observer.streamed(len(found))
        return 0

    def _message(self, event: OutwardEvent) -> SinkMessage:
        return SinkMessage(event.id, str(event.type), _encode(cloud_event(event, self._source)))
