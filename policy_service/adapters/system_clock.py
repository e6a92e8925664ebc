"""The machine's clock."""

from __future__ import annotations

from time import time, time_ns


class SystemClock:
    """Tells the time of the machine, in UTC."""

    def now(self) -> int:
        """Return the current instant in epoch seconds."""
        return int(time())

    def now_ms(self) -> int:
        """Return the current instant in epoch milliseconds."""
        return time_ns() // 1_000_000
