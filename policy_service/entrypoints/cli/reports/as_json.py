"""Findings as JSON: the counts, and each finding in the shape of the HTTP API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.http.views import diagnostic_view

if TYPE_CHECKING:
    from policy_service.entrypoints.cli.reports.report import Report


def as_json(report: Report, *, indent: int | None = None) -> str:
    """Return the report as one JSON object."""
    told = {
        "files": report.files,
        "policies": report.policies,
        "chargers": report.chargers,
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "infos": report.count(Severity.INFO),
        "diagnostics": [diagnostic_view(found) for found in report.findings],
    }
    return json.dumps(told, ensure_ascii=False, indent=indent) + "\n"
