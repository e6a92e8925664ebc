"""What a check came to: everything that a format may show of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.domain.codes import CODES
from policy_service.language.lines import split_lines, text_of
from policy_service.lint.table import BY_CODE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.diagnostic import Diagnostic, Severity


@dataclass(frozen=True, slots=True)
class Report:
    """The findings in reading order, the files they point into, and what was checked."""

    findings: Sequence[Diagnostic]
    sources: Mapping[str, bytes]
    files: int
    policies: int = 0
    chargers: int = 0

    def count(self, severity: Severity) -> int:
        """Return how many findings weigh so much."""
        return sum(found.severity is severity for found in self.findings)

    def line_of(self, found: Diagnostic) -> str:
        """Return the text of the line that a finding is about, without blanks around it; empty where there is none."""
        data = self.sources.get(found.place.file)
        if data is None:
            return ""
        lines = split_lines(text_of(data))
        return lines[found.place.line - 1].strip() if found.place.line <= len(lines) else ""


def title_of(code: str) -> str:
    """Return what a code is about."""
    return BY_CODE[code].title if code in BY_CODE else CODES[code].title


def name_of(code: str) -> str:
    """Return the name of a rule; a code that is no rule of lint is its own name."""
    return BY_CODE[code].name if code in BY_CODE else code


def told(found: Diagnostic) -> str:
    """Return message and help in one sentence."""
    return found.message if found.help is None else f"{found.message}; {found.help}"
