"""A line a finding, as compilers write them: editors and `grep` find the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.reports.report import told

if TYPE_CHECKING:
    from policy_service.entrypoints.cli.reports.report import Report


def concise(report: Report) -> str:
    """Return the findings, a line each; nothing for none."""
    lines = (f"{found.place}: {found.severity}[{found.code}] {told(found)}\n" for found in report.findings)
    return "".join(lines)
