"""Feeds: the sources of imports, and whether what they owe has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.domain.import_run import ImportKind, ImportRun


@dataclass(frozen=True, slots=True)
class Feed:
    """A source of one kind of records. Instants in epoch seconds."""

    kind: ImportKind
    source: str
    expected_every: int | None = None
    """Seconds within which it has to come again; None: whenever it likes."""
    expected_since: int | None = None
    """When that was agreed upon: a source that never came is overdue from there."""
    last_import: ImportRun | None = None
    """The last one that came."""
    last_attempt: ImportRun | None = None
    """The last one that began, however it ended."""

    @property
    def due_at(self) -> int | None:
        """Return until when it has to come again, None where it may come whenever it likes."""
        if self.expected_every is None:
            return None
        last = 0 if self.last_import is None else self.last_import.ended_at or 0
        return max(last, self.expected_since or 0) + self.expected_every

    def overdue(self, now: int) -> bool:
        """Tell whether it should have come by now."""
        return self.due_at is not None and now >= self.due_at
