"""When to stop waiting for a service that does not answer: chargers should not pay a deadline for each message."""

from __future__ import annotations

import time

_FAILURES = 3
_REST_S = 1.0


class Patience:
    """After three calls in a row without an answer, one a second tries; the others need not."""

    def __init__(self) -> None:
        """Begin with patience."""
        self._failures = 0
        self._next_try = 0.0

    def lost(self) -> bool:
        """Tell whether a call may be spared now. Where it may not, the next ones may, until this one has ended."""
        if self._failures < _FAILURES:
            return False
        now = time.monotonic()
        if now < self._next_try:
            return True
        self._next_try = now + _REST_S
        return False

    def answered(self) -> None:
        """Hear that there was an answer."""
        self._failures = 0

    def failed(self) -> None:
        """Hear that there was none."""
        self._failures += 1
        self._next_try = time.monotonic() + _REST_S
