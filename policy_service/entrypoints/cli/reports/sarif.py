"""SARIF 2.1.0 (OASIS): for code scanning and for whatever collects findings of many tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import policy_service
from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.reports.report import name_of, title_of, told
from policy_service.lint.table import BY_CODE

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.entrypoints.cli.reports.report import Report

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(report: Report) -> str:
    """Return a log of one run; columns count Unicode characters, as places do."""
    codes = sorted({found.code for found in report.findings})
    run = {
        "tool": {
            "driver": {
                "name": "policy-service",
                "semanticVersion": policy_service.__version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, codes.index(found.code)) for found in report.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _rule(code: str) -> dict[str, object]:
    level = BY_CODE[code].level if code in BY_CODE else CODES[code].severity
    return {
        "id": code,
        "name": name_of(code),
        "shortDescription": {"text": title_of(code)},
        "help": {"text": f"policy-service rule {code}"},
        "defaultConfiguration": {"level": _LEVELS[level]},
    }


def _result(found: Diagnostic, index: int) -> dict[str, object]:
    place = found.place
    region = {"startLine": place.line, "startColumn": place.column, "endColumn": place.column + found.length}
    location = {"artifactLocation": {"uri": quote(place.file)}, "region": region}
    return {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": _LEVELS[found.severity],
        "message": {"text": told(found)},
        "locations": [{"physicalLocation": location}],
    }
