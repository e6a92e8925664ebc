"""JUnit XML: a test case a file, failed by each of its findings; pipelines show them beside tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.reports.report import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.entrypoints.cli.reports.report import Report

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""


def junit(report: Report) -> str:
    """Return a suite in which files without findings pass; notes of level info fail nothing."""
    failing = [found for found in report.findings if found.severity is not Severity.INFO]
    passed = [file for file in report.sources if not any(found.place.file == file for found in failing)]
    counts = f'tests="{len(failing) + len(passed)}" failures="{len(failing)}" errors="0" skipped="0"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {counts}>"]
    lines += [f'  <testsuite name="policy-service check" {counts}>', *_cases(failing, passed), "  </testsuite>"]
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _cases(failing: list[Diagnostic], passed: list[str]) -> Iterator[str]:
    for file in passed:
        yield f'    <testcase classname={_attribute(file)} name="no findings"/>'
    for found in failing:
        name = f"{found.code} at {found.place.line}:{found.place.column}"
        kind = _attribute(str(found.severity))
        yield f"    <testcase classname={_attribute(found.place.file)} name={_attribute(name)}>"
        said = _text(f"{found.place}: {told(found)}")
        yield f"      <failure type={kind} message={_attribute(found.message)}>{said}</failure>"
        yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _text(text: str) -> str:
    return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))
