"""Results of PolicyTests as JUnit XML, which pipelines show beside a merge request."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.engine.verify import Verified


def junit(results: Sequence[Verified], seconds: float, within: str) -> bytes:
    """Return the document: a suite a PolicyTest, a failure with its explanation; files stand ``within`` a directory."""
    failed = sum(not result.passed for result in results)
    root = ET.Element("testsuites", tests=str(len(results)), failures=str(failed), time=f"{seconds:.3f}")
    for test, group in groupby(results, key=lambda result: result.test):
        cases = list(group)
        wrong = sum(not case.passed for case in cases)
        suite = ET.SubElement(root, "testsuite", name=test, tests=str(len(cases)), failures=str(wrong))
        for case in cases:
            place = case.case.place
            attributes = {"classname": test, "name": f"{case.case.name} ({case.case.charger})"}
            element = ET.SubElement(
                suite, "testcase", {**attributes, "file": f"{within}{place.file}", "line": str(place.line)}
            )
            if not case.passed:
                told = "; ".join(f"{key}: expected {want}, got {got}" for key, want, got in case.mismatches)
                failure = ET.SubElement(element, "failure", message=told)
                failure.text = "\n".join(step.text for step in case.steps)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
