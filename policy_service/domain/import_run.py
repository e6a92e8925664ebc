"""Imports as they are put on record: who brought what, how far it is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

SILENT_S = 120
"""An import that says nothing for so long has lost its process."""


class ImportKind(StrEnum):
    """What an import lists."""

    IDENTIFIERS = "identifiers"
    AGREEMENTS = "agreements"
    CHARGERS = "chargers"


class ImportMode(StrEnum):
    """What becomes of records that an import does not list."""

    MERGE = "merge"
    REPLACE = "replace"


class ImportState(StrEnum):
    """How an import stands. A refused one changed nothing; a failed one was cut off."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One import. Instants in epoch seconds; counts are of records, and grow while it runs."""

    id: str
    kind: ImportKind
    source: str
    mode: ImportMode
    atomic: bool
    state: ImportState
    started_at: int
    updated_at: int
    ended_at: int | None = None
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    dropped: int = 0
    conflicts: int = 0
    caller: str | None = None

    @property
    def came(self) -> bool:
        """Tell whether the source has delivered: it took effect, and not with bad lines alone."""
        return self.state is ImportState.DONE and (self.accepted > 0 or not self.rejected)

    def seen_at(self, now: int) -> ImportRun:
        """Return it as it stands: one that runs and says nothing any more has failed."""
        if self.state is ImportState.RUNNING and now - self.updated_at > SILENT_S:
            return replace(self, state=ImportState.FAILED)
        return self
