"""With our tables rule-engine has the parser that it would make itself; it makes one where they do not fit."""

from __future__ import annotations

import json
import subprocess
import sys

_TABLES = """
import json, sys
{before}
from policy_service.engine.rule_library import rule_engine
parser = rule_engine.engine.rule.Rule.parser._parser
print(json.dumps([
    [[state, *sorted(row.items())] for state, row in sorted(parser.action.items())],
    [[state, *sorted(row.items())] for state, row in sorted(parser.goto.items()) if row],
    [[made.name, made.len, made.func] for made in parser.productions],
]))
print(type(parser.productions[0]).__name__, "rule_engine.parser.parsetab" in sys.modules)
"""
_OTHER_GRAMMAR = "from policy_service.engine import rule_tables; rule_tables.GRAMMAR = '0'"
_OTHER_FORM = "from policy_service.engine import rule_tables; rule_tables.FORM = '0'"
_OWN = "import rule_engine"


def _made(before: str = "") -> tuple[object, str]:
    command = [sys.executable, "-c", _TABLES.format(before=before)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    tables, how = result.stdout.splitlines()
    return json.loads(tables), how


def test_the_tables_are_taken_and_are_those_that_the_library_works_out() -> None:
    tables, how = _made()
    own, worked_out = _made(_OWN)
    assert tables == own
    assert (how, worked_out) == ("MiniProduction False", "Production False")


def test_tables_of_another_grammar_or_form_are_not_taken() -> None:
    own, _ = _made(_OWN)
    assert _made(_OTHER_GRAMMAR) == (own, "Production False")
    assert _made(_OTHER_FORM) == (own, "Production False")
