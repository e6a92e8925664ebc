"""rule-engine without the half second in which it would work out the tables of its parser at each import.

Its parser generator (PLY) looks for tables in a module beside the parser, takes them where they are of the very same
grammar, and works them out otherwise, as for another release.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from types import ModuleType
from typing import TYPE_CHECKING

from policy_service.engine import rule_tables

if TYPE_CHECKING:
    from policy_service.engine.rule_tables import Table

_LOOKED_FOR = "rule_engine.parser.parsetab"


class _Grammar:
    """Equals the one text of a grammar that has a digest, and so stands where PLY keeps that text in its tables."""

    __hash__ = None  # type: ignore[assignment] # equal to what it has no hash in common with

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def __eq__(self, text: object) -> bool:
        return isinstance(text, str) and sha256(text.encode()).hexdigest() == self._digest


def _unfolded(table: Table) -> dict[int, dict[str, int | None]]:
    found: dict[int, dict[str, int | None]] = {}
    for symbol, (states, all_do) in table.items():
        for state, does in zip(states, all_do, strict=True):
            found.setdefault(state, {})[symbol] = does
    return found


def _tables() -> ModuleType:
    """Return the module as PLY would have written it."""
    module = ModuleType(_LOOKED_FOR)
    vars(module).update(
        _tabversion=rule_tables.FORM,
        _lr_method="LALR",
        _lr_signature=_Grammar(rule_tables.GRAMMAR),
        _lr_action=_unfolded(rule_tables.ACTIONS),
        _lr_goto=_unfolded(rule_tables.GOTOS),
        _lr_productions=rule_tables.PRODUCTIONS,
    )
    return module


sys.modules[_LOOKED_FOR] = _tables()
try:
    import rule_engine  # pyright: ignore[reportMissingTypeStubs] # annotated, but without a py.typed marker
finally:
    del sys.modules[_LOOKED_FOR]

__all__ = ["rule_engine"]
