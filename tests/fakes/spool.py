"""The spool in memory, failing on demand."""

from __future__ import annotations

from policy_service.application.ports import SpoolBatch, SpoolBrokenError, SpoolFullError


class MemorySpool:
    """Keeps lines in a list; nothing of it outlives the process."""

    def __init__(self, limit: int = 1 << 20) -> None:
        """Take in so many bytes at most."""
        self.limit = limit
        self.broken = False
        self.mark = self.shipped = 0
        self._lines: list[bytes] = []
        self.aside: list[bytes] = []

    @property
    def used(self) -> int:
        return self.owed

    @property
    def owed(self) -> int:
        return sum(map(len, self._lines))

    @property
    def oldest_age_s(self) -> float:
        return 0.0

    def append(self, line: bytes) -> int:
        if self.used + len(line) > self.limit:
            raise SpoolFullError
        self._lines.append(line)
        self.mark += len(line)
        return self.mark

    def durable(self, mark: int) -> None:
        assert mark <= self.mark
        if self.broken:
            raise SpoolBrokenError

    def batch(self, limit: int) -> SpoolBatch | None:
        if self.broken:
            raise SpoolBrokenError
        lines: list[bytes] = []
        for line in self._lines:
            if lines and sum(map(len, lines)) + len(line) > limit:
                break
            lines.append(line)
        return SpoolBatch(lines, 0, sum(map(len, lines)), None) if lines else None

    def release(self, batch: SpoolBatch) -> None:
        del self._lines[: len(batch.lines)]
        self.shipped += batch.size

    def in_memory(self) -> list[bytes]:
        return list(self._lines) if self.broken else []

    def set_aside(self, line: bytes) -> None:
        self.aside.append(line)

    def look(self) -> None:
        """Find nothing."""

    def tidy(self) -> None:
        """Do nothing."""
