"""Watches feeds: says so when one has not come in time, and when it has come again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import Clock, FeedRepository
    from policy_service.domain.feed import Feed
    from policy_service.domain.import_run import ImportKind

LOOK_EVERY_S = 30.0
_AT_LEAST_S = 1.0


class FeedObserver(Protocol):
    """Is told how feeds stand: logs and metrics stand behind it."""

    def feeds(self, feeds: Sequence[Feed], now: int) -> None:
        """Take notice of every feed."""
        ...

    def feed_overdue(self, feed: Feed) -> None:
        """Hear that a feed has not come in time; once each time."""
        ...

    def feed_came(self, feed: Feed) -> None:
        """Hear that a feed that was overdue is no longer."""
        ...


class FeedWatch:
    """Looks at the feeds every half a minute, and when one falls due; asks no store in between."""

    def __init__(self, feeds: FeedRepository, clock: Clock, observer: FeedObserver) -> None:
        """Nothing is overdue before the first look."""
        self._feeds = feeds
        self._clock = clock
        self._observer = observer
        self._overdue: dict[tuple[ImportKind, str], Feed] = {}
        self._pause_s = LOOK_EVERY_S
        self._looked = asyncio.Event()
        """Somebody has looked meanwhile: what falls due next may be due sooner."""

    async def look(self) -> None:
        """Look at the feeds now. Where the store cannot be asked, what was known stays."""
        try:
            feeds = await self._feeds.all()
        except StoreUnavailableError:
            return
        now = self._clock.now()
        overdue = {(feed.kind, feed.source): feed for feed in feeds if feed.overdue(now)}
        before, self._overdue = self._overdue, overdue
        for key, feed in overdue.items():
            if key not in before:
                self._observer.feed_overdue(feed)
        for feed in feeds:
            if (key := (feed.kind, feed.source)) in before and key not in overdue:
                self._observer.feed_came(feed)
        self._observer.feeds(feeds, now)
        soonest = min((feed.due_at - now for feed in feeds if feed.due_at is not None and feed.due_at > now), default=0)
        self._pause_s = min(LOOK_EVERY_S, max(soonest, _AT_LEAST_S)) if soonest else LOOK_EVERY_S
        self._looked.set()

    async def keep_looking(self) -> None:
        """Look for ever; run as a task."""
        while True:
            await self.look()
            self._looked.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s):  # wait_for() would lose an end that comes with the event
                    await self._looked.wait()

    def problems(self) -> Sequence[str]:
        """Return a sentence for each feed that is overdue."""
        return [
            f"the {feed.kind} of source {feed.source} are overdue since {format_instant(feed.due_at or 0)}"
            for feed in self._overdue.values()
        ]
