"""A circuit breaker: a server that has failed several times in a row is not asked for a while."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES = 3
"""So many in a row open it."""
REST_S = 1.0
"""For so long nobody asks; then one may try, and the others keep away until that has ended."""


class CircuitBreaker:
    """Closed: everybody asks. Open: nobody does, but for one every so often."""

    def __init__(self, *, rest_s: float = REST_S, monotonic: Callable[[], float] = monotonic) -> None:
        """Rest for so long between tries."""
        self._rest_s = rest_s
        self._monotonic = monotonic
        self._failures = 0
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        """Tell whether the server counts as gone."""
        return self._failures >= FAILURES

    def lets_through(self) -> bool:
        """Tell whether to ask now. One that is let through while it is open is the one who tries."""
        if not self.is_open:
            return True
        now = self._monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + self._rest_s
        return True

    def failed(self) -> None:
        """Take note of a failure."""
        self._failures += 1
        self._next_try = self._monotonic() + self._rest_s

    def succeeded(self) -> None:
        """Take note of an answer."""
        self._failures = 0
