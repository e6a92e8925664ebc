"""Findings with their excerpts, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.findings import plural
from policy_service.language.render import render
from policy_service.lint.table import BY_CODE

if TYPE_CHECKING:
    from policy_service.entrypoints.cli.reports.report import Report

_COUNTED = (
    (Severity.ERROR, "error", "bold red"),
    (Severity.WARNING, "warning", "bold yellow"),
    (Severity.INFO, "note", "bold cyan"),
)


def human(report: Report) -> str:
    """Return the whole report without colours."""
    return f"{blocks(report)}{closing(report).plain}\n"


def blocks(report: Report, *, colour: bool = False) -> str:
    """Return a block a finding; nothing for none."""
    return f"{render(report.findings, report.sources, colour=colour)}\n" if report.findings else ""


def closing(report: Report) -> Text:
    """Return the line that sums up."""
    files = plural(report.files, "file")
    if not report.findings:
        sizes = f"{files}, {plural(report.policies, 'policy')}, {plural(report.chargers, 'charger')}"
        return Text.assemble(f"{sizes}: ", ("no findings", "bold green"))
    counts = ((report.count(severity), noun, style) for severity, noun, style in _COUNTED)
    told = Text(", ").join(Text(plural(count, noun), style) for count, noun, style in counts if count)
    rule = next((found.code for found in report.findings if found.code in BY_CODE), None)
    hint = "" if rule is None else f"; `policy-service rule {rule}` says more"
    return Text.assemble(told, f" in {files}{hint}")
