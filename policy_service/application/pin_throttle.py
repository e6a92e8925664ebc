"""Guessing of PINs: how many were denied at a charger lately, counted in this process."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class PinThrottle(Protocol):
    """Counts denied PINs by charger."""

    async def exhausted(self, charger: str) -> bool:
        """Tell whether PINs at the charger are to be refused for now."""
        ...

    async def count(self, charger: str) -> None:
        """Take note of a denied PIN."""
        ...


class SlidingWindowThrottle:
    """At most so many denied PINs at a charger within so many seconds; bounded by the number of chargers.

    Seconds are those that pass, whatever the clock shows: one that leaps ahead and back lets nobody guess anew.
    """

    def __init__(self, *, attempts: int, window: int, passed_s: Callable[[], float] = monotonic) -> None:
        """Allow ``attempts`` denied PINs in any ``window`` seconds, as ``passed_s`` counts them."""
        self._passed_s = passed_s
        self._attempts = attempts
        self._window = window
        self._denied: dict[str, deque[float]] = {}

    async def exhausted(self, charger: str) -> bool:
        """Tell whether the window is full."""
        denied = self._denied.get(charger)
        if denied is None:
            return False
        past = self._passed_s() - self._window
        while denied and denied[0] <= past:
            denied.popleft()
        if not denied:
            del self._denied[charger]
        return len(denied) >= self._attempts

    async def count(self, charger: str) -> None:
        """Take note of a denied PIN; the oldest one beyond the bound is forgotten."""
        self._denied.setdefault(charger, deque(maxlen=self._attempts)).append(self._passed_s())
