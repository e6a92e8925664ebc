"""Say how often a source has to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.application.feed_watch import FeedWatch
    from policy_service.application.ports import Clock, FeedRepository
    from policy_service.domain.import_run import ImportKind


class ExpectFeed:
    """Notes what is expected of a source; one that never came counts from then on."""

    def __init__(self, feeds: FeedRepository, watch: FeedWatch, clock: Clock) -> None:
        """Store in the repository, and let the watch look at once."""
        self._feeds = feeds
        self._watch = watch
        self._clock = clock

    async def __call__(self, kind: ImportKind, source: str, every: int | None) -> None:
        """Expect the source every so many seconds, None: whenever it likes. Raises StoreUnavailableError."""
        await self._feeds.expect(kind, source, every, self._clock.now())
        await self._watch.look()
