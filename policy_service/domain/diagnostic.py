"""A finding about a policy tree: an error as a value, with its place, until the last moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policy_service.domain.place import Place


class Severity(StrEnum):
    """How much a finding weighs: errors of files keep a tree from being served; the others, and lint, do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    """Worth knowing; only lint finds it."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``code`` names a row of :data:`policy_service.domain.codes.CODES`, or a rule of lint.

    ``message`` says what is wrong: lower case, no full stop, input in backticks. ``help`` says what to do about it.
    ``length`` is how many characters, from the place on, the finding is about: what the caret underlines.
    """

    code: str
    severity: Severity
    place: Place
    message: str
    help: str | None = None
    length: int = 1


def any_error(findings: Iterable[Diagnostic]) -> bool:
    """Tell whether one of the findings is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def in_reading_order(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Sort findings by file, line, column, code, and drop exact repetitions."""
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.place, finding.code, finding.message))
