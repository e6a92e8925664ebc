"""Small trees for the tests of lint: a policy in a line or two, and what is found in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from policy_service import bootstrap
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load
from policy_service.lint.configuration import Configuration
from policy_service.lint.lint import lint, look_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.lint.found import Finding

NOW = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())

POLICY = """\
# yaml-language-server: $schema=schemas/access-policy.v1.json
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: depot, owner: ops}
spec:
  timezone: Australia/Melbourne
  chargers: {ids: ["Y-*"]}
  defaultMode: freevend
"""

ATTRIBUTES = """\
# yaml-language-server: $schema=schemas/attributes.v1.json
apiVersion: policy-service/v1
kind: Attributes
metadata: {name: attributes}
spec:
  charger: {max_kw: number, indoor: boolean}
  vehicle: {kind: string, height_m: number, electric: boolean}
"""


def found_in(
    files: Mapping[str, str], configuration: Configuration | None = None, schemas: str | None = None
) -> tuple[Finding, ...]:
    """Return all findings about files, which have to be sound."""
    sources = {name: text.encode() for name, text in files.items()}
    checked = load(sources)
    assert checked.tree is not None, checked.diagnostics
    compiled = compile_plan(checked.tree, CompileContext(NOW, bootstrap.offline().holidays))
    assert compiled.plan is not None, compiled.diagnostics
    linted = look_at(checked.tree, compiled.plan, sources, NOW, schemas=schemas)
    return lint(linted, configuration or Configuration(), (*checked.diagnostics, *compiled.diagnostics))


def codes(files: Mapping[str, str], configuration: Configuration | None = None) -> list[str]:
    """Return the codes of what is found, in reading order."""
    return [finding.diagnostic.code for finding in found_in(files, configuration)]
