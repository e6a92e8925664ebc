"""Follows the events of a feed as they become visible, each listener at its own pace."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.whole_work import whole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from policy_service.application.ports import EventFeed

EVERY_S = 0.25
PAGE = 200
"""Events that a listener is handed at once; it is asked for more only when it has taken these."""
MOST_LISTENERS = 100

Event = TypeVar("Event")


class TooManyListenersError(Exception):
    """As many follow events in this process as may."""


class Turn(NamedTuple, Generic[Event]):
    """What a listener hears at once: events that fit, and how far it has got."""

    events: Sequence[tuple[int, Event]]
    position: int
    gap: bool = False
    """Events between the position asked for and the first of these are gone: they were too old to keep."""


class EventStream(Generic[Event]):
    """One look at the database for all listeners of a process tells them that there is more to read."""

    def __init__(self, feed: EventFeed[Event], every_s: float = EVERY_S) -> None:
        """Follow this feed."""
        self._feed = feed
        self._every_s = every_s
        self._latest = 0
        self._moved = asyncio.Condition()
        self._listeners = 0

    async def listen(self, fits: Callable[[Event], bool], after: int | None) -> AsyncGenerator[Turn[Event]]:
        """Yield what fits and comes behind a position, None: behind the latest; an empty turn about once a second.

        Raises StoreUnavailableError at the beginning only, and TooManyListenersError; later a gone store means silence.
        """
        if self._listeners >= MOST_LISTENERS:
            raise TooManyListenersError
        self._listeners += 1
        try:
            gap = after is not None and await self._begins_behind(after)
            latest = await whole(self._feed.latest())
            position = latest if after is None else min(after, latest)  # another database begins before its events
            yield Turn((), position, gap)
            while True:
                found: Sequence[tuple[int, Event]] = ()
                with suppress(StoreUnavailableError):
                    found = await whole(self._feed.after(position, limit=PAGE))
                position = found[-1][0] if found else position
                yield Turn([(at, event) for at, event in found if fits(event)], position)
                if not found:
                    await self._more_than(position)
        finally:
            self._listeners -= 1

    async def keep_looking(self) -> None:
        """Look for ever whether there is more, as long as anybody listens."""
        while True:
            await asyncio.sleep(self._every_s)
            if not self._listeners:
                continue
            with suppress(StoreUnavailableError):
                self._latest = await self._feed.latest()
            async with self._moved:
                self._moved.notify_all()

    async def _begins_behind(self, position: int) -> bool:
        """Tell whether the events right behind the position are no longer there, or it is none of this database."""
        following = await whole(self._feed.after(position, limit=1))
        if not following:
            return position > await whole(self._feed.latest())
        return position > 0 and not await whole(self._feed.holds(position))

    async def _more_than(self, position: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(1), self._moved:
                await self._moved.wait_for(lambda: self._latest > position)
