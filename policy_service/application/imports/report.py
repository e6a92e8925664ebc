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

    accepted: int = 0
    rejected: int = 0
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

    def as_json(self) -> dict[str, object]:
        """Return the report as it is answered, errors by line."""
        return {
            "accepted": self.accepted,
            "rejected": self.rejected,
            "dropped": self.dropped,
            "errors": [error._asdict() for error in sorted(self.errors)],
            "truncated": self.truncated,
        }
