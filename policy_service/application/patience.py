"""How long many wait at most, each from when it began to: by one timer, and not by one for each."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


class Patience:
    """Ends what has waited for so many seconds; of one event loop."""

    def __init__(self, seconds: float) -> None:
        """Wait for nothing yet."""
        self._seconds = seconds
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        """Until when, by the loop's clock, in the order in which they came."""
        self._timer: asyncio.TimerHandle | None = None

    def limit(self, waiting: asyncio.Future[Any]) -> None:
        """Let a future raise TimeoutError where it is not done in time."""
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        loop = waiting.get_loop()
        self._waiting.append((loop.time() + self._seconds, waiting))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting:
            until, waiting = self._waiting[0]
            if not waiting.done() and until > loop.time():
                self._timer = loop.call_at(until, self._look, loop)
                return
            self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(TimeoutError())
