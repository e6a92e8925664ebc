"""Answers about feeds: when each came last, what is on record of it, and whether it is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.views import feed_view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports import Clock, FeedRepository
    from policy_service.domain.feed import Feed
    from policy_service.domain.import_run import ImportKind


class FeedQueries:
    """Reads feeds. Every method raises StoreUnavailableError."""

    def __init__(self, feeds: FeedRepository, clock: Clock) -> None:
        """Read from the repository."""
        self._feeds = feeds
        self._clock = clock

    async def page(
        self, *, limit: int, after: tuple[str, str] | None
    ) -> tuple[Sequence[dict[str, Any]], tuple[str, str] | None]:
        """Return views by kind and source, and the place from where to go on."""
        following = [feed for feed in await self._feeds.all() if after is None or (feed.kind, feed.source) > after]
        page, counts = following[:limit], await self._feeds.records()
        more = (str(page[-1].kind), page[-1].source) if len(following) > limit else None
        return [self._view(feed, counts) for feed in page], more

    async def get(self, kind: ImportKind, source: str) -> dict[str, Any] | None:
        """Return the view of one feed."""
        feed = await self._feeds.get(kind, source)
        return None if feed is None else self._view(feed, await self._feeds.records())

    def _view(self, feed: Feed, counts: Mapping[tuple[ImportKind, str], int]) -> dict[str, Any]:
        return feed_view(feed, counts.get((feed.kind, feed.source), 0), self._clock.now())
