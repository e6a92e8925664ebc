"""Workflow commands of GitHub Actions: each finding becomes an annotation on its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.reports.report import title_of

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.entrypoints.cli.reports.report import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(report: Report) -> str:
    """Return a command a finding, a line each; nothing for none."""
    return "".join(f"{_command(found)}\n" for found in report.findings)


def _command(found: Diagnostic) -> str:
    place = found.place
    properties = {
        "file": place.file,
        "line": str(place.line),
        "col": str(place.column),
        "endColumn": str(place.column + found.length),
        "title": f"{found.code} {title_of(found.code)}",
    }
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = found.message if found.help is None else f"{found.message}\nhelp: {found.help}"
    return f"::{_COMMANDS[found.severity]} {written}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
