# ruff: noqa: INP001 - of a script, no package
"""The tables of rule-engine's parser as a module of the engine, worked out anew from the grammar that is installed."""

from __future__ import annotations

import sys
import textwrap
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from rule_engine._vendor.ply import yacc as _yacc  # pyright: ignore[reportMissingTypeStubs]
from rule_engine.engine.rule import Rule  # pyright: ignore[reportMissingTypeStubs]

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "policy_service/engine/rule_tables.py"
_WIDTH = 118
_HEAD = '''"""What rule-engine works out of its grammar at each import; ``make generate`` writes it, nobody by hand."""

from typing import Any

Table = dict[str, tuple[list[int], list[int | None]]]
"""By symbol: states of the parser, and what each does there; None: it may not come."""

'''


def rule_tables() -> str:
    """Return the text of the module, whatever tables stand in it now."""
    yacc: Any = _yacc
    grammar: Any = Rule.parser
    # no module of this name: there is nothing to be read, so that they are worked out
    parser: Any = yacc.yacc(module=grammar, debug=False, write_tables=False, tabmodule="none_yet")
    members: dict[str, Any] = {name: getattr(grammar, name) for name in dir(grammar)}
    members["__file__"] = sys.modules[grammar.__module__].__file__
    found: Any = yacc.ParserReflect(members)
    found.get_all()
    grammar_digest = sha256(found.signature().encode()).hexdigest()
    productions = "".join(f"    {_production(each)!r},\n" for each in parser.productions)
    return (
        f"{_HEAD}FORM: str = {yacc.__tabversion__!r}\n"
        f"GRAMMAR: str = {grammar_digest!r}\n"
        '"""The SHA-256 of the grammar that they are of, as PLY puts it into one text."""\n'
        f"ACTIONS: Table = {_wrapped(_by_symbol(parser.action))}\n"
        f"GOTOS: Table = {_wrapped(_by_symbol(parser.goto))}\n"
        f"PRODUCTIONS: list[tuple[Any, ...]] = [\n{productions}]\n"
    )


def _by_symbol(table: Mapping[int, Mapping[str, int | None]]) -> dict[str, tuple[list[int], list[int | None]]]:
    found: dict[str, tuple[list[int], list[int | None]]] = {}
    for state, row in sorted(table.items()):
        for symbol, does in row.items():
            states, all_do = found.setdefault(symbol, ([], []))
            states.append(state)
            all_do.append(does)
    return dict(sorted(found.items()))


def _wrapped(table: object) -> str:
    """Write it in lines, without blanks behind commas: so they take a quarter less."""
    lines = textwrap.wrap(repr(table), _WIDTH + 25, break_long_words=False, break_on_hyphens=False)
    return "\n    ".join(line.replace(", ", ",") for line in lines)


def _production(found: Any) -> tuple[str | int | None, ...]:  # noqa: ANN401 - of a library without types
    if found.func is None:
        return (str(found), found.name, found.len, None, None, None)
    return (found.str, found.name, found.len, found.func, None, None)
