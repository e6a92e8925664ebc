"""What became of an import, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from policy_service.application.imports.fields import Fault

MAX_ERRORS = 1_000
"""So many errors are reported; of more, only that there are more."""


class LineError(NamedTuple):
    """What is wrong in a line, counted from 1. ``pointer`` is a JSON pointer into the line's record."""

    line: int
    pointer: str
    detail: str


@dataclass(slots=True)
class ImportReport:
    """Counts of records, and the first errors."""

    import_id: str | None = None
    lines: int = 0
    """Lines read, blank ones apart; while the import runs, some of them are neither accepted nor rejected yet."""
    accepted: int = 0
    rejected: int = 0
    conflicts: int = 0
    """Those of the rejected that clash with another line or another source."""
    dropped: int = 0
    errors: list[LineError] = field(default_factory=list[LineError])
    truncated: bool = False
    """Whether there are more errors than are reported."""
    refused: bool = False
    """Whether nothing was taken: an atomic import with errors, or a CSV whose header cannot be used."""

    def note(self, line: int, fault: Fault) -> None:
        """Note a fault of a line."""
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(LineError(line, fault.pointer, fault.detail))
        else:
            self.truncated = True

    def refuse(self) -> None:
        """Note that nothing is taken."""
        self.accepted, self.dropped, self.refused = 0, 0, True

    def as_json(self) -> dict[str, object]:
        """Return the report as it is answered, errors by line."""
        return {
            "import_id": self.import_id,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "dropped": self.dropped,
            "errors": [error._asdict() for error in sorted(self.errors)],
            "truncated": self.truncated,
        }
