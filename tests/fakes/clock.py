"""A clock that stands still until it is set."""

from __future__ import annotations


class FakeClock:
    """Tells the time it was given, in epoch milliseconds."""

    def __init__(self, milliseconds: int = 1_795_000_000_000) -> None:
        """Stand at this instant."""
        self.milliseconds = milliseconds

    def now(self) -> int:
        return self.milliseconds // 1000

    def now_ms(self) -> int:
        return self.milliseconds
