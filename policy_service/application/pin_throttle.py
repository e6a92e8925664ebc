"""Guessing of PINs: how many were denied at a charger lately, counted in this process."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from policy_service.application.ports import Clock


class PinThrottle(Protocol):
    """Counts denied PINs by charger."""

    async def exhausted(self, charger: str) -> bool:
        """Tell whether PINs at the charger are to be refused for now."""
        ...

    async def count(self, charger: str) -> None:
        """Take note of a denied PIN."""
        ...


class SlidingWindowThrottle:
    """At most so many denied PINs at a charger within so many seconds; bounded by the number of chargers."""

    def __init__(self, clock: Clock, *, attempts: int, window: int) -> None:
        """Allow ``attempts`` denied PINs in any ``window`` seconds."""
        self._clock = clock
        self._attempts = attempts
        self._window = window
        self._denied: dict[str, deque[int]] = {}

    async def exhausted(self, charger: str) -> bool:
        """Tell whether the window is full."""
        denied = self._denied.get(charger)
        if denied is None:
            return False
        now = self._clock.now()
        while denied and not now - self._window < denied[0] <= now:  # or it was noted before the clock was put back
            denied.popleft()
        if not denied:
            del self._denied[charger]
        return len(denied) >= self._attempts

    async def count(self, charger: str) -> None:
        """Take note of a denied PIN; the oldest one beyond the bound is forgotten."""
        self._denied.setdefault(charger, deque(maxlen=self._attempts)).append(self._clock.now())
