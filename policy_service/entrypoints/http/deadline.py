"""A point in time that is put off again and again, by one timer that nobody has to set anew each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Deadline:
    """Acts when so many seconds have passed since it was last set, unless it was cleared meanwhile."""

    __slots__ = ("_act", "_due", "_loop", "_seconds", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, act: Callable[[], object]) -> None:
        """Wait for nothing yet."""
        self._loop = loop
        self._seconds = seconds
        self._act = act
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """Act in so many seconds from now, and not at the time that was set before."""
        self._due = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def clear(self) -> None:
        """Do not act."""
        self._due = None

    def end(self) -> None:
        """Do not act, and hold nothing any more."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        left = self._due - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
            return
        self._due = None
        self._act()
