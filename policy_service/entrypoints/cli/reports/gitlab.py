"""GitLab Code Quality: findings in a merge request, new and mended ones told apart by their fingerprints."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.reports.report import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.entrypoints.cli.reports.report import Report

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def gitlab(report: Report) -> str:
    """Return a Code Quality report; an empty array where nothing is found."""
    pairs = zip(report.findings, _fingerprints(report), strict=True)
    return json.dumps([_entry(found, fingerprint) for found, fingerprint in pairs], indent=1) + "\n"


def _entry(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    return {
        "description": told(found),
        "check_name": found.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[found.severity],
        "location": {"path": found.place.file, "lines": {"begin": found.place.line}},
    }


def _fingerprints(report: Report) -> Iterator[str]:
    """Yield what names each finding for as long as its line says the same, wherever the line moves.

    The message is no part of it: it may name a date, which another day makes another.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for found in report.findings:
        key = (found.code, found.place.file, report.line_of(found))
        seen[key] += 1
        yield hashlib.sha256("\0".join((*key, str(seen[key]))).encode()).hexdigest()
